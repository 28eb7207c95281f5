"""float32 NEON kernels of fully connected layers and 1x1 convolutions, and the order of weights they read."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.weighted import Weighted

BLOCK = 16  # output channels whose sums stay in registers


class NeonKernel(Kernel):
    """float32 kernels for NEON share a header."""

    @property
    def header(self) -> str:
        return "include/btw_f32_neon.h"


def block_stream(taps: Array, bias: Array, groups: int) -> Array:
    """float32: of each group, for each block of up to 16 channels, filled up to fours, bias[C], then [taps][C].

    taps is [OC, K] in the order in which values are read.
    """
    size = len(taps) // groups
    pieces = []
    for first in range(0, len(taps), size):
        for start in range(first, first + size, BLOCK):
            end = min(start + BLOCK, first + size)
            block = np.concatenate([bias[start:end, None], taps[start:end]], axis=1).astype(np.float32)
            pieces.append(np.pad(block, ((0, -(end - start) % 4), (0, 0))).T.reshape(-1))
    return np.concatenate(pieces)


def sums_struct(layer: Weighted, parts: int, step: int, run: int) -> Struct:
    """The C `btw_sums_f32_neon_layer`: `parts` runs of `run` values in each row, `step` apart."""
    taps = layer.weight.transpose(0, 2, 3, 1).reshape(layer.output_channels, -1)
    fields: dict[str, Field] = dict(
        kernel_height=layer.kernel_height,
        parts=parts,
        next=step,
        run=run,
        groups=layer.groups,
        group_outputs=layer.output_channels // layer.groups,
        output_width=layer.output.layout[1],
        advance=layer.stride[1] * layer.input_channels,
        weights=Constant(block_stream(taps, layer.bias, layer.groups)),
        low=layer.low,
        high=layer.high,
    )
    return Struct("btw_sums_f32_neon_layer", fields)


def pack(layer: Weighted) -> Struct:
    return sums_struct(layer, 1, 0, layer.input_channels)


def single(outputs: int, run: int) -> str | None:
    """Why one output channel that reads fewer than four neighbouring values leaves most lanes of its vectors empty."""
    slow = outputs == 1 and run < 4
    return f"one output channel of a group reads {run} values in a row; vectors would be slower" if slow else None


def accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return single(layer.output_channels, layer.input_channels)


KERNELS = (NeonKernel("btw_linear_f32_neon", "pixels", "f32", "neon", "linear", accepts, pack),)
