"""Operators on constants are computed when C is generated."""

from bittwin_cgen.ir import Graph, Node
from bittwin_cgen.ops.known import Known


def fold_known(graph: Graph) -> Graph:
    """Every operator all of whose inputs are Known becomes Known."""
    known: dict[str, Known] = {}
    nodes = []
    for node in graph.nodes:
        if node.inputs and all(name in known for name in node.inputs):
            values = [known[name].values for name in node.inputs]
            type = graph.types[node.output]
            result = node.op.interpret(values, graph.input_types(node), type).reshape(type.shape)
            node = Node(node.name, Known(result, type.quantization), (), node.output)
        if isinstance(node.op, Known):
            known[node.output] = node.op
        nodes.append(node)
    used = {name for node in nodes for name in node.inputs} | graph.output_tensors()
    return graph.rewritten([node for node in nodes if not isinstance(node.op, Known) or node.output in used])
