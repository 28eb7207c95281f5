"""Row streaming: which steps run interleaved row by row, and how many rows each tensor has to keep.

A segment is a run of steps. Its steps take turns: in every round each one makes at most one row, as soon as the rows it
reads are there; one that reads only finished tensors waits until a row of it is wanted. A tensor that only its own
segment reads keeps a ring of rows; every other tensor is whole. How many rows a ring keeps is found by running the
rounds. Segments are chosen by dynamic programming over the places where the order of steps can be cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bittwin_cgen.ir import Step, Window

COUNTER_BYTES = 2  # of a step's row counter


def mapped_rows(window: Window, oy: int, height: int) -> list[int]:
    """The input rows that really exist behind the window of output row `oy`."""
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


@dataclass(frozen=True)
class Task:
    """A step as the row order sees it: how often it is called and what each call reads."""

    name: str
    output: str
    calls: int
    readings: tuple[Reading, ...]
    streams: bool = True  # can run row by row
    at_end: bool = False  # its single row is there after the last call
    work: int = 0  # multiplications and calls


@dataclass(frozen=True)
class Rows:
    """A tensor as the row order sees it: rows, bytes a row with pads, rows of padding that windows read below it."""

    height: int
    stride: int
    below: int = 0
    extra: int = 0  # bytes besides the rows
    passing: int = 0  # bytes that the task which makes it needs only while it is called


def reading(tensor: str, window: Window | None, height: int, calls: int) -> Reading:
    """What `calls` calls of a kernel read of a tensor with that many rows."""
    if window is None:
        return Reading(tensor, tuple(range(1, calls + 1)), tuple(range(calls)))
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


def ring_slots(tasks: Sequence[Task], rows: Mapping[str, Rows], pushed: bool = False) -> dict[tuple[str, str], int]:
    """{(tensor made here, task that reads it): rows to keep}, by running the rounds as the generated C does.

    Where rows are `pushed`, the first task is called from outside, each time that the others can do nothing more.
    """
    inside = {task.output for task in tasks}
    readers: dict[str, list[tuple[Task, Reading]]] = {name: [] for name in inside}
    for task in tasks:
        for item in task.readings:
            if item.tensor in inside:
                readers[item.tensor].append((task, item))
    done = dict.fromkeys((task.name for task in tasks), 0)
    made = dict.fromkeys(inside, 0)
    slots = {(name, task.name): 1 for name in inside for task, _ in readers[name]}
    total = {task.name: _rounds(task, rows[task.output]) for task in tasks}
    sources = {task.name for task in tasks if not any(item.tensor in inside for item in task.readings)}

    def advance(task: Task) -> bool:
        count = done[task.name]
        if count >= total[task.name]:
            return False
        if count < task.calls:
            if any(item.tensor in inside and made[item.tensor] < _needed(item, count, rows) for item in task.readings):
                return False
            source = task.name in sources and not pushed and readers[task.output]
            if source and not _wanted(task, readers, done, made, rows):
                return False
        done[task.name] = count + 1
        made[task.output] = (1 if count + 1 == task.calls else 0) if task.at_end else count + 1
        for reader, item in readers[task.output]:
            finished = done[reader.name] >= reader.calls
            oldest = made[task.output] - 1 if finished else item.oldest[done[reader.name]]
            key = task.output, reader.name
            slots[key] = max(slots[key], made[task.output] - oldest)
        return True

    def drain(turns: Sequence[Task]) -> None:
        while sum(advance(task) for task in turns):  # every task has its turn
            pass

    if pushed:
        first, others = tasks[0], tasks[1:]
        for _ in range(first.calls):
            advance(first)
            drain(others)
        drain((*others, first))
    else:
        drain(tasks)
    assert all(done[task.name] == total[task.name] for task in tasks), "a row order that stops half-way"
    return slots


def _rounds(task: Task, output: Rows) -> int:
    return task.calls + (0 if task.at_end else output.below)


def _needed(item: Reading, call: int, rows: Mapping[str, Rows]) -> int:
    tensor = rows[item.tensor]
    return min(item.needed[call], tensor.height + (tensor.below if item.padded else 0))


def _wanted(
    task: Task,
    readers: Mapping[str, Sequence[tuple[Task, Reading]]],
    done: Mapping[str, int],
    made: Mapping[str, int],
    rows: Mapping[str, Rows],
) -> bool:
    """Some reader's next call needs a row that is not there yet, or none reads any more."""
    reading = [(reader, item) for reader, item in readers[task.output] if done[reader.name] < reader.calls]
    return not reading or any(made[task.output] < _needed(item, done[reader.name], rows) for reader, item in reading)


@dataclass
class Plan:
    """Everything that choosing segments needs to know."""

    tasks: Sequence[Task]
    rows: Mapping[str, Rows]
    whole: frozenset[str]  # tensors that lie outside the arena: inputs and outputs of run
    kept: frozenset[str]  # tensors that are read in other dimensions, or are outputs: never rings
    together: frozenset[int] = frozenset()  # steps that have to be in the segment of the step after them
    pushed: bool = False  # the first task is called from outside
    _from: dict[int, dict[tuple[str, str], int]] = field(default_factory=dict)

    def segments(self, budget: int | None) -> list[tuple[int, int]]:
        """[(first, behind the last)]: least memory, or within a budget the fewest multiplications in row order.

        Steps that run interleaved cost a few instructions a row more than one after the other. Where no cuts fit the
        budget, those of least memory.
        """
        cuts = self._cuts(budget)
        if cuts is None:
            cuts = self._cuts(None)
        assert cuts is not None, "steps that cannot be cut into segments"
        return cuts

    def layers(self) -> list[tuple[int, int]]:
        segments, first = [], 0
        for index in range(len(self.tasks)):
            if index not in self.together:
                segments.append((first, index + 1))
                first = index + 1
        return segments

    def _cuts(self, budget: int | None) -> list[tuple[int, int]] | None:
        """Cuts of least memory at the worst moment, among equals of the least sum; with a budget of the least work."""
        count = len(self.tasks)
        best: list[tuple[int, int, int] | None] = [(0, 0, 0)] + [None] * count  # price, sum, where the segment begins
        for first in range(count):
            before = best[first]
            if before is None:
                continue
            for end in range(first + 1, count + 1):
                flows = self.tasks[end - 1].streams and self.tasks[first].streams
                if end - first > 1 and not flows and not self.together.issuperset(range(first, end - 1)):
                    break
                if end - 1 in self.together:
                    continue
                needs = self.cost(first, end)
                if budget is None:
                    found = max(before[0], needs), before[1] + needs, first
                elif needs <= budget:
                    work = sum(self.tasks[index].work for index in range(first, end)) if end - first > 1 else 0
                    found = before[0] + work, before[1] + needs, first
                else:
                    continue
                current = best[end]
                if current is None or found[:2] < current[:2]:
                    best[end] = found
        segments, end = [], count
        while end:
            state = best[end]
            if state is None:
                return None
            segments.append((state[2], end))
            end = state[2]
        return segments[::-1]

    def slots(self, first: int, end: int) -> dict[str, int]:
        """{tensor: rows to keep} of the rings of a segment, exactly."""
        tasks = self.tasks[first:end]
        rings = self._rings(first, end)
        if not rings:
            return {}
        rows = {name: self._plain(name, rings) for name in self.rows}
        found = ring_slots(tasks, rows, self.pushed and first == 0)
        return {
            name: min(max((n for (tensor, _), n in found.items() if tensor == name), default=1), self.rows[name].height)
            for name in rings
        }

    def _plain(self, name: str, rings: set[str]) -> Rows:
        """A tensor that is no ring has no rows of padding."""
        rows = self.rows[name]
        return rows if name in rings else replace(rows, below=0)

    def _rings(self, first: int, end: int) -> set[str]:
        if end - first == 1:
            return set()
        made = {task.output for task in self.tasks[first:end]}
        later = {item.tensor for task in self.tasks[end:] for item in task.readings}
        return made - later - self.whole - self.kept

    def cost(self, first: int, end: int) -> int:
        """Bytes alive while a segment runs."""
        if first not in self._from:
            self._from[first] = self._simulate(first)
        known = self._from[first]
        rings = self._rings(first, end)
        names = {task.name for task in self.tasks[first:end]}
        total = _aligned(COUNTER_BYTES * (end - first)) if end - first > 1 else 0
        total += max(
            (
                _aligned(self.rows[item.tensor].stride)
                for task in self.tasks[first:end]
                for item in task.readings
                if item.padded and item.tensor not in rings and self._reaches_outside(item)
            ),
            default=0,
        )
        passing = 0
        for task in self.tasks[first:end]:
            rows = self.rows[task.output]
            total += _aligned(rows.extra)
            passing = max(passing, _aligned(rows.passing))
            if task.output in self.whole:
                continue
            slots = rows.height
            if task.output in rings:
                slots = min(
                    slots,
                    max((n for (t, reader), n in known.items() if t == task.output and reader in names), default=1),
                )
            total += _aligned(slots * rows.stride)
        return (
            total
            + passing
            + sum(_aligned(self.rows[name].height * self.rows[name].stride) for name in self._alive(first, end))
        )

    def _reaches_outside(self, item: Reading) -> bool:
        return item.oldest[0] < 0 or max(item.needed) > self.rows[item.tensor].height

    def _alive(self, first: int, end: int) -> set[str]:
        """Tensors made before the segment that it or a later one reads."""
        before = {task.output for task in self.tasks[:first]}
        read = {item.tensor for task in self.tasks[first:] for item in task.readings}
        return (before & read) - self.whole

    def _simulate(self, first: int) -> dict[tuple[str, str], int]:
        end = first
        while end < len(self.tasks) and self.tasks[end].streams:
            end += 1
        return ring_slots(self.tasks[first:end], self.rows, self.pushed and not first) if end - first > 1 else {}


def _aligned(size: int) -> int:
    return -(-size // 16) * 16


def tasks_of(steps: Sequence[Step], heights: Mapping[str, int], streams: Sequence[bool]) -> list[Task]:
    """The steps as tasks; heights: rows of every tensor."""
    tasks = []
    for step, can in zip(steps, streams, strict=True):
        reduces = step.call.kernel.form == "reduce"
        calls = heights[step.inputs[0]] if reduces else heights[step.output]
        readings = tuple(reading(name, step.call.window, heights[name], calls) for name in dict.fromkeys(step.inputs))
        tasks.append(Task(step.name, step.output, calls, readings, can, reduces, step.macs + calls))
    return tasks
