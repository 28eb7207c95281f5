"""Codes that are dequantized and quantized again, with nothing between, are one table, or the same codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bittwin_cgen.fixed_point import CODES, dequantize_linear, quantize_linear
from bittwin_cgen.ir import Graph, Node, Removed
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.table import Table


def fuse_requantizations(graph: Graph) -> Graph:
    """int8, exact: the table holds what both give for each of the 256 codes."""
    outputs, producers = graph.output_tensors(), graph.producers()
    same: dict[str, str] = {}
    nodes: list[Node] = []
    removed: dict[str, Removed] = {}
    for node in graph.nodes:
        node = replace(node, inputs=tuple(same.get(name, name) for name in node.inputs))
        before = producers.get(node.inputs[0]) if node.inputs else None
        if before is not None and isinstance(before.op, DequantizeLinear) and isinstance(node.op, QuantizeLinear):
            x, y, codes = before.op.quantization, node.op.quantization, same.get(before.inputs[0], before.inputs[0])
            if x == y and node.output not in outputs:
                same[node.output] = codes
                removed[node.output] = Removed(f"{node.name} gives the codes that {before.name} took", codes)
                continue
            if x.offset == y.offset:
                values = dequantize_linear(CODES, np.float32(x.scale), x.zero_point)
                table = quantize_linear(values, np.float32(y.scale), y.zero_point)
                node = replace(node, op=Table(table, "requantization"), inputs=(codes,))
        nodes.append(node)
    used = {name for node in nodes for name in node.inputs} | outputs
    idle = {node.output for node in nodes if isinstance(node.op, DequantizeLinear) and node.output not in used}
    removed |= dict.fromkeys(idle, Removed("its reader works on the codes"))
    return graph.rewritten([node for node in nodes if node.output not in idle], removed=removed)
