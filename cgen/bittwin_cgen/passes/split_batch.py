"""A static batch becomes one image: C loops over the images."""

from dataclasses import replace

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Graph, Node
from bittwin_cgen.ops.reshape import Reshape


def split_batch(graph: Graph) -> Graph:
    """The graph of one image; raises BittwinError where a node mixes images."""
    sizes = {graph.types[port.tensor].shape[:1] for port in graph.inputs}
    if len(sizes) != 1 or sizes == {()}:
        return graph
    ((batch,),) = sizes
    if batch == 1:
        return graph
    types = {}
    for name, type in graph.types.items():
        if type.shape[:1] != (batch,):
            maker = graph.producers().get(name)
            raise BittwinError(
                f"node {maker.name!r}" if maker else f"tensor {name!r}",
                f"its output {type.shape} does not keep the batch of {batch} images apart",
                "Export the model with batch size 1",
            )
        types[name] = replace(type, shape=(1, *type.shape[1:]))
    return graph.rewritten([_single(node) for node in graph.nodes], types, batch=batch)


def _single(node: Node) -> Node:
    op = node.op
    return replace(node, op=replace(op, shape=(1, *op.shape[1:]))) if isinstance(op, Reshape) else node
