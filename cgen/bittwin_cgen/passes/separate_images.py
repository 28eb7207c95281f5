"""A layer whose kernels take one image gets several one by one, where the graph as a whole does not loop over them."""

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, fresh
from bittwin_cgen.ops.concat import Concat
from bittwin_cgen.ops.image import Image


def separate_images(graph: Graph) -> Graph:
    """Operator on [N, ...] to N times Image, operator on [1, ...], and a Concat along axis 0."""
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        x, y = (types[name] for name in (node.inputs[0] if node.inputs else node.output, node.output))
        if not node.op.one_image or len(x.shape) < 2 or x.shape[0] == 1:
            nodes.append(node)
            continue
        parts = []
        for i in range(x.shape[0]):
            given, made = (fresh(f"{node.output}/{which} {i}", types, graph.names) for which in ("image", "of image"))
            types[given] = replace(x, shape=(1, *x.shape[1:]))
            types[made] = replace(y, shape=(1, *y.shape[1:]))
            nodes.append(Node(given, Image(i), node.inputs, given))
            nodes.append(Node(f"{node.name}/{i}", node.op.for_one_image(), (given,), made))
            parts.append(made)
        nodes.append(Node(node.name, Concat(0), tuple(parts), node.output))
    return graph.rewritten(nodes, types)
