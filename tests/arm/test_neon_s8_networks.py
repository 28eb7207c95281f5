"""int8 networks by NEON kernels on their targets: every tensor equals onnxruntime's."""

from __future__ import annotations

import pytest

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
