"""Convolutions for Armv7-M: two int8 weights in a word, depthwise ones in words of their own, in one stream."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bittwin_cgen.ir import Constant, Struct
from bittwin_cgen.ops.conv2d_dsp import (
    depthwise_fields,
    has_groups,
    one_to_one,
    run_pointers,
    runs_of_taps,
    window_fields,
)
from bittwin_cgen.ops.linear_armv7m import (
    Armv7mKernel,
    compact_scratch,
    compact_taps_struct,
    exact_cost,
    not_three,
    slower_than,
    taps_struct,
    too_small,
    too_small_compact,
    unsuitable,
    window_scratch,
)
from bittwin_cgen.ops.linear_dsp import SHIFT, blocks, proved_integers, unproved
from bittwin_cgen.ops.packed import stored_twice, unproved_cost, unproved_struct
from bittwin_cgen.ops.weighted import Weighted


def _accepts(layer: Weighted) -> str | None:
    return has_groups(layer) or unsuitable(layer) or too_small(layer, *runs_of_taps(layer, layer.weight).shape[1:])


def _pack(layer: Weighted) -> Struct:
    taps = taps_struct(layer, runs_of_taps(layer, layer.weight))
    return Struct("btw_packed_conv2d", dict(taps=taps) | window_fields(layer))


def _scratch(layer: Weighted) -> int:
    _, rows, row_bytes = runs_of_taps(layer, layer.weight).shape
    return run_pointers(layer) + window_scratch(layer, rows, row_bytes, layer.output.layout[1])


def _accepts_compact(layer: Weighted) -> str | None:
    shape = runs_of_taps(layer, layer.weight).shape
    return has_groups(layer) or not_three(layer) or stored_twice(layer) or too_small_compact(layer, *shape[1:])


def _pack_compact(layer: Weighted) -> Struct:
    taps = compact_taps_struct(layer, runs_of_taps(layer, layer.weight))
    return Struct("btw_packed_conv2d", dict(taps=taps) | window_fields(layer))


def _compact_scratch(layer: Weighted) -> int:
    _, rows, row_bytes = runs_of_taps(layer, layer.weight).shape
    return run_pointers(layer) + compact_scratch(rows, row_bytes)


def _accepts_depthwise(layer: Weighted) -> str | None:
    return one_to_one(layer) or _too_few_pixels(layer)


def _too_few_pixels(layer: Weighted) -> str | None:
    """As `too_small`."""
    pixels, channels, taps = layer.output.layout[1], layer.output_channels, layer.kernel_height * layer.kernel_width
    passes = 1 + (channels % 4 > 0)
    assembler = 15 + 4 * taps + passes * 35 + pixels * (14 * passes + -(-channels // 4) * (26 + 11 * taps))
    return slower_than(assembler + unproved_cost(layer, 100, 7), _scalar_depthwise(layer))


def _scalar_depthwise(layer: Weighted) -> float:
    """Instructions of the scalar kernel for an output row."""
    taps = layer.kernel_height * layer.kernel_width
    return layer.output.layout[1] * (8 + layer.output_channels * (12 + 3.2 * taps)) + exact_cost(layer)


def _pack_depthwise(layer: Weighted) -> Struct:
    proved = layer.requantization
    assert proved is not None
    weight = layer.weight.reshape(layer.output_channels, -1)
    taps = blocks(weight.astype(np.int32)).transpose(0, 2, 1)
    bias, factor = blocks(layer.bias.astype(np.int32)), blocks(layer.multiplier)
    stream = Constant(np.concatenate([bias, taps.reshape(len(taps), -1), factor], axis=1))
    fields = depthwise_fields(layer) | dict(offset=proved.offset, shift=proved.shift, stream=stream)
    fields |= dict(unproved=unproved_struct(layer))
    return Struct("btw_packed_depthwise", fields)


def _depthwise_scratch(layer: Weighted) -> int:
    return 8 * layer.kernel_height * layer.kernel_width  # pointers have 8 bytes on hosts


def _accepts_3x3(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    if layer.weight.shape[2:] != (3, 3):
        return f"the kernel is {layer.kernel_height}x{layer.kernel_width}"
    return unproved(layer) or _too_few_pixels_3x3(layer)


def _too_few_pixels_3x3(layer: Weighted) -> str | None:
    """As `too_small`: 4 pixels at a time, where they are one or two columns apart, and then one."""
    pixels, channels, stride = layer.output.layout[1], layer.output_channels, layer.stride[1]
    fours = pixels // 4 if layer.dilation[1] == 1 and stride <= 2 else 0
    assembler = 60 + fours * (12 + (73 + 9 * stride) * channels) + (pixels - 4 * fours) * (14 + 27 * channels)
    return slower_than(assembler + unproved_cost(layer, 100, 7), _scalar_depthwise(layer))


def _pack_3x3(layer: Weighted) -> Struct:
    integers = proved_integers(layer)
    taps = integers.weight[:, 0, :, [1, 0, 2]].transpose(1, 2, 0).reshape(layer.output_channels, 9)
    stream = Constant(np.column_stack([integers.bias, taps, integers.factor]).astype(np.int32))
    fields = depthwise_fields(layer) | dict(offset=integers.offset, shift=SHIFT, stream=stream)
    return Struct("btw_packed_depthwise", fields | dict(unproved=integers.unproved))


def _row(
    symbol: str,
    accepts: Callable[[Weighted], str | None],
    pack: Callable[[Weighted], Struct],
    scratch: Callable[[Weighted], int] | None,
    per_mac: float,
    widened: bool = True,
) -> Armv7mKernel:
    return Armv7mKernel(
        symbol, "rows", "s8", "armv7m", "conv2d", accepts, pack, scratch, widened=widened, per_mac=per_mac
    )


KERNELS = (
    _row("btw_depthwise_conv2d_3x3_s8_armv7m", _accepts_3x3, _pack_3x3, None, 2.4),
    _row("btw_depthwise_conv2d_s8_armv7m", _accepts_depthwise, _pack_depthwise, _depthwise_scratch, 3.7),
    _row("btw_conv2d_s8_armv7m", _accepts, _pack, _scratch, 1.5),
    _row("btw_conv2d_s8_armv7m_compact", _accepts_compact, _pack_compact, _compact_scratch, 2.1, widened=False),
)
