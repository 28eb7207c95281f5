"""A static batch becomes one image, where C can loop over the images."""

from dataclasses import replace

from bittwin_cgen.ir import Graph
from bittwin_cgen.ops.known import Known


def split_batch(graph: Graph) -> Graph:
    """The graph of one image; unchanged where a node mixes images, or axis 0 is no batch."""
    sizes = {graph.types[port.tensor].shape[:1] for port in graph.inputs}
    if len(sizes) != 1 or sizes == {()}:
        return graph
    ((batch,),) = sizes
    if batch == 1 or not _apart(graph, batch):
        return graph
    known = _known(graph)
    types = {
        name: type if name in known else replace(type, shape=(1, *type.shape[1:])) for name, type in graph.types.items()
    }
    nodes = [node if node.output in known else replace(node, op=node.op.for_one_image()) for node in graph.nodes]
    return graph.rewritten(nodes, types, batch=batch)


def _known(graph: Graph) -> set[str]:
    """Tensors that are constant."""
    known: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.op, Known) or (node.inputs and known.issuperset(node.inputs)):
            known.add(node.output)
    return known


def _apart(graph: Graph, batch: int) -> bool:
    """No node mixes images, no constant differs between them, none is an output."""
    known = _known(graph)
    if known & graph.output_tensors():
        return False
    for node in graph.nodes:
        if node.output in known:
            continue
        output = graph.types[node.output]
        if output.shape[:1] != (batch,) or not node.op.keeps_images(graph.input_types(node), output):
            return False
        for name in known.intersection(node.inputs):
            shape = graph.types[name].shape
            if len(shape) >= len(output.shape) and shape[0] != 1:
                return False
    return True
