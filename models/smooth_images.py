"""Synthetic pictures: smooth random fields plus noise as 8-bit pixels, the same bits on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def smooth_images(n: int, shape: Sequence[int], seed: int) -> NDArray[np.float32]:
    """[n, channels, height, width] pixels / 64 in [-2, 2): a coarse and a fine random field, then white noise."""
    channels, height, width = shape
    random = np.random.default_rng(seed)
    field = np.zeros((n, channels, height, width))
    for cells, weight in ((2, 0.8), (6, 0.5)):
        field += weight * _upsample(random.standard_normal((n, channels, cells + 1, cells + 1)), height, width)
    field += 0.15 * random.standard_normal(field.shape)
    pixels: NDArray[np.float64] = np.clip(np.rint(64 * 1.3 * field), -128, 127)
    return (pixels / 64).astype(np.float32)


def _upsample(grid: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Bilinear, corners on corners: [n, c, gh, gw] -> [n, c, height, width], without BLAS, which varies by host."""
    for axis, size in ((2, height), (3, width)):
        position = np.linspace(0, grid.shape[axis] - 1, size)
        low = np.minimum(position.astype(np.int64), grid.shape[axis] - 2)
        fraction = (position - low).reshape((-1, 1) if axis == 2 else (-1,))
        grid = np.take(grid, low, axis) * (1 - fraction) + np.take(grid, low + 1, axis) * fraction
    return grid
