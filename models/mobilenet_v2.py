"""MobileNetV2 (Sandler et al. 2018, as in torchvision), ImageNet's 1000 classes; random weights.

At width 0.35 the classifier keeps 1280 inputs, as the paper says: 1.3 of the 1.7 million weights are there.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 3, 96, 96)

# expansion, channels at width 1, repeats, stride of the first: table 2 of the paper
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def build(width: float = 0.35, resolution: int = 96) -> nn.Module:
    """[N, 3, resolution, resolution] -> 1000 logits."""
    return with_random_weights(lambda: _make(width), sample_inputs(8, seed=0, resolution=resolution), seed=1)


def sample_inputs(n: int, seed: int, resolution: int = 96) -> NDArray[np.float32]:
    """[n, 3, resolution, resolution] smooth random images."""
    return smooth_images(n, (3, resolution, resolution), seed)


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project; adds its input where shapes agree."""

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        self.layers = nn.Sequential(
            *([_convolution(channels, hidden, 1)] if expansion > 1 else []),
            _convolution(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, out, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.residual = stride == 1 and channels == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return x + y if self.residual else y


def _make(width: float) -> nn.Module:
    channels = _round_to_8(32 * width)
    layers = [_convolution(3, channels, 3, stride=2)]
    for expansion, base, repeats, first_stride in STAGES:
        for repeat in range(repeats):
            out = _round_to_8(base * width)
            layers.append(InvertedResidual(channels, out, first_stride if repeat == 0 else 1, expansion))
            channels = out
    last = _round_to_8(1280 * max(1.0, width))
    layers.append(_convolution(channels, last, 1))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(last, 1000))


def _convolution(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU6(),
    )


def _round_to_8(channels: float) -> int:
    """The nearest multiple of 8 that is at least 8 and loses at most a tenth (torchvision's _make_divisible)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
