"""int8 networks by NEON kernels on their targets: every tensor equals onnxruntime's."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from torch import nn

from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.verifier import verify
from tests.arm.test_neon_s8_kernels import pytestmark as pytestmark
from tests.models.test_networks import Networks


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks()


@pytest.mark.parametrize("name", ["digits", "ds_cnn"])
@pytest.mark.parametrize(
    ("target", "isa"), [("cortex-a53", "neon"), ("cortex-a76", "dotprod"), ("armv8.6-a", "i8mm"), ("armv7-a", "neon")]
)
def test_c_computes_what_onnxruntime_computes(networks: Networks, name: str, target: str, isa: str) -> None:
    inputs = networks.inputs(name, 1, seed=2)
    report = verify(networks.quantized(name).model, target=target, inputs=inputs, name=name)
    assert report.passed, report.first_difference
    assert (report.differ, report.inexact) == (0, 0)
    kernels = {layer.kernel for layer in report.layers if layer.kernel}
    assert any(kernel.endswith(isa) for kernel in kernels)
    assert not any(kernel.endswith("scalar") and "copy" not in kernel for kernel in kernels), kernels


def quantized(*layers: nn.Module, shape: tuple[int, ...]) -> onnx.ModelProto:
    images = np.random.default_rng(0).standard_normal((8, *shape[1:]), np.float32)
    return quantize(export(nn.Sequential(*layers), shape), {"x": images}).model


def test_codes_become_real_without_a_warning_of_the_compiler() -> None:
    model = quantized(nn.Conv2d(1, 8, 3), nn.ConvTranspose2d(8, 2, 2, 2), shape=(1, 1, 7, 9))
    assert verify(model, target="armv7-a", samples=1).passed
