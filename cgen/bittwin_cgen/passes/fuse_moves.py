"""Transposes and reshapes one behind the other become one, or none: channel shuffles, layout changes and back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Op, Removed
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.transpose import Transpose


def fuse_moves(graph: Graph) -> Graph:
    """Each pair becomes one node, where nothing else reads what lies between, or where then no byte moves."""
    outputs = graph.output_tensors()
    producers: dict[str, Node] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        while (before := producers.get(node.inputs[0] if node.inputs else "")) is not None:
            op = _together(before.op, node.op)
            if op is None:
                break
            alone = len(graph.consumers()[before.output]) == 1 and before.output not in outputs
            if not alone and not op.moves_nothing(graph.types[before.inputs[0]], graph.types[node.output]):
                break
            node = replace(node, op=op, inputs=before.inputs)
        producers[node.output] = node
        nodes.append(node)
    kept: list[Node] = []
    read = set(outputs)
    for node in reversed(nodes):
        if node.output in read or not isinstance(node.op, (Reshape, Transpose)):
            kept.append(node)
            read.update(node.inputs)
    left = {node.output for node in kept}
    removed = {node.output: Removed("moved together with its readers") for node in nodes if node.output not in left}
    return graph.rewritten(kept[::-1], removed=removed)


def _together(first: Op, second: Op) -> Op | None:
    if any(isinstance(op, Reshape) and op.channels_last for op in (first, second)):
        return None
    if isinstance(second, Reshape):
        if isinstance(first, Reshape):
            return second
        return replace(first, shape=second.shape) if isinstance(first, Transpose) else None
    if isinstance(second, Transpose):
        if isinstance(first, Reshape):
            return second
        if isinstance(first, Transpose):
            return _composed(first, second)
    return None


def _composed(first: Transpose, second: Transpose) -> Op | None:
    turned = [first.split[axis] for axis in first.axes]
    sizes = _common(turned, second.split)
    if sizes is None:
        return None
    groups = _grouped(sizes, turned)  # parts of each axis that the first one makes
    places = dict(zip(first.axes, groups, strict=True))
    split: list[int] = []
    where: dict[int, int] = {}  # number of a part to its axis in the new split
    for axis in range(len(first.split)):
        for part in places[axis]:
            where[part] = len(split)
            split.append(sizes[part])
    outer = _grouped(sizes, second.split)
    axes = [where[part] for axis in second.axes for part in outer[axis]]
    if [axis for axis in axes if split[axis] != 1] == [axis for axis in range(len(axes)) if split[axis] != 1]:
        return Reshape(second.shape)
    return Transpose(tuple(split), tuple(axes), second.shape, second.name)


def _common(a: Sequence[int], b: Sequence[int]) -> list[int] | None:
    """The coarsest sizes that both are made of, in order; None where there are none."""
    ends = sorted({math.prod(sizes[:i]) for sizes in (a, b) for i in range(len(sizes) + 1)})
    if any(later % earlier for earlier, later in itertools.pairwise(ends)):
        return None
    return [later // earlier for earlier, later in itertools.pairwise(ends)]


def _grouped(sizes: Sequence[int], whole: Sequence[int]) -> list[list[int]]:
    """For each size of `whole`, the numbers of the parts that multiply to it."""
    groups, part = [], 0
    for size in whole:
        group: list[int] = []
        while math.prod(sizes[i] for i in group) < size:
            group.append(part)
            part += 1
        groups.append(group)
    return groups
