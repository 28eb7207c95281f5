"""A Reshape between two layouts that both move bytes goes by way of the flat ONNX order."""

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, fresh
from bittwin_cgen.ops.reshape import Reshape


def split_reshapes(graph: Graph) -> Graph:
    """Reshape to Reshape to [1, size], Reshape back."""
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        if isinstance(node.op, Reshape):
            x, y = types[node.inputs[0]], types[node.output]
            if not node.op.moves_nothing(x, y) and not x.channels_first_is_last and not y.channels_first_is_last:
                flat = fresh(f"{node.output}/flat", types, graph.names)
                types[flat] = replace(x, shape=(1, x.size))
                nodes.append(Node(node.name, Reshape((1, x.size)), node.inputs, flat))
                node = replace(node, inputs=(flat,))
        nodes.append(node)
    return graph.rewritten(nodes, types)
