"""float32 NEON kernels of convolutions: which suits a layer, and the constants in the order in which it reads them."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Struct
from bittwin_cgen.ops.linear_neon import NeonKernel, block_stream, single, sums_struct
from bittwin_cgen.ops.weighted import Weighted
from bittwin_cgen.ops.winograd import EVERY, refused, transformed

TILES = 4  # computed together, as in btw_winograd_neon.h


def runs(layer: Weighted) -> tuple[int, int, int]:
    """(runs in a kernel row, values from one to the next, values of each): one run where taps are neighbours."""
    channels = layer.input_channels // layer.groups
    if layer.groups == 1 and layer.dilation[1] == 1:
        return 1, 0, layer.kernel_width * channels
    return layer.kernel_width, layer.dilation[1] * layer.input_channels, channels


def pack(layer: Weighted) -> Struct:
    return sums_struct(layer, *runs(layer))


def accepts(layer: Weighted) -> str | None:
    return single(layer.output_channels // layer.groups, runs(layer)[2])


# ---------------------------------------------------------------- Winograd


def winograd(layer: Weighted) -> str | None:
    """Suits where it takes fewer instructions, about."""
    if why := refused(layer):
        return why
    inputs, width, blocks = layer.input_channels, layer.output.layout[1], -(-layer.output_channels // 4)
    if inputs < 4:
        return f"{inputs} input channels; a vector takes four"
    tiles = -(-width // 2) * (blocks * (76 + 19 * inputs) + 52 * -(-inputs // 4))
    return slower(layer, tiles, width * blocks * (3 + 10.6 * inputs))


def slower(layer: Weighted, pair: float, row: float) -> str | None:
    """Why pairs of rows do not pay, by instructions of a pair and of a row; of an odd number a pair makes one again."""
    height = layer.output.layout[0]
    pairs, rows = -(-height // 2) * pair, height * row
    if pairs > 0.85 * rows:  # their ratio is off by an eighth at most
        return f"about {pairs:.0f} instructions; without transforms {rows:.0f}"
    return None


def pack_winograd(layer: Weighted) -> Struct:
    products, nothing = transformed(layer.weight), np.zeros_like(layer.bias)
    streams = [
        block_stream(products[:, :, y, x], layer.bias if (y, x) == EVERY else nothing, 1)
        for y in range(4)
        for x in range(4)
    ]
    fields: dict[str, Field] = dict(
        input_channels=layer.input_channels,
        output_channels=layer.output_channels,
        output_width=layer.output.layout[1],
        weights=Constant(np.concatenate(streams)),
        low=layer.low,
        high=layer.high,
    )
    return Struct("btw_winograd_f32_neon_layer", fields)


def winograd_scratch(layer: Weighted) -> int:
    vectors = -(-layer.input_channels // 4) + -(-layer.output_channels // 4)
    return 16 * vectors * 16 * min(TILES, -(-layer.output.layout[1] // 2))


# ---------------------------------------------------------------- depthwise


def channel_blocks(channels: int) -> list[tuple[int, int]]:
    """(first channel, channels) of blocks of eight and four; the last ones end with the last channel."""
    blocks = [(c, 8) for c in range(0, channels - 7, 8)]
    rest = channels % 8
    if rest > 4 and channels >= 8:
        return [*blocks, (channels - 8, 8)]
    return [*blocks, *([(0, 4)] if rest > 4 else []), *([(channels - 4, 4)] if rest else [])]


def depthwise_stream(taps: Array, bias: Array) -> Array:
    """float32: for each block of channels bias[C], then [taps][C]; taps is [C, K]."""
    values = np.concatenate([bias[:, None], taps], axis=1).astype(np.float32)
    return np.concatenate([values[c : c + size].T.reshape(-1) for c, size in channel_blocks(len(taps))])


def pack_depthwise(layer: Weighted) -> Struct:
    channels = layer.input_channels
    fields: dict[str, Field] = dict(
        channels=channels,
        kernel_height=layer.kernel_height,
        kernel_width=layer.kernel_width,
        stride_width=layer.stride[1],
        next=layer.dilation[1] * channels,
        advance=layer.stride[1] * channels,
        output_width=layer.output.layout[1],
        weights=Constant(depthwise_stream(layer.weight.reshape(channels, -1), layer.bias)),
        low=layer.low,
        high=layer.high,
    )
    return Struct("btw_depthwise_conv2d_f32_neon_layer", fields)


def depthwise(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    return f"{layer.input_channels} channels; a vector takes four" if layer.input_channels < 4 else None


def depthwise_3x3(layer: Weighted) -> str | None:
    if layer.weight.shape[2:] != (3, 3) or layer.dilation[1] != 1 or layer.stride[1] > 2:
        kernel = f"{layer.kernel_height}x{layer.kernel_width}, stride {layer.stride[1]}, dilation {layer.dilation[1]}"
        return f"{kernel}; it takes 3x3 of stride 1 or 2, not dilated"
    return depthwise(layer)


KERNELS = (
    NeonKernel("btw_depthwise_conv2d_3x3_f32_neon", "rows", "f32", "neon", "conv2d", depthwise_3x3, pack_depthwise),
    NeonKernel("btw_depthwise_conv2d_f32_neon", "rows", "f32", "neon", "conv2d", depthwise, pack_depthwise),
    NeonKernel(
        "btw_conv2d_winograd_f32_neon",
        "row_pairs",
        "f32",
        "neon",
        "conv2d",
        winograd,
        pack_winograd,
        winograd_scratch,
        transformed=True,
        per_mac=0.17,
    ),
    NeonKernel("btw_conv2d_f32_neon", "rows", "f32", "neon", "conv2d", accepts, pack, per_mac=0.3),
)
