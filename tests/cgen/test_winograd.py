"""Winograd's transforms in numpy against the direct convolution; what does not fit integers is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bittwin_cgen.ir import Array
from bittwin_cgen.ops.winograd import EVERY, GROWTH, OF_INPUT, OF_OUTPUT, out_of_range, overflowing, transformed


def by_transforms(x: Array, weight: Array) -> Array:
    """Y [OC, 2, 2] of inputs [IC, 4, 4] and weights [OC, IC, 3, 3]."""
    products = transformed(weight) * (OF_INPUT @ x @ OF_INPUT.T)
    return np.asarray(OF_OUTPUT @ products.sum(1) @ OF_OUTPUT.T)


def directly(x: Array, weight: Array) -> Array:
    tiles = [[(weight * x[:, oy : oy + 3, ox : ox + 3]).sum((1, 2, 3)) for ox in range(2)] for oy in range(2)]
    return np.array(tiles).transpose(2, 0, 1)


@pytest.mark.parametrize("ends", [False, True])
def test_the_transforms_give_four_times_the_convolution(ends: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = int(rng.integers(1, 6)), int(rng.integers(1, 20))
        x = rng.choice([-128, 127], (shape[1], 4, 4)) if ends else rng.integers(-128, 128, (shape[1], 4, 4))
        weight = rng.choice([-128, 127], (*shape, 3, 3)) if ends else rng.integers(-128, 128, (*shape, 3, 3))
        assert np.array_equal(by_transforms(x, weight), GROWTH * directly(x, weight))
        assert np.abs(OF_INPUT @ x @ OF_INPUT.T).max() <= 512
        assert np.abs(transformed(weight)).max() <= 9 * 128


def test_the_transforms_of_floats_give_the_convolution() -> None:
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((3, 5, 3, 3)).astype(np.float32)
    x = rng.standard_normal((5, 4, 4))
    np.testing.assert_allclose(by_transforms(x, weight), directly(x, weight.astype(np.float64)), rtol=1e-12, atol=1e-12)


def test_what_starts_at_one_position_is_added_to_every_output() -> None:
    start = np.zeros((4, 4), int)
    start[EVERY] = 7
    assert (OF_OUTPUT @ start @ OF_OUTPUT.T == 7).all()


def test_sums_that_overflow_are_refused() -> None:
    weight = np.full((1, 1, 3, 3), 127, np.int8)
    most = (1 << 29) - 1 - 9 * 127 * 128
    assert out_of_range(weight, np.array([most])) is None
    assert "sums reach" in (out_of_range(weight, np.array([most + 1])) or "")
    assert "sums reach" in (out_of_range(weight, np.array([most // 2]), factor=4) or "")
    assert "transformed weights reach 36576" in (out_of_range(weight, np.array([0]), factor=32) or "")


def test_sums_that_overflow_on_the_way_are_refused() -> None:
    """The largest input for each product on its own: no input reaches the bound, but none lies beyond it either."""
    ends = np.where(np.add.outer(range(3), range(3)) % 2, -127, 127)
    weight, bias = np.broadcast_to(ends, (1, 1000, 3, 3)).astype(np.int8), np.array([0])
    assert out_of_range(weight, bias) is None
    assert "transformed products could reach 2340864000" in (overflowing(weight, bias) or "")
    assert overflowing(weight[:, :900], bias) is None
    assert overflowing(weight[:, :900], np.array([1 << 26])) is not None


@pytest.mark.parametrize("channels", [16, 512])
def test_float_errors_are_a_tenth_of_the_tolerance(channels: int) -> None:
    """Every step in float32, against float64, and the tolerance of `verify`."""
    rng = np.random.default_rng(channels)
    x = np.maximum(rng.standard_normal((64, channels, 4, 4)), 0).astype(np.float32)
    weight = (rng.standard_normal((16, channels, 3, 3)) * np.sqrt(2 / (9 * channels))).astype(np.float32)
    expected = np.stack([directly(tile.astype(np.float64), weight.astype(np.float64)) for tile in x])
    of_input, of_output = OF_INPUT.astype(np.float32), OF_OUTPUT.astype(np.float32)
    inputs, weights = of_input @ x @ of_input.T, transformed(weight).astype(np.float32)
    sums = np.zeros((64, 16, 4, 4), np.float32)
    for channel in range(channels):
        sums += weights[None, :, channel] * inputs[:, None, channel]
    error = np.abs(of_output @ sums @ of_output.T - expected)
    assert (error <= 0.1 * (1e-4 * np.abs(expected) + 1e-5 * max(1.0, np.abs(expected).max()))).all()
