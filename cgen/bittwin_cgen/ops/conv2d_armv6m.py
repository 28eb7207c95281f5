"""Convolutions for Armv6-M: two int8 weights in a word, depthwise ones in words of their own, in one stream."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bittwin_cgen.ir import Array, Constant, Struct
from bittwin_cgen.ops.conv2d_dsp import depthwise_fields, has_groups, run_pointers, runs_of_taps, window_fields
from bittwin_cgen.ops.linear_armv6m import Armv6mKernel, halves, taps_struct, too_small, too_wide, window_scratch
from bittwin_cgen.ops.linear_armv7m import not_three, slower_than, unsuitable
from bittwin_cgen.ops.packed import unproved_cost, unproved_struct
from bittwin_cgen.ops.weighted import Weighted


def _accepts(layer: Weighted) -> str | None:
    shape = runs_of_taps(layer, layer.weight).shape
    return has_groups(layer) or unsuitable(layer) or too_wide(layer) or too_small(layer, *shape[1:])


def _pack(layer: Weighted) -> Struct:
    taps = taps_struct(layer, runs_of_taps(layer, layer.weight))
    return Struct("btw_packed_conv2d", dict(taps=taps) | window_fields(layer))


def _scratch(layer: Weighted) -> int:
    _, rows, row_bytes = runs_of_taps(layer, layer.weight).shape
    return run_pointers(layer) + window_scratch(rows * row_bytes)


def _accepts_depthwise(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    return too_wide(layer) or _too_few_pixels(layer)


def _too_few_pixels(layer: Weighted) -> str | None:
    """As `too_small`."""
    pixels, channels, taps = layer.output.layout[1], layer.output_channels, layer.kernel_height * layer.kernel_width
    assembler = 50 + 6 * taps + pixels * (65 + channels * (37 + 4 * (taps + taps % 2)))
    return slower_than(assembler + unproved_cost(layer, 250, 12), pixels * (8 + channels * (65 + 6.5 * taps)))


def _accepts_3x3(layer: Weighted) -> str | None:
    if layer.weight.shape[2:] != (3, 3):
        return f"the kernel is {layer.kernel_height}x{layer.kernel_width}"
    return not_three(layer) or _accepts_depthwise(layer)


def _pack_depthwise(layer: Weighted) -> Struct:
    taps = layer.weight.reshape(layer.output_channels, -1)
    return _depthwise_struct(layer, np.pad(taps, ((0, 0), (0, taps.shape[1] % 2))))


def _pack_3x3(layer: Weighted) -> Struct:
    return _depthwise_struct(layer, layer.weight.transpose(0, 1, 3, 2).reshape(layer.output_channels, -1))


def _depthwise_struct(layer: Weighted, taps: Array) -> Struct:
    proved = layer.requantization
    assert proved is not None
    stream = Constant(np.concatenate([layer.bias[:, None], taps, halves(layer.multiplier)], axis=1).astype(np.int32))
    fields = depthwise_fields(layer) | dict(offset=proved.offset, shift=proved.shift, stream=stream)
    fields |= dict(unproved=unproved_struct(layer))
    return Struct("btw_packed_depthwise", fields)


def _depthwise_scratch(layer: Weighted) -> int:
    return 8 * (layer.kernel_height * layer.kernel_width + 1)  # pointers have 8 bytes on hosts


def _row(
    symbol: str,
    accepts: Callable[[Weighted], str | None],
    pack: Callable[[Weighted], Struct],
    scratch: Callable[[Weighted], int] | None,
    per_mac: float,
) -> Armv6mKernel:
    return Armv6mKernel(symbol, "rows", "s8", "armv6m", "conv2d", accepts, pack, scratch, widened=True, per_mac=per_mac)


KERNELS = (
    _row("btw_depthwise_conv2d_3x3_s8_armv6m", _accepts_3x3, _pack_3x3, None, 7.2),
    _row("btw_depthwise_conv2d_s8_armv6m", _accepts_depthwise, _pack_depthwise, _depthwise_scratch, 8.5),
    _row("btw_conv2d_s8_armv6m", _accepts, _pack, _scratch, 2.7),
)
