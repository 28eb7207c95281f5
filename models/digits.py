"""A trained depthwise-separable network for scikit-learn's 8x8 digits; train_digits.py makes its weights.

Input: pixels / 16, so 0 is background (and padding) and 1 is full ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

INPUT_SHAPE = (1, 1, 8, 8)
WEIGHTS = Path(__file__).with_name("digits.npz")


@dataclass(frozen=True)
class Split:
    """Images [n, 1, 8, 8] in 0..1 and their labels [n]."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Digits:
    """Disjoint splits: `train` fits the weights, `calibration` chooses settings and int8 ranges, `test` reports."""

    train: Split
    calibration: Split
    test: Split


def build() -> nn.Module:
    """[N, 1, 8, 8] -> ten logits, with the shipped weights."""
    network = make()
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return network.eval()


def sample_inputs(n: int, seed: int) -> NDArray[np.float32]:
    """[n, 1, 8, 8] images of the test split, permuted by `seed`, again from the start where they run out."""
    images = load_data().test.images
    order = np.random.default_rng(seed).permutation(len(images))
    return images[order[np.arange(n) % len(images)]]


def load_data() -> Digits:
    """The 1797 images of load_digits, permuted by a fixed seed: 360 test, 180 calibration, 1257 train."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(images))
    test, calibration, train = (
        Split(images[part], labels[part].astype(np.int64)) for part in np.split(order, [360, 540])
    )
    return Digits(train, calibration, test)


def make() -> nn.Module:
    """The network before training; the global RNG is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            _separable(16, 32, stride=1),
            _separable(32, 64, stride=2),
            _separable(64, 96, stride=1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(96, 10),
        )


def _separable(channels: int, out: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )
