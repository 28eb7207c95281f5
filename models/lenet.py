"""LeNet-5 with ReLU and max pooling, for 28x28 grey images; random weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.random_weights import with_random_weights
from models.smooth_images import smooth_images

INPUT_SHAPE = (1, 1, 28, 28)


def build() -> nn.Module:
    """[N, 1, 28, 28] -> ten logits."""
    return with_random_weights(_make, sample_inputs(8, seed=0), seed=1)


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 1, 28, 28] smooth random images."""
    return smooth_images(n, INPUT_SHAPE[1:], seed)


def _make() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
