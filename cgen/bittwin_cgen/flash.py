"""Weights fast or small: which layers keep fewer constants, so that they fit the flash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bittwin_cgen.emit.literals import Initializers
from bittwin_cgen.ir import Call, Graph, Layer, Op, Program, Step
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.linear import Linear


@dataclass(frozen=True)
class Saving:
    """What a smaller form of one layer brings: bytes, for that many instructions more than the form before it."""

    node: str
    op: Op
    bytes: int
    instructions: float


def compacted(program: Program, excess: int) -> Iterator[Graph]:
    """Graphs with more and more layers in a smaller form: at first as few as save `excess` bytes by their own count.

    Those that cost the fewest instructions a byte come first. Nothing where there is nothing to save.
    """
    if excess <= 0:
        return
    order = sorted(_savings(program), key=lambda saving: (saving.instructions / saving.bytes, saving.node))
    chosen: list[Saving] = []
    for count, saving in enumerate(order, 1):
        chosen.append(saving)
        if sum(each.bytes for each in chosen) >= excess or count == len(order):
            yield _with(program.graph, _needed(chosen, excess))
    if order:
        yield _with(program.graph, order)


def _needed(chosen: list[Saving], excess: int) -> list[Saving]:
    """Without those that the others make up for, the dearest first; a later form of a layer needs the one before."""
    needed = list(chosen)
    for saving in sorted(chosen, key=lambda each: (-each.instructions, each.node)):
        last = [each for each in needed if each.node == saving.node][-1:] == [saving]
        if last and sum(each.bytes for each in needed) - saving.bytes >= excess:
            needed.remove(saving)
    return needed


def _savings(program: Program) -> Iterator[Saving]:
    for step in program.steps():
        found: list[Saving] = []
        before = step.call
        for op, call in _smaller(program, step):
            more = step.macs * (call.kernel.per_mac - before.kernel.per_mac)
            saving = Saving(step.node.name, op, _constant_bytes(before) - _constant_bytes(call), more)
            before = call
            if found and saving.instructions * found[-1].bytes < found[-1].instructions * saving.bytes:
                last = found.pop()  # to stop half-way costs more for a byte
                saving = replace(saving, bytes=last.bytes + saving.bytes, instructions=last.instructions + more)
            found.append(saving)
        yield from (saving for saving in found if saving.bytes > 0)


def _smaller(program: Program, step: Step) -> Iterator[tuple[Op, Call]]:
    """How a layer is computed with fewer constants: without transformed weights, then without widened ones."""
    op, call = step.node.op, step.call
    inputs = tuple(program.types[name] for name in step.node.inputs)
    layer = Layer(step.node, inputs, program.types[step.output], program.target)
    if isinstance(op, Conv2d) and call.kernel.transformed:
        op = replace(op, direct=True)
        call = op.lower(layer)
        yield op, call
    if isinstance(op, (Conv2d, Linear)) and call.kernel.widened:
        op = replace(op, compact=True)
        yield op, op.lower(layer)


def _constant_bytes(call: Call) -> int:
    arrays = Initializers("layer")
    assert call.layer is not None
    arrays.struct("layer", call.layer)
    return arrays.bytes


def _with(graph: Graph, savings: list[Saving]) -> Graph:
    """The graph with the last form of each layer."""
    ops = {saving.node: saving.op for saving in savings}
    return graph.rewritten([replace(node, op=ops.get(node.name, node.op)) for node in graph.nodes])
