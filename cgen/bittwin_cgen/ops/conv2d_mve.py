"""Helium kernels of convolutions: which suits a layer, and the constants in the order in which it reads them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Struct
from bittwin_cgen.ops.linear_mve import (
    MOST_STEPS,
    SLACK,
    MveKernel,
    block_cost,
    channel_stream,
    factors,
    narrow_channels,
    narrow_cost,
    padded,
    portable_is_less,
    requantization_fields,
    split_stream,
    step_order,
)
from bittwin_cgen.ops.linear_mve import accepts as pointwise
from bittwin_cgen.ops.linear_mve import pack as pack_pointwise
from bittwin_cgen.ops.weighted import Weighted

PIXELS = 16  # windows in scratch memory, as in btw_mve.h
STEP = 14  # instructions for 16 bytes, 4 channels and 2 pixels


def one_group(layer: Weighted) -> str | None:
    return f"{layer.groups} groups; it takes one" if layer.groups > 1 else None


def few_products(layer: Weighted) -> str | None:
    """Why not, where portable C takes fewer instructions for a row than either kernel below."""
    if layer.groups > 1 or layer.pointwise:
        return one_group(layer) or pointwise(layer)
    vectors, pixels = max(150, min(row_costs(layer))), layer.output.layout[1]
    scalar = 12 + pixels * layer.output_channels * (9 + 3 * layer.weight[0].size)
    return portable_is_less(layer, vectors, scalar) if pixels <= PIXELS else None


def parts(layer: Weighted) -> list[tuple[int, int]]:
    """Contiguous pieces of a kernel row, (first byte, bytes): the row, or single pixels where it is dilated."""
    channels = layer.input_channels
    if layer.dilation[1] == 1:
        return [(0, layer.kernel_width * channels)]
    return [(kx * layer.dilation[1] * channels, channels) for kx in range(layer.kernel_width)]


# ---------------------------------------------------------------- straight from the rows


def runs(layer: Weighted) -> list[tuple[int, int, int, int]]:
    """(row, first byte, steps, bytes) of each run of up to eight steps."""
    return [
        (ky, first + at, -(-min(length - at, 16 * MOST_STEPS) // 16), min(length - at, 16 * MOST_STEPS))
        for ky in range(layer.kernel_height)
        for first, length in parts(layer)
        for at in range(0, length, 16 * MOST_STEPS)
    ]


def pack_rows(layer: Weighted) -> Struct:
    assert layer.requantization is not None
    taps = layer.weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, -1)
    table, pieces, order, at = runs(layer), [], list[int](), 0
    for _, _, steps, length in table:
        piece = np.zeros((len(taps), steps * 16), np.int8)
        piece[:, :length] = taps[:, at : at + length]
        pieces.append(piece)
        first = len(order)
        order += [first + step for step in (reversed(range(steps)) if first else step_order(steps))]
        at += length
    narrow = narrow_channels(layer.output_channels, len(order), layer.output.layout[1], len(table))
    joined = np.concatenate(pieces, axis=1)
    fields: dict[str, Field] = dict(
        outputs=layer.output_channels,
        narrow=narrow,
        output_width=layer.output.layout[1],
        advance=layer.stride[1] * layer.input_channels,
    )
    fields |= requantization_fields(layer.requantization)
    fields |= dict(
        steps=len(order),
        runs=len(table),
        run=Constant(np.array([run[:3] for run in table], np.int32)),
        stream=Constant(split_stream(joined, layer.bias, factors(layer.requantization), order, narrow)),
    )
    return Struct("btw_conv2d_s8_mve_layer", fields)


def runs_scratch(layer: Weighted) -> int:
    return 16 * (len(runs(layer)) + 1)


# ---------------------------------------------------------------- through scratch memory


def row_costs(layer: Weighted) -> tuple[int, int]:
    """Instructions for a row, about: straight from the rows, and through scratch memory."""
    outputs, pixels, table = layer.output_channels, layer.output.layout[1], runs(layer)
    size = layer.kernel_height * layer.kernel_width * layer.input_channels
    copies = sum(-(-length // 16) for _, length in parts(layer)) * layer.kernel_height
    straight, dense = sum(run[2] for run in table), -(-size // 16)

    def cost(steps: int, runs: int, more: int) -> int:
        """Instructions for a row; `more` for a block of eight channels and a pixel."""
        if narrow_channels(outputs, steps, pixels, runs):
            return narrow_cost(outputs, steps, pixels, runs) + outputs // 8 * pixels * more
        return block_cost(outputs, steps, pixels) + -(-outputs // 8) * pixels * more

    long = 6 if dense > MOST_STEPS else 0
    return cost(straight, len(table), 2 * len(table)), cost(dense, 1, long) + 6 * copies * pixels


def few_channels(layer: Weighted) -> str | None:
    """Suits where kernel rows fill vectors so badly that copying them together takes fewer instructions."""
    if layer.groups > 1:
        return one_group(layer)
    straight, copied = row_costs(layer)
    if straight <= copied:
        return "its kernel rows fill vectors well enough to be read where they lie"
    return None


def pack_few_channels(layer: Weighted) -> Struct:
    assert layer.requantization is not None
    taps = layer.weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, -1)
    pieces, steps = parts(layer), -(-taps.shape[1] // 16)
    narrow = narrow_channels(layer.output_channels, steps, min(PIXELS, layer.output.layout[1]))
    fields: dict[str, Field] = dict(
        kernel_height=layer.kernel_height,
        parts=len(pieces),
        length=pieces[0][1],
        next=layer.dilation[1] * layer.input_channels,
        outputs=layer.output_channels,
        narrow=narrow,
        output_width=layer.output.layout[1],
        advance=layer.stride[1] * layer.input_channels,
    )
    fields |= requantization_fields(layer.requantization)
    order = step_order(steps)
    fields |= dict(stream=Constant(split_stream(taps, layer.bias, factors(layer.requantization), order, narrow)))
    return Struct("btw_conv2d_few_channels_s8_mve_layer", fields)


def windows_scratch(layer: Weighted) -> int:
    return min(PIXELS, layer.output.layout[1]) * int(np.prod(layer.weight.shape[1:])) + SLACK


# ---------------------------------------------------------------- depthwise 3x3

LANES = np.array([[0, 4, 8, 12], [2, 6, 10, 14], [1, 5, 9, 13], [3, 7, 11, 15]])  # in the order of the stream's ends


def fits_16_bits(taps: Array) -> bool:
    """True when sums of x * w over the taps [..., K] stay in int16 for every int8 x."""
    w = taps.astype(np.int32)
    most = np.maximum(w * -128, w * 127).sum(-1).max(initial=0)
    least = np.minimum(w * -128, w * 127).sum(-1).min(initial=0)
    return bool(most <= 32767 and least >= -32768)


def tap_groups(taps: Array) -> list[list[int]] | None:
    """The nine taps of [C, 9] in the fewest groups whose sums fit 16 bits for all channels: 333, 3222 or 22221."""
    ok = {
        group: fits_16_bits(taps[:, list(group)]) for size in (2, 3) for group in itertools.combinations(range(9), size)
    }

    def split(rest: tuple[int, ...], sizes: tuple[int, ...]) -> list[list[int]] | None:
        if sizes == (1,):
            return [list(rest)]
        if not sizes:
            return []
        for group in itertools.combinations(rest, sizes[0]):
            if not ok[group]:
                continue
            found = split(tuple(tap for tap in rest if tap not in group), sizes[1:])
            if found is not None:
                return [list(group), *found]
        return None

    for sizes in ((3, 3, 3), (3, 2, 2, 2), (2, 2, 2, 2, 1)):
        found = split(tuple(range(9)), sizes)
        if found is not None:
            return found
    return None


def depthwise_stream(layer: Weighted, taps: Array, together: int = 1) -> Array:
    """int32: for each 16 lanes its int8 weights [K][16], then bias[4] and factor[4] by LANES; taps int8[C, K]."""
    assert layer.requantization is not None
    lanes = padded(np.tile(taps, (together, 1)), 16, 0)
    weights = np.ascontiguousarray(lanes.reshape(-1, 16, taps.shape[1]).transpose(0, 2, 1)).reshape(
        len(lanes) // 16, -1
    )
    ends = [padded(np.tile(v.astype(np.int32), together), 16, 0) for v in (layer.bias, factors(layer.requantization))]
    by_lane = np.stack(ends, axis=-1).reshape(-1, 16, 2)[:, LANES].transpose(0, 1, 3, 2)  # [sixteens, 4, 2, 4]
    words = weights.view("<i4").astype(np.int32)
    return np.concatenate([words, by_lane.reshape(len(words), -1)], axis=1).reshape(-1)


def not_depthwise(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    channels, pixels, taps = layer.output_channels, layer.output.layout[1], layer.weight[0].size
    vectors = 110 + depthwise_cost(layer, pixels_together(layer), taps + taps % 2)
    scalar = channels * (pixels * (9 + 4 * taps) + 13)
    return portable_is_less(layer, vectors, scalar)


def depthwise_3x3(layer: Weighted) -> str | None:
    if reason := not_depthwise(layer):
        return reason
    if layer.weight.shape[2:] != (3, 3):
        return f"a kernel of {layer.kernel_height}x{layer.kernel_width}; it takes 3x3"
    if tap_groups(layer.weight.reshape(-1, 9)) is None:
        return "weights of -128 meet in every pair of taps: 16-bit sums could overflow"
    return None


def pixels_together(layer: Weighted) -> int:
    """Neighbouring pixels that share vectors: as many as take the fewest instructions a row, about; each costs a copy
    of the weights, so at most 8."""
    if layer.stride[1] != 1:
        return 1
    taps, most = layer.weight[0].size, min(8, layer.output.layout[1])
    return min(range(1, most + 1), key=lambda pixels: (depthwise_cost(layer, pixels, taps), pixels))


def depthwise_cost(layer: Weighted, together: int, taps: int) -> int:
    """Instructions for a row, about."""
    channels, vector = layer.input_channels, 40 + 10 * taps
    whole, rest = divmod(layer.output.layout[1], together)
    return -(-together * channels // 16) * (50 + whole * vector) + -(-rest * channels // 16) * (50 + vector)


def pack_depthwise_3x3(layer: Weighted) -> Struct:
    proved, channels = layer.requantization, layer.input_channels
    assert proved is not None
    groups = tap_groups(layer.weight.reshape(-1, 9))
    assert groups is not None
    order = [tap for group in groups for tap in group]
    together = pixels_together(layer)
    stream = depthwise_stream(layer, layer.weight.reshape(-1, 9)[:, order], together)
    step = layer.dilation[1] * channels
    fields: dict[str, Field] = dict(
        channels=channels,
        output_width=layer.output.layout[1],
        together=together,
        advance=layer.stride[1] * channels,
    )
    fields |= requantization_fields(proved)
    fields |= dict(
        sums=len(groups),
        taps=Constant(np.array([(tap // 3, tap % 3 * step) for tap in order], np.int32)),
        stream=Constant(stream),
    )
    return Struct("btw_depthwise_conv2d_3x3_s8_mve_layer", fields)


# ---------------------------------------------------------------- depthwise of any size


def paired_taps(layer: Weighted) -> Array:
    """int8[C, even]: the taps in row order, and zeros behind an odd number."""
    return padded(layer.weight.reshape(layer.output_channels, -1), 2, 1)


def depthwise(layer: Weighted) -> str | None:
    if reason := not_depthwise(layer):
        return reason
    if not fits_16_bits(paired_taps(layer).reshape(layer.output_channels, -1, 2)):
        return "weights of -128 meet in a pair of taps: 16-bit sums could overflow"
    return None


def pack_depthwise(layer: Weighted) -> Struct:
    assert layer.requantization is not None
    taps = paired_taps(layer)
    step = layer.dilation[1] * layer.input_channels
    places = [(ky, kx * step) for ky in range(layer.kernel_height) for kx in range(layer.kernel_width)]
    places += [(0, 0)] * (len(places) % 2)
    fields: dict[str, Field] = dict(
        channels=layer.input_channels,
        output_width=layer.output.layout[1],
        together=pixels_together(layer),
        advance=layer.stride[1] * layer.input_channels,
    )
    fields |= requantization_fields(layer.requantization)
    fields |= dict(
        pairs=len(places) // 2,
        taps=Constant(np.array(places, np.int32)),
        stream=Constant(depthwise_stream(layer, taps, pixels_together(layer))),
    )
    return Struct("btw_depthwise_conv2d_s8_mve_layer", fields)


def taps_scratch(layer: Weighted) -> int:
    return 4 * paired_taps(layer).shape[1]


# ---------------------------------------------------------------- groups


def merged(layer: Weighted, count: int) -> Weighted:
    """The same layer with `count` groups each in one, whose weights are zeros between those."""
    group_outputs, group_inputs = layer.output_channels // layer.groups, layer.weight.shape[1]
    weight = np.zeros((layer.output_channels, group_inputs * count, *layer.weight.shape[2:]), layer.weight.dtype)
    for channel in range(layer.output_channels):
        first = channel // group_outputs % count * group_inputs
        weight[channel, first : first + group_inputs] = layer.weight[channel]
    return replace(layer, weight=weight, groups=layer.groups // count)


def groups_cost(layer: Weighted, count: int) -> float:
    """Instructions for a pixel, about, with `count` groups in one."""
    inputs, outputs = layer.weight.shape[1] * count, layer.output_channels // layer.groups * count
    taps = layer.kernel_height * layer.kernel_width
    blocks = 2 * -(-outputs // 8) * (-(-inputs * taps // 16) * STEP / 2 + 12)
    if count == layer.groups:
        return blocks
    return layer.groups // count * (blocks + 6 * taps * -(-inputs // 16) + 6 * -(-outputs // 16) + 2 * taps + 10)


def groups_together(layer: Weighted) -> int:
    """How many groups are computed as one: the cheapest, of at most 16, which is what constants may grow by."""
    counts = [count for count in range(1, min(layer.groups, 16) + 1) if layer.groups % count == 0]
    return min(counts, key=lambda count: (groups_cost(layer, count), count))


def one_block(layer: Weighted) -> str | None:
    """Suits where all groups together are computed as if there were none."""
    if layer.groups == 1:
        return "one group"
    if layer.depthwise and layer.output_channels == layer.input_channels:
        return "depthwise has kernels of its own"
    count = groups_together(layer)
    return None if count == layer.groups else f"{layer.groups // count} blocks of groups; it takes one"


def blocks(layer: Weighted) -> str | None:
    if layer.groups == 1 or (layer.depthwise and layer.output_channels == layer.input_channels):
        return one_block(layer)
    scalar = layer.output_channels * (16 + 8 * layer.weight[0].size)
    return None if groups_cost(layer, groups_together(layer)) < scalar else "its groups do not fill vectors"


def dense(layer: Weighted) -> Weighted:
    return merged(layer, layer.groups)


def pack_groups(layer: Weighted) -> Struct:
    block = merged(layer, groups_together(layer))
    assert block.requantization is not None
    outputs = block.output_channels // block.groups

    def eights(values: Array) -> Array:
        """Channels of each group filled up to eights."""
        by_group = values.reshape(block.groups, outputs, *values.shape[1:])
        pads = [(0, 0), (0, -outputs % 8), *[(0, 0)] * (values.ndim - 1)]
        return np.pad(by_group, pads).reshape(-1, *values.shape[1:])

    taps = block.weight.transpose(0, 2, 3, 1).reshape(block.output_channels, -1)
    given = block.requantization
    order = step_order(-(-taps.shape[1] // 16))
    stream = channel_stream(eights(taps), eights(block.bias), eights(factors(given)), order)
    fields: dict[str, Field] = dict(
        groups=block.groups,
        kernel_height=block.kernel_height,
        kernel_width=block.kernel_width,
        group_inputs=block.weight.shape[1],
        group_outputs=outputs,
        next=block.dilation[1] * block.input_channels,
        output_width=block.output.layout[1],
        advance=block.stride[1] * block.input_channels,
    )
    fields |= requantization_fields(given)
    fields |= dict(words=len(stream) // block.groups, stream=Constant(stream))
    return Struct("btw_conv2d_groups_s8_mve_layer", fields)


def groups_scratch(layer: Weighted) -> int:
    block = merged(layer, groups_together(layer))
    pixels = min(PIXELS, layer.output.layout[1])
    return pixels * (block.weight[0].size + block.output_channels // block.groups) + SLACK


# ---------------------------------------------------------------- few outputs, float32


def few_outputs(layer: Weighted) -> str | None:
    """Suits where the blocks of 4 channels of the other kernel would be filled too badly."""
    if layer.groups > 1:
        return one_group(layer)
    if layer.output_channels > 3 or (layer.dilation[1] > 1 and layer.kernel_width > 1):
        return f"{layer.output_channels} channels, dilation {layer.dilation[1]}; it takes up to 3 without"
    height, length = layer.kernel_height, layer.kernel_width * layer.input_channels
    taps = height * length
    pixels = layer.output.layout[1]
    row = layer.output_channels * (60 + pixels * (16 + height * (6 + 4 * -(-length // 4))))
    others = pixels * min(layer.output_channels * (4 + 4 * taps), 34 + 4 * height + 5 * taps)
    return None if row < others else f"about {row} instructions a row; other kernels take about {others}"


def pack_few_outputs(layer: Weighted) -> Struct:
    length = layer.kernel_width * layer.input_channels
    taps = layer.weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, layer.kernel_height, length)
    fields: dict[str, Field] = dict(
        outputs=layer.output_channels,
        kernel_height=layer.kernel_height,
        length=length,
        output_width=layer.output.layout[1],
        advance=layer.stride[1] * layer.input_channels,
        low=layer.low,
        high=layer.high,
        weights=Constant(padded(taps, 4, 2).astype(np.float32)),
        bias=Constant(layer.bias),
    )
    return Struct("btw_conv2d_few_outputs_f32_mve_layer", fields)


KERNELS = (
    MveKernel("btw_conv2d_few_outputs_f32_mve", "rows", "f32", "mve", "conv2d", few_outputs, pack_few_outputs),
    MveKernel(
        "btw_depthwise_conv2d_3x3_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        depthwise_3x3,
        pack_depthwise_3x3,
        slack=SLACK,
    ),
    MveKernel(
        "btw_depthwise_conv2d_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        depthwise,
        pack_depthwise,
        taps_scratch,
        SLACK,
    ),
    MveKernel(
        "btw_conv2d_few_channels_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        lambda layer: few_products(layer) or few_channels(layer),
        pack_few_channels,
        windows_scratch,
    ),
    MveKernel("btw_conv2d_s8_mve", "rows", "s8", "mve", "conv2d", few_products, pack_rows, runs_scratch, SLACK),
    # The same kernels where layers in groups are computed as if they had none.
    MveKernel(
        "btw_linear_s8_mve",
        "pixels",
        "s8",
        "mve",
        "linear",
        lambda layer: one_block(layer) or pointwise(dense(layer)),
        lambda layer: pack_pointwise(dense(layer)),
        slack=SLACK,
        widened=True,
    ),
    MveKernel(
        "btw_conv2d_few_channels_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        lambda layer: one_block(layer) or few_channels(dense(layer)),
        lambda layer: pack_few_channels(dense(layer)),
        lambda layer: windows_scratch(dense(layer)),
        widened=True,
    ),
    MveKernel(
        "btw_conv2d_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        one_block,
        lambda layer: pack_rows(dense(layer)),
        lambda layer: runs_scratch(dense(layer)),
        SLACK,
        widened=True,
    ),
    MveKernel(
        "btw_conv2d_groups_s8_mve",
        "rows",
        "s8",
        "mve",
        "conv2d",
        blocks,
        pack_groups,
        groups_scratch,
        widened=True,
    ),
)
