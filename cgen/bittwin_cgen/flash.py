"""Weights fast or compact: which layers keep a byte a weight, so that constants fit the flash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bittwin_cgen.emit.literals import Initializers
from bittwin_cgen.ir import Call, Graph, Layer, Program, Step
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.linear import Linear


@dataclass(frozen=True)
class Saving:
    """What compact weights of one layer bring: bytes, for that many instructions more."""

    node: str
    bytes: int
    instructions: float


def compacted(program: Program, excess: int) -> Iterator[Graph]:
    """Graphs with more and more layers compact: at first as few as save `excess` bytes by their own count.

    Those that cost the fewest instructions a byte come first. Nothing where there is nothing to save.
    """
    if excess <= 0:
        return
    order = sorted(_savings(program), key=lambda saving: (saving.instructions / saving.bytes, saving.node))
    chosen: list[Saving] = []
    for count, saving in enumerate(order, 1):
        chosen.append(saving)
        if sum(each.bytes for each in chosen) >= excess or count == len(order):
            yield _with_compact(program.graph, _needed(chosen, excess))
    if order:
        yield _with_compact(program.graph, order)


def _needed(chosen: list[Saving], excess: int) -> list[Saving]:
    """Without those that the others make up for, the dearest first."""
    needed = list(chosen)
    for saving in sorted(chosen, key=lambda each: (-each.instructions, each.node)):
        if sum(each.bytes for each in needed) - saving.bytes >= excess:
            needed.remove(saving)
    return needed


def _savings(program: Program) -> Iterator[Saving]:
    for step in program.steps():
        call = _compact_call(program, step)
        if call is None:
            continue
        saved = _constant_bytes(step.call) - _constant_bytes(call)
        if saved > 0:
            yield Saving(step.node.name, saved, step.macs * (call.kernel.per_mac - step.call.kernel.per_mac))


def _compact_call(program: Program, step: Step) -> Call | None:
    """How a layer with widened weights is computed with compact ones."""
    op = step.node.op
    if not isinstance(op, (Conv2d, Linear)) or not step.call.kernel.widened:
        return None
    inputs = tuple(program.types[name] for name in step.node.inputs)
    return replace(op, compact=True).lower(Layer(step.node, inputs, program.types[step.output], program.target))


def _constant_bytes(call: Call) -> int:
    arrays = Initializers("layer")
    assert call.layer is not None
    arrays.struct("layer", call.layer)
    return arrays.bytes


def _with_compact(graph: Graph, savings: list[Saving]) -> Graph:
    names = {saving.node for saving in savings}
    nodes = [
        replace(node, op=replace(node.op, compact=True))
        if node.name in names and isinstance(node.op, (Conv2d, Linear))
        else node
        for node in graph.nodes
    ]
    return graph.rewritten(nodes)
