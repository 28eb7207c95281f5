"""Rounds of a segment: which rows each step reads, and how many rows a tensor has to keep, found by running them.

The steps of a segment take turns: in every round each one makes at most one row, as soon as the rows it reads are
there; one that reads only finished tensors waits until a row of it is wanted, and so does one that makes rows for a
step which makes more rows than it reads. The C that `emit/calls.py` writes does the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from bittwin_cgen.ir import Step, Window


def mapped_rows(window: Window, oy: int, height: int) -> list[int]:
    """The input rows that really exist behind the window of output row `oy`."""
    if window.mode == "table":
        return [y for y in window.table[oy] if y >= 0]
    rows = [oy * window.stride - window.top + ky * window.dilation for ky in range(window.height)]
    if window.mode == "reflect":
        return [-y if y < 0 else 2 * (height - 1) - y if y >= height else y for y in rows]
    if window.mode == "edge":
        return [min(max(y, 0), height - 1) for y in rows]
    if window.mode == "wrap":
        return [y % height for y in rows]
    return [y for y in rows if 0 <= y < height]


@dataclass(frozen=True)
class Reading:
    """For each call of a step: rows of `tensor` that have to be there, and the first that it still reads.

    With `padded`, rows above and below the image count too: -1, height.
    """

    tensor: str
    needed: tuple[int, ...]
    oldest: tuple[int, ...]  # by this call and all later ones
    padded: bool = False
    spreads: bool = False  # there are more calls than rows, from top to bottom


@dataclass(frozen=True)
class Task:
    """A step as the row order sees it: how often it is called and what each call reads."""

    name: str
    output: str
    calls: int
    readings: tuple[Reading, ...]
    streams: bool = True  # can run row by row
    at_end: bool = False  # its single row is there after the last call
    scratch: int = 0  # bytes that it needs while it is called
    lasting: int = 0  # bytes that it needs from one call to the next
    outside: tuple[str, int] | None = None  # what lies above and below an input that is no ring, and its bytes
    replaces: tuple[str, ...] = ()  # inputs whose memory its output may take, row by row

    @property
    def spreads(self) -> bool:
        """Several calls read one row, so that rows would pile up before it."""
        return any(item.spreads for item in self.readings)


@dataclass(frozen=True)
class Rows:
    """A tensor as the row order sees it: rows and their bytes, pads, and the rows of padding that windows read below.

    `filling` is what lies in pads, and in a ring above and below the image; None where no reader looks there.
    """

    height: int
    row: int
    below: int = 0
    left: int = 0  # bytes
    right: int = 0
    filling: tuple[str, float] | None = None
    slack: int = 0

    @property
    def stride(self) -> int:
        return self.left + self.row + self.right

    @property
    def filled_once(self) -> bool:
        """Nothing else may be written where it lies, not even between two rows."""
        return self.filling is not None and self.filling[0] == "constant"


def reading(tensor: str, window: Window | None, height: int, calls: int) -> Reading:
    """What `calls` calls of a kernel read of a tensor with that many rows."""
    if window is None and height < calls:  # every call reads all of it
        return Reading(tensor, (height,) * calls, (0,) * calls)
    if window is None:
        return Reading(tensor, tuple(range(1, calls + 1)), tuple(range(calls)))
    if window.mode == "table":
        lists = [mapped_rows(window, oy, height) for oy in range(calls)]
        ends = tuple(accumulate((max(rows, default=-1) + 1 for rows in lists), max))
        firsts = tuple(accumulate((min(rows, default=height) for rows in lists[::-1]), min))
        return Reading(tensor, ends, firsts[::-1], spreads=calls > height)
    starts = [oy * window.stride - window.top for oy in range(calls)]
    reach = (window.height - 1) * window.dilation
    if window.mode == "constant" and window.bottom is None:
        return Reading(tensor, tuple(start + reach + 1 for start in starts), tuple(starts), padded=True)
    needed = [height if window.mode == "wrap" else min(max(start + reach + 1, 0), height) for start in starts]
    if window.mode in ("reflect", "edge"):
        least = min(window.top + 1, height) if window.mode == "reflect" else 1
        needed = [max(count, least) for count in needed]
    oldest = [min(mapped_rows(window, oy, height), default=height) for oy in range(calls)]
    for oy in reversed(range(calls - 1)):
        oldest[oy] = min(oldest[oy], oldest[oy + 1])
    return Reading(tensor, tuple(needed), tuple(oldest))


@dataclass(frozen=True)
class Rounds:
    """What running the rounds of some tasks showed."""

    slots: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(tensor, itself or one that may share its memory, a reader of that one): rows in memory."""
    waiting: set[str] = field(default_factory=set)
    """Tensors of which rows are still to be read when a round ends."""
    _by_tensor: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    clashes: set[tuple[str, str]] = field(default_factory=set)
    """(input, output): a row of the output is made while the row in whose memory it would lie is still to be read."""

    def of(self, made: str) -> list[tuple[str, str, int]]:
        """The entries of `slots` of a tensor."""
        if not self._by_tensor:
            for (name, read, reader), rows in self.slots.items():
                self._by_tensor.setdefault(name, []).append((read, reader, rows))
        return self._by_tensor.get(made, [])


@dataclass
class _Turn:
    """A task while rounds run."""

    task: Task
    total: int  # turns, those for rows of padding included
    waits: list[tuple[_Turn, tuple[int, ...]]] = field(default_factory=list)  # what makes its inputs; rows needed
    readers: list[tuple[_Turn, Reading, tuple[int, ...]]] = field(default_factory=list)  # and the rows they need
    tracked: list[tuple[tuple[str, str, str], _Turn, tuple[int, ...]]] = field(default_factory=list)
    overwrites: list[tuple[tuple[str, str], _Turn, tuple[int, ...]]] = field(default_factory=list)
    paced: bool = False
    called: bool = False  # from outside: rows of the image do not wait
    done: int = 0
    made: int = 0

    def advance(self, found: Rounds) -> bool:
        """Makes one row, if that can be done now."""
        count, task = self.done, self.task
        if count >= self.total or (self.paced and not (self.called and count < task.calls) and not self._wanted()):
            return False
        if count < task.calls:
            for maker, needed in self.waits:
                if maker.made < needed[count]:
                    return False
            for pair, reader, oldest in self.overwrites:
                if reader.done < reader.task.calls and oldest[reader.done] <= count:
                    found.clashes.add(pair)
        self.done = count + 1
        self.made = (1 if count + 1 == task.calls else 0) if task.at_end else count + 1
        for key, reader, oldest in self.tracked:
            kept = 1 if reader.done >= reader.task.calls else self.made - oldest[reader.done]
            if kept > found.slots[key]:
                found.slots[key] = kept
        return True

    def _wanted(self) -> bool:
        """Some reader's next call needs a row that is not there yet, or none reads any more."""
        reading = [(reader, needed) for reader, _, needed in self.readers if reader.done < reader.task.calls]
        return not reading or any(self.made < needed[reader.done] for reader, needed in reading)

    def rows_wait(self) -> bool:
        return any(
            reader.done < reader.task.calls and self.made > item.oldest[reader.done] for reader, item, _ in self.readers
        )


def sharing(tasks: Sequence[Task]) -> dict[str, set[str]]:
    """Of each tensor that may share memory with others, all of them."""
    groups: dict[str, set[str]] = {}
    for task in tasks:
        for name in task.replaces:
            joined = groups.get(name, {name}) | groups.get(task.output, {task.output})
            groups.update(dict.fromkeys(joined, joined))
    return groups


def paced_tasks(tasks: Sequence[Task], pushed: bool = False) -> frozenset[str]:
    """Outputs of the tasks that wait until a row is wanted: of the first ones, and of all before one that spreads.

    Where rows are `pushed`, the first task is called from outside: its rows of padding alone wait.
    """
    makers = {task.output: task for task in tasks}
    sources = [task.output for task in tasks if not any(item.tensor in makers for item in task.readings)]
    found = set() if pushed else set(sources)
    before = [task for task in tasks if task.spreads]
    while before:
        for item in before.pop().readings:
            if item.tensor in makers and item.tensor not in found:
                found.add(item.tensor)
                before.append(makers[item.tensor])
    return frozenset(found)


def run_rounds(tasks: Sequence[Task], rows: Mapping[str, Rows], pushed: bool = False) -> Rounds:
    """Runs the tasks of a segment as the generated C does.

    Where rows are `pushed`, the first task is called from outside, each time that the others can do nothing more.
    """
    found = Rounds()
    turns = [_Turn(task, task.calls + (0 if task.at_end else rows[task.output].below)) for task in tasks]
    makers = {turn.task.output: turn for turn in turns}
    for turn in turns:
        for item in turn.task.readings:
            if maker := makers.get(item.tensor):
                tensor = rows[item.tensor]
                most = tensor.height + (tensor.below if item.padded else 0)
                needed = tuple(min(count, most) for count in item.needed)
                turn.waits.append((maker, needed))
                maker.readers.append((turn, item, needed))
    groups, paced = sharing(tasks), paced_tasks(tasks, pushed)
    for turn in turns:
        made = turn.task.output
        turn.paced = made in paced and bool(turn.readers)
        for read in groups.get(made, {made}):
            for reader, item, _ in makers[read].readers if read in makers else ():
                key = made, read, reader.task.name
                found.slots[key] = 1
                turn.tracked.append((key, reader, item.oldest))
        for name in turn.task.replaces:
            others = makers[name].readers if name in makers else _readers_of(name, turns)
            turn.overwrites += [((name, made), reader, item.oldest) for reader, item, _ in others if reader is not turn]
    undecided = [turn for turn in turns if turn.readers]

    def drain(order: Sequence[_Turn]) -> None:
        nonlocal undecided
        busy = True
        while busy:  # each has its turn
            busy = False
            for turn in order:
                if turn.advance(found):
                    busy = True
            found.waiting.update(turn.task.output for turn in undecided if turn.rows_wait())
            undecided = [turn for turn in undecided if turn.task.output not in found.waiting]

    if pushed:
        taker, takers = turns[0], turns[1:]
        taker.called = True
        for _ in range(taker.task.calls):
            taker.advance(found)
            drain(takers)
        drain([*takers, taker])
    else:
        drain(turns)
    assert all(turn.done == turn.total for turn in turns), "a row order that stops half-way"
    return found


def _readers_of(tensor: str, turns: Sequence[_Turn]) -> list[tuple[_Turn, Reading, tuple[int, ...]]]:
    """Who reads a tensor that was made before."""
    return [(turn, item, item.needed) for turn in turns for item in turn.task.readings if item.tensor == tensor]


def task_of(
    step: Step, heights: Mapping[str, int], streams: bool, outside: tuple[str, int] | None, replaces: Sequence[str]
) -> Task:
    """A step as a task; heights: rows of every tensor."""
    reduces = step.call.kernel.form == "reduce"
    calls = heights[step.inputs[0]] if reduces else heights[step.output]
    readings = tuple(reading(name, step.call.window, heights[name], calls) for name in dict.fromkeys(step.inputs))
    scratch = (0, step.call.scratch) if reduces else (step.call.scratch, 0)
    return Task(step.name, step.output, calls, readings, streams, reduces, *scratch, outside, tuple(replaces))
