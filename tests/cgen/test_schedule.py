"""Rings of rows: memory that really holds only so many rows, filled and read row by row, never loses one too early."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bittwin_cgen.ir import Window
from bittwin_cgen.rounds import Rows, Task, reading, run_rounds
from bittwin_cgen.schedule import Plan, choose, least_bytes

MODES = ("constant", "reflect", "edge", "wrap", "absent")
PADDING, EMPTY = -1, -2  # what a slot holds besides rows

windows = st.builds(
    Window,
    height=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    top=st.integers(0, 3),
    left=st.just(0),
    right=st.just(0),
    mode=st.sampled_from(MODES),
)


@dataclass(frozen=True)
class Layer:
    """A step of a chain: the tensors it reads by number (0 is the chain's input), its windows, its output's height."""

    reads: tuple[int, ...]
    window: Window | None
    height: int


def wanted_rows(window: Window | None, oy: int, height: int, below: int) -> list[int]:
    """Rows that output row `oy` reads, as numpy.pad places them: PADDING for the constant; absent ones left out."""
    if window is None:
        return [oy]
    if window.mode == "table":
        return [y for y in window.table[oy] if y >= 0]
    above = max(0, window.top)  # negative where the first rows are not read
    places = [above - window.top + oy * window.stride + ky * window.dilation for ky in range(window.height)]
    mode: Any = "constant" if window.mode == "absent" else window.mode
    extra = {"constant_values": PADDING} if mode == "constant" else {}
    padded = np.pad(np.arange(height), (above, below), mode, **extra)
    rows = [int(padded[place]) for place in places]
    return [y for y in rows if y != PADDING] if window.mode == "absent" else rows


def bottom(window: Window, height: int, calls: int) -> int:
    """Rows that the lowest window reads below the image."""
    return max(0, (calls - 1) * window.stride - window.top + (window.height - 1) * window.dilation + 1 - height)


def fits(window: Window, height: int, below: int) -> bool:
    """A convolution or pool can have this window: modes fill only so much."""
    most = {"reflect": height - 1, "wrap": height}.get(window.mode, 6)
    return window.top <= most and below <= most


def heights_of(layers: list[Layer], height: int) -> list[int]:
    return [height, *(layer.height for layer in layers)]


def tasks_and_rows(layers: list[Layer], height: int) -> tuple[list[Task], dict[str, Rows]]:
    """The chain as the scheduler gets it: tensor 0 is made before, all others are rings."""
    heights = heights_of(layers, height)
    below = [0] * len(heights)
    tasks = []
    for number, layer in enumerate(layers, 1):
        readings = []
        for tensor in dict.fromkeys(layer.reads):
            item = reading(f"t{tensor}", layer.window, heights[tensor], layer.height)
            readings.append(item)
            if item.padded:
                assert layer.window is not None
                below[tensor] = max(below[tensor], bottom(layer.window, heights[tensor], layer.height))
        tasks.append(Task(f"step{number}", f"t{number}", layer.height, tuple(readings)))
    rows = {f"t{i}": Rows(size, 1, below[i]) for i, size in enumerate(heights)}
    return tasks, rows


class Lost(Exception):
    """A row was read that is not in the ring."""


def run(layers: list[Layer], height: int, slots: dict[int, int], pushed: bool = False) -> None:
    """Fills and reads rings by rounds; raises Lost where a read row is not there.

    A ring begins full of padding. Behind its last row, rows of padding are written like any other. Each step makes at
    most one row a round, when what it reads is there; the first waits until a row of it is wanted, or is called from
    outside each time that the others can do no more. What lies before a step that makes more rows than it reads waits,
    too.
    """
    heights = heights_of(layers, height)
    count = len(layers)
    rings = {i: [PADDING] * slots[i] for i in slots}
    made, done = [0] * (count + 1), [0] * (count + 1)
    made[0] = height
    _, rows = tasks_and_rows(layers, height)
    below = [rows[f"t{i}"].below for i in range(count + 1)]
    before_spreading: set[int] = set()
    for number in range(count, 0, -1):
        window, sizes = layers[number - 1].window, [heights[tensor] for tensor in layers[number - 1].reads]
        if number in before_spreading or (window and window.table and layers[number - 1].height > min(sizes)):
            before_spreading |= set(layers[number - 1].reads) - {0}

    def lowest(number: int, tensor: int) -> int:
        """Rows of a tensor that the next call of a step waits for, padding below the image included."""
        layer, oy = layers[number - 1], done[number]
        window = layer.window
        if window is None:
            return oy + 1
        last = oy * window.stride - window.top + (window.height - 1) * window.dilation
        if window.mode == "constant":
            return min(last + 1, heights[tensor] + below[tensor])
        if window.mode == "wrap":
            return heights[tensor]
        if window.mode == "table":
            return max(window.table[oy], default=-1) + 1
        rows = wanted_rows(window, oy, heights[tensor], bottom(window, heights[tensor], layer.height))
        everything = [last, *rows] if window.mode == "absent" else rows
        if window.mode == "reflect":
            everything = [*everything, window.top]
        return min(max(everything) + 1, heights[tensor])

    def ready(number: int) -> bool:
        return all(made[tensor] >= lowest(number, tensor) for tensor in layers[number - 1].reads if tensor)

    def readers(number: int) -> list[int]:
        return [i for i in range(1, count + 1) if number in layers[i - 1].reads and done[i] < layers[i - 1].height]

    def read(number: int) -> None:
        layer, oy = layers[number - 1], done[number]
        for tensor in layer.reads:
            if tensor not in slots:
                continue
            size, ring = heights[tensor], rings[tensor]
            lines = wanted_rows(
                layer.window, oy, size, 0 if layer.window is None else bottom(layer.window, size, layer.height)
            )
            if layer.window is not None and layer.window.mode == "constant" and slots[tensor] < size:
                first = oy * layer.window.stride - layer.window.top
                places = [first + ky * layer.window.dilation for ky in range(layer.window.height)]
            else:
                lines = [y for y in lines if y != PADDING]
                places = lines
            for y, place in zip(lines, places, strict=True):
                if ring[place % slots[tensor]] != y:
                    raise Lost(f"step{number} row {oy} wants row {y} of t{tensor}, finds {ring[place % slots[tensor]]}")

    def waits(number: int) -> bool:
        source = not any(layers[number - 1].reads) and not pushed and any(number in other.reads for other in layers)
        return source or number in before_spreading

    def wanted(number: int) -> bool:
        waiting = readers(number)
        return not waiting or any(made[number] < lowest(i, number) for i in waiting)

    def turn(number: int) -> bool:
        layer = layers[number - 1]
        if made[number] < layer.height:
            if not ready(number):
                return False
            called = pushed and number == 1
            if waits(number) and not called and not wanted(number):
                return False
            read(number)
            done[number] += 1
        elif made[number] >= layer.height + below[number] or (waits(number) and not wanted(number)):
            return False
        if number in slots:
            if made[number] < layer.height:
                rings[number][made[number] % slots[number]] = made[number]
            elif slots[number] < layer.height:
                rings[number][made[number] % slots[number]] = PADDING
        made[number] += 1
        return True

    def rounds(numbers: list[int]) -> None:
        while sum(turn(number) for number in numbers):  # each has its turn
            pass

    everyone = list(range(1, count + 1))
    if pushed:
        for _ in range(layers[0].height):
            turn(1)
            rounds(everyone[1:])
        rounds([*everyone[1:], 1])
    else:
        rounds(everyone)
    assert all(done[number] == layers[number - 1].height for number in everyone), "rows are missing"


def planned_slots(layers: list[Layer], height: int, pushed: bool = False) -> dict[int, int]:
    """{tensor made and read in the chain: rows that the scheduler keeps}."""
    tasks, rows = tasks_and_rows(layers, height)
    slots: dict[int, int] = {}
    for (tensor, _, _), size in run_rounds(tasks, rows, pushed).slots.items():
        number = int(tensor[1:])
        slots[number] = min(max(slots.get(number, 1), size), layers[number - 1].height)
    return slots


def chain(random_windows: list[Window], height: int, out: list[int]) -> list[Layer]:
    """A copy of the input, then one windowed step behind the other."""
    layers = [Layer((0,), None, height)]
    for window, size in zip(random_windows, out, strict=True):
        before = layers[-1].height
        span = (window.height - 1) * window.dilation + 1
        most = (before + window.top + 3 - span) // window.stride + 1
        assume(most >= 1)
        calls = min(size, most)
        assume(fits(window, before, bottom(window, before, calls)))
        layers.append(Layer((len(layers),), window, calls))
    return layers


@settings(derandomize=True, max_examples=400, deadline=None)
@given(
    st.lists(windows, min_size=1, max_size=3),
    st.integers(1, 14),
    st.lists(st.integers(1, 14), min_size=3, max_size=3),
    st.booleans(),
)
def test_no_row_is_lost(chosen: list[Window], height: int, out: list[int], pushed: bool) -> None:
    """Chains of convolutions and pools in all modes."""
    layers = chain(chosen, height, out[: len(chosen)])
    run(layers, height, planned_slots(layers, height, pushed), pushed)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(windows, st.integers(2, 14), st.integers(2, 14))
def test_no_ring_is_larger_than_it_has_to_be(window: Window, height: int, out: int) -> None:
    """With one slot less a row is lost: for one reader, where padding does not stand for rows."""
    assume(window.mode in ("reflect", "edge", "absent"))
    layers = chain([window], height, [out])
    assume(window.mode != "reflect" or not bottom(window, height, layers[1].height))  # waits for rows it only mirrors
    slots = planned_slots(layers, height)
    run(layers, height, slots)
    if slots[1] > 1:
        lost = False
        try:
            run(layers, height, {1: slots[1] - 1})
        except Lost:
            lost = True
        assert lost, f"{slots[1] - 1} rows are enough for {window}"


@settings(derandomize=True, max_examples=200, deadline=None)
@given(windows, windows, st.integers(3, 12), st.booleans())
def test_branches_keep_what_the_slower_one_reads(first: Window, second: Window, height: int, pushed: bool) -> None:
    """A residual: one tensor read by a convolution and by an addition behind another convolution."""
    same = []
    for window in (first, second):
        span = (window.height - 1) * window.dilation
        assume(window.stride == 1 and fits(window, height, max(0, span - window.top)) and window.top <= span)
        same.append(Layer((len(same) + 1,), window, height))
    layers = [Layer((0,), None, height), *same, Layer((1, 3), None, height)]
    run(layers, height, planned_slots(layers, height, pushed), pushed)


def enlarged(height: int, out: int, taps: int) -> Window:
    """Output rows spread evenly over the input, `taps` input rows for each, -1 for those outside."""
    first = np.arange(out) * height // out
    rows = first[:, None] + np.arange(taps)
    return Window.of_table(np.where(rows < height, rows, -1))


def enlarging(draw: Any, height: int, steps: int) -> list[Layer]:
    """A chain of windows and of steps that make other numbers of rows; its first step is read by the last one, too."""
    layers = [Layer((0,), None, height)]
    for _ in range(steps):
        before = layers[-1].height
        if draw(st.booleans()):
            out = draw(st.integers(1, 3 * before))
            layers.append(Layer((len(layers),), enlarged(before, out, draw(st.integers(1, 3))), out))
        else:
            layers.append(Layer((len(layers),), Window(3, 1, 1, 1, 0, 0, "constant"), before))
    last = layers[-1].height
    beside = enlarged(height, last, 1)
    return [*layers, Layer((1,), beside, last), Layer((len(layers), len(layers) + 1), None, last)]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 8), st.integers(1, 4), st.booleans())
def test_no_row_is_lost_where_steps_make_more_rows_than_they_read(
    data: Any, height: int, steps: int, pushed: bool
) -> None:
    layers = enlarging(data.draw, height, steps)
    run(layers, height, planned_slots(layers, height, pushed), pushed)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.data(), st.integers(2, 3))
def test_the_lower_bound_is_one_where_steps_make_more_rows(data: Any, height: int) -> None:
    layers = enlarging(data.draw, height, 1)
    assert (
        least_bytes(plan_of(layers, height))
        <= least_of_all_orders(layers, height)
        <= choose(plan_of(layers, height)).bytes
    )


def test_rows_do_not_pile_up_before_a_step_that_makes_more() -> None:
    """Twice as many rows, twice: 3x3 keep three rows each, what is enlarged one or two."""
    window, layers = Window(3, 1, 1, 1, 0, 0, "constant"), [Layer((0,), None, 8)]
    for _ in range(2):
        out = layers[-1].height * 2
        layers += [
            Layer((len(layers),), window, out // 2),
            Layer((len(layers) + 1,), enlarged(out // 2, out, 1), out),
        ]
    layers.append(Layer((5,), window, 32))
    assert planned_slots(layers, 8) == {1: 3, 2: 1, 3: 3, 4: 1, 5: 3}


def test_rings_by_hand() -> None:
    """3x3 with stride 1 keeps three rows, with stride 2 too; 1x1 one; wrap all of them."""
    sizes = {}
    for name, window in {
        "3x3": Window(3, 1, 1, 1, 0, 0, "constant"),
        "3x3 stride 2": Window(3, 2, 1, 1, 0, 0, "constant"),
        "3x3 dilation 2": Window(3, 1, 2, 2, 0, 0, "edge"),
        "2x2 pool": Window(2, 2, 1, 0, 0, 0, "absent"),
        "1x1": Window(1, 1, 1, 0, 0, 0, "constant"),
        "wrap": Window(3, 1, 1, 1, 0, 0, "wrap"),
    }.items():
        out = (16 + 2 * window.top - (window.height - 1) * window.dilation - 1) // window.stride + 1
        sizes[name] = planned_slots([Layer((0,), None, 16), Layer((1,), window, out)], 16)[1]
    assert sizes == {"3x3": 3, "3x3 stride 2": 3, "3x3 dilation 2": 5, "2x2 pool": 2, "1x1": 1, "wrap": 16}


# ---------------------------------------------------------------- least memory


def plan_of(layers: list[Layer], height: int) -> Plan:
    """The chain as a plan; the tensor 0 lies outside the arena, rows have 16 bytes."""
    tasks, rows = tasks_and_rows(layers, height)
    wide = {name: replace(item, row=16) for name, item in rows.items()}
    return Plan(tasks, wide, frozenset({"t0"}), frozenset())


def least_of_all_orders(layers: list[Layer], height: int) -> int:
    """Bytes that the best order of rows needs, by trying all of them: rows stay until nobody reads them any more."""
    heights = heights_of(layers, height)

    def reads(number: int, oy: int) -> list[tuple[int, int]]:
        """Rows that lie between the first and the last of a window."""
        layer = layers[number - 1]
        window = layer.window or Window(1, 1, 1, 0, 0, 0, "constant")
        if window.table:
            listed = [row for row in window.table[oy] if row >= 0]
            return [(tensor, row) for tensor in layer.reads for row in range(min(listed), max(listed) + 1)]
        start = oy * window.stride - window.top
        rows = range(start, start + (window.height - 1) * window.dilation + 1)
        return [(tensor, row) for tensor in layer.reads for row in rows if 0 <= row < heights[tensor]]

    def alive(state: tuple[int, ...]) -> int:
        """Rows from the first that a later call reads to the last that is there: a ring has no gaps."""
        wanted = {
            (tensor, row)
            for number in range(1, len(layers) + 1)
            for oy in range(state[number - 1], heights[number])
            for tensor, row in reads(number, oy)
        }
        oldest: dict[int, int] = {}
        for tensor, row in wanted:
            oldest[tensor] = min(oldest.get(tensor, row), row)
        return sum(max(0, state[tensor - 1] - row) for tensor, row in oldest.items() if tensor)

    start, goal = (0,) * len(layers), tuple(heights[1:])
    best = {start: 0}
    queue = [(0, start)]
    while queue:
        worst, state = heapq.heappop(queue)
        if state == goal:
            return 16 * worst
        if worst > best[state]:
            continue
        for number in range(1, len(layers) + 1):
            oy = state[number - 1]
            if oy == heights[number] or any(t and row >= state[t - 1] for t, row in reads(number, oy)):
                continue
            after = (*state[: number - 1], oy + 1, *state[number:])
            needs = max(worst, alive(state) + 1)  # and the row that is made
            if needs < best.get(after, 1 << 30):
                best[after] = needs
                heapq.heappush(queue, (needs, after))
    raise AssertionError("no order")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(windows.filter(lambda window: window.mode in ("constant", "absent")), min_size=1, max_size=3),
    st.integers(2, 6),
    st.lists(st.integers(1, 6), min_size=3, max_size=3),
)
def test_the_lower_bound_is_one(chosen: list[Window], height: int, out: list[int]) -> None:
    """No order of rows needs less than `least_bytes`, and the chosen one not less than the best."""
    layers = chain(chosen, height, out[: len(chosen)])
    plan = plan_of(layers, height)
    best = least_of_all_orders(layers, height)
    assert least_bytes(plan) <= best
    assert choose(plan).bytes >= best


def test_the_lower_bound_by_hand() -> None:
    """Two 3x3: three rows are read and one is made, while two of the tensor before wait for the next row."""
    window = Window(3, 1, 1, 1, 0, 0, "constant")
    layers = [Layer((0,), None, 16), Layer((1,), window, 16), Layer((2,), window, 16)]
    assert least_bytes(plan_of(layers, 16)) == 16 * (2 + 3 + 1)
    layers = [Layer((0,), None, 6), Layer((1,), window, 6)]
    assert least_bytes(plan_of(layers, 6)) == least_of_all_orders(layers, 6) == 16 * (3 + 1)
