"""A 1x1 depthwise convolution (BatchNormalization) goes into the convolution before it; a Bias into its layer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Graph, Node, Op, Removed
from bittwin_cgen.ops.add import Bias
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.linear import Linear


def fold_scales(graph: Graph) -> Graph:
    """Float only: products are taken in float64 and rounded once."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    made: dict[str, Node] = {}
    removed = {}
    for node in graph.nodes:
        before = made.get(node.inputs[0]) if node.inputs else None
        if before is not None and len(consumers[before.output]) == 1 and before.output not in outputs:
            op = _folded(before.op, node.op)
            if op is not None and graph.types[node.output].dtype == "float32":
                del made[before.output]
                removed[before.output] = Removed(f"folded together with {node.name}")
                node = Node(before.name, op, before.inputs, node.output)
        made[node.output] = node
    return graph.rewritten(list(made.values()), removed=removed)


def _folded(first: Op, second: Op) -> Op | None:
    if isinstance(first, (Conv2d, Linear)) and (first.low, first.high) != (-math.inf, math.inf):
        return None
    if isinstance(first, Linear) and isinstance(second, Bias):
        return replace(first, bias=(first.bias.astype(np.float64) + second.value).astype(np.float32), bias_codes=None)
    if isinstance(first, Conv2d) and isinstance(second, Conv2d) and _scales_only(second):
        factor = second.weight.reshape(-1).astype(np.float64)
        return replace(
            first,
            weight=(first.weight * factor[:, None, None, None]).astype(np.float32),
            bias=(first.bias * factor + second.bias).astype(np.float32),
            low=second.low,
            high=second.high,
            weight_codes=None,
            bias_codes=None,
        )
    return None


def _scales_only(conv: Conv2d) -> bool:
    one = (1, 1)
    return (
        conv.weight.shape == (conv.groups, 1, 1, 1)
        and conv.stride == one
        and not any(conv.padding)
        and conv.weight_scale is None
        and conv.weight_codes is None
    )
