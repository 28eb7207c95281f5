"""Fully connected layers and 1x1 convolutions for Armv6-M: as for Armv7-M, the multiplier in two halves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import accumulator_range
from bittwin_cgen.ir import Array, Kernel, Struct
from bittwin_cgen.ops.linear_armv7m import (
    slower_than,
    stream,
    taps_fields,
    unsuitable,
)
from bittwin_cgen.ops.packed import unproved_cost
from bittwin_cgen.ops.weighted import Weighted


@dataclass(frozen=True)
class Armv6mKernel(Kernel):
    """Kernels for Armv6-M share a header: the structs of their layers, and the loops over windows."""

    @property
    def header(self) -> str:
        return "include/btw_armv6m.h"


def halves(multiplier: Array) -> Array:
    """[channels, 2]: low 16 bits, and the others."""
    return np.stack([multiplier & 0xFFFF, multiplier >> 16], axis=1)


def too_wide(layer: Weighted) -> str | None:
    """Why the middle products of (acc * multiplier) >> 32 could leave 32 bits, or None."""
    low, high = halves(layer.multiplier.astype(np.int64)).T
    most = accumulator_range(layer.weight.reshape(layer.output_channels, -1), layer.bias).high
    if (np.maximum(most >> 16, 0) * low + 0xFFFF * (high + 1) >= 1 << 31).any():
        return "sums and multipliers are too large for products of 16 bits"
    return None


def taps_struct(layer: Weighted, taps: Array) -> Struct:
    """The btw_packed_taps of weights [channels, rows, taps of a row]."""
    constants = stream(layer, taps.reshape(len(taps), -1), halves(layer.multiplier))
    return Struct("btw_packed_taps", taps_fields(layer, taps, constants))


def window_scratch(taps: int) -> int:
    """Bytes for the widened taps of a pixel."""
    return 16 * -(-taps // 4)


def too_small(layer: Weighted, rows: int, row_bytes: int) -> str | None:
    """Where the scalar kernel is faster, by instructions for an output row as measured on cortex-m0."""
    pixels, channels, taps = layer.output.layout[1], layer.output_channels, -(-rows * row_bytes // 4) * 4
    calls = (channels >= 4) + (channels % 4 > 0)
    widened = rows * (30 + 2.3 * row_bytes + 6 * (row_bytes % 4))
    assembler = 60 + pixels * (20 + widened + calls * 60 + -(-channels // 4) * (125 + 8.7 * taps))
    scalar = pixels * (8 + channels * (65 + 4 * rows + 7 * rows * row_bytes))
    return slower_than(assembler + unproved_cost(layer, 250, 9), scalar)


def _pack(layer: Weighted) -> Struct:
    return taps_struct(layer, layer.weight.reshape(layer.output_channels, 1, -1))


def _accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return unsuitable(layer) or too_wide(layer) or too_small(layer, 1, layer.input_channels)


def _scratch(layer: Weighted) -> int:
    return window_scratch(layer.input_channels)


KERNELS = (
    Armv6mKernel(
        "btw_linear_s8_armv6m",
        "pixels",
        "s8",
        "armv6m",
        "linear",
        _accepts,
        _pack,
        _scratch,
        widened=True,
        per_mac=2.7,
    ),
)
