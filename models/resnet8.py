"""ResNet-8 of MLPerf Tiny: 32x32 colour images, 10 classes; random weights."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 3, 32, 32)


def build() -> nn.Module:
    """[N, 3, 32, 32] -> ten logits; paddings are TensorFlow's SAME, so stride 2 pads 0, 1, 0, 1."""
    return with_random_weights(_make, sample_inputs(8, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 3, 32, 32] smooth random images."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


class Stack(nn.Module):
    """Two 3x3 convolutions plus the input, at stride 2 through a plain 1x1 convolution; ReLU after the sum."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*_convolution(channels, out, stride), nn.ReLU())
        self.second = nn.Sequential(*_convolution(out, out, 1))
        self.skip = nn.Conv2d(channels, out, 1, stride) if stride == 2 else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(self.first(x))
        summed: torch.Tensor = self.relu(self.skip(x) + y)
        return summed


def _make() -> nn.Module:
    return nn.Sequential(
        *_convolution(3, 16, 1),
        nn.ReLU(),
        Stack(16, 16, stride=1),
        Stack(16, 32, stride=2),
        Stack(32, 64, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def _convolution(channels: int, out: int, stride: int) -> tuple[nn.Module, ...]:
    pad = nn.ZeroPad2d((0, 1, 0, 1) if stride == 2 else 1)
    return pad, nn.Conv2d(channels, out, 3, stride, bias=False), nn.BatchNorm2d(out)
