"""int8 networks by NEON kernels on their targets: every tensor equals onnxruntime's."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.verifier import verify
from models.random_weights import with_random_weights
from tests.arm.test_neon_s8_kernels import pytestmark as pytestmark
from tests.models.test_networks import Networks
from tests.networks import Residual, block, head


def inverted(channels: int, out: int, stride: int) -> nn.Module:
    """Sandler et al. 2018: wider, depthwise, narrow again without an activation."""
    layers = [
        block(channels, 6 * channels, 1, act=nn.ReLU6),
        block(6 * channels, 6 * channels, 3, stride, act=nn.ReLU6, groups=6 * channels),
        block(6 * channels, out, 1, act=nn.Identity),
    ]
    return Residual(*layers) if stride == 1 else nn.Sequential(*layers)


def like_mobile_net_v2() -> nn.Module:
    inner = [inverted(8, 8, 1), inverted(8, 12, 2), inverted(12, 12, 1), block(12, 40, 1, act=nn.ReLU6)]
    return nn.Sequential(block(3, 8, stride=2, act=nn.ReLU6), *inner, head(40, 10))


IMAGES = (1, 3, 26, 22)


@pytest.fixture(scope="module")
def mobile_net_v2() -> onnx.ModelProto:
    images = np.random.default_rng(0).standard_normal((16, *IMAGES[1:]), np.float32)
    torch.manual_seed(0)
    model = export(with_random_weights(like_mobile_net_v2, images[:8], seed=1), IMAGES)
    return quantize(model, {"x": images}).model


@pytest.mark.parametrize("target", ["cortex-a53", "cortex-a76", "armv8.6-a", "armv7-a"])
def test_inverted_residuals_compute_what_onnxruntime_computes(mobile_net_v2: onnx.ModelProto, target: str) -> None:
    report = verify(mobile_net_v2, target=target, samples=2, name="net")
    assert report.passed, report.first_difference
    assert (report.differ, report.inexact) == (0, 0)
    assert not [row.kernel for row in report.layers if "scalar" in (row.kernel or "") and "copy" not in row.kernel]


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
