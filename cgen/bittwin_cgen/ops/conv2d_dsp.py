"""Convolutions for Armv7E-M: int8 weights widened and put in the order of use, in one stream with bias and scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Struct
from bittwin_cgen.ops.linear_dsp import (
    COMPACT_TAP,
    SHIFT,
    DspKernel,
    Integers,
    assembler_cost,
    blocks,
    float_integers,
    no_fpu,
    not_a_byte,
    proved_integers,
    quads,
    scalar_cost,
    some_unproved,
    stream,
    taps_struct,
    too_small,
    unproved,
    window_scratch,
    words,
)
from bittwin_cgen.ops.packed import NONE_UNPROVED, stored_twice
from bittwin_cgen.ops.weighted import Weighted
from bittwin_cgen.ops.winograd import GROWTH, refused, transformed, with_last_quad

# ---------------------------------------------------------------- one group


def has_groups(layer: Weighted) -> str | None:
    return "has groups" if layer.groups > 1 else None


def _too_small(layer: Weighted) -> str | None:
    if layer.groups > 1:
        return "several groups" if _fewest(layer) > 1 else _slower(layer)
    _, rows, row_bytes = runs_of_taps(layer, layer.weight).shape
    return too_small(layer, rows, row_bytes)


def runs_of_taps(layer: Weighted, weight: Array) -> Array:
    """[channels, runs of neighbouring bytes, taps of a run]: dilation leaves runs of one pixel."""
    runs = layer.kernel_height * (1 if layer.dilation[1] == 1 else layer.kernel_width)
    return weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, runs, -1)


def apart(layer: Weighted) -> bool:
    return layer.dilation[1] != 1 and layer.kernel_width > 1


def run_pointers(layer: Weighted) -> int:
    """Bytes of scratch for pointers to the runs of taps, a multiple of 4; pointers have 8 bytes on hosts."""
    return -(-layer.kernel_height * layer.kernel_width // 4) * 32 if apart(layer) else 0


def _struct(layer: Weighted, integers: Integers, taps: Array, compact: bool = False) -> Struct:
    return Struct("btw_packed_conv2d", dict(taps=taps_struct(integers, taps, compact)) | window_fields(layer))


def window_fields(layer: Weighted) -> dict[str, Field]:
    """Fields of the structs of windows behind their taps."""
    return dict(
        kernel_height=layer.kernel_height,
        taps_wide=layer.kernel_width if apart(layer) else 0,
        tap_step=layer.dilation[1] * layer.input_channels,
        pixel_step=layer.stride[1] * layer.input_channels,
        output_width=layer.output.layout[1],
    )


def _pack(layer: Weighted) -> Struct:
    integers = proved_integers(joined(layer, 1))
    return _struct(layer, integers, runs_of_taps(layer, integers.weight))


def _too_small_compact(layer: Weighted) -> str | None:
    _, rows, row_bytes = runs_of_taps(layer, layer.weight).shape
    return too_small(layer, rows, row_bytes, COMPACT_TAP)


def _pack_compact(layer: Weighted) -> Struct:
    integers = proved_integers(layer)
    return _struct(layer, integers, runs_of_taps(layer, integers.weight), compact=True)


def _pack_float(layer: Weighted) -> Struct:
    integers = float_integers(joined(layer, 1))
    return _struct(layer, integers, runs_of_taps(layer, integers.weight))


def _scratch(layer: Weighted) -> int:
    taps = runs_of_taps(layer, joined(layer, 1).weight)
    return run_pointers(layer) + window_scratch(layer, quads(taps).shape[1], layer.output.layout[1])


def _accepts_3x3x3(layer: Weighted) -> str | None:
    if layer.weight.shape[1:] != (3, 3, 3) or layer.groups > 1 or layer.dilation[1] != 1:
        return "not 3x3 of 3 channels without dilation"
    if layer.output_channels % 4:
        return f"{layer.output_channels} output channels are not a multiple of 4"
    if layer.output.layout[1] < 2:
        return "one output pixel a row; two are computed at a time"
    return unproved(layer)


def _pack_3x3x3(layer: Weighted) -> Struct:
    """Two quads of each row, then the last taps of rows 0, 2, 1 and nothing."""
    integers = proved_integers(layer)
    rows = integers.weight.transpose(0, 2, 3, 1).reshape(-1, 3, 9)
    last = np.stack([rows[:, 0, 8], rows[:, 2, 8], rows[:, 1, 8], np.zeros_like(rows[:, 0, 8])], axis=1)
    taps = np.concatenate([rows[:, :, :8].reshape(-1, 24), last], axis=1)
    packed = taps_struct(integers, taps[:, None])
    of_window = replace(packed, fields=dict(packed.fields) | dict(rows=3, row_bytes=9))
    return Struct("btw_packed_conv2d", dict(taps=of_window) | window_fields(layer))


# ---------------------------------------------------------------- several pixels as one


def _together(layer: Weighted) -> int:
    """How many pixels have 4 channels."""
    return 4 // layer.output_channels


def _joined_bytes(layer: Weighted) -> int:
    """Of a row of the window of so many pixels."""
    return (layer.kernel_width + (_together(layer) - 1) * layer.stride[1]) * layer.input_channels


def _few_outputs(layer: Weighted) -> str | None:
    if layer.output_channels > 2 or layer.groups > 1 or layer.dilation[1] != 1:
        return "not one or two output channels of one group without dilation"
    if layer.output.layout[1] < _together(layer):
        return f"{layer.output.layout[1]} pixels a row; {_together(layer)} are computed as one"
    rows, row_bytes = layer.kernel_height, layer.kernel_width * layer.input_channels
    made = assembler_cost(layer, rows, _joined_bytes(layer), 4, joined=_together(layer)) + 150
    other = min(scalar_cost(layer, rows, row_bytes), assembler_cost(layer, rows, row_bytes, layer.output_channels))
    return None if made < other else f"about {made:.0f} instructions a row; others take about {other:.0f}"


def _pack_joined(layer: Weighted) -> Struct:
    integers, pixels, channels = proved_integers(layer), _together(layer), layer.output_channels
    taps = integers.weight.transpose(0, 2, 3, 1).reshape(channels, layer.kernel_height, -1)
    wide = np.zeros((pixels, channels, layer.kernel_height, _joined_bytes(layer)), np.int64)
    step = layer.stride[1] * layer.input_channels
    for pixel in range(pixels):
        wide[pixel, :, :, pixel * step : pixel * step + taps.shape[2]] = taps
    bias, factor = np.tile(integers.bias, pixels), np.tile(integers.factor, pixels)
    as_channels = Integers(integers.weight, bias, factor, integers.offset, NONE_UNPROVED)
    own: dict[str, Field] = dict(rows=layer.kernel_height, row_bytes=taps.shape[2], output_channels=channels)
    fields: dict[str, Field] = dict(
        taps=taps_struct(as_channels, wide.reshape(4, layer.kernel_height, -1)),
        own=Struct("btw_packed_taps", own | dict(unproved=integers.unproved)),
    )
    return Struct(
        "btw_dsp_conv2d_joined",
        fields | dict(pixels=pixels, pixel_step=step, output_width=layer.output.layout[1]),
    )


def _joined_scratch(layer: Weighted) -> int:
    quads = layer.kernel_height * -(-_joined_bytes(layer) // 4)
    return 8 * (-layer.kernel_height // 4 * -4) + 16 * quads  # pointers have 8 bytes on hosts


# ---------------------------------------------------------------- Winograd's transforms


def _winograd(layer: Weighted) -> str | None:
    assert layer.requantization is not None
    grown = 1 << max(0, SHIFT - layer.requantization.shift)
    return _winograd_by(layer, grown) or unproved(layer)


def _winograd_float(layer: Weighted) -> str | None:
    return _winograd_by(layer, 1) or no_fpu(layer)


def _winograd_by(layer: Weighted, grown: int) -> str | None:
    if min(layer.input_channels, layer.output_channels) < 4:
        return "fewer than 4 channels"
    return refused(layer, grown) or _winograd_slower(layer)


def _winograd_slower(layer: Weighted) -> str | None:
    """Where the direct kernel is faster, by instructions for the layer as measured on cortex-m4.

    One in seven has to go: more of the others are loads, and so cycles fall less than instructions.
    """
    height, width, channels = layer.output.layout
    quads, blocks_of_4 = -(-layer.input_channels // 4), -(-channels // 4)
    rounds = -(-(2 * quads - 1) // 16)
    position = 7 + 22 * quads + (3 * rounds + 3 if rounds > 1 else 0)
    tiles = 130 + 272 * quads + blocks_of_4 * (16 * position + 440)  # two of them
    made = -(-height // 2) * (60 + -(-width // 4) * tiles)
    pairs = (assembler_cost(layer, 3, 3 * layer.input_channels, channels) - 150) / -(-width // 2)
    direct = height * (150 + pairs * (width // 2 + 0.6 * (width % 2)))
    return (
        None if made < 0.85 * direct else f"about {made:.0f} instructions; the direct kernel takes about {direct:.0f}"
    )


def _pack_winograd(layer: Weighted) -> Struct:
    integers = proved_integers(layer)
    return _pack_winograd_by(layer, replace(integers, offset=GROWTH * integers.offset))


def _pack_winograd_float(layer: Weighted) -> Struct:
    return _pack_winograd_by(layer, float_integers(layer))


def _pack_winograd_by(layer: Weighted, integers: Integers) -> Struct:
    """The layer as btw_dsp_winograd.h reads it."""
    weight, inputs = with_last_quad(transformed(integers.weight)), layer.input_channels
    four = weight.reshape(len(weight), -1, 4, 16).transpose(0, 3, 1, 2)  # [channels, positions, quads, 4]
    pairs = blocks(np.stack([words(four[..., 0], four[..., 2]), words(four[..., 1], four[..., 3])], axis=-1))
    ordered = pairs.transpose(0, 2, 3, 4, 1).reshape(len(pairs), -1)
    parts = [ordered, blocks(GROWTH * integers.bias), blocks(integers.factor)]
    fields: dict[str, Field] = dict(rows=3, row_bytes=3 * inputs, output_channels=layer.output_channels)
    fields |= dict(offset=integers.offset, shift=SHIFT + 2)
    fields |= dict(stream=Constant(np.concatenate(parts, axis=1).astype(np.int32)), unproved=integers.unproved)
    return Struct("btw_packed_conv2d", dict(taps=Struct("btw_packed_taps", fields)) | window_fields(layer))


def _winograd_scratch(layer: Weighted) -> int:
    return 512 + 256 * -(-layer.input_channels // 4)


# ---------------------------------------------------------------- groups


def joined(layer: Weighted, groups: int) -> Weighted:
    """The layer with neighbouring groups made one, until that many are left: zeros where they did not read."""
    if groups == layer.groups:
        return layer
    size, count = layer.weight.shape[0] // layer.groups, layer.groups // groups
    taps = layer.weight.shape[1]
    shape = (groups, count, size, count, taps, *layer.weight.shape[2:])
    wide = np.zeros(shape, layer.weight.dtype)
    own = layer.weight.reshape(groups, count, size, taps, *layer.weight.shape[2:])
    for index in range(count):
        wide[:, index, :, index] = own[:, index]
    weight = wide.reshape(layer.output_channels, count * taps, *layer.weight.shape[2:])
    return replace(layer, weight=weight, groups=groups)


def _cost(layer: Weighted, groups: int) -> float:
    """Instructions for an output row with the groups joined to that many, as measured on cortex-m4."""
    size, channels = layer.output_channels // groups, layer.input_channels // groups
    runs = layer.kernel_height * layer.kernel_width
    if groups == 1:
        neighbours = 1 if layer.dilation[1] != 1 else layer.kernel_width
        return assembler_cost(layer, runs // neighbours, channels * neighbours, size)
    made = layer.output.layout[1] * (8 + size / 2)
    return groups * (60 + 7 * runs + made + assembler_cost(layer, runs, channels, size))


def _fewest(layer: Weighted) -> int:
    """How many groups take the fewest instructions."""
    counts = [count for count in range(1, layer.groups + 1) if layer.groups % count == 0]
    return min(counts, key=lambda count: _cost(layer, count))


def _slower(layer: Weighted) -> str | None:
    """Where the scalar kernel of groups is faster."""
    if layer.depthwise:
        return "one input channel a group: joined groups would take fewer instructions, but more cycles"
    scalar = scalar_cost(layer, layer.kernel_height * layer.kernel_width, layer.weight.shape[1])
    assembler = _cost(layer, _fewest(layer))
    if assembler < scalar or (layer.requantization and layer.requantization.unproved):
        return None
    return f"about {assembler:.0f} instructions a row; the scalar kernel takes about {scalar:.0f}"


def _groups(layer: Weighted) -> str | None:
    return "one group has a kernel of its own" if _fewest(layer) == 1 else _slower(layer)


def _pack_groups_by(layer: Weighted, integers: Integers) -> Struct:
    groups = _fewest(layer)
    size, channels = layer.output_channels // groups, layer.input_channels // groups
    weight = joined(replace(layer, weight=integers.weight), groups).weight
    runs = weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, -1, channels)
    parts = []
    for first in range(0, layer.output_channels, size):
        one = slice(first, first + size)
        own = Integers(weight[one], integers.bias[one], integers.factor[one], integers.offset, integers.unproved)
        parts.append(taps_struct(own, runs[one]))
    streams = [cast(Constant, part.fields["stream"]).values for part in parts]
    stream = Constant(np.concatenate([values.reshape(-1) for values in streams]))
    fields: dict[str, Field] = dict(taps=Struct("btw_packed_taps", {**parts[0].fields, "stream": stream}))
    group = Struct("btw_packed_conv2d", fields | window_fields(layer) | dict(taps_wide=layer.kernel_width))
    sizes: dict[str, Field] = dict(groups=groups, input_channels=channels, stream_words=streams[0].size)
    return Struct("btw_dsp_conv2d_groups", dict(group=group) | sizes)


def _pack_groups(layer: Weighted) -> Struct:
    return _pack_groups_by(layer, proved_integers(layer))


def _pack_groups_float(layer: Weighted) -> Struct:
    return _pack_groups_by(layer, float_integers(layer))


def _groups_scratch(layer: Weighted) -> int:
    groups = _fewest(layer)
    runs, size = layer.kernel_height * layer.kernel_width, layer.output_channels // groups
    pixels = layer.output.layout[1]
    windows = 16 * runs * -(-layer.input_channels // groups // 4) + (4 * pixels if size < 4 else 0)
    return 8 * (-runs // 4 * -4) + -size * pixels // 16 * -16 + windows


# ---------------------------------------------------------------- depthwise


def one_to_one(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    if layer.output_channels < 4:
        return f"{layer.output_channels} channels; 4 are computed at a time"
    if layer.output_channels == 5:
        return "of 5 channels 8 would be computed, which takes longer than the scalar kernel"
    return None


def depthwise_fields(layer: Weighted) -> dict[str, Field]:
    """Fields of the structs of depthwise layers of any kernel size before their constants."""
    return dict(
        channels=layer.output_channels,
        kernel_height=layer.kernel_height,
        kernel_width=layer.kernel_width,
        column=layer.dilation[1] * layer.output_channels,
        stride_width=layer.stride[1],
        output_width=layer.output.layout[1],
    )


def _depthwise(layer: Weighted) -> str | None:
    if layer.output.layout[:2] == (1, 1) and layer.output_channels < 8:
        return f"one pixel of {layer.output_channels} channels; others take fewer instructions"
    return one_to_one(layer)


def _accepts_3x3(layer: Weighted) -> str | None:
    other = None if layer.weight.shape[2:] == (3, 3) else f"the kernel is {layer.kernel_height}x{layer.kernel_width}"
    return _depthwise(layer) or other or unproved(layer)


def _pack_3x3(layer: Weighted) -> Struct:
    integers = proved_integers(layer)
    taps = blocks(integers.weight[:, 0])  # [blocks, 4, ky, kx]
    pairs = [words(taps[:, :, 0, kx], taps[:, :, 1, kx]) for kx in (1, 2, 0)]
    last = words(taps[:, :2, 2, 0], taps[:, 2:, 2, 0])
    constants = stream(integers, [*pairs, words(taps[:, :, 2, 1], taps[:, :, 2, 2]), last])
    return _depthwise_struct(layer, integers, constants)


def _pack_depthwise_by(layer: Weighted, integers: Integers) -> Struct:
    flat = integers.weight.reshape(layer.output_channels, -1)
    taps = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
    pairs = blocks(words(taps[:, 0::2], taps[:, 1::2]))  # [blocks, 4, pairs]
    constants = stream(integers, [pairs.transpose(0, 2, 1).reshape(len(pairs), -1)])
    return _depthwise_struct(layer, integers, constants)


def _depthwise_struct(layer: Weighted, integers: Integers, constants: Constant) -> Struct:
    fields = depthwise_fields(layer) | dict(offset=integers.offset, shift=SHIFT, stream=constants)
    return Struct("btw_packed_depthwise", fields | dict(unproved=integers.unproved))


def _pack_depthwise(layer: Weighted) -> Struct:
    return _pack_depthwise_by(layer, proved_integers(layer))


def _pack_depthwise_float(layer: Weighted) -> Struct:
    return _pack_depthwise_by(layer, float_integers(layer))


def _depthwise_scratch(layer: Weighted) -> int:
    return 8 * (layer.kernel_height * layer.kernel_width + 1)  # pointers have 8 bytes on hosts


def _row(
    symbol: str,
    fits: Callable[[Weighted], str | None],
    pack: Callable[[Weighted], Struct],
    scratch: Callable[[Any], int] | None,
    widened: bool = True,
    per_mac: float = 0.8,
) -> DspKernel:
    return DspKernel(symbol, "rows", "s8", "dsp", "conv2d", fits, pack, scratch, widened=widened, per_mac=per_mac)


@dataclass(frozen=True)
class _WinogradKernel(DspKernel):
    """These have a header of their own."""

    @property
    def header(self) -> str:
        return "include/btw_dsp_winograd.h"


def _winograd_row(
    symbol: str, fits: Callable[[Weighted], str | None], pack: Callable[[Weighted], Struct]
) -> _WinogradKernel:
    weights: dict[str, Any] = dict(widened=True, transformed=True, per_mac=0.45)
    return _WinogradKernel(symbol, "row_pairs", "s8", "dsp", "conv2d", fits, pack, _winograd_scratch, **weights)


def _all(*checks: Callable[[Weighted], str | None]) -> Callable[[Weighted], str | None]:
    """The reason of the first of the checks that has one."""
    return lambda layer: next((reason for check in checks if (reason := check(layer))), None)


KERNELS = (
    _row("btw_depthwise_conv2d_3x3_s8_dsp", _accepts_3x3, _pack_3x3, None, per_mac=2.4),
    _row("btw_depthwise_conv2d_s8_dsp", _all(_depthwise, unproved), _pack_depthwise, _depthwise_scratch, per_mac=3),
    _row(
        "btw_depthwise_conv2d_s8_dsp_float",
        _all(_depthwise, no_fpu),
        _pack_depthwise_float,
        _depthwise_scratch,
        per_mac=3,
    ),
    _row("btw_conv2d_3x3x3_s8_dsp", _accepts_3x3x3, _pack_3x3x3, lambda layer: 16 * 7),
    _winograd_row("btw_conv2d_winograd_s8_dsp", _winograd, _pack_winograd),
    _winograd_row("btw_conv2d_winograd_s8_dsp_float", _winograd_float, _pack_winograd_float),
    _row("btw_conv2d_joined_s8_dsp", _all(_few_outputs, unproved), _pack_joined, _joined_scratch),
    _row("btw_conv2d_s8_dsp", _all(_too_small, unproved), _pack, _scratch),
    _row(
        "btw_conv2d_s8_dsp_compact",
        _all(has_groups, unproved, stored_twice, not_a_byte, _too_small_compact),
        _pack_compact,
        _scratch,
        widened=False,
        per_mac=1.1,
    ),
    _row("btw_conv2d_groups_s8_dsp", _all(_groups, some_unproved, unproved), _pack_groups, _groups_scratch),
    _row("btw_conv2d_groups_s8_dsp_float", _all(_groups, no_fpu), _pack_groups_float, _groups_scratch),
    _row("btw_conv2d_s8_dsp_float", _all(_too_small, no_fpu), _pack_float, _scratch),
)
