"""Layers computed two rows at a time, in networks: padding modes, odd sizes, schedules without such layers."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest

from bittwin.quantizer import quantize
from bittwin.verifier import verify
from bittwin_cgen import generate
from tests.arm.test_kernel_cases import pytestmark as pytestmark
from tests.arm.test_neon_s8_kernels import pytestmark as neon
from tests.graphs import GraphBuilder

KERNELS = {"int8": "btw_conv2d_winograd_s8_dsp", "float32": "btw_conv2d_winograd_f32_fpu"}


@cache
def network(dtype: str) -> onnx.ModelProto:
    """3x3 convolutions of 16 channels on 10x16 pixels behind 1x1 ones, with every padding."""
    graph = GraphBuilder(np.random.default_rng(3), "float32")
    given = graph.input(1, 4, 10, 16)
    x = graph.conv(given, 16, kernel=(1, 1))
    first = graph.conv(x, 16, pads=(1, 1, 1, 1), clip=(0.0, 6.0))
    for mode in ("reflect", "edge", "wrap"):
        graph.output(graph.conv(graph.conv(x, 16, kernel=(1, 1)), 16, pads=(1, 1, 1, 1), mode=mode))
    second = graph.conv(first, 18, pads=(0, 1, 1, 0))
    graph.output(graph.conv(second, 16, clip=(-0.5, 2.0)))
    samples = np.random.default_rng(4).uniform(-3, 3, (8, *given.shape[1:])).astype(np.float32)
    return graph.model() if dtype == "float32" else quantize(graph.model(), {given.name: samples}).model


@pytest.mark.parametrize(
    ("target", "kernel"),
    [
        ("cortex-m4", "btw_conv2d_winograd_s8_dsp"),
        ("cortex-m4", "btw_conv2d_winograd_f32_fpu"),
        ("cortex-m33", "btw_conv2d_winograd_f32_fpu"),
        pytest.param("cortex-a53", "btw_conv2d_winograd_s8_neon", marks=neon),
        pytest.param("cortex-a76", "btw_conv2d_winograd_f32_neon", marks=neon),
        pytest.param("armv7-a", "btw_conv2d_winograd_f32_neon", marks=neon),
    ],
)
def test_pairs_of_rows_equal_onnxruntime(target: str, kernel: str) -> None:
    """Cortex-M33 multiplies and adds floats in one instruction here, Cortex-M4 in two."""
    model = network("int8" if "_s8_" in kernel else "float32")
    used = [layer["kernel"] for layer in generate(model, target, "speed", name="net").manifest["layers"]]
    assert used.count(kernel) >= 4
    report = verify(model, target, "speed", samples=2)
    assert (report.passed, report.differ) == (True, 0), report.first_difference


@pytest.mark.parametrize("dtype", KERNELS)
def test_only_whole_tensors_are_computed_in_pairs_of_rows(dtype: str) -> None:
    model = network(dtype)
    streamed = generate(model, "cortex-m4", "ram", name="net").manifest
    assert KERNELS[dtype] not in [layer["kernel"] for layer in streamed["layers"]]
    fast = generate(model, "cortex-m4", "speed", name="net").manifest
    bounded = generate(model, "cortex-m4", "speed", ram=fast["arena_bytes"] - 1, name="net").manifest
    assert KERNELS[dtype] not in [layer["kernel"] for layer in bounded["layers"]]
    assert bounded["arena_bytes"] < fast["arena_bytes"]


def test_a_layer_that_reads_copied_rows_makes_one_row_at_a_time() -> None:
    graph = GraphBuilder(np.random.default_rng(4), "int8")
    graph.output(graph.conv(graph.input(1, 16, 8, 8), 16, pads=(1, 1, 1, 1)))
    (layer,) = (e for e in generate(graph.model(), "cortex-m4+nofp", "speed").manifest["layers"] if e["macs"])
    assert layer["kernel"] == "btw_conv2d_s8_dsp"
    assert "--schedule speed" in layer["refused"]["btw_conv2d_winograd_s8_dsp"]
