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


def channel_stream(taps: Array, bias: Array, proved: ProvedRequantization, order: list[int]) -> Array:
    """int32: for each half of eight channels its int8 weights [steps][4][16], bias[4], factor[4]; taps int8[OC, K].

    K is filled up to whole steps of 16, OC to eights, both by zeros. Steps are in the order in which kernels take them.
    """
    taps = padded(padded(taps, 16, 1), 8, 0)
    channels = (np.arange(0, len(taps), 8)[:, None, None] + BLOCK).reshape(-1, 4)  # [halves, 4]
    steps = taps.reshape(len(taps), -1, 16)[channels].transpose(0, 2, 1, 3)[:, order]  # [halves, steps, 4, 16]
    weights = np.ascontiguousarray(steps).reshape(len(channels), -1).view("<i4").astype(np.int32)
    ends = [padded(v.astype(np.int32), 8, 0)[channels] for v in (bias, factors(proved))]
    return np.concatenate([weights, *ends], axis=1).reshape(-1)


def pack(layer: Weighted) -> Struct:
    assert layer.requantization is not None
    taps = layer.weight.reshape(layer.output_channels, -1)
    fields: dict[str, Field] = dict(inputs=layer.input_channels, outputs=layer.output_channels)
    fields |= requantization_fields(layer.requantization)
    order = step_order(-(-layer.input_channels // 16))
    fields |= dict(stream=Constant(channel_stream(taps, layer.bias, layer.requantization, order)))
    return Struct("btw_linear_s8_mve_layer", fields)


def accepts(layer: Weighted) -> str | None:
    return None if layer.pointwise else "not 1x1 with stride 1, no padding and one group"


KERNELS = (MveKernel("btw_linear_s8_mve", "pixels", "s8", "mve", "linear", accepts, pack, slack=SLACK),)
