"""Helium kernels of fully connected layers and 1x1 convolutions, and the stream of constants they read."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.fixed_point import ProvedRequantization
from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.weighted import Weighted

SHIFT = 3  # of the kernels that requantize by multipliers
MOST_STEPS = 8  # of 16 bytes that a kernel reaches by offsets from one pointer
SLACK = 16  # bytes: vectors are read whole
BLOCK = np.array([[0, 2, 4, 6], [1, 3, 5, 7]])  # channels of the two halves of a block of eight


class MveKernel(Kernel):
    """Kernels for Helium share a header."""

    @property
    def header(self) -> str:
        return "include/btw_mve.h"


def requantization_fields(proved: ProvedRequantization) -> dict[str, Field]:
    """Zero point, and whether the stream has float32 scales: where a channel has no proof, or by another shift."""
    return dict(zero_point=proved.zero_point, by_scale=int(by_scale(proved)))


def by_scale(proved: ProvedRequantization) -> bool:
    return proved.unproved > 0 or proved.shift != SHIFT


def factors(proved: ProvedRequantization) -> Array:
    """int32[C]: multipliers, or the bits of the scales."""
    if by_scale(proved):
        return proved.scale.astype(np.float32).view(np.int32)
    return proved.multiplier.astype(np.int32)


def padded(values: Array, multiple: int, axis: int) -> Array:
    """Zeros behind `values` up to a multiple along one axis."""
    pads = [(0, 0)] * values.ndim
    pads[axis] = (0, -values.shape[axis] % multiple)
    return np.pad(values, pads)


def step_order(steps: int) -> list[int]:
    """Step 0, then from the last one down where a kernel jumps into the middle of its (at most seven) others."""
    return [0, *(range(steps - 1, 0, -1) if steps <= MOST_STEPS else range(1, steps))]


def channel_stream(taps: Array, bias: Array, factor: Array, order: list[int]) -> Array:
    """int32: for each half of eight channels its int8 weights [steps][4][16], bias[4], factor[4]; taps int8[OC, K].

    K is filled up to whole steps of 16, OC to eights, both by zeros. Steps are in the order in which kernels take them.
    """
    taps = padded(padded(taps, 16, 1), 8, 0)
    channels = (np.arange(0, len(taps), 8)[:, None, None] + BLOCK).reshape(-1, 4)  # [halves, 4]
    steps = taps.reshape(len(taps), -1, 16)[channels].transpose(0, 2, 1, 3)[:, order]  # [halves, steps, 4, 16]
    weights = np.ascontiguousarray(steps).reshape(len(channels), -1).view("<i4").astype(np.int32)
    ends = [padded(values.astype(np.int32), 8, 0)[channels] for values in (bias, factor)]
    return np.concatenate([weights, *ends], axis=1).reshape(-1)


# ---------------------------------------------------------------- the last channels


def block_cost(outputs: int, steps: int, pixels: int) -> int:
    """Instructions for some pixels in blocks of eight channels, about."""
    return -(-pixels // 2) * (-(-outputs // 8) * (28 * steps + 24) + 15)


def narrow_cost(outputs: int, steps: int, pixels: int, runs: int = 1) -> int:
    """Instructions with the last one to four channels apart from those blocks."""
    rest = outputs % 8
    if rest > 2:
        rounds, each = -(-pixels // 2), 43 + 16 * steps + 8 * (runs - 1)
    else:
        rounds, each = -(-pixels * rest // 4), 26 + (10 if rest == 1 else 9) * steps + 6 * (runs - 1)
    return (block_cost(outputs - rest, steps, pixels) if outputs > rest else 0) + 100 + rounds * each


def narrow_channels(outputs: int, steps: int, pixels: int, runs: int = 1) -> int:
    """How many of the last channels are computed apart: one to four where that takes fewer instructions, or none."""
    if not 1 <= outputs % 8 <= 4 or narrow_cost(outputs, steps, pixels, runs) >= block_cost(outputs, steps, pixels):
        return 0
    return outputs % 8


def pixels_cost(outputs: int, steps: int, pixels: int) -> int:
    """Instructions for some pixels, the cheaper way."""
    blocks = block_cost(outputs, steps, pixels)
    return min(blocks, narrow_cost(outputs, steps, pixels)) if 1 <= outputs % 8 <= 4 else blocks


def split_stream(taps: Array, bias: Array, factor: Array, order: list[int], narrow: int) -> Array:
    """int32: the stream of blocks of eight channels, then that of the last `narrow` ones; taps int8[OC, K].

    The latter: bias[4], factor[4], int8 weights [steps][1, 2 or 4][16].
    """
    if not narrow:
        return channel_stream(taps, bias, factor, order)
    wide = len(taps) - narrow
    lanes = np.arange(4) % narrow if narrow < 3 else np.minimum(np.arange(4), narrow - 1)
    rows = padded(padded(taps[wide:], 16, 1), 1 if narrow < 3 else 4, 0)
    weights = np.ascontiguousarray(rows.reshape(len(rows), -1, 16).transpose(1, 0, 2)).reshape(-1)
    apart = [bias[wide:][lanes], factor[wide:][lanes], weights.view("<i4")]
    blocks = [channel_stream(taps[:wide], bias[:wide], factor[:wide], order)] if wide else []
    return np.concatenate([*blocks, *(part.astype(np.int32) for part in apart)])


# ---------------------------------------------------------------- pixels together


def together(inputs: int, outputs: int, pixels: int) -> tuple[int, int]:
    """(instructions of a row, about, how many pixels are computed as one with zeros between their weights).

    The latter is more than one where few channels leave vectors empty.
    """

    def cost(count: int) -> tuple[int, int]:
        steps, joined = -(-inputs * count // 16), outputs * count
        found = pixels_cost(joined, steps, pixels // count)
        return found + (60 + pixels_cost(joined, steps, 1) if pixels % count else 0), count

    most = min(8, pixels) if inputs * outputs <= 256 else 1
    return min(cost(count) for count in range(1, most + 1))


def pack(layer: Weighted) -> Struct:
    assert layer.requantization is not None
    pixels = layer.output.layout[1]
    _, count = together(layer.input_channels, layer.output_channels, pixels)
    taps = np.kron(np.eye(count, dtype=np.int8), layer.weight.reshape(layer.output_channels, -1))
    outputs, inputs = taps.shape
    steps = -(-inputs // 16)
    narrow = narrow_channels(outputs, steps, pixels // count)
    bias, factor = (np.tile(values, count) for values in (layer.bias, factors(layer.requantization)))
    fields: dict[str, Field] = dict(inputs=inputs, outputs=outputs, together=count, narrow=narrow)
    fields |= requantization_fields(layer.requantization)
    fields |= dict(stream=Constant(split_stream(taps, bias, factor, step_order(steps), narrow)))
    return Struct("btw_linear_s8_mve_layer", fields)


def portable_is_less(layer: Weighted, vectors: int, scalar: int) -> str | None:
    """Why not, where portable C takes fewer instructions for a row; without a proof it takes far more than `scalar`."""
    assert layer.requantization is not None
    if layer.requantization.unproved or scalar >= vectors:
        return None
    return f"about {vectors} instructions a row; portable C takes about {scalar}"


def accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    pixels, inputs, outputs = layer.output.layout[1], layer.input_channels, layer.output_channels
    vectors, scalar = 70 + together(inputs, outputs, pixels)[0], 12 + pixels * outputs * (10 + 5 * inputs // 2)
    return portable_is_less(layer, vectors, scalar)


KERNELS = (MveKernel("btw_linear_s8_mve", "pixels", "s8", "mve", "linear", accepts, pack, slack=SLACK),)
