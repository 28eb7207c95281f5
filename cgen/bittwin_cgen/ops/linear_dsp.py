"""Fully connected layers and 1x1 convolutions for Armv7E-M: int8 weights widened, in one stream with bias and scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import accumulator_range
from bittwin_cgen.ir import Array, Constant, Kernel, Struct
from bittwin_cgen.ops.weighted import Weighted

SHIFT = 3  # of the requantization in assembler


@dataclass(frozen=True)
class DspKernel(Kernel):
    """Kernels for Armv7E-M share a header: the structs of their layers, and the loop over windows."""

    @property
    def header(self) -> str:
        return "include/btw_dsp.h"


def unsuitable(layer: Weighted) -> str | None:
    """Why the requantization of the assembler does not fit the layer, or None."""
    proved = layer.requantization
    assert proved is not None
    if proved.unproved:
        return f"{proved.unproved} of {layer.output_channels} channels requantize without a proof"
    if proved.shift > SHIFT:
        return f"requantizes with a shift of {proved.shift}; the assembler has {SHIFT}"
    bound = accumulator_range(layer.weight.reshape(layer.output_channels, -1), layer.bias).magnitude.max()
    if int(bound) << (SHIFT - proved.shift) >= 1 << 31:
        return f"sums reach {int(bound)}, too much to be scaled for a shift of {SHIFT}"
    return None


def scaled(layer: Weighted) -> tuple[Array, Array, int]:
    """(weight, bias, offset) as integers for a shift of 3: codes are the same where all three grow with the shift."""
    assert layer.requantization is not None
    factor = 1 << (SHIFT - layer.requantization.shift)
    weight, bias = layer.weight.astype(np.int64) * factor, layer.bias.astype(np.int64) * factor
    return weight, bias, layer.requantization.offset * factor


def blocks(values: Array) -> Array:
    """[channels, ...] to [blocks, 4, ...]: the last 4 channels are a block where the number is not a multiple of 4."""
    count = len(values)
    if count < 4:
        return np.concatenate([values, np.zeros((4 - count, *values.shape[1:]), values.dtype)])[None]
    first = np.minimum(np.arange(0, count, 4), count - 4)
    return values[first[:, None] + np.arange(4)]


def words(low: Array, high: Array) -> Array:
    """low | high << 16 as int64 between -2**31 and 2**31 - 1."""
    return (low & 0xFFFF) + (high << 16)


def stream(layer: Weighted, taps: Array) -> Constant:
    """Bias, taps [channels, quads, 4] and multipliers in blocks of 4 channels; see btw_dsp_taps."""
    assert layer.requantization is not None
    _, bias, _ = scaled(layer)
    even, odd = words(taps[..., 0], taps[..., 2]), words(taps[..., 1], taps[..., 3])
    pairs = blocks(np.stack([even, odd], axis=-1))  # [blocks, 4, quads, 2]
    count = len(pairs)
    parts = (
        blocks(bias),
        pairs.transpose(0, 2, 3, 1).reshape(count, -1),
        blocks(layer.requantization.multiplier.astype(np.int64)),
    )
    return Constant(np.concatenate(parts, axis=1).astype(np.int32))


def quads(taps: Array) -> Array:
    """[channels, rows, taps of a row] to [channels, quads, 4], zeros behind each row."""
    padded = np.pad(taps, ((0, 0), (0, 0), (0, -taps.shape[2] % 4)))
    return padded.reshape(len(taps), -1, 4)


def taps_struct(layer: Weighted, taps: Array) -> Struct:
    """The btw_dsp_taps of weights [channels, rows, taps of a row], scaled."""
    return Struct(
        "btw_dsp_taps",
        dict(
            rows=taps.shape[1],
            row_bytes=taps.shape[2],
            output_channels=layer.output_channels,
            offset=scaled(layer)[2],
            stream=stream(layer, quads(taps)),
        ),
    )


def window_scratch(layer: Weighted, quads: int, pixels: int) -> int:
    """Bytes for the widened taps of a pair of pixels, and for the results where there are fewer than 4 channels."""
    return 16 * quads + (4 * pixels if layer.output_channels < 4 else 0)


def _accepts(layer: Weighted) -> str | None:
    return unsuitable(layer) if layer.pointwise else "not 1x1 with stride 1, no padding and one group"


def _pack(layer: Weighted) -> Struct:
    return taps_struct(layer, scaled(layer)[0].reshape(layer.output_channels, 1, -1))


def _scratch(layer: Weighted) -> int:
    height, width, _ = layer.output.layout
    pixels = 1 if layer.window is None else height * width
    return window_scratch(layer, -(-layer.input_channels // 4), pixels)


KERNELS = (DspKernel("btw_linear_s8_dsp", "pixels", "s8", "dsp", "linear", _accepts, _pack, _scratch),)
