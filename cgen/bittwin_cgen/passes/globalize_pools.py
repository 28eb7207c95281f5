"""A pool with a single window takes row after row, as a global pool does, instead of keeping all rows of its window."""

from __future__ import annotations

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Op, TensorType, fresh
from bittwin_cgen.ops.average_pool import AveragePool
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.ops.max_pool import MaxPool, Pooling
from bittwin_cgen.ops.reduce import Axes, Extreme
from bittwin_cgen.ops.take import Take


def globalize_pools(graph: Graph) -> Graph:
    """Float averages (int8 ones round otherwise) and maxima, without padding. What the window leaves out is cut off."""
    nodes: list[Node] = []
    types = dict(graph.types)
    for node in graph.nodes:
        x = types[node.inputs[0]] if node.inputs else None
        op = None if x is None else _global(node.op, x, types[node.output])
        if op is None or x is None or not isinstance(node.op, (AveragePool, MaxPool)):
            nodes.append(node)
            continue
        kernel = node.op.pooling.kernel
        if kernel != x.image[:2]:
            cut = fresh(f"{node.output}/window", types, graph.names)
            types[cut] = replace(x, shape=(*x.shape[:2], *kernel))
            nodes.append(Node(cut, Take((None, None, *(tuple(range(n)) for n in kernel)), "Slice"), node.inputs, cut))
            node = replace(node, inputs=(cut,))
        nodes.append(replace(node, op=op))
    return graph.rewritten(nodes, types)


def _global(op: Op, x: TensorType, y: TensorType) -> Op | None:
    """The global pool for a pool; None where it is none, has several windows, or pads."""
    if not isinstance(op, (AveragePool, MaxPool)) or len(x.shape) != 4 or y.image[:2] != (1, 1):
        return None
    pool: Pooling = op.pooling
    inside = all(kernel <= size for kernel, size in zip(pool.kernel, x.image[:2], strict=True))
    if any(pool.padding) or not inside or pool.dilation != (1, 1) or pool.kernel[0] < 2:
        return None
    if isinstance(op, MaxPool):
        return Extreme("max", Axes((2, 3), True)) if x.shape[0] == 1 else None
    return GlobalAveragePool() if x.quantization is None else None
