"""What all operators share that only move values: the loops of one kernel, found from where each value lies in C."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Op, Struct, TensorType, Window
from bittwin_cgen.kernels import select
from bittwin_cgen.ops.linear_mve import MveKernel
from bittwin_cgen.ops.move_mve import pack_pixels

LOOPS = 4  # of the kernel
FILL = -(1 << 29)  # BTW_GATHER_FILL of the kernel: an output value that comes from no input value
LARGEST_INPUT = 1 << 28  # bytes, so that an offset with FILL is negative


class Move(Op):
    """Each output value is an input value, or the fill value. Subclasses say which in `sources`."""

    moves = True

    def sources(self, x: TensorType, y: TensorType) -> list[Array]:
        """For each axis of y in C, the slowest first: int64 offsets in x, in elements, that add up; FILL where none.

        Axes may be split or merged: only their order counts.
        """
        raise NotImplementedError(self.title)

    def fill(self, y: TensorType) -> Array | None:
        """The fill value, of y's dtype and shape [1], where there are places for it."""
        return None

    def moves_nothing(self, x: TensorType, y: TensorType) -> bool:
        """True when input and output are the same bytes in C order."""
        if x.size != y.size:
            return False
        step = 1
        for offsets in reversed(self.sources(x, y)):
            if len(offsets) > 1 and not np.array_equal(offsets, np.arange(len(offsets)) * step):
                return False
            step *= len(offsets)
        return True

    def lower(self, layer: Layer) -> Call:
        x, y = layer.inputs[0], layer.output
        if x.bytes >= LARGEST_INPUT:
            raise BittwinError(f"node {layer.node.name!r}", f"an input of {x.bytes:,} bytes", "Use less than 256 MiB")
        axes = self.sources(x, y)
        value = self.fill(y)
        found = _as_pixels(axes, x, y) or _as_rows(axes, x, y)
        kernels = [kernel for kernel in KERNELS if kernel.form == (found.form if found else "whole")]
        kernel, refused = select(kernels, layer, "u8")
        if kernel.pack:
            return Call(kernel, kernel.pack(layer), summary=self.title, refused=refused)
        item = np.dtype(y.dtype).itemsize
        loops = found.loops if found else Loops.of(axes)
        fields: dict[str, Field] = dict(
            axes=tuple(_axis(offsets, item) for offsets in loops.axes),
            first=loops.first * item,
            bytes=loops.run * item,
            fill=None if value is None else Constant(value.astype(y.dtype).view(np.uint8)),
            fill_bytes=item,
            input_pixel=x.layout[2] * item,
            rows_in_turn=int(bool(found and found.rows_in_turn)),
            shifts=None if found is None or found.shifts is None else Constant((found.shifts * item).astype(np.int32)),
        )
        return Call(kernel, Struct("btw_gather_u8", fields), found.window if found else None, self.title, refused)


@dataclass(frozen=True)
class _Part:
    """The loops inside one output row or pixel."""

    form: str
    loops: Loops
    window: Window | None = None
    rows_in_turn: bool = False
    shifts: Array | None = None  # of each output row, in elements
    sources: Array | None = None  # of the values of a pixel, in elements


def _as_pixels(axes: list[Array], x: TensorType, y: TensorType) -> _Part | None:
    """Channels alone are moved: each output pixel comes from the input pixel at its place."""
    if len(x.shape) not in (3, 4) or len(x.shape) != len(y.shape) or x.layout[:2] != y.layout[:2]:
        return None
    parts = _cut(axes, y.layout[2])
    if parts is None or not _inside(parts[1], x.layout[2]):
        return None
    step = x.layout[2]
    for offsets in reversed(parts[0]):
        if not np.array_equal(offsets, np.arange(len(offsets)) * step):
            return None
        step *= len(offsets)
    return _Part("pixels", Loops.of(parts[1]), sources=_sum(parts[1]))


def _as_rows(axes: list[Array], x: TensorType, y: TensorType) -> _Part | None:
    """Each output row comes from one input row, or from as many as there are for each output row."""
    if len(x.shape) != 4 or len(y.shape) != 4 or x.shape[0] != 1 or y.layout[0] == 1:
        return None
    parts = _cut(axes, y.layout[1] * y.layout[2])
    row = x.layout[1] * x.layout[2]
    if parts is None:
        return None
    starts, inside = _sum(parts[0]), [part for offsets in parts[1] for part in _factors(offsets)]
    down = [i for i, offsets in enumerate(inside) if not _filled(offsets).any() and (offsets % row == 0).all()]
    turn = next((i for i in down if inside[i].any()), None)
    in_turn = np.zeros(1, np.int64)
    if turn is not None:
        in_turn = inside[turn] // row
        inside[turn] = np.zeros_like(in_turn)
    reach = _sum(inside)
    reach = reach[~_filled(reach)]
    if _filled(starts).any() or not reach.size or (turn is not None and len(in_turn) * len(starts) > x.layout[0]):
        return None
    first = (starts + reach.min()) // row
    if ((starts + reach.max()) // row != first).any():
        return None
    shifts = starts - first * row
    steps = np.diff(first)
    if turn is not None:
        between, slow = Loops.of(inside[turn + 1 :], LOOPS - 2), _sum(inside[:turn])
        begin = 0 if _filled(slow).any() else int(slow[0])
        loops = replace(between, axes=(slow - begin, inside[turn], *between.axes), first=between.first + begin)
    else:
        loops = Loops.of(inside)
        if steps[0] > 0 and (steps == steps[0]).all() and not shifts.any():
            return _Part("rows", loops, Window(1, int(steps[0]), 1, -int(first[0]), 0, 0, "absent"))
    window = Window.of_table(first[:, None] + in_turn)
    return _Part("rows", loops, window, turn is not None, shifts if shifts.any() else None)


def _cut(axes: list[Array], inside: int) -> tuple[list[Array], list[Array]] | None:
    """(the slow axes, the fast ones that make `inside` values), where there is a cut."""
    fast: list[Array] = []
    slow = list(axes)
    while math.prod(len(offsets) for offsets in fast) < inside:
        fast.insert(0, slow.pop())
    return (slow, fast) if math.prod(len(offsets) for offsets in fast) == inside else None


def _inside(axes: list[Array], size: int) -> bool:
    """True where all sources lie in the first `size` values."""
    offsets = _sum(axes)
    real = offsets[~_filled(offsets)]
    return bool(((real >= 0) & (real < size)).all())


def _sum(axes: Sequence[Array]) -> Array:
    """One axis instead of several."""
    total = np.zeros(1, np.int64)
    for offsets in axes:
        filled = _filled(total)[:, None] | _filled(offsets)
        total = np.where(filled, FILL, total[:, None] + offsets).reshape(-1)
    return total


def _filled(offsets: Array) -> Array:
    """True where a value comes from no input value."""
    return offsets <= FILL // 2


@dataclass(frozen=True)
class Loops:
    """At most LOOPS axes, the slowest first, behind `first`; `run` values lie together behind every offset."""

    axes: tuple[Array, ...]
    first: int
    run: int

    @classmethod
    def of(cls, axes: Sequence[Array], count: int = LOOPS) -> Loops:
        """Factored, contiguous values joined, as few loops as there may be of `count`."""
        first, run = 0, 1
        parts: list[Array] = []
        for part in (part for offsets in axes for part in _factors(offsets)):
            if not _filled(part).any():
                first += int(part[0])
                part = part - part[0]
            if len(part) > 1 or part[0]:
                parts.append(part)
        while parts and np.array_equal(parts[-1], np.arange(len(parts[-1])) * run):
            run *= len(parts.pop())
        joined: list[Array] = []
        for offsets in parts:  # what goes on evenly is one loop
            if joined and _even(joined[-1]) and _even(offsets):
                together = _sum([joined[-1], offsets])
                if _even(together):
                    joined[-1] = together
                    continue
            joined.append(offsets)
        while len(joined) > count:
            i = min(range(len(joined) - 1), key=lambda i: len(joined[i]) * len(joined[i + 1]))
            joined[i : i + 2] = [_sum(joined[i : i + 2])]
        lone = np.zeros(1, np.int64)
        return cls((*(lone,) * (count - len(joined)), *joined), first, run)


def _even(offsets: Array) -> bool:
    """True where offsets go on in equal steps."""
    steps = np.diff(offsets)
    return bool(not _filled(offsets).any() and (steps == steps[:1]).all())


def _factors(offsets: Array) -> list[Array]:
    """Axes that add up to this one: a long table becomes some short ones, an even one stays."""
    count = len(offsets)
    if count < 4 or _even(offsets) or _filled(offsets).any():
        return [offsets]
    inner = 1
    cuts = []
    for divisor in range(2, count // 2 + 1):
        if count % divisor == 0 and divisor % inner == 0:
            table = offsets.reshape(-1, divisor)
            if (table - table[:, :1] == table[0] - table[0, 0]).all():
                cuts.append(divisor)
                inner = divisor
    parts: list[Array] = []
    rest = offsets
    for divisor in reversed(cuts):
        table = rest.reshape(-1, divisor)
        parts.append(table[:, 0])
        rest = table[0] - table[0, 0]
    return [*parts, rest]


def _axis(offsets: Array, item: int) -> Struct:
    """One loop of the kernel, in bytes."""
    even = _even(offsets)
    stride = int(offsets[1]) * item if even and len(offsets) > 1 else 0
    table = None if even else Constant(np.where(_filled(offsets), FILL, offsets * item).astype(np.int32))
    return Struct("btw_gather_axis", dict(size=len(offsets), stride=stride, offsets=table))


def separated(order: Array, shape: Sequence[int]) -> list[Array]:
    """Axes of `shape` (as the output lies in C) that add up to the offsets `order`; merged where they do not."""
    axes: list[Array] = []
    rest, inside = order.reshape(-1), 1
    for size in reversed(shape):
        inside *= size
        table = rest.reshape(-1, inside)
        if (table - table[:, :1] == table[0] - table[0, 0]).all():
            axes.insert(0, table[0] - table[0, 0])
            rest, inside = table[:, 0], 1
    return [rest, *axes]


def _in_vectors(layer: Layer) -> Struct | None:
    op, x, y = cast(Move, layer.node.op), layer.inputs[0], layer.output
    found, fill, item = _as_pixels(op.sources(x, y), x, y), op.fill(y), np.dtype(y.dtype).itemsize
    assert found and found.sources is not None
    bytes_of = np.where(_filled(found.sources), FILL, found.sources * item)[:, None] + np.arange(item)
    value = None if fill is None else fill.astype(y.dtype).view(np.uint8)
    return pack_pixels(bytes_of.reshape(-1), value, x.layout[2] * item, y.layout[1])


def _vectors(layer: Layer) -> str | None:
    y = layer.output
    if y.layout[1] * y.layout[2] * np.dtype(y.dtype).itemsize < 64:
        return f"{y.layout[1]} pixels of {y.layout[2]} values a row; vectors pay from 64 bytes on"
    return "bytes of a vector lie 256 bytes apart, or more" if _in_vectors(layer) is None else None


def _pack_vectors(layer: Layer) -> Struct:
    struct = _in_vectors(layer)
    assert struct
    return struct


KERNELS = (
    MveKernel("btw_gather_pixels_u8_mve", "pixels", "u8", "mve", "gather", _vectors, _pack_vectors),
    Kernel("btw_gather_u8_scalar", "whole", "u8", "scalar", "gather"),
    Kernel("btw_gather_rows_u8_scalar", "rows", "u8", "scalar", "gather", numbered=True),
    Kernel("btw_gather_pixels_u8_scalar", "pixels", "u8", "scalar", "gather"),
)
