"""DS-CNN of MLPerf Tiny: keyword spotting on 49 frames of 10 MFCCs, 12 classes; random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 1, 49, 10)


def build() -> nn.Module:
    """[N, 1, 49, 10] -> 12 logits; paddings are TensorFlow's SAME, so the first convolution pads 4, 5, 1, 1."""
    return with_random_weights(_make, sample_inputs(8, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 1, 49, 10] smooth random fields."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


def _make() -> nn.Module:
    return nn.Sequential(
        nn.ZeroPad2d((1, 1, 4, 5)),
        nn.Conv2d(1, 64, (10, 4), stride=2, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        *(_separable(64) for _ in range(4)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 12),
    )


def _separable(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )
