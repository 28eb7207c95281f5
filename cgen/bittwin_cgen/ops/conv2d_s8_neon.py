"""int8 kernels of convolutions for NEON: which suits a layer, and the constants in the order in which it reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Struct
from bittwin_cgen.ops.conv2d_neon import TILES, slower
from bittwin_cgen.ops.linear_s8_neon import (
    LANES,
    NO_LANES,
    SLACK,
    SMULL_PER_MAC,
    NeonKernel,
    Pieces,
    blocks,
    by_lanes,
    by_scale,
    factors,
    in_blocks,
    lanes_cost,
    padded,
    products,
    requantization_fields,
    several_channels,
    smull_cost,
    too_few,
)
from bittwin_cgen.ops.weighted import Weighted
from bittwin_cgen.ops.winograd import EVERY, GROWTH, overflowing, refused, transformed

WINDOWS = 16  # in scratch memory, as in btw_s8_neon.h


def pieces(layer: Weighted) -> Pieces:
    """Whole rows of taps, or single taps where those of a row do not lie side by side."""
    channels, size = layer.input_channels, layer.input_channels // layer.groups
    if layer.dilation[1] == 1 and layer.groups == 1:
        return Pieces(layer.kernel_height, 1, 0, layer.kernel_width * channels)
    return Pieces(layer.kernel_height, layer.kernel_width, layer.dilation[1] * channels, size)


def merged(layer: Weighted, isa: str) -> Weighted:
    """Groups of few channels put together, zeros between them, where that fills vectors better."""
    if layer.groups == 1 or layer.depthwise or layer.compact:
        return layer
    factors = [count for count in range(1, layer.groups + 1) if layer.groups % count == 0]
    wider = [_put_together(layer, count) for count in factors if count * layer.weight.shape[1] <= 64 or count == 1]
    best = min(wider, key=lambda each: _cost(each, isa))
    return best if _cost(best, isa) < 0.8 * _cost(layer, isa) else layer  # the costs are about right


def _put_together(layer: Weighted, count: int) -> Weighted:
    """The same layer with `count` groups in one."""
    outputs, size = layer.output_channels // layer.groups, layer.weight.shape[1]
    weight = np.zeros((layer.output_channels, count * size, *layer.weight.shape[2:]), np.int8)
    for channel in range(layer.output_channels):
        first = channel // outputs % count * size
        weight[channel, first : first + size] = layer.weight[channel]
    return replace(layer, weight=weight, groups=layer.groups // count)


def _cost(layer: Weighted, isa: str) -> float:
    """Instructions for a pixel, about; channels that do not fill a block are stored one by one."""
    each, outputs = pieces(layer), layer.output_channels // layer.groups
    if isa == "neon":
        size = 8 if by_lanes(layer, each) else 4
        channel = min(lanes_cost(each), smull_cost(each)) + 1
    else:
        size, unit = 8, 4 if isa == "dotprod" else 8
        channel = (each.rows * each.parts * (-(-each.length // unit) * 2.5 + 1.0) + 8) / 8
    few = outputs if outputs < size else 0
    return layer.groups * (-(-outputs // size) * size * channel + few)


def window_bytes(layer: Weighted) -> int:
    return int(np.prod(layer.weight.shape[1:]))


def not_depthwise(layer: Weighted) -> str | None:
    return "depthwise has kernels of its own" if layer.depthwise else too_few(layer, pieces(layer))


def pairs_of_pixels(layer: Weighted) -> str | None:
    return several_channels(layer) or not_depthwise(layer)


def copied_windows(isa: str) -> Callable[[Weighted], str | None]:
    """Suits where copying windows takes fewer instructions than what their pieces waste."""
    unit = 4 if isa == "dotprod" else 8  # bytes of a step

    def suits(given: Weighted) -> str | None:
        layer = merged(given, isa)
        if layer.groups > 1:
            return f"{layer.groups} groups; it takes one"
        each, whole = pieces(layer), Pieces(1, 1, 0, window_bytes(layer))
        count = each.rows * each.parts
        copies = count * (4 + 3 * -(-each.length // 16))  # for a pixel
        if isa == "neon":
            costs = (smull_cost,) if layer.compact else (lanes_cost, smull_cost)
            wasted = min(cost(each) for cost in costs) - min(cost(whole) for cost in costs)
            wasted *= layer.output_channels
        else:
            pixels, steps = min(8, layer.output.layout[1]), count * -(-each.length // unit) - -(-whole.length // unit)
            wasted = (steps * (2 * pixels + 2) + (count - 1) * (2 * pixels + 6)) / pixels
            wasted *= -(-layer.output_channels // 8)
        if wasted <= copies:
            return "its kernel rows fill vectors well enough to be read where they lie"
        return pairs_of_pixels(layer) if isa == "i8mm" else not_depthwise(layer)

    return suits


def in_lanes(suits: Callable[[Weighted], str | None], whole: bool) -> Callable[[Weighted], str | None]:
    """`suits` where weights of 16 bits pay, of whole windows or of their pieces."""

    def suits_lanes(given: Weighted) -> str | None:
        layer, refused = merged(given, "neon"), suits(given)
        each = Pieces(1, 1, 0, window_bytes(layer)) if whole else pieces(layer)
        return refused or (None if by_lanes(layer, each) else NO_LANES)

    return suits_lanes


def rows_row(isa: str, suits: Callable[[Weighted], str | None] = not_depthwise, **lanes: Any) -> NeonKernel:
    def pack(given: Weighted) -> Struct:
        layer = merged(given, isa)
        inner = products(layer, isa, pieces(layer), layer.stride[1] * layer.input_channels)
        return Struct("btw_conv2d_s8_neon_layer", dict(output_width=layer.output.layout[1], products=inner))

    return NeonKernel(f"btw_conv2d_s8_{isa}", "rows", "s8", isa, "conv2d", suits, pack, slack=SLACK, **lanes)


def windows_row(isa: str, suits: Callable[[Weighted], str | None], **lanes: Any) -> NeonKernel:
    def pack(given: Weighted) -> Struct:
        layer = merged(given, isa)
        size = window_bytes(layer)
        fields: dict[str, Field] = dict(
            output_width=layer.output.layout[1], advance=layer.stride[1] * layer.input_channels
        )
        fields |= pieces(layer).fields()
        fields |= dict(products=products(layer, isa, Pieces(1, 1, 0, size), size))
        return Struct("btw_conv2d_windows_s8_neon_layer", fields)

    def scratch(layer: Weighted) -> int:
        return min(WINDOWS, layer.output.layout[1]) * window_bytes(merged(layer, isa)) + SLACK

    symbol = f"btw_conv2d_windows_s8_{isa}"
    return NeonKernel(symbol, "rows", "s8", isa, "conv2d", suits, pack, scratch, SLACK, **lanes)


# ---------------------------------------------------------------- Winograd


def winograd(layer: Weighted) -> str | None:
    """Suits where it takes fewer instructions, about."""
    if why := refused(layer):
        return why
    proved = layer.requantization
    assert proved is not None
    if why := overflowing(layer.weight, layer.bias):
        return why
    smallest = float(proved.scale.min()) / GROWTH
    if by_scale(proved) and smallest < np.finfo(np.float32).tiny:
        return f"a {GROWTH}th of a scale, {smallest:g}, is no normal number"
    inputs, width, blocks = layer.input_channels, layer.output.layout[1], -(-layer.output_channels // 8)
    tiles = -(-width // 2) * (blocks * (190 + 35 * inputs) + 52 * -(-inputs // 8))
    each = pieces(layer)
    direct = width * layer.output_channels * 1.3 * min(lanes_cost(each), smull_cost(each))
    return slower(layer, tiles * 1.2 if layer.target.armv7 else tiles, direct)


def pack_winograd(layer: Weighted) -> Struct:
    """Blocks of 16 outputs, then of 8, each with its inputs filled up to two or four."""
    proved, outputs = layer.requantization, -(-layer.output_channels // 8) * 8
    assert proved is not None
    missing = outputs - layer.output_channels
    products = np.pad(transformed(layer.weight), ((0, missing), (0, 0), (0, 0), (0, 0))).astype(np.int16)
    stream = []
    for position in products.reshape(*products.shape[:2], 16).transpose(2, 0, 1):
        for first in range(0, outputs, 16):
            block = position[first : first + 16]
            stream.append(padded(block, 32 // len(block)).T.reshape(-1))
    factor = (proved.scale / GROWTH).astype(np.float32).view(np.int32) if by_scale(proved) else factors(proved)
    bias = np.pad(GROWTH * layer.bias.astype(np.int32), (outputs, missing))
    assert EVERY == (1, 1)  # where the kernel starts with biases
    fields: dict[str, Field] = dict(
        input_channels=layer.input_channels,
        output_channels=layer.output_channels,
        output_width=layer.output.layout[1],
    )
    fields |= requantization_fields(proved)
    fields |= dict(
        weights=Constant(np.concatenate(stream)),
        bias=Constant(bias),
        factor=Constant(in_blocks(factor, 8).reshape(-1)),
    )
    return Struct("btw_winograd_s8_neon_layer", fields)


def winograd_scratch(layer: Weighted) -> int:
    bytes_each = -(-layer.input_channels // 8) * 16 + -(-layer.output_channels // 8) * 32
    return 16 * bytes_each * min(TILES, -(-layer.output.layout[1] // 2))


# ---------------------------------------------------------------- depthwise


def pairs_fit(taps: Array) -> bool:
    """True where the sums of two products x * w fit 16 bits, taps [C, K] taken in pairs."""
    return not bool((padded(taps, 2).reshape(len(taps), -1, 2) == -128).all(-1).any())


def depthwise(layer: Weighted) -> str | None:
    taps = layer.kernel_height * layer.kernel_width
    few = 4 if layer.kernel_width == 1 else 3 if layer.target.armv7 and taps > 9 else 2
    if layer.depthwise and layer.output_channels <= few:
        return f"{layer.output_channels} channels of the 8 of a vector; portable C takes fewer instructions"
    return None if layer.depthwise else "not depthwise: each output channel reads several inputs"


def depthwise_3x3(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    if layer.output_channels <= 2:
        return depthwise(layer)
    if layer.weight.shape[2:] != (3, 3):
        return f"a kernel of {layer.kernel_height}x{layer.kernel_width}; it takes 3x3"
    return None


def depthwise_3x3_in_pairs(layer: Weighted) -> str | None:
    if depthwise_3x3(layer) is None and not pairs_fit(columns(layer)):
        return "weights of -128 meet in a pair of taps: 16-bit sums could overflow"
    return depthwise_3x3(layer)


def columns(layer: Weighted) -> Array:
    """int8 [C, 9]: the taps of 3x3 in the order [kx][ky]."""
    return layer.weight.transpose(0, 1, 3, 2).reshape(-1, 9)


def depthwise_struct(layer: Weighted, weights: Array, **taps: Field) -> Struct:
    """weights int8 [C, ...], already in the order in which a block of channels is read."""
    proved = layer.requantization
    assert proved is not None
    fields: dict[str, Field] = dict(
        channels=layer.output_channels,
        input_channels=layer.input_channels,
        output_width=layer.output.layout[1],
        advance=layer.stride[1] * layer.input_channels,
        next=layer.dilation[1] * layer.input_channels,
    )
    fields |= dict(pairs=0, taps=None, lanes=None, first=None) | taps
    fields |= requantization_fields(proved)
    fields |= dict(
        weights=Constant(weights),
        bias=Constant(in_blocks(layer.bias.astype(np.int32), 8).reshape(-1)),
        factor=Constant(in_blocks(factors(proved), 8).reshape(-1)),
    )
    return Struct("btw_depthwise_conv2d_s8_neon_layer", fields)


def pack_depthwise_3x3(layer: Weighted) -> Struct:
    return depthwise_struct(layer, in_blocks(columns(layer), 8).transpose(0, 2, 1).reshape(-1))


def pack_depthwise_columns(layer: Weighted) -> Struct:
    """[blocks][kx][8][ky and a zero]: the three taps of a column are one product of SDOT."""
    taps = padded(columns(layer).reshape(-1, 3, 3), 4)
    return depthwise_struct(layer, in_blocks(taps, 8).transpose(0, 2, 1, 3).reshape(-1))


def pack_depthwise(layer: Weighted) -> Struct:
    """Taps in pairs; where sums of two products could overflow, each is paired with a zero."""
    step, taps = layer.dilation[1] * layer.input_channels, layer.weight.reshape(layer.output_channels, -1)
    places = [(ky, kx * step) for ky in range(layer.kernel_height) for kx in range(layer.kernel_width)]
    if pairs_fit(taps):
        taps, places = padded(taps, 2), places + places[-1:] * (len(places) % 2)
    else:
        taps = np.stack([taps, np.zeros_like(taps)], axis=-1).reshape(len(taps), -1)
        places = [place for place in places for _ in range(2)]
    more: dict[str, Field] = dict(pairs=len(places) // 2, taps=Constant(np.array(places, np.int32)))
    if layer.output_channels != layer.input_channels:
        inputs = np.maximum(blocks(layer.output_channels, 8), 0) // (layer.output_channels // layer.input_channels)
        first = inputs.min(axis=1)
        more |= dict(
            lanes=Constant((np.maximum(inputs - first[:, None], 0)).astype(np.uint8).reshape(-1)),
            first=Constant(first.astype(np.int32)),
        )
    return depthwise_struct(layer, in_blocks(taps, 8).transpose(0, 2, 1).reshape(-1), **more)


KERNELS = (
    NeonKernel(
        "btw_depthwise_conv2d_3x3_s8_dotprod",
        "rows",
        "s8",
        "dotprod",
        "conv2d",
        depthwise_3x3,
        pack_depthwise_columns,
        slack=SLACK,
    ),
    NeonKernel(
        "btw_depthwise_conv2d_3x3_s8_neon",
        "rows",
        "s8",
        "neon",
        "conv2d",
        depthwise_3x3_in_pairs,
        pack_depthwise_3x3,
        slack=SLACK,
    ),
    NeonKernel("btw_depthwise_conv2d_s8_neon", "rows", "s8", "neon", "conv2d", depthwise, pack_depthwise, slack=SLACK),
    windows_row("i8mm", copied_windows("i8mm")),
    rows_row("i8mm", pairs_of_pixels),
    windows_row("dotprod", copied_windows("dotprod")),
    rows_row("dotprod"),
    NeonKernel(
        "btw_conv2d_winograd_s8_neon",
        "row_pairs",
        "s8",
        "neon",
        "conv2d",
        winograd,
        pack_winograd,
        winograd_scratch,
        SLACK,
        widened=True,
        transformed=True,
        per_mac=0.16,
    ),
    windows_row("neon", in_lanes(copied_windows("neon"), whole=True), **LANES),
    windows_row("neon", copied_windows("neon"), per_mac=SMULL_PER_MAC),
    rows_row("neon", in_lanes(not_depthwise, whole=False), **LANES),
    rows_row("neon", per_mac=SMULL_PER_MAC),
)
