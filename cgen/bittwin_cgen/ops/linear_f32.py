"""float32 fully connected layers and 1x1 convolutions for Cortex-M: weights and bias in one stream, in order of use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.linear_dsp import blocks
from bittwin_cgen.ops.weighted import Weighted


@dataclass(frozen=True)
class F32Kernel(Kernel):
    """float32 kernels for Cortex-M share a header: the structs of their layers, and the loops over windows."""

    @property
    def header(self) -> str:
        return "include/btw_f32.h"


def taps_struct(layer: Weighted, taps: Array) -> Struct:
    """The btw_f32_taps of weights [groups, channels, runs, length of a run]."""
    groups, channels, runs, length = taps.shape
    flat = np.pad(taps.reshape(groups, channels, -1), ((0, 0), (0, 0), (0, runs * length % 2)))
    bias = layer.bias.reshape(groups, channels)
    parts = [
        np.concatenate([blocks(bias[group]), blocks(flat[group]).transpose(0, 2, 1).reshape(-1, 4 * flat.shape[2])], 1)
        for group in range(groups)
    ]
    fields: dict[str, Field] = dict(runs=runs, length=length, output_channels=channels)
    fields |= dict(low=layer.low, high=layer.high)
    return Struct("btw_f32_taps", fields | dict(stream=Constant(np.concatenate(parts).astype(np.float32))))


def taps_scratch(runs: int, length: int, channels: int, pixels: int) -> int:
    """Bytes for the taps of 4 pixels, and for results where there are fewer than 4 channels.

    Fewer pixels a call are computed one by one, from where their taps lie if these are one run of an even number.
    """
    taps, results = runs * length, 64 if channels < 4 else 0
    even = taps + taps % 2
    if pixels >= 4:
        return 16 * even + results
    return 4 * even + 8 + results if runs > 1 or taps % 2 or results else 0


def row_cost(layer: Weighted, runs: int, length: int) -> float:
    """Instructions for an output row, as measured on cortex-m4."""
    pixels, channels = layer.output.layout[1], layer.output_channels // layer.groups
    taps, blocks_of_4 = runs * length, -(-channels // 4)
    even, few = taps + taps % 2, channels < 4
    gathered = 25 * runs + taps if runs > 1 or length % 2 else 0  # for a pixel by itself
    four = 60 + 16 * runs + 2.6 * taps + blocks_of_4 * (46 + 17.2 * even) + 30 * few
    one = 30 + gathered + blocks_of_4 * (15 + 4.8 * even) + 40 * few
    if channels > 4 and channels % 4:
        four, one = four + 45, one + 45
    return 110 + layer.groups * (pixels // 4 * four + pixels % 4 * one)


def too_small(layer: Weighted, runs: int, length: int) -> str | None:
    """Where the scalar kernel is faster."""
    pixels = layer.output.layout[1]
    blocked, scalar = row_cost(layer, runs, length), pixels * layer.output_channels * (4 + 4 * runs * length)
    if blocked < scalar:
        return None
    return f"about {blocked:.0f} instructions a row; the scalar kernel takes about {scalar:.0f}"


def pack(layer: Weighted) -> Struct:
    return taps_struct(layer, layer.weight.reshape(1, layer.output_channels, 1, -1))


def scratch(layer: Weighted) -> int:
    height, width, _ = layer.output.layout
    return taps_scratch(1, layer.input_channels, layer.output_channels, height * width)


def accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return too_small(layer, 1, layer.input_channels)


def pack_plain(layer: Weighted) -> Struct:
    """The btw_linear_f32 of weights [outputs][inputs]."""
    fields: dict[str, Field] = dict(inputs=layer.input_channels, outputs=layer.output_channels)
    fields |= dict(
        weights=Constant(layer.weight.reshape(layer.output_channels, -1)),
        bias=Constant(layer.bias),
        low=layer.low,
        high=layer.high,
    )
    return Struct("btw_linear_f32", fields)


def few_outputs(layer: Weighted) -> str | None:
    """Suits where the blocks of 4 channels would be filled too badly, and vectors along the inputs are not."""
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    pixels, inputs, outputs = layer.output.layout[1], layer.input_channels, layer.output_channels
    vectors = 40 + pixels * (6 + outputs * (15 + 4 * -(-inputs // 4)))
    scalar = pixels * outputs * (4 + 4 * inputs)
    return None if vectors < scalar else f"about {vectors} instructions a row; the scalar kernel takes about {scalar}"


KERNELS = (
    F32Kernel("btw_linear_f32_mve", "pixels", "f32", "mve", "linear", accepts, pack, scratch),
    Kernel("btw_linear_few_outputs_f32_mve", "pixels", "f32", "mve", "linear", few_outputs, pack_plain),
    F32Kernel("btw_linear_f32_fpu", "pixels", "f32", "fpu", "linear", accepts, pack, scratch),
)
