"""Fully connected layers and 1x1 convolutions for Armv7E-M: int8 weights widened, in one stream with bias and scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import accumulator_range
from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.packed import NONE_UNPROVED, stored_twice, unproved_cost, unproved_struct
from bittwin_cgen.ops.weighted import Weighted

SHIFT = 3  # of the requantization in assembler
FLOAT_CODE = 4  # instructions that a code takes more by float32


@dataclass(frozen=True)
class DspKernel(Kernel):
    """Kernels for Armv7E-M share a header: the structs of their layers, and the loops over windows."""

    @property
    def header(self) -> str:
        return "include/btw_dsp.h"


@dataclass(frozen=True, eq=False)
class Integers:
    """What a stream is made of, int64: weight [OC, IC / groups, KH, KW], bias [OC], factor [OC]; what is beside it."""

    weight: Array
    bias: Array
    factor: Array
    offset: int
    unproved: Struct


def some_unproved(layer: Weighted) -> str | None:
    proved = layer.requantization
    assert proved is not None
    count = f"{proved.unproved} of {layer.output_channels}"
    return f"{count} channels requantize without a proof" if proved.unproved else None


def unproved(layer: Weighted) -> str | None:
    """Why the proved integers with a shift of 3 do not serve the layer, or None."""
    proved = layer.requantization
    assert proved is not None
    by_float = FLOAT_CODE * layer.output_channels * layer.output.layout[1]
    if layer.target.has_fpu and unproved_cost(layer, 100, 5) > by_float:
        return f"{some_unproved(layer)}; float32 is faster"
    if proved.shift > SHIFT:
        return f"requantizes with a shift of {proved.shift}; the assembler has {SHIFT}"
    bound = accumulator_range(layer.weight.reshape(layer.output_channels, -1), layer.bias).magnitude.max()
    if int(bound) << (SHIFT - proved.shift) >= 1 << 31:
        return f"sums reach {int(bound)}, too much to be scaled for a shift of {SHIFT}"
    return None


def proved_integers(layer: Weighted) -> Integers:
    """For a shift of 3: codes stay the same where weight, bias and offset all grow with the shift."""
    proved = layer.requantization
    assert proved is not None
    grown = 1 << (SHIFT - proved.shift)
    return Integers(
        layer.weight.astype(np.int64) * grown,
        layer.bias.astype(np.int64) * grown,
        layer.multiplier.astype(np.int64),
        proved.offset * grown,
        unproved_struct(layer),
    )


def no_fpu(layer: Weighted) -> str | None:
    return None if layer.target.has_fpu else "requantizes in float32, and the target has no FPU"


def float_integers(layer: Weighted) -> Integers:
    """With the bits of float32 scales, and the zero point."""
    proved = layer.requantization
    assert proved is not None
    return Integers(
        layer.weight.astype(np.int64),
        layer.bias.astype(np.int64),
        proved.scale.astype(np.float32).view(np.int32).astype(np.int64),
        proved.zero_point,
        NONE_UNPROVED,
    )


def blocks(values: Array) -> Array:
    """[channels, ...] to [blocks, 4, ...]: the last 4 channels are a block where the number is not a multiple of 4."""
    count = len(values)
    if count < 4:
        return np.concatenate([values, np.zeros((4 - count, *values.shape[1:]), values.dtype)])[None]
    first = np.minimum(np.arange(0, count, 4), count - 4)
    return values[first[:, None] + np.arange(4)]


def words(low: Array, high: Array) -> Array:
    """low | high << 16, between -2**31 and 2**31 - 1."""
    return (low & 0xFFFF) + (high << 16)


def quads(taps: Array) -> Array:
    """[channels, rows, taps of a row] to [channels, quads, 4], zeros behind each row."""
    padded = np.pad(taps, ((0, 0), (0, 0), (0, -taps.shape[2] % 4)))
    return padded.reshape(len(taps), -1, 4)


def stream(integers: Integers, parts: list[Array]) -> Constant:
    """Bias, weights as int64 [blocks, words] and factors, by blocks of 4 channels."""
    ordered = [blocks(integers.bias), *parts, blocks(integers.factor)]
    return Constant(np.concatenate(ordered, axis=1).astype(np.int32))


def taps_struct(integers: Integers, taps: Array, compact: bool = False) -> Struct:
    """The btw_packed_taps of weights [channels, rows, taps of a row]; compact: a byte each."""
    four = quads(taps)
    if compact:
        parts = [((four & 0xFF) << np.array([0, 8, 16, 24])).sum(-1).astype(np.uint32).view(np.int32)]
    else:
        parts = [words(four[..., 0], four[..., 2]), words(four[..., 1], four[..., 3])]
    pairs = blocks(np.stack(parts, axis=-1))  # [blocks, 4, quads, words]
    fields: dict[str, Field] = dict(rows=taps.shape[1], row_bytes=taps.shape[2], output_channels=len(taps))
    weights = pairs.transpose(0, 2, 3, 1).reshape(len(pairs), -1)
    fields |= dict(offset=integers.offset, shift=SHIFT, stream=stream(integers, [weights]))
    return Struct("btw_packed_taps", fields | dict(unproved=integers.unproved))


def window_scratch(layer: Weighted, quads: int, pixels: int) -> int:
    """Bytes for the widened taps of a pair of pixels, and for the results where there are fewer than 4 channels."""
    return 16 * quads + (4 * pixels if layer.output_channels < 4 else 0)


def assembler_cost(
    layer: Weighted, rows: int, row_bytes: int, channels: int, tap: float = 5.5, joined: int = 1
) -> float:
    """Instructions for an output row of that many channels, as measured on cortex-m4.

    tap: instructions for a tap of 2 pixels and 4 channels; joined: pixels that are computed as one.
    """
    pixels, taps = -(-layer.output.layout[1] // joined), rows * (-row_bytes // 4 * -4)
    pair = 40 + 12 * rows + 1.75 * taps + -(-channels // 4) * (36 + tap * taps)
    return 150 + -(-pixels // 2) * pair + (6 * pixels * channels if channels < 4 else 0)


def scalar_cost(layer: Weighted, rows: int, row_bytes: int) -> float:
    """The same of the scalar kernel, for runs of neighbouring taps; also on cortex-m3.

    Compilers unroll short runs, but where one pixel is a matrix product, whose kernel layers share.
    """
    pixels = layer.output.layout[1]
    short = row_bytes <= 18 and (rows > 1 or pixels > 1)
    channel, tap = (6, 2.75) if short else (14, 4)
    return pixels * (8 + layer.output_channels * (channel + 4 * rows + tap * rows * row_bytes))


def too_small(layer: Weighted, rows: int, row_bytes: int, tap: float = 5.5) -> str | None:
    """Where the scalar kernel is faster."""
    assert layer.requantization is not None
    assembler = assembler_cost(layer, rows, row_bytes, layer.output_channels, tap)
    scalar = scalar_cost(layer, rows, row_bytes)
    if assembler < scalar or layer.requantization.unproved:
        return None
    return f"about {assembler:.0f} instructions a row; the scalar kernel takes about {scalar:.0f}"


def _pack_by(layer: Weighted, integers: Integers) -> Struct:
    return taps_struct(integers, integers.weight.reshape(layer.output_channels, 1, -1))


def _pack(layer: Weighted) -> Struct:
    return _pack_by(layer, proved_integers(layer))


def _pack_float(layer: Weighted) -> Struct:
    return _pack_by(layer, float_integers(layer))


COMPACT_TAP = 7.5  # as in too_small, for weights of a byte


def not_a_byte(layer: Weighted) -> str | None:
    """Why the weights of the proved integers do not stay bytes, or None."""
    proved = layer.requantization
    assert proved is not None
    return None if proved.shift == SHIFT else f"requantizes with a shift of {proved.shift}; bytes serve {SHIFT} alone"


def _pack_compact(layer: Weighted) -> Struct:
    integers = proved_integers(layer)
    return taps_struct(integers, integers.weight.reshape(layer.output_channels, 1, -1), compact=True)


def _pointwise_only(layer: Weighted) -> str | None:
    return None if layer.pointwise else "not 1x1 with stride 1, no padding and one group"


def _accepts(layer: Weighted) -> str | None:
    return _pointwise_only(layer) or unproved(layer) or too_small(layer, 1, layer.input_channels)


def _accepts_float(layer: Weighted) -> str | None:
    return _pointwise_only(layer) or no_fpu(layer) or too_small(layer, 1, layer.input_channels)


def _accepts_compact(layer: Weighted) -> str | None:
    reason = _pointwise_only(layer) or unproved(layer) or stored_twice(layer) or not_a_byte(layer)
    return reason or too_small(layer, 1, layer.input_channels, COMPACT_TAP)


def _row(
    symbol: str,
    accepts: Callable[[Weighted], str | None],
    pack: Callable[[Weighted], Struct],
    widened: bool = True,
    per_mac: float = 0.8,
) -> DspKernel:
    return DspKernel(symbol, "pixels", "s8", "dsp", "linear", accepts, pack, _scratch, widened=widened, per_mac=per_mac)


def _scratch(layer: Weighted) -> int:
    height, width, _ = layer.output.layout
    return window_scratch(layer, -(-layer.input_channels // 4), height * width)


KERNELS = (
    _row("btw_linear_s8_dsp", _accepts, _pack),
    _row("btw_linear_s8_dsp_compact", _accepts_compact, _pack_compact, widened=False, per_mac=1.1),
    _row("btw_linear_s8_dsp_float", _accepts_float, _pack_float),
)
