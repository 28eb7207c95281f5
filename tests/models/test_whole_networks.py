"""Whole networks as users bring them, exported from torch: float32 within the tolerance, int8 equal in every bit."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest
import torch

from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.verifier import VerificationReport, verify
from models.random_weights import with_random_weights
from tests.networks import NETWORKS


def images(name: str, count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, *NETWORKS[name].shape[1:]), np.float32)


@cache
def exported(name: str) -> onnx.ModelProto:
    torch.manual_seed(0)
    return export(with_random_weights(NETWORKS[name].make, images(name, 8, 0), seed=1), NETWORKS[name].shape)


def checked(model: onnx.ModelProto, name: str) -> VerificationReport:
    """Every layer is compared, or says why it is not."""
    report = verify(model, inputs={"x": images(name, 3, 2)}, name=name)
    assert report.passed, report.first_difference
    assert report.differ == 0
    for row in report.layers:
        assert row.compared > 0 or row.reason, row
    return report


@pytest.mark.parametrize("name", NETWORKS)
def test_network_in_float32(name: str) -> None:
    assert checked(exported(name), name).dtype == "float32"


@pytest.mark.parametrize("name", NETWORKS)
def test_network_in_int8(name: str) -> None:
    """Inexact only where onnxruntime itself computes in float32 between codes: at most one code."""
    model = quantize(exported(name), {"x": images(name, 16, 1)}).model
    report = checked(model, name)
    assert report.dtype == "int8"
    assert all(row.max_error <= 1 for row in report.layers if row.dtype == "int8")
