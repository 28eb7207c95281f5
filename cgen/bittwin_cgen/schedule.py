"""Row order inside a segment: which rows a step has to wait for, and how many rows a ring has to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bittwin_cgen.ir import Step, Window


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


def rows_needed(window: Window | None, oy: int, height: int) -> int:
    """Input rows that have to be there before output row `oy` can be computed (as the generated C asks)."""
    if window is None:
        return oy + 1
    if window.mode == "wrap" and window.top + window.height > 1:
        return height
    last = oy * window.stride - window.top + (window.height - 1) * window.dilation
    if window.mode == "reflect":
        last = max(last, window.top)
    return min(max(last, 0), height - 1) + 1


def ring_slots(steps: Sequence[Step], heights: Mapping[str, int], inputs: Mapping[str, int]) -> dict[str, int]:
    """{tensor made in the segment: rows to keep}, found by running the row order.

    heights: rows of every tensor; inputs: tensors made before the segment and their rows.
    """
    made = dict(inputs) | {step.output: 0 for step in steps}
    slots = {step.output: 1 for step in steps}
    readers = {step.output: [other for other in steps if step.output in other.inputs] for step in steps}
    while any(made[step.output] < heights[step.output] for step in steps):
        progress = False
        for step in steps:
            while made[step.output] < heights[step.output] and all(
                made[name] >= rows_needed(step.call.window, made[step.output], heights[name]) for name in step.inputs
            ):
                made[step.output] += 1
                progress = True
                oldest = min(
                    (_oldest_needed(reader, made, heights, step.output) for reader in readers[step.output]),
                    default=made[step.output] - 1,
                )
                slots[step.output] = max(slots[step.output], made[step.output] - oldest)
                if readers[step.output]:
                    break
        assert progress, "a row order without progress"
    return {name: min(count, heights[name]) for name, count in slots.items()}


def _oldest_needed(reader: Step, made: Mapping[str, int], heights: Mapping[str, int], name: str) -> int:
    """The lowest row of `name` that the reader will still ask for."""
    window, height = reader.call.window, heights[name]
    if window is None:
        return made[reader.output]
    ahead = range(made[reader.output], heights[reader.output])
    return min((min(mapped_rows(window, oy, height), default=height) for oy in ahead), default=height)
