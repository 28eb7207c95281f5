"""Flatten before fully connected layers reads channels last: their weights are reordered instead of the tensor."""

from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Array, Graph, Removed, TensorType, fresh
from bittwin_cgen.ops.linear import Linear
from bittwin_cgen.ops.reshape import Reshape, memory_order
from bittwin_cgen.ops.transpose import Transpose


def flatten_in_place(graph: Graph) -> Graph:
    """Reshape or Transpose, Linear to a Reshape that moves nothing and a Linear with reordered columns."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    renamed: dict[str, str] = {}
    orders = {}
    nodes, types, removed = [], dict(graph.types), {}
    for node in graph.nodes:
        op = node.op
        if isinstance(op, (Reshape, Transpose)):
            x, y = graph.types[node.inputs[0]], graph.types[node.output]
            readers = consumers.get(node.output, [])
            if (
                len(y.shape) == 2
                and y.shape[0] == x.shape[0] == 1
                and not op.moves_nothing(x, y)
                and node.output not in outputs
                and readers
                and all(isinstance(reader.op, Linear) for reader in readers)
            ):
                renamed[node.output] = fresh(f"{node.output}/channels_last", types, graph.names)
                orders[node.output] = _columns(op, x, y)
                removed[node.output] = Removed(
                    f"{node.name}: the weights are reordered instead",
                    node.inputs[0] if isinstance(op, Reshape) else None,
                )
                flat = Reshape(y.shape, channels_last=len(x.shape) in (3, 4))
                node = replace(node, op=flat, output=renamed[node.output])
                types[node.output] = y
        elif isinstance(op, Linear) and node.inputs[0] in renamed:
            order = orders[node.inputs[0]]
            node = replace(
                node, op=replace(op, weight=op.weight[:, order], weight_codes=None), inputs=(renamed[node.inputs[0]],)
            )
        nodes.append(node)
    return graph.rewritten(nodes, types, removed)


def _columns(op: Reshape | Transpose, x: TensorType, y: TensorType) -> Array:
    """For each value of x in the order of C, its place in y."""
    order = memory_order(np.arange(x.size).reshape(x.shape))
    if isinstance(op, Reshape):
        return order
    moved = op.interpret([np.arange(x.size).reshape(x.shape)], [x], replace(y, dtype="int64")).reshape(-1)
    places = np.empty(x.size, np.int64)
    places[moved] = np.arange(x.size)
    return places[order]
