"""The order of steps, the segments they run in, and which tensors share memory: least bytes, or fewest turns that fit.

A segment is a run of steps that take turns (`rounds.py`). A tensor that only its own segment reads keeps a ring of
rows; every other tensor is whole. A row that never waits for the next round is alive only between the step that makes
it and the last that reads it. Cuts between segments are found by dynamic programming for one order of steps; orders
are all tried where they are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from bittwin_cgen.ir import Array
from bittwin_cgen.rounds import Reading, Rounds, Rows, Task, paced_tasks, run_rounds

COUNTER_BYTES = 2  # of a step's row counter
FEW_ORDERS = 48  # that many orders are all tried
FEW_MOVES = 120  # of single steps within a segment, to look for better turns

Cuts = list[tuple[int, int]]  # first step of a segment, and the first behind it


def aligned(size: int) -> int:
    return -(-size // 16) * 16


@dataclass(frozen=True)
class Layout:
    """Memory of one segment. `bytes`: alive at the worst step, with tensors from before; `total`: of all of them."""

    bytes: int
    total: int
    slots: Mapping[str, int]  # rows to keep of each ring
    shared: Mapping[str, str]  # a tensor: the one in whose memory its rows take the place of that one's
    passing: Mapping[str, tuple[int, int]]  # a tensor, or the one it shares with: first and last step, in the segment


@dataclass
class Plan:
    """Everything that choosing segments needs to know, for one order of the tasks."""

    tasks: Sequence[Task]
    rows: Mapping[str, Rows]
    ports: frozenset[str]  # tensors that lie outside the arena: inputs and outputs of run
    kept: frozenset[str]  # tensors that are read in other dimensions, or are outputs: never rings
    together: frozenset[str] = frozenset()  # tasks that have to be in the segment of the task behind them
    pushed: bool = False  # the first task is called from outside
    _rounds: dict[tuple[int, int], Rounds] = field(default_factory=dict)
    _layouts: dict[tuple[int, int], Layout] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._made = {task.output: index for index, task in enumerate(self.tasks)}
        self._touching: dict[str, list[int]] = {}  # tasks that make or read a tensor, ascending
        self._last: dict[str, int] = {}  # the last of those that read it
        for index, task in enumerate(self.tasks):
            for item in task.readings:
                self._last[item.tensor] = index
            for name in {task.output, *(item.tensor for item in task.readings)}:
                self._touching.setdefault(name, []).append(index)
        self._index = {task.name: index for index, task in enumerate(self.tasks)}

    # ------------------------------------------------------------ segments

    def layers(self) -> Cuts:
        """One task a segment, but for those that belong together."""
        cuts, first = [], 0
        for index, task in enumerate(self.tasks):
            if task.name not in self.together:
                cuts.append((first, index + 1))
                first = index + 1
        return cuts

    def cuts(self, budget: int | None = None) -> Cuts | None:
        """Cuts of least memory at the worst moment, among equals of the least sum; None where the order has none.

        With a budget of bytes those within it that make the fewest rows in turn, which costs some instructions each.
        """
        count = len(self.tasks)
        best: list[tuple[int, int, int] | None] = [(0, 0, 0)] + [None] * count  # price, sum, where the segment begins
        for first in range(count):
            before = best[first]
            if before is None:
                continue
            for end in range(first + 1, count + 1):
                if not self._may_run(first, end):
                    break
                if self.tasks[end - 1].name in self.together or self._reads_later(first, end):
                    continue
                needs = self.layout(first, end).bytes
                if budget is None:
                    found = max(before[0], needs), before[1] + needs, first
                elif needs <= budget:
                    turns = sum(task.calls for task in self.tasks[first:end]) if end - first > 1 else 0
                    found = before[0] + turns, before[1] + needs, first
                else:
                    continue
                current = best[end]
                if current is None or found[:2] < current[:2]:
                    best[end] = found
        cuts, end = [], count
        while end:
            state = best[end]
            if state is None:
                return None
            cuts.append((state[2], end))
            end = state[2]
        return cuts[::-1]

    def _may_run(self, first: int, end: int) -> bool:
        """True where the tasks may be one segment, or the beginning of one."""
        if end - first == 1 or (self.tasks[end - 1].streams and self.tasks[first].streams):
            return True
        return all(task.name in self.together for task in self.tasks[first : end - 1])

    def _reads_later(self, first: int, end: int) -> bool:
        """Some task reads what is made behind the segment: in this order it cannot end there."""
        return any(self._made.get(item.tensor, 0) >= end for task in self.tasks[first:end] for item in task.readings)

    # ------------------------------------------------------------ memory of one segment

    def layout(self, first: int, end: int, exact: bool = False) -> Layout:
        """Memory of a segment; where not `exact`, from rounds that went on behind its end, and never less."""
        if exact:
            rounds = run_rounds(self.tasks[first:end], self._inside(first, end), self._is_pushed(first))
            return self._share(first, end, rounds)
        if (first, end) not in self._layouts:
            self._layouts[first, end] = self._share_all(first, end, self._rounds_from(first, end))
        return self._layouts[first, end]

    def _is_pushed(self, first: int) -> bool:
        return self.pushed and first == 0

    def _inside(self, first: int, end: int) -> dict[str, Rows]:
        """Tensors as the rounds see them: one that is no ring has no rows of padding."""
        rings = self._rings(first, end)
        return {
            task.output: rows if task.output in rings else replace(rows, below=0)
            for task in self.tasks[first:end]
            for rows in (self.rows[task.output],)
        }

    def _rounds_from(self, first: int, end: int) -> Rounds:
        """Rounds of all tasks from the first on that can run in turn: the end matters only to what paces them."""
        if end - first == 1:
            return Rounds()
        stop = end
        if not self._paced_from_behind(first, end):
            while stop < len(self.tasks) and self._may_run(first, stop + 1) and not self.tasks[stop].spreads:
                stop += 1
        if (first, stop) not in self._rounds:
            rows = self._inside(first, stop) if stop == end else self.rows
            self._rounds[first, stop] = run_rounds(self.tasks[first:stop], rows, self._is_pushed(first))
        return self._rounds[first, stop]

    def _paced_from_behind(self, first: int, end: int) -> bool:
        """Some task that waits until its rows are wanted has readers in the segment and behind it."""
        return any(
            self._last.get(name, 0) >= end and self._touching[name][1] < end
            for name in paced_tasks(self.tasks[first:end], self._is_pushed(first))
        )

    def _rings(self, first: int, end: int) -> set[str]:
        if end - first == 1:
            return set()
        made = {task.output for task in self.tasks[first:end]}
        return {name for name in made if self._last.get(name, 0) < end} - self.ports - self.kept

    def _share_all(self, first: int, end: int, rounds: Rounds) -> Layout:
        """The best of three layouts: outputs take the place of the first or last input that they can, or of none."""
        sharings: list[dict[str, str]] = [{}]
        for side in (0, -1):
            names = {
                task.output: [name for name in task.replaces if self._can_replace(name, task, end, rounds)]
                for task in self.tasks[first:end]
            }
            shared = {output: inputs[side] for output, inputs in names.items() if inputs}
            if shared not in sharings:
                sharings.append(shared)
        found = [self._measure(first, end, rounds, shared) for shared in sharings]
        return min(filter(None, found), key=lambda layout: (layout.bytes, layout.total))

    def _share(self, first: int, end: int, rounds: Rounds) -> Layout:
        """The layout in which every output takes its input's place where that can be and needs no more memory."""
        best = self._measure(first, end, rounds, {})
        assert best is not None
        for task in self.tasks[first:end]:
            names = [name for name in task.replaces if self._can_replace(name, task, end, rounds)]
            tried = [self._measure(first, end, rounds, {**best.shared, task.output: name}) for name in names]
            for found in filter(None, tried):
                if (found.bytes, found.total) <= (best.bytes, best.total):
                    best = found
        return best

    def _can_replace(self, name: str, task: Task, end: int, rounds: Rounds) -> bool:
        """Nobody reads a row of the input any more when the task makes it anew."""
        outside = {name, task.output} & self.ports
        return not outside and self._last[name] < end and (name, task.output) not in rounds.clashes

    def _measure(self, first: int, end: int, rounds: Rounds, shared: Mapping[str, str]) -> Layout | None:
        """The layout with these tensors shared; None where they do not fit together."""
        tasks = self.tasks[first:end]
        rings = self._rings(first, end)
        members: dict[str, list[str]] = {}
        for task in tasks:
            members.setdefault(owner(task.output, shared), []).append(task.output)
        lasting = aligned(COUNTER_BYTES * len(tasks)) if len(tasks) > 1 else 0
        load = [aligned(task.scratch) for task in tasks]
        slots: dict[str, int] = {}
        passing: dict[str, tuple[int, int]] = {}
        for root, names in members.items():
            if root in self.ports:
                continue
            if self._made[root] < first:  # whole, and counted below
                if not all(self._takes_over(root, name, name in rings) for name in names):
                    return None
                continue
            ring = all(name in rings for name in names)
            rows = self._joined(names, rings, ring)
            if rows is None:
                return None
            size = rows.height
            if ring:
                size = min(size, self._slots(names, first, end, rounds))
                slots.update(dict.fromkeys(names, size))
            bytes = aligned(size * rows.stride + rows.slack)
            if ring and not rows.filled_once and not rounds.waiting.intersection(names):
                span = self._span(names, first, end)
                passing[root] = span
                for index in range(span[0], span[1] + 1):
                    load[index] += bytes
            else:
                lasting += bytes
        outside: dict[str, int] = {}
        for task in tasks:
            lasting += aligned(task.lasting)
            if task.outside and not self._in_ring(task, slots):
                kind, bytes = task.outside
                outside[kind] = max(outside.get(kind, 0), bytes)
        lasting += sum(map(aligned, outside.values()))
        lasting += sum(self._whole_bytes(name) for name in self._alive(first, end))
        return Layout(lasting + max(load), lasting + sum(load), slots, shared, passing)

    def _joined(self, names: Sequence[str], rings: set[str], ring: bool) -> Rows | None:
        """The rows of tensors in one place, with the pads that any of them has; None where that cannot be."""
        rows = [self.rows[name] for name in names]
        if len(rows) == 1:
            return rows[0]
        fillings = {item.filling for item in rows} - {None}
        left, right = (max(getattr(item, side) for item in rows) for side in ("left", "right"))
        if len(fillings) > 1 or ((left or right) and self.kept.intersection(names)):
            return None
        if not ring and any(name in rings and self.rows[name].filling for name in names):
            return None
        filling = fillings.pop() if fillings else None
        slack = max(item.slack for item in rows)
        return replace(rows[0], left=left, right=right, filling=filling, slack=slack)

    def _takes_over(self, whole: str, name: str, ring: bool) -> bool:
        """Rows of `name` fit into the memory of a whole tensor from before as it is."""
        had, rows = self.rows[whole], self.rows[name]
        if ring or (had.filling and rows.filling and had.filling != rows.filling):
            return False
        if name in self.kept and (had.left or had.right):
            return False
        return rows.left <= had.left and rows.right <= had.right and rows.slack <= had.slack

    def _slots(self, names: Sequence[str], first: int, end: int, rounds: Rounds) -> int:
        """Rows of a ring."""
        return max(
            (
                rows
                for made in names
                for read, reader, rows in rounds.of(made)
                if read in names and first <= self._index[reader] < end
            ),
            default=1,
        )

    def _span(self, names: Sequence[str], first: int, end: int) -> tuple[int, int]:
        """The first and the last task of the segment that touches one of the tensors."""
        touching = [index - first for name in names for index in self._touching[name] if first <= index < end]
        return min(touching), max(touching)

    def _in_ring(self, task: Task, slots: Mapping[str, int]) -> bool:
        name = task.readings[0].tensor
        return name in slots and slots[name] < self.rows[name].height and task.readings[0].padded

    def _alive(self, first: int, end: int) -> list[str]:
        """Tensors made before the segment that it or a later one reads."""
        return [
            name
            for name, index in self._made.items()
            if index < first and self._last.get(name, -1) >= first and name not in self.ports
        ]

    def _whole_bytes(self, name: str) -> int:
        rows = self.rows[name]
        return aligned(rows.height * rows.stride + rows.slack)

    # ------------------------------------------------------------ other orders

    def reordered(self, order: Sequence[int]) -> Plan:
        """The same tasks in another order."""
        tasks = [self.tasks[index] for index in order]
        return Plan(tasks, self.rows, self.ports, self.kept, self.together, self.pushed)

    def orders(self) -> Iterator[list[int]]:
        """All orders in which tasks come behind what they read, the given one first."""
        units, reads = self._units()
        done: list[int] = []
        choices = [iter([0] if self.pushed else range(len(units)))]
        while choices:
            number = next(choices[-1], None)
            if number is None:
                choices.pop()
                if done:
                    done.pop()
                continue
            if number in done or not reads[number].issubset(done):
                continue
            done.append(number)
            if len(done) == len(units):
                yield [index for number in done for index in units[number]]
                done.pop()
            else:
                choices.append(iter(range(len(units))))

    def frugal_order(self) -> list[int]:
        """Of all tasks that can run, always the one after which the least of whole tensors is in use."""
        units, reads = self._units()
        readers: dict[str, int] = {}
        for task in self.tasks:
            for item in task.readings:
                readers[item.tensor] = readers.get(item.tensor, 0) + 1

        def growth(number: int) -> int:
            tasks = [self.tasks[index] for index in units[number]]
            read = [item.tensor for task in tasks for item in task.readings]
            ended = {name for name in read if readers[name] == read.count(name)} - self.ports
            made = {task.output for task in tasks if readers.get(task.output)} - self.ports
            return sum(map(self._whole_bytes, made - ended)) - sum(map(self._whole_bytes, ended - made))

        done: list[int] = []
        while len(done) < len(units):
            ready = [number for number in range(len(units)) if number not in done and reads[number].issubset(done)]
            chosen = ready[0] if self.pushed and not done else min(ready, key=lambda number: (growth(number), number))
            for index in units[chosen]:
                for item in self.tasks[index].readings:
                    readers[item.tensor] -= 1
            done.append(chosen)
        return [index for number in done for index in units[number]]

    def _units(self) -> tuple[list[list[int]], list[set[int]]]:
        """(tasks that stay together, which of these each one reads from)."""
        units: list[list[int]] = [[]]
        for index, task in enumerate(self.tasks):
            units[-1].append(index)
            if task.name not in self.together:
                units.append([])
        units.pop()
        home = {self.tasks[index].output: number for number, unit in enumerate(units) for index in unit}
        reads = [
            {home[item.tensor] for index in unit for item in self.tasks[index].readings if item.tensor in home}
            - {number}
            for number, unit in enumerate(units)
        ]
        return units, reads


def owner(name: str, shared: Mapping[str, str]) -> str:
    """The tensor in whose memory a tensor lies."""
    while name in shared:
        name = shared[name]
    return name


@dataclass(frozen=True)
class Chosen:
    """An order of tasks and its segments, and how they were found."""

    plan: Plan
    cuts: Cuts
    layouts: tuple[Layout, ...]
    orders: int  # tried
    all_orders: bool  # there are no others in which tasks come behind what they read

    @property
    def bytes(self) -> int:
        return max(layout.bytes for layout in self.layouts)


def choose(plan: Plan, budget: int | None = None) -> Chosen:
    """The order and segments of least memory; within a budget those of the fewest rows in turn, else of least memory.

    All orders are tried where they are few; else the given one, and one that lets tensors go as early as it can.
    """
    orders = list(islice(plan.orders(), FEW_ORDERS + 1))
    every = len(orders) <= FEW_ORDERS
    if not every:
        orders = [orders[0], plan.frugal_order()]
    best: tuple[tuple[int, ...], Chosen] | None = None
    for order in orders:
        found = plan.reordered(order)
        cuts = found.cuts(budget)
        fits = budget is not None and cuts is not None
        cuts = cuts or found.cuts()
        assert cuts is not None, "tasks that cannot be cut into segments"
        needs = [found.layout(first, end).bytes for first, end in cuts]
        turns = sum(task.calls for first, end in cuts if end - first > 1 for task in found.tasks[first:end])
        price = (0, turns) if fits else (1, max(needs), sum(needs))
        if best is None or price < best[0]:
            best = price, Chosen(found, cuts, (), len(orders), every)
    assert best is not None
    return with_layouts(best[1]) if best[0][0] == 0 else _with_better_turns(best[1])


def with_layouts(chosen: Chosen) -> Chosen:
    """The same with the exact memory of each segment."""
    return replace(chosen, layouts=tuple(chosen.plan.layout(first, end, exact=True) for first, end in chosen.cuts))


def choose_layers(plan: Plan) -> Chosen:
    """One task after the other, in the given order."""
    return with_layouts(Chosen(plan, plan.layers(), (), 1, False))


def _with_better_turns(chosen: Chosen) -> Chosen:
    """Moves single tasks within the segment that needs most, as long as that helps.

    A branch that makes its row behind the step that joins it keeps one row less: that step reads the row of the round
    before.
    """
    plan, left = chosen.plan, FEW_MOVES
    while True:
        layouts = [plan.layout(first, end, exact=True) for first, end in chosen.cuts]
        worst = max(range(len(layouts)), key=lambda number: layouts[number].bytes)
        first, end = chosen.cuts[worst]
        better = None
        for moved in _moves(plan, first, end):
            if not left:
                break
            left -= 1
            if moved.layout(first, end, exact=True).bytes < layouts[worst].bytes:
                better = moved
                break
        if better is None:
            return replace(chosen, plan=plan, layouts=tuple(layouts))
        plan = better


def _moves(plan: Plan, first: int, end: int) -> Iterator[Plan]:
    """The plan with one task of a segment elsewhere in it, if what it makes is joined with another tensor.

    Behind the task that joins them first, then every other place.
    """
    bound = [task.name in plan.together for task in plan.tasks]
    joined = {}
    for index in range(first + 1, end):
        last = plan._last.get(plan.tasks[index].output, 0)
        if first <= last < end and len(plan.tasks[last].readings) > 1 and not (bound[index] or bound[index - 1]):
            joined[index] = last
    behind = [(index, last) for index, last in joined.items() if index < last]
    elsewhere = [(index, place) for index in joined for place in range(first + 1, end) if place != index]
    for index, place in dict.fromkeys(behind + elsewhere):
        order = list(range(len(plan.tasks)))
        order.insert(place, order.pop(index))
        if not bound[order[place - 1]]:
            yield plan.reordered(order)


# ---------------------------------------------------------------- a bound


HIGHEST_BOUNDED = 1024  # rows of the highest tensor


def least_bytes(plan: Plan) -> int:
    """Bytes that every order of rows needs at some moment: see `least_moment`."""
    return least_moment(plan)[0]


def least_moment(plan: Plan) -> tuple[int, str]:
    """(bytes that every order of rows needs at some moment, the step that makes a row then).

    Rows are made once, what is kept of a tensor has no gaps, and a step waits for all rows that its window spans. When
    a step makes its row k, the tensors on a path to it have made enough rows for that, those on a path from it at most
    what k rows allow, and each keeps what its reader on the path has still to read. Counted are the fewest bytes of all
    such states, for the worst step and row; what lies beside the path is not. Of very high images, whose states would
    take long to go through, each step is counted by itself.
    """
    if max((rows.height for rows in plan.rows.values()), default=0) > HIGHEST_BOUNDED:
        makers = [task for task in plan.tasks if task.output not in plan.ports and not task.replaces]
        alone = [(plan.rows[task.output].stride + task.scratch + task.lasting, task.name) for task in makers]
        return max(alone, default=(0, ""))
    ahead = _least_ahead(plan)
    before: dict[str, Array] = {}  # [m]: bytes at least in use before a tensor that has made m rows
    bound = 0, ""
    for task in plan.tasks:
        rest = np.zeros(task.calls + 1, np.int64)
        working = np.zeros(task.calls, np.int64)  # [k]: while row k is made
        for item in task.readings:
            if item.tensor not in before or item.tensor in plan.ports:
                continue
            state, stride = before[item.tensor], plan.rows[item.tensor].stride
            made = np.arange(len(state))
            for call in range(task.calls + 1):
                needed = _needed(plan, task, item, call)
                kept = np.clip(made - _oldest(item, call), 0, None) * stride
                rest[call] = max(rest[call], (state + kept)[needed:].min())
                if call:
                    held = np.clip(made - _oldest(item, call - 1), 0, None) * stride
                    working[call - 1] = max(working[call - 1], (state + held)[needed:].min())
        own = plan.rows[task.output].stride if task.output not in plan.ports and not task.replaces else 0
        after = ahead[task.output]
        while_making = working + (after[:-1] if not task.at_end else after[0])
        bound = max(bound, (int(while_making.max()) + task.scratch + task.lasting + own, task.name))
        before[task.output] = np.array([rest[:-1].min(), rest[-1]]) if task.at_end else rest
    return bound


def _least_ahead(plan: Plan) -> dict[str, Array]:
    """{tensor: [k]: bytes at least in use by it and tensors behind it, when it has made k rows}."""
    ahead: dict[str, Array] = {}
    for task in reversed(plan.tasks):
        rows = plan.rows[task.output]
        ahead.setdefault(task.output, np.zeros(rows.height + 1, np.int64))
        behind = ahead[task.output]
        for item in task.readings:
            if item.tensor not in plan._made:
                continue
            given = plan.rows[item.tensor]
            stride = 0 if item.tensor in plan.ports else given.stride
            made = np.arange(given.height + 1)
            least = np.full(given.height + 1, np.iinfo(np.int64).max)
            for call in range(task.calls + 1):
                needed = _needed(plan, task, item, call)
                further = behind[int(call == task.calls)] if task.at_end else behind[call]
                kept = np.clip(made - _oldest(item, call), 0, None) * stride + further
                least[needed:] = np.minimum(least[needed:], kept[needed:])
            known = ahead.setdefault(item.tensor, np.zeros(given.height + 1, np.int64))
            ahead[item.tensor] = np.maximum(known, least)
    return ahead


def _needed(plan: Plan, task: Task, item: Reading, calls: int) -> int:
    """Rows of a tensor without which the task cannot have been called so often."""
    height = plan.rows[item.tensor].height
    if not calls or not task.streams:
        return height if calls else 0
    return min(max(item.needed[calls - 1], 0), height)


def _oldest(item: Reading, calls: int) -> int:
    """The first row that is still read after so many calls; behind the last, none is."""
    return max(item.oldest[calls], 0) if calls < len(item.oldest) else 1 << 30
