"""Linear resizing of int8 [N, C, L] adds its terms as onnxruntime does, otherwise in the last image and channel."""

from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Graph, Node, TensorType, fresh
from bittwin_cgen.ops.concat import Concat
from bittwin_cgen.ops.image import Image
from bittwin_cgen.ops.resize import Resize, Taps
from bittwin_cgen.ops.take import Take


def split_resizes(graph: Graph) -> Graph:
    """onnxruntime resizes [N, C, L] as a volume: each of N and C between an index and the next one, halves at the last.

    The sum of two columns is thus added twice, halved, in the last image or the last channel, and four times,
    quartered, where both are the last: rounding tells the difference where a sum lies in the middle between two codes.
    """
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        x = types[node.inputs[0]] if node.inputs else None
        if not isinstance(node.op, Resize) or x is None or x.quantization is None or len(x.shape) != 3:
            nodes.append(node)
            continue
        images = x.shape[0]
        if images == 1:
            nodes += _by_channels(graph, types, node, node.op, last=True)
            continue
        parts = []
        for i in range(images):
            given, made = (fresh(f"{node.output}/{what} {i}", types, graph.names) for what in ("image", "of image"))
            types[given] = replace(x, shape=(1, *x.shape[1:]))
            types[made] = replace(types[node.output], shape=(1, *types[node.output].shape[1:]))
            nodes.append(Node(given, Image(i), node.inputs, given))
            one = Node(f"{node.name}/{i}", node.op, (given,), made)
            nodes += _by_channels(graph, types, one, node.op, last=i == images - 1)
            parts.append(made)
        nodes.append(Node(node.name, Concat(0), tuple(parts), node.output))
    return graph.rewritten(nodes, types)


def _by_channels(graph: Graph, types: dict[str, TensorType], node: Node, op: Resize, last: bool) -> list[Node]:
    """Resizing of one image, the last one or not: its last channel apart."""
    x, y = types[node.inputs[0]], types[node.output]
    others, of_last = (replace(op, rows=_again(count)) for count in ((2, 4) if last else (1, 2)))
    channels = x.shape[1]
    if channels == 1:
        return [replace(node, op=of_last)]
    nodes, parts = [], []
    for number, (part, first, behind) in enumerate(((others, 0, channels - 1), (of_last, channels - 1, channels))):
        given, made = (fresh(f"{node.output}/{what} {number}", types, graph.names) for what in ("channels", "resized"))
        types[given] = replace(x, shape=(1, behind - first, x.shape[2]))
        types[made] = replace(y, shape=(1, behind - first, y.shape[2]))
        nodes.append(Node(given, Take((None, tuple(range(first, behind)), None), "Slice"), node.inputs, given))
        nodes.append(Node(f"{node.name}/{number}", part, (given,), made))
        parts.append(made)
    return [*nodes, Node(node.name, Concat(1), tuple(parts), node.output)]


def _again(count: int) -> Taps:
    """The one row, `count` times, of weight 1 in all."""
    return Taps(np.zeros((1, count), np.int32), np.full((1, count), 1 / count, np.float32))
