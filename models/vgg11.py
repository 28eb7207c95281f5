"""VGG-11 on 224x224 colour images, 1000 classes (Simonyan and Zisserman 2014, configuration A); random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 3, 224, 224)

# Channels of each convolution; 0 is a pool that halves
LAYERS = (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)


def build() -> nn.Module:
    """[N, 3, 224, 224] -> 1000 logits."""
    return with_random_weights(_make, sample_inputs(2, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 3, 224, 224] smooth random images."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


def _make() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for out in LAYERS:
        if out:
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]
            channels = out
        else:
            layers.append(nn.MaxPool2d(2))
    dense = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(7), nn.Flatten(), *dense)
