"""Convolutions for Armv7E-M: int8 weights widened and put in the order of use, in one stream with bias and scale."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Array, Struct
from bittwin_cgen.ops.linear_dsp import DspKernel, quads, scaled, taps_struct, unsuitable, window_scratch
from bittwin_cgen.ops.weighted import Weighted


def _accepts(layer: Weighted) -> str | None:
    return "has groups" if layer.groups > 1 else unsuitable(layer)


def _taps(layer: Weighted) -> Array:
    """Scaled weights [channels, runs of neighbouring bytes, taps of a run]: dilation leaves runs of one pixel."""
    weight = scaled(layer)[0].transpose(0, 2, 3, 1)
    runs = layer.kernel_height * (1 if layer.dilation[1] == 1 else layer.kernel_width)
    return weight.reshape(layer.output_channels, runs, -1)


def _apart(layer: Weighted) -> bool:
    return layer.dilation[1] != 1 and layer.kernel_width > 1


def _pack(layer: Weighted) -> Struct:
    return Struct(
        "btw_dsp_conv2d",
        dict(
            taps=taps_struct(layer, _taps(layer)),
            kernel_height=layer.kernel_height,
            taps_wide=layer.kernel_width if _apart(layer) else 0,
            tap_step=layer.dilation[1] * layer.input_channels,
            pixel_step=layer.stride[1] * layer.input_channels,
            output_width=layer.output.layout[1],
        ),
    )


def _scratch(layer: Weighted) -> int:
    taps = _taps(layer)
    pointers = 8 * ((taps.shape[1] + 3) // 4 * 4) if _apart(layer) else 0  # 8 bytes each on hosts
    return pointers + window_scratch(layer, quads(taps).shape[1], layer.output.layout[1])


KERNELS = (DspKernel("btw_conv2d_s8_dsp", "rows", "s8", "dsp", "conv2d", _accepts, _pack, _scratch),)
