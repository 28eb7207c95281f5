"""Linear resizing of int8 [N, C, L] adds its terms as onnxruntime does, which weighs the last channel otherwise."""

from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Graph, Node, fresh
from bittwin_cgen.ops.concat import Concat
from bittwin_cgen.ops.resize import Resize, Taps
from bittwin_cgen.ops.take import Take


def split_resizes(graph: Graph) -> Graph:
    """onnxruntime resizes [N, C, L] as a volume: each of N and C between an index and the next one, halves at the last.

    The sum of two columns is thus added twice, halved, and four times, quartered, in the last channel, which is
    computed apart: rounding tells the difference where a sum lies in the middle between two codes.
    """
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        x = types[node.inputs[0]] if node.inputs else None
        if not isinstance(node.op, Resize) or x is None or x.quantization is None or len(x.shape) != 3:
            nodes.append(node)
            continue
        twice, four_times = (replace(node.op, rows=_again(count)) for count in (2, 4))
        channels = x.shape[1]
        if channels == 1:
            nodes.append(replace(node, op=four_times))
            continue
        parts = []
        for number, (op, first, behind) in enumerate(((twice, 0, channels - 1), (four_times, channels - 1, channels))):
            given, made = (
                fresh(f"{node.output}/{what} {number}", types, graph.names) for what in ("channels", "resized")
            )
            types[given] = replace(x, shape=(x.shape[0], behind - first, x.shape[2]))
            types[made] = replace(types[node.output], shape=(x.shape[0], behind - first, types[node.output].shape[2]))
            nodes.append(Node(given, Take((None, tuple(range(first, behind)), None), "Slice"), node.inputs, given))
            nodes.append(Node(f"{node.name}/{number}", op, (given,), made))
            parts.append(made)
        nodes.append(Node(node.name, Concat(1), tuple(parts), node.output))
    return graph.rewritten(nodes, types)


def _again(count: int) -> Taps:
    """The one row, `count` times, of weight 1 in all."""
    return Taps(np.zeros((1, count), np.int32), np.full((1, count), 1 / count, np.float32))
