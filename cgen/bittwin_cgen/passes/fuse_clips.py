"""A Clip or Relu after a float convolution, fully connected layer or addition is done while its result is stored."""

import math
from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Removed
from bittwin_cgen.ops.add import Add
from bittwin_cgen.ops.clip import Clip
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.linear import Linear


def fuse_clips(graph: Graph) -> Graph:
    """Producer and Clip become the producer with bounds."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    made: dict[str, Node] = {}
    removed = {}
    for node in graph.nodes:
        before = made.get(node.inputs[0]) if node.inputs else None
        if (
            isinstance(node.op, Clip)
            and before is not None
            and isinstance(before.op, (Conv2d, Linear, Add))
            and (not isinstance(before.op, Add) or len({graph.types[name].shape for name in before.inputs}) == 1)
            and (before.op.low, before.op.high) == (-math.inf, math.inf)
            and graph.types[before.output].dtype == "float32"
            and len(consumers[before.output]) == 1
            and before.output not in outputs
        ):
            del made[before.output]
            removed[before.output] = Removed(f"clipped as it is stored, with {node.name}")
            node = Node(before.name, replace(before.op, low=node.op.low, high=node.op.high), before.inputs, node.output)
        made[node.output] = node
    return graph.rewritten(list(made.values()), removed=removed)
