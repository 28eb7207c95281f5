"""MobileNetV1 0.25 of MLPerf Tiny: visual wake words on 96x96 colour images, 2 classes; random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 3, 96, 96)

# (channels out, stride) of each depthwise and pointwise pair
PAIRS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *((128, 1),) * 5, (256, 2), (256, 1))


def build() -> nn.Module:
    """[N, 3, 96, 96] -> two logits; paddings are TensorFlow's SAME, so stride 2 pads 0, 1, 0, 1."""
    return with_random_weights(_make, sample_inputs(8, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 3, 96, 96] smooth random images."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


def _make() -> nn.Module:
    layers = [_convolution(3, 8, stride=2)]
    channels = 8
    for out, stride in PAIRS:
        layers += [_convolution(channels, channels, stride, groups=channels), _pointwise(channels, out)]
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))


def _convolution(channels: int, out: int, stride: int, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1) if stride == 2 else 1),
        nn.Conv2d(channels, out, 3, stride, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )


def _pointwise(channels: int, out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())
