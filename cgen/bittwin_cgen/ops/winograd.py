"""Winograd's F(2x2, 3x3): four outputs of a 3x3 window from 16 products instead of 36, in integers exactly.

S. Winograd, "Arithmetic Complexity of Computations", 1980; A. Lavin and S. Gray, "Fast Algorithms for Convolutional
Neural Networks", 2016. A tile of 2x2 outputs is Y = A^T M A, M = U * V element by element summed over input channels,
U = (2 G) g (2 G)^T of the weights g, V = B^T d B of the 4x4 inputs d. With 2 G instead of G all of it is integers, and
Y is 4 times the convolution. Sums may be taken modulo 2**32 on the way: only Y has to fit.
"""

from __future__ import annotations

import numpy as np

from bittwin_cgen.fixed_point import accumulator_range
from bittwin_cgen.ir import Array
from bittwin_cgen.ops.weighted import Weighted

OF_INPUT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])  # B^T
OF_WEIGHT = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])  # 2 G
OF_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])  # A^T
GROWTH = 4  # of Y, from 2 G on both sides
EVERY = (1, 1)  # the position of M that each of the four outputs adds once: what starts there, all of them have


def transformed(weight: Array) -> Array:
    """U [OC, IC, 4, 4] of weights [OC, IC, 3, 3]: int64 of integers, so that Y is GROWTH times the convolution.

    Of float32 weights float64, divided by GROWTH: Y is the convolution then.
    """
    if np.issubdtype(weight.dtype, np.floating):
        return np.asarray(OF_WEIGHT @ weight.astype(np.float64) @ OF_WEIGHT.T / GROWTH)
    return np.asarray(OF_WEIGHT @ weight.astype(np.int64) @ OF_WEIGHT.T)


def refused(layer: Weighted, factor: int = 1) -> str | None:
    """Why the layer cannot be computed by these transforms, or None. `factor`: what a kernel multiplies weights by.

    Kernels step back where the last tile, or pair of tiles, would reach over the end of a row.
    """
    if layer.weight.shape[2:] != (3, 3) or layer.stride != (1, 1) or layer.dilation != (1, 1) or layer.groups > 1:
        return "not 3x3 with stride 1, no dilation and one group"
    if not layer.whole:
        return "makes two rows at a time, which needs whole tensors: --schedule speed"
    height, width, _ = layer.output.layout
    if height < 2 or width < 4:
        return f"an output of {height}x{width}; it takes 2x4 at least"
    if layer.requantization is None:
        return None
    return out_of_range(layer.weight, layer.bias, factor)


def out_of_range(weight: Array, bias: Array, factor: int = 1) -> str | None:
    """Why int16 does not hold U, or int32 Y, for weights [OC, IC, 3, 3], the input zero point in the bias.

    V of int8 codes is 4 * 128 at most.
    """
    largest = factor * int(np.abs(transformed(weight)).max())
    if largest > 32767:
        return f"transformed weights reach {largest}, more than int16 holds"
    bound = accumulator_range(weight.reshape(len(weight), -1), bias).magnitude.max()
    if GROWTH * factor * int(bound) >= 1 << 31:
        return f"sums reach {int(bound)}, too much to be multiplied by {GROWTH * factor}"
    return None


def with_last_quad(weight: Array) -> Array:
    """Weights [OC, IC, ...] for kernels that take 4 input channels at a time, at least 4.

    The last quad is that of the last 4 channels, with zeros for those that another quad has already.
    """
    whole, rest = divmod(weight.shape[1], 4)
    if not rest:
        return weight
    last = np.zeros((len(weight), 4, *weight.shape[2:]), weight.dtype)
    last[:, 4 - rest :] = weight[:, 4 * whole :]
    return np.concatenate([weight[:, : 4 * whole], last], axis=1)


def overflowing(weight: Array, bias: Array) -> str | None:
    """Why int32 does not hold every sum on the way to Y: of a kernel that takes none of them modulo 2**32."""
    products = 512 * np.abs(transformed(weight)).sum(1)  # [OC, 4, 4], at most
    largest = (np.abs(OF_OUTPUT) @ products @ np.abs(OF_OUTPUT).T).max((1, 2)) + GROWTH * np.abs(bias.astype(np.int64))
    bound = int(largest.max())
    return f"sums of transformed products could reach {bound}, more than int32 holds" if bound >= 1 << 31 else None
