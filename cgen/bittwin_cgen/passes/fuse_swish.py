"""A value times its sigmoid becomes one function of it, as exporters write SiLU."""

from bittwin_cgen.ir import Graph, Node, Removed
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.unary import Unary


def fuse_swish(graph: Graph) -> Graph:
    """Sigmoid, Mul to Swish, float32."""
    consumers, outputs, producers = graph.consumers(), graph.output_tensors(), graph.producers()
    nodes: list[Node] = []
    removed = {}
    for node in graph.nodes:
        if node.op == Binary("Mul") and len(set(node.inputs)) == 2 and graph.types[node.output].dtype == "float32":
            for x, gate in (node.inputs, node.inputs[::-1]):
                maker = producers.get(gate)
                if (
                    maker is not None
                    and maker.op == Unary("Sigmoid")
                    and maker.inputs == (x,)
                    and len(consumers[gate]) == 1
                    and gate not in outputs
                ):
                    removed[gate] = Removed(f"in one function with {node.name}")
                    node = Node(node.name, Unary("Swish", 1.0), (x,), node.output)
                    break
        nodes.append(node)
    return graph.rewritten([node for node in nodes if node.output not in removed], removed=removed)
