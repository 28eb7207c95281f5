"""int8 kernels of fully connected layers and 1x1 convolutions for NEON: SMULL, SDOT and SMMLA, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bittwin_cgen.fixed_point import ProvedRequantization
from bittwin_cgen.ir import Array, Constant, Field, Kernel, Struct
from bittwin_cgen.ops.weighted import Weighted

SHIFT = 3  # of the kernels that requantize by multipliers
SLACK = 16  # bytes: vectors are read whole
LANES: dict[str, Any] = dict(widened=True, per_mac=0.28)  # of kernels with weights of 16 bits
SMULL_PER_MAC = 0.4  # where those would be faster
NO_LANES = "weights of 16 bits do not pay"


@dataclass(frozen=True)
class NeonKernel(Kernel):
    """The int8 kernels of an instruction set share a header."""

    @property
    def header(self) -> str:
        return f"include/btw_s8_{self.isa}.h"


def requantization_fields(proved: ProvedRequantization) -> dict[str, Field]:
    """Zero point, and whether the factors are float32 scales: where a channel has no proof, or by another shift."""
    return dict(zero_point=proved.zero_point, by_scale=int(by_scale(proved)))


def by_scale(proved: ProvedRequantization) -> bool:
    return proved.unproved > 0 or proved.shift != SHIFT


def factors(proved: ProvedRequantization) -> Array:
    """int32[C]: multipliers, or the bits of the scales."""
    if by_scale(proved):
        return proved.scale.astype(np.float32).view(np.int32)
    return proved.multiplier.astype(np.int32)


def blocks(channels: int, size: int) -> Array:
    """int[blocks, size]: the channels of each block, -1 for none; the last block reaches back to be full."""
    if channels < size:
        return np.array([[*range(channels), *[-1] * (size - channels)]])
    starts = [*range(0, channels - size + 1, size), *([channels - size] if channels % size else [])]
    return np.array(starts)[:, None] + np.arange(size)


def in_blocks(values: Array, size: int) -> Array:
    """values [C, ...] as [blocks, size, ...], zeros for no channel."""
    chosen = blocks(len(values), size)
    empty = (chosen < 0).reshape(*chosen.shape, *[1] * (values.ndim - 1))
    return np.where(empty, np.zeros(1, values.dtype), values[chosen])


def padded(values: Array, multiple: int) -> Array:
    """Zeros behind the last axis up to a multiple."""
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, -values.shape[-1] % multiple)])


# ---------------------------------------------------------------- the order of weights


def paired(pieces: Array) -> bool:
    """True where w[k] x[k] + w[k + 8] x[k + 8] fits 16 bits in each 16 of every piece [..., length]."""
    halves = padded(pieces, 16).astype(np.int32).reshape(*pieces.shape[:-1], -1, 2, 8)
    return not bool((halves == -128).all(-2).any())


def smull_order(block: Array, pairs: bool) -> list[Array]:
    """block [size, length] in sixteens [size][16], then a rest of up to 8 as [size][8]; not in pairs: in eights."""
    size, length = block.shape
    whole = (length + 7) // 16 * 16 if pairs else 0
    values = np.pad(block, ((0, 0), (0, max(whole - length, -length % 8))))
    return [
        values[:, :whole].reshape(size, -1, 16).transpose(1, 0, 2),
        values[:, whole:].reshape(size, -1, 8).transpose(1, 0, 2),
    ]


def step_order(block: Array, step: int) -> Array:
    """block [8, length] as [length / step][8][step]; steps of 8 come in pairs unless 8 or fewer inputs are left."""
    length = block.shape[1]
    whole = (length + 7) // 16 * 16 if step == 8 else 0
    values = np.pad(block, ((0, 0), (0, max(whole - length, -length % step))))
    return values.reshape(8, -1, step).transpose(1, 0, 2)


@dataclass(frozen=True)
class Pieces:
    """A window as contiguous pieces of `length` bytes: `rows` times `parts`, those of a row `next` bytes apart."""

    rows: int
    parts: int
    next: int
    length: int

    def fields(self) -> dict[str, Field]:
        return dict(kernel_height=self.rows, parts=self.parts, next=self.next, length=self.length)


def lanes_cost(pieces: Pieces) -> float:
    """Instructions for a pixel and channel by lanes of 16 bits: SMLAL for 4 products, inputs widened for 8 channels."""
    count = pieces.rows * pieces.parts
    return count * (pieces.length / 4 + -(-pieces.length // 8) / 4) + 0.25


def smull_cost(pieces: Pieces) -> float:
    """By SMULL: 3 for 16 products, 2 for a rest of up to 8, and 2 for the sum across a vector."""
    whole, rest = divmod(pieces.length, 16)
    return pieces.rows * pieces.parts * (3 * whole + (3 if rest > 8 else 2 if rest else 0)) + 2


def one_channel(layer: Weighted) -> bool:
    """True where the only output channel is summed for 8 pixels at a time."""
    return layer.output_channels == 1


def by_lanes(layer: Weighted, pieces: Pieces) -> bool:
    """True where weights of 16 bits pay, and the flash has room for them."""
    outputs = layer.output_channels // layer.groups
    wide, narrow = (-(-outputs // size) * size for size in (8, 4))
    pays = wide * lanes_cost(pieces) < narrow * smull_cost(pieces)
    return pays and not one_channel(layer) and not layer.compact


def products(layer: Weighted, isa: str, pieces: Pieces, advance: int) -> Struct:
    """The struct of a layer whose windows lie `advance` bytes apart, and whose taps lie in the order of the pieces."""
    proved, outputs = layer.requantization, layer.output_channels // layer.groups
    assert proved is not None
    lanes = isa == "neon" and by_lanes(layer, pieces)
    size = 1 if one_channel(layer) else 4 if isa == "neon" and not lanes else 8
    taps = layer.weight.transpose(0, 2, 3, 1).reshape(layer.groups, outputs, -1, pieces.length)
    pairs = paired(taps)
    weights: list[Array] = []
    for group in taps:
        for block in in_blocks(group, size):  # [size, pieces, length]
            if lanes:
                weights.append(block.reshape(8, -1).T.astype(np.int16))
                continue
            for piece in block.transpose(1, 0, 2):
                if isa == "neon":
                    weights += smull_order(piece, pairs)
                elif one_channel(layer):
                    weights.append(padded(piece, 16))
                else:
                    weights.append(step_order(piece, 4 if isa == "dotprod" else 8))
    stream = Constant(np.concatenate([part.reshape(-1) for part in weights]))

    def ends(values: Array) -> Constant:
        return Constant(np.concatenate([in_blocks(v, size) for v in values.reshape(layer.groups, -1)]).reshape(-1))

    fields: dict[str, Field] = dict(groups=layer.groups, outputs=outputs, pixel=layer.output_channels, advance=advance)
    fields |= pieces.fields()
    fields |= dict(group=layer.input_channels // layer.groups, paired=int(pairs))
    fields |= requantization_fields(proved)
    fields |= dict(
        wide=stream if lanes else None,
        weights=None if lanes else stream,
        bias=ends(layer.bias.astype(np.int32)),
        factor=ends(factors(proved)),
    )
    return Struct("btw_products_s8_neon", fields)


def too_few(layer: Weighted, pieces: Pieces) -> str | None:
    """Why not, where the compiler makes vectors of as many pixels, or of one sum, from portable C."""
    if not one_channel(layer):
        return None
    count, length = pieces.rows * pieces.parts, pieces.length
    if length * count == 1:
        return "one product a pixel; portable C takes fewer instructions"
    if np.prod(layer.output.layout[:2]) == 1 and count == 1:
        few = length < 5 or (length > 16 if "dotprod" in layer.target.isas else length % 16 in (1, 2))
        return f"one sum of {length} products; portable C takes no more instructions" if few else None
    short = length == 1 or (length == 2 and count > 2) or (layer.pointwise and length < 5 and not layer.target.armv7)
    if not layer.target.armv7 and "dotprod" not in layer.target.isas and layer.output.layout[1] >= 16:
        short = short or (count > 1 and length < 4)
    return f"{count} times {length} products a pixel; portable C takes fewer instructions" if short else None


def accepts(layer: Weighted) -> str | None:
    if not layer.pointwise:
        return "not 1x1 with stride 1, no padding and one group"
    return too_few(layer, Pieces(1, 1, 0, layer.input_channels))


def several_channels(layer: Weighted) -> str | None:
    return "one output channel; it takes 8" if one_channel(layer) else None


def accepts_pairs_of_pixels(layer: Weighted) -> str | None:
    if np.prod(layer.output.layout[:2]) == 1:
        return "one pixel; it takes pairs"
    return several_channels(layer) or accepts(layer)


def accepts_lanes(layer: Weighted) -> str | None:
    if accepts(layer) is None and not by_lanes(layer, Pieces(1, 1, 0, layer.input_channels)):
        return NO_LANES
    return accepts(layer)


def row(isa: str, suits: Callable[[Weighted], str | None], **lanes: Any) -> NeonKernel:
    def pack(layer: Weighted) -> Struct:
        return products(layer, isa, Pieces(1, 1, 0, layer.input_channels), layer.input_channels)

    return NeonKernel(f"btw_linear_s8_{isa}", "pixels", "s8", isa, "linear", suits, pack, slack=SLACK, **lanes)


KERNELS = (
    row("i8mm", accepts_pairs_of_pixels),
    row("dotprod", accepts),
    row("neon", accepts_lanes, **LANES),
    row("neon", accepts, per_mac=SMULL_PER_MAC),
)
