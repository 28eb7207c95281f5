"""AlexNet on 224x224 colour images, 1000 classes (Krizhevsky 2014, as PyTorch has it); random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 3, 224, 224)


def build() -> nn.Module:
    """[N, 3, 224, 224] -> 1000 logits."""
    return with_random_weights(_make, sample_inputs(2, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 3, 224, 224] smooth random images."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


def _make() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(6),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(256 * 6 * 6, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, 1000),
    )
