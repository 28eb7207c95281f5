"""float32 convolutions for Cortex-M with an FPU: weights in the order of use, in one stream with the bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Array, Constant, Struct
from bittwin_cgen.ops.conv2d_mve import merged, one_block
from bittwin_cgen.ops.linear_dsp import blocks
from bittwin_cgen.ops.linear_f32 import F32Kernel, row_cost, taps_scratch, taps_struct, too_small
from bittwin_cgen.ops.weighted import Weighted
from bittwin_cgen.ops.winograd import refused, transformed, with_last_quad


def _apart(layer: Weighted) -> bool:
    """The taps of a kernel row are not neighbours: dilation, or other groups, lie between them."""
    return layer.kernel_width > 1 and (layer.dilation[1] > 1 or layer.groups > 1)


def _taps(layer: Weighted) -> Array:
    """[groups, channels of a group, runs of neighbouring floats, taps of a run]"""
    runs = layer.kernel_height * (layer.kernel_width if _apart(layer) else 1)
    channels = layer.output_channels // layer.groups
    return layer.weight.transpose(0, 2, 3, 1).reshape(layer.groups, channels, runs, -1)


def _pack(layer: Weighted) -> Struct:
    return Struct(
        "btw_f32_conv2d",
        dict(
            taps=taps_struct(layer, _taps(layer)),
            kernel_height=layer.kernel_height,
            taps_wide=layer.kernel_width if _apart(layer) else 0,
            tap_step=4 * layer.dilation[1] * layer.input_channels,
            groups=layer.groups,
            group_step=4 * int(layer.weight.shape[1]),
            pixel_step=4 * layer.stride[1] * layer.input_channels,
            output_width=layer.output.layout[1],
        ),
    )


def _scratch(layer: Weighted) -> int:
    _, channels, runs, length = _taps(layer).shape
    pointers = 8 * ((runs + 3) // 4 * 4) if _apart(layer) else 0  # 8 bytes each on hosts
    return pointers + taps_scratch(runs, length, channels, layer.output.layout[1])


def _accepts(layer: Weighted) -> str | None:
    return too_small(layer, *_taps(layer).shape[2:])


def _together(layer: Weighted) -> Weighted:
    """Groups computed as one with zeros between them: the fewest for which that takes less than the scalar kernel."""
    counts = [count for count in range(2, min(layer.groups, 8) + 1) if layer.groups % count == 0]
    layers = [merged(layer, count) for count in counts]
    return next((each for each in layers if _accepts(each) is None), layer)


def _groups(layer: Weighted) -> str | None:
    if layer.groups == 1 or (layer.depthwise and layer.output_channels == layer.input_channels):
        return one_block(layer)
    return _accepts(_together(layer))


# ---------------------------------------------------------------- Winograd's transforms


def _winograd(layer: Weighted) -> str | None:
    if reason := refused(layer):
        return reason
    if min(layer.input_channels, layer.output_channels) < 4 or layer.output.layout[1] < 8:
        return "fewer than 4 channels, or 8 columns"
    height, width, channels = layer.output.layout
    quads, blocks_of_4 = -(-layer.input_channels // 4), -(-channels // 4)
    # four of them, with a multiplication and an addition for each product: fewer instructions than that elsewhere
    tiles = 200 + 700 * quads + blocks_of_4 * (20 + 16 * (10 + 134 * quads + quads // 2) + 4 * 140)
    made = -(-height // 2) * (100 + -(-width // 8) * tiles)
    direct = height * row_cost(layer, 3, 3 * layer.input_channels)
    if made < 1.05 * direct:  # then it takes half the cycles
        return None
    return f"about {made:.0f} instructions; the direct kernel takes about {direct:.0f}"


def _pack_winograd(layer: Weighted) -> Struct:
    """The stream of btw_conv2d_winograd_f32_fpu."""
    weight = with_last_quad(transformed(layer.weight)).reshape(layer.output_channels, -1, 16)
    ordered = blocks(weight.transpose(0, 2, 1)).transpose(0, 2, 3, 1)  # [blocks, positions, channels, 4]
    stream = np.concatenate([ordered.reshape(len(ordered), -1), blocks(layer.bias)], axis=1)
    direct = _pack(layer)
    taps = direct.fields["taps"]
    assert isinstance(taps, Struct)
    taps = replace(taps, fields=dict(taps.fields) | dict(stream=Constant(stream.astype(np.float32))))
    return replace(direct, fields=dict(direct.fields) | dict(taps=taps))


def _winograd_scratch(layer: Weighted) -> int:
    return 1088 + 1024 * -(-layer.input_channels // 4)


# ---------------------------------------------------------------- depthwise


def _depthwise(layer: Weighted) -> str | None:
    if not layer.depthwise or layer.output_channels != layer.input_channels:
        return "not depthwise with one output channel for each input channel"
    if layer.output_channels < 4:
        return f"{layer.output_channels} channels; 4 are computed at a time"
    pixels, taps, groups = layer.output.layout[1], layer.weight[0].size, -(-layer.output_channels // 4)
    blocked = 150 + 7 * taps + pixels // 4 * groups * (50 + 31 * taps) + pixels % 4 * groups * (22 + 10 * taps)
    scalar = pixels * layer.output_channels * (12 + 4.5 * taps)
    if blocked < scalar:
        return None
    return f"about {blocked:.0f} instructions a row; the scalar kernel takes about {scalar:.0f}"


def _depthwise_3x3(layer: Weighted) -> str | None:
    if layer.weight.shape[2:] != (3, 3):
        return f"the kernel is {layer.kernel_height}x{layer.kernel_width}"
    if layer.dilation[1] > 1 or layer.stride[1] > 2:
        return f"stride {layer.stride[1]}, dilation {layer.dilation[1]}; it takes a stride up to 2 and no dilation"
    return _depthwise(layer)


def _pack_depthwise(layer: Weighted) -> Struct:
    taps = blocks(layer.weight.reshape(layer.output_channels, -1)).transpose(0, 2, 1)  # [blocks, taps, 4]
    stream = np.concatenate([blocks(layer.bias)[:, None], taps], axis=1)
    return Struct(
        "btw_f32_depthwise",
        dict(
            channels=layer.output_channels,
            kernel_height=layer.kernel_height,
            kernel_width=layer.kernel_width,
            column=4 * layer.dilation[1] * layer.output_channels,
            stride_width=layer.stride[1],
            output_width=layer.output.layout[1],
            low=layer.low,
            high=layer.high,
            stream=Constant(stream.reshape(-1).astype(np.float32)),
        ),
    )


def _depthwise_scratch(layer: Weighted) -> int:
    return 8 * layer.kernel_height * layer.kernel_width  # pointers have 8 bytes on hosts


def _row(
    symbol: str,
    isa: str,
    accepts: Callable[[Weighted], str | None],
    pack: Callable[[Weighted], Struct],
    scratch: Callable[[Weighted], int] | None,
) -> F32Kernel:
    per_mac = {"fpu": 1.1, "mve": 0.35}[isa]  # of convolutions; depthwise ones have no other form to be compared with
    return F32Kernel(symbol, "rows", "f32", isa, "conv2d", accepts, pack, scratch, per_mac=per_mac)


KERNELS = (
    F32Kernel(
        "btw_conv2d_winograd_f32_fpu",
        "row_pairs",
        "f32",
        "fpu",
        "conv2d",
        _winograd,
        _pack_winograd,
        _winograd_scratch,
        transformed=True,
        per_mac=0.6,
    ),
    *(
        row
        for isa in ("mve", "fpu")
        for row in (
            _row(f"btw_depthwise_conv2d_3x3_f32_{isa}", isa, _depthwise_3x3, _pack_depthwise, None),
            _row(f"btw_depthwise_conv2d_f32_{isa}", isa, _depthwise, _pack_depthwise, _depthwise_scratch),
            _row(f"btw_conv2d_f32_{isa}", isa, _accepts, _pack, _scratch),
            _row(
                f"btw_conv2d_f32_{isa}",
                isa,
                _groups,
                lambda layer: _pack(_together(layer)),
                lambda layer: _scratch(_together(layer)),
            ),
        )
    ),
)
