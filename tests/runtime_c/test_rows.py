"""Row pointers and pads of btw.h against numpy.pad: all modes, odd widths and heights, whole images and rings."""

from __future__ import annotations

from typing import Any

import cffi
import numpy as np
import pytest

from bittwin.builder import compile_files
from bittwin_cgen.ir import Array
from bittwin_cgen.runtime import runtime_files
from tests.runtime_c.kernel_harness import FLAGS

MODES = ("constant", "reflect", "edge", "wrap")
HEIGHTS = (1, 2, 3, 7)
WIDTHS = (1, 2, 3, 8)
PIXELS = (1, 3, 4, 20)  # bytes
GUARD = 32

INTERFACE = """
void rows(int mode, const void *rows[], int count, const void *first, int stride, int slots, int height, int y,
          int dilation, const void *outside, int end);
void pad(void *row, int mode, int width, int pixel, int left, int right);
void fill_s8(void *values, int count, int value);
void fill_f32(void *values, int count, float value);
void fill_pads_s8(void *values, int rows, int width, int left, int right, int value);
void fill_pads_f32(void *values, int rows, int width, int left, int right, float value);
void *at(uint8_t *arena, int offset);
"""

SHIM = f"""#include "btw.h"
{INTERFACE}
void rows(int mode, const void *rows[], int count, const void *first, int stride, int slots, int height, int y,
          int dilation, const void *outside, int end)
{{
    const btw_plane plane = {{first, stride, slots, height}};
    if (mode == 0)
        btw_rows_constant(rows, count, plane, y, dilation, outside, end);
    if (mode == 1)
        btw_rows_reflect(rows, count, plane, y, dilation);
    if (mode == 2)
        btw_rows_edge(rows, count, plane, y, dilation);
    if (mode == 3)
        btw_rows_wrap(rows, count, plane, y, dilation);
    if (mode == 4)
        btw_rows_ring(rows, count, plane, y, dilation);
}}
void pad(void *row, int mode, int width, int pixel, int left, int right)
{{
    if (mode == 1)
        btw_pad_reflect(row, width, pixel, left, right);
    if (mode == 2)
        btw_pad_edge(row, width, pixel, left, right);
    if (mode == 3)
        btw_pad_wrap(row, width, pixel, left, right);
}}
void fill_s8(void *values, int count, int value)
{{
    btw_fill_s8(values, count, value);
}}
void fill_f32(void *values, int count, float value)
{{
    btw_fill_f32(values, count, value);
}}
void fill_pads_s8(void *values, int rows, int width, int left, int right, int value)
{{
    btw_fill_pads_s8(values, rows, width, left, right, value);
}}
void fill_pads_f32(void *values, int rows, int width, int left, int right, float value)
{{
    btw_fill_pads_f32(values, rows, width, left, right, value);
}}
void *at(uint8_t *arena, int offset)
{{
    return btw_at(arena, offset);
}}
"""


class Header:
    """The inline functions of btw.h; pointers are addresses."""

    def __init__(self) -> None:
        self.ffi = cffi.FFI()
        self.ffi.cdef(INTERFACE)
        files = {"shim.c": SHIM, "btw.h": runtime_files()["include/btw.h"]}
        self.library: Any = self.ffi.dlopen(str(compile_files(files, ["shim.c"], [*FLAGS, "-fPIC", "-shared"], ".so")))

    def rows(
        self, mode: int, count: int, plane: tuple[int, int, int, int], y: int, dilation: int, outside: int, end: int
    ) -> list[int]:
        """Addresses, 0 for null; plane is (first, stride, slots, height)."""
        made = self.ffi.new("const void *[]", count)
        first, *sizes = plane
        address = self.ffi.cast("const void *", first)
        self.library.rows(mode, made, count, address, *sizes, y, dilation, self.ffi.cast("const void *", outside), end)
        return [int(self.ffi.cast("uintptr_t", pointer)) for pointer in made]

    def call(self, name: str, values: Array, start: int, *numbers: Any) -> None:
        """A function whose first argument is memory: `start` bytes into `values`."""
        pointer = self.ffi.cast("void *", values.ctypes.data + start)
        getattr(self.library, name)(pointer, *numbers)


@pytest.fixture(scope="module")
def header() -> Header:
    return Header()


def padded_indices(size: int, before: int, after: int, mode: str) -> list[int]:
    """What numpy.pad puts where: the index of a row or pixel, -1 for the constant."""
    extra: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    return [int(v) for v in np.pad(np.arange(size), (before, after), mode, **extra)]  # type: ignore[call-overload]


def most_pads(mode: str, size: int) -> int:
    """As many as a mode can fill; the compiler refuses more."""
    return {"reflect": size - 1, "wrap": size}.get(mode, size + 4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("height", HEIGHTS)
def test_rows_of_a_window(mode: str, height: int, header: Header) -> None:
    """Every window that fits, at every place: row pointers are those of numpy.pad."""
    stride, base, outside = 24, 1 << 20, 1 << 12
    most = most_pads(mode, height)
    compared = 0
    for top in range(most + 1):
        for bottom in {0, most // 2, most}:
            indices = padded_indices(height, top, bottom, mode)
            for count in (1, 2, 3, 5):
                for dilation in (1, 2, 3):
                    for start in range(len(indices) - (count - 1) * dilation):
                        wanted = [indices[start + ky * dilation] for ky in range(count)]
                        expected = [outside if y < 0 else base + y * stride for y in wanted]
                        plane = (base, stride, height, height)
                        y = start - top
                        assert header.rows(MODES.index(mode), count, plane, y, dilation, outside, 1 << 30) == expected
                        compared += 1
    assert compared


@pytest.mark.parametrize("slots", [1, 2, 3, 5])
def test_rows_of_a_ring(slots: int, header: Header) -> None:
    """Row y lies in slot y % slots; outside rows do not depend on the ring."""
    height, stride, base = 9, 16, 1 << 20
    for mode in MODES:
        indices = padded_indices(height, 2, 2, mode)
        for start in range(len(indices)):
            (address,) = header.rows(MODES.index(mode), 1, (base, stride, slots, height), start - 2, 1, 64, 1 << 30)
            y = indices[start]
            assert address == (64 if y < 0 else base + y % slots * stride)


def test_rows_of_padding_in_a_ring(header: Header) -> None:
    """Rows of padding lie in the ring like any other: row y in slot y modulo slots, y not negative."""
    stride, base, height = 8, 1 << 20, 6
    for slots in (1, 2, 3, 5):
        for dilation in (1, 2):
            for y in range(height + 4):
                found = header.rows(4, 3, (base, stride, slots, height), y, dilation, 0, 0)
                assert found == [base + (y + ky * dilation) % slots * stride for ky in range(3)]


def test_absent_rows_are_null(header: Header) -> None:
    """Pools: rows outside are null, or padding up to `end` and null behind it."""
    plane = (1 << 20, 8, 3, 3)
    inside = [(1 << 20) + 8 * y for y in range(3)]
    assert header.rows(0, 7, plane, -2, 1, 0, 1 << 30) == [0, 0, *inside, 0, 0]
    assert header.rows(0, 7, plane, -2, 1, 64, 4) == [64, 64, *inside, 64, 0]
    assert header.rows(0, 3, plane, 3, 1, 64, 3) == [0, 0, 0]


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("pixel", PIXELS)
def test_pads_beside_a_row(mode: str, width: int, pixel: int, header: Header) -> None:
    random = np.random.default_rng(width * 100 + pixel)
    most = most_pads(mode, width)
    for left in range(most + 1):
        for right in {0, 1, most // 2, most} & set(range(most + 1)):
            row = random.integers(0, 256, (width, pixel), np.uint8)
            memory = np.full(2 * GUARD + (left + width + right) * pixel, 0xA5, np.uint8)
            start = GUARD + left * pixel
            memory[start : start + width * pixel] = row.ravel()
            header.call("pad", memory, start, MODES.index(mode), width, pixel, left, right)
            expected = row[padded_indices(width, left, right, mode)]
            np.testing.assert_array_equal(memory[GUARD:-GUARD].reshape(-1, pixel), expected)
            assert (memory[:GUARD] == 0xA5).all()
            assert (memory[-GUARD:] == 0xA5).all()


@pytest.mark.parametrize(("suffix", "dtype", "value"), [("s8", np.int8, -77), ("f32", np.float32, 1.625)])
@pytest.mark.parametrize(("rows", "width", "left", "right"), [(1, 5, 2, 3), (4, 3, 1, 0), (3, 1, 0, 2), (2, 4, 0, 0)])
def test_constant_pads(
    suffix: str, dtype: Any, value: float, rows: int, width: int, left: int, right: int, header: Header
) -> None:
    """Sizes are in values here; what lies between the pads stays."""
    inside = np.arange(1, rows * width + 1).reshape(rows, width).astype(dtype)
    size = np.dtype(dtype).itemsize
    memory = np.zeros(2 * GUARD // size + rows * (left + width + right), dtype)
    image = memory[GUARD // size : memory.size - GUARD // size].reshape(rows, -1)
    image[:, left : left + width] = inside
    header.call(f"fill_pads_{suffix}", memory, GUARD, rows, width, left, right, value)
    np.testing.assert_array_equal(image, np.pad(inside, ((0, 0), (left, right)), constant_values=value))
    assert not memory[: GUARD // size].any()
    assert not memory[memory.size - GUARD // size :].any()


@pytest.mark.parametrize(("suffix", "dtype", "value"), [("s8", np.int8, -128), ("f32", np.float32, -0.5)])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_fills(suffix: str, dtype: Any, value: float, count: int, header: Header) -> None:
    memory = np.zeros(16, dtype)
    header.call(f"fill_{suffix}", memory, 4 * memory.itemsize, count, value)
    expected = np.zeros(16, dtype)
    expected[4 : 4 + count] = value
    np.testing.assert_array_equal(memory, expected)


def test_memory_at_an_offset(header: Header) -> None:
    arena = header.ffi.new("uint8_t[32]")
    assert header.library.at(arena, 12) == arena + 12
