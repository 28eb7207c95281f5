"""A bias that no layer before it took becomes an addition of a constant."""

import numpy as np

from bittwin_cgen.ir import Graph, Node, TensorType, fresh
from bittwin_cgen.ops.add import Bias
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.known import Known


def place_biases(graph: Graph) -> Graph:
    """Bias to Known, Add."""
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        if isinstance(node.op, Bias):
            values = np.ascontiguousarray(node.op.value.reshape(1, -1))
            constant = fresh(f"{node.output}/bias", types, graph.names)
            types[constant] = TensorType(values.shape, "float32")
            nodes.append(Node(constant, Known(values), (), constant))
            node = Node(node.name, Binary("Add"), (*node.inputs, constant), node.output)
        nodes.append(node)
    return graph.rewritten(nodes, types)
