"""Flatten before fully connected layers reads channels last: their weights are reordered instead of the tensor."""

from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Graph, Removed
from bittwin_cgen.ops.linear import Linear
from bittwin_cgen.ops.reshape import Reshape, memory_order


def flatten_in_place(graph: Graph) -> Graph:
    """Reshape, Linear to a Reshape that moves nothing and a Linear with reordered columns."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    renamed: dict[str, str] = {}
    orders = {}
    nodes, types, removed = [], dict(graph.types), {}
    for node in graph.nodes:
        op = node.op
        if isinstance(op, Reshape):
            x, y = graph.types[node.inputs[0]], graph.types[node.output]
            readers = consumers.get(node.output, [])
            if (
                len(y.shape) == 2
                and not op.moves_nothing(x, y)
                and node.output not in outputs
                and readers
                and all(isinstance(reader.op, Linear) for reader in readers)
            ):
                renamed[node.output] = f"{node.output}/channels_last"
                orders[node.output] = memory_order(np.arange(x.size).reshape(x.shape))
                removed[node.output] = Removed(f"{node.name}: the weights are reordered instead", node.inputs[0])
                node = replace(node, op=replace(op, channels_last=True), output=renamed[node.output])
                types[node.output] = y
        elif isinstance(op, Linear) and node.inputs[0] in renamed:
            order = orders[node.inputs[0]]
            node = replace(
                node, op=replace(op, weight=op.weight[:, order], weight_codes=None), inputs=(renamed[node.inputs[0]],)
            )
        nodes.append(node)
    return graph.rewritten(nodes, types, removed)
