"""Fully connected layers and 1x1 convolutions for Armv7-M: two int8 weights in a word, in one stream with the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.linear_dsp import blocks, scalar_cost
from bittwin_cgen.ops.packed import stored_twice, unproved_cost, unproved_struct
from bittwin_cgen.ops.weighted import Weighted


@dataclass(frozen=True)
class Armv7mKernel(Kernel):
    """Kernels for Armv7-M share a header: the structs of their layers, and the loops over windows."""

    @property
    def header(self) -> str:
        return "include/btw_armv7m.h"


def int32(values: Array) -> Array:
    """The low 32 bits, as signed numbers."""
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def fits(weight: Array, taps: int) -> Array:
    """bool[blocks] of weights [blocks, 4, K]: every sum of `taps` products with int8 codes lies in int16."""
    groups = weight.reshape(*weight.shape[:2], -1, taps)
    positive, negative = np.maximum(groups, 0).sum(-1), -np.minimum(groups, 0).sum(-1)
    most, least = 127 * positive + 128 * negative, 128 * positive + 127 * negative
    return np.asarray(((most <= 32767) & (least <= 32768)).all(axis=(1, 2)))


def unsuitable(layer: Weighted) -> str | None:
    """Why two channels cannot share a multiplication, or None."""
    if layer.weight.min() < -127:
        return "has weights of -128: the sum of two products could leave 16 bits"
    return None


def stream(layer: Weighted, taps: Array, multiplier: Array) -> Constant:
    """The stream of weights [channels, taps] and multipliers [channels, words], as btw_armv7m.h has it."""
    weight = blocks(np.pad(taps.astype(np.int64), ((0, 0), (0, -taps.shape[1] % 4))))
    bias, factor = blocks(layer.bias.astype(np.int64)), blocks(multiplier.astype(np.int64)).reshape(len(weight), -1)
    assert fits(weight, 2).all()
    four = fits(weight, 4)
    sums = weight.shape[2] // np.where(four, 4, 2)
    totals = [bias[:, i] + (bias[:, i + 1] << 16) - (sums << 15) for i in (0, 2)]
    starts = np.stack([totals[0], bias[:, 1], totals[1], bias[:, 3], four.astype(np.int64)], axis=1)
    words = np.stack([weight[:, i] + (weight[:, i + 1] << 16) for i in (0, 2)], axis=2)  # [blocks, taps, 2]
    return Constant(int32(np.concatenate([starts, words.reshape(len(words), -1), factor], axis=1)))


def taps_struct(layer: Weighted, taps: Array) -> Struct:
    """The btw_packed_taps of weights [channels, rows, taps of a row]."""
    constants = stream(layer, taps.reshape(len(taps), -1), layer.multiplier[:, None])
    return Struct("btw_packed_taps", taps_fields(layer, taps, constants))


def compact_taps_struct(layer: Weighted, taps: Array) -> Struct:
    """The same with a byte a weight: 4 channels of each tap in a word."""
    weight = blocks(taps.reshape(len(taps), -1).astype(np.int8)).transpose(0, 2, 1)
    words = np.ascontiguousarray(weight).view(np.int32)[:, :, 0]
    bias, factor = blocks(layer.bias.astype(np.int32)), blocks(layer.multiplier)
    constants = Constant(np.concatenate([bias, words, factor], axis=1))
    return Struct("btw_packed_taps", taps_fields(layer, taps, constants))


def taps_fields(layer: Weighted, taps: Array, constants: Constant) -> dict[str, Field]:
    """The fields of the structs of taps, with their stream."""
    proved = layer.requantization
    assert proved is not None
    fields: dict[str, Field] = dict(rows=taps.shape[1], row_bytes=taps.shape[2], output_channels=len(taps))
    fields |= dict(offset=proved.offset, shift=proved.shift, stream=constants)
    return fields | dict(unproved=unproved_struct(layer))


def window_scratch(layer: Weighted, rows: int, row_bytes: int, pixels: int) -> int:
    """Bytes for the taps where they are copied, and for the results where there are fewer than 4 channels."""
    copied = rows > 1 or row_bytes % 4
    return (-rows * row_bytes // 4 * -4 if copied else 0) + (4 * pixels if layer.output_channels < 4 else 0)


def too_small(layer: Weighted, rows: int, row_bytes: int) -> str | None:
    """Where the scalar kernel is faster, by instructions for an output row as measured on cortex-m3."""
    pixels, channels, taps = layer.output.layout[1], layer.output_channels, -(-rows * row_bytes // 4) * 4
    copied = rows > 1 or row_bytes % 4
    passes = 1 + (channels > 4 and channels % 4 > 0)
    pixel = passes * (17 + (6 + rows * (14 + 0.75 * row_bytes) if copied else 0)) + -(-channels // 4) * (
        32 + 5.7 * taps
    )
    assembler = passes * 100 + pixels * pixel + (6 * pixels * channels if channels < 4 else 0)
    return slower_than(
        assembler + unproved_cost(layer, 100, 5), scalar_cost(layer, rows, row_bytes) + exact_cost(layer)
    )


def exact_cost(layer: Weighted) -> float:
    """Instructions of the scalar kernel for an output row of the channels without a proof, beyond those of others."""
    assert layer.requantization is not None
    return 250 * layer.output.layout[1] * layer.requantization.unproved


def slower_than(assembler: float, scalar: float) -> str | None:
    """None where the assembler takes fewer instructions for an output row."""
    if assembler < scalar:
        return None
    return f"about {assembler:.0f} instructions a row; the scalar kernel takes about {scalar:.0f}"


def too_small_compact(layer: Weighted, rows: int, row_bytes: int) -> str | None:
    """As `too_small`."""
    pixels, channels, taps = layer.output.layout[1], layer.output_channels, rows * row_bytes
    calls = (channels >= 4) + (channels % 4 > 0)
    gathered = 2 * rows * (14 + 1.6 * row_bytes) if rows > 1 else 0
    pair = 50 + gathered + calls * 30 + -(-channels // 4) * (52 + 14.5 * taps)
    assembler = 30 + -(-pixels // 2) * pair + unproved_cost(layer, 100, 5)
    return slower_than(assembler, scalar_cost(layer, rows, row_bytes) + exact_cost(layer))


def not_three(layer: Weighted) -> str | None:
    """Why the shift of the compact loop does not serve the layer, or None."""
    proved = layer.requantization
    assert proved is not None
    return None if proved.shift == 3 else f"requantizes with a shift of {proved.shift}; the assembler has 3"


def compact_scratch(rows: int, row_bytes: int) -> int:
    """Bytes for the taps of two pixels."""
    return 2 * rows * row_bytes if rows > 1 else 4


def _accepts_compact(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return not_three(layer) or stored_twice(layer) or too_small_compact(layer, 1, layer.input_channels)


def _pack_compact(layer: Weighted) -> Struct:
    return compact_taps_struct(layer, layer.weight.reshape(layer.output_channels, 1, -1))


def _pack(layer: Weighted) -> Struct:
    return taps_struct(layer, layer.weight.reshape(layer.output_channels, 1, -1))


def _accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return unsuitable(layer) or too_small(layer, 1, layer.input_channels)


def _scratch(layer: Weighted) -> int:
    height, width, _ = layer.output.layout
    return window_scratch(layer, 1, layer.input_channels, height * width)


KERNELS = (
    Armv7mKernel(
        "btw_linear_s8_armv7m",
        "pixels",
        "s8",
        "armv7m",
        "linear",
        _accepts,
        _pack,
        _scratch,
        widened=True,
        per_mac=1.5,
    ),
    Armv7mKernel(
        "btw_linear_s8_armv7m_compact",
        "pixels",
        "s8",
        "armv7m",
        "linear",
        _accepts_compact,
        _pack_compact,
        lambda layer: compact_scratch(1, 1),
        per_mac=2.1,
    ),
)
