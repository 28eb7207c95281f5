"""The textbook cases of nn.Conv2d, small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

Build = Callable[[], nn.Module]


def _input_shape(*shape: int) -> Callable[[Build], Build]:
    """Gives the function the attribute `input_shape`, which export reads."""

    def mark(build: Build) -> Build:
        build.input_shape = shape  # type: ignore[attr-defined]
        return build

    return mark


@_input_shape(1, 1, 1, 1)
def basic() -> nn.Module:
    """One pixel to two channels: 2 x + 0.5 and -3 x + 1."""
    return _convolution(nn.Conv2d(1, 2, 1), [[[[2.0]]], [[[-3.0]]]], [0.5, 1.0])


@_input_shape(1, 1, 3, 3)
def strided() -> nn.Module:
    """3x3 -> 1x1: the right column and the bottom row are never read."""
    return _convolution(nn.Conv2d(1, 1, 2, stride=2), [[[[1.0, 2.0], [3.0, 4.0]]]], [0.5])


@_input_shape(1, 1, 3, 3)
def padded() -> nn.Module:
    """3x3 -> 4x4: the border sees zeros."""
    return _convolution(nn.Conv2d(1, 1, 2, padding=1), [[[[1.0, 2.0], [3.0, 4.0]]]], [0.5])


@_input_shape(1, 3, 5, 5)
def depthwise_separable() -> nn.Module:
    """3x5x5 -> 3x3x3 (blur, horizontal edge, vertical edge) -> 1x1x1 (sharpen the blur, sum the edges)."""
    blur = [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    horizontal = [[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]]
    vertical = [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    sharpen = [[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]
    ones = [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    return nn.Sequential(
        _convolution(nn.Conv2d(3, 3, 3, groups=3), [[blur], [horizontal], [vertical]], [0.0, 0.5, -0.5]),
        _convolution(nn.Conv2d(3, 1, 3), [[sharpen, ones, ones]], [1.0]),
    ).eval()


def _convolution(layer: nn.Conv2d, weight: list[list[list[list[float]]]], bias: list[float]) -> nn.Module:
    layer.weight = nn.Parameter(torch.tensor(weight))
    layer.bias = nn.Parameter(torch.tensor(bias))
    return layer.eval()
