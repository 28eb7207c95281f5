"""The textbook convolutions through the whole path: export, quantize, generate, verify, float32 and int8."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.runner import run_model
from bittwin.verifier import verify
from bittwin_cgen import generate
from models import conv2d_examples

SHAPES = {
    "basic": (1, 2, 1, 1),
    "strided": (1, 1, 1, 1),
    "padded": (1, 1, 4, 4),
    "depthwise_separable": (1, 1, 1, 1),
}
KINDS = ("float32", "int8")


@dataclass(frozen=True)
class Example:
    """A network, its samples [32, ...], its ONNX files."""

    network: nn.Module
    samples: np.ndarray
    models: dict[str, onnx.ModelProto]


@cache
def example(name: str) -> Example:
    build: Any = getattr(conv2d_examples, name)
    network, shape = build(), build.input_shape
    samples = np.random.default_rng(0).standard_normal((32, *shape[1:]), np.float32)
    model = export(network, shape)
    return Example(network, samples, {"float32": model, "int8": quantize(model, samples).model})


def test_every_example_is_here() -> None:
    functions = {name for name, value in vars(conv2d_examples).items() if hasattr(value, "input_shape")}
    assert functions == set(SHAPES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_c_computes_what_onnxruntime_computes(name: str, kind: str) -> None:
    case = example(name)
    report = verify(case.models[kind], inputs={"x": case.samples}, name=name)
    assert report.passed
    assert report.dtype == kind
    assert report.differ == 0
    assert report.compared > 0
    assert report.samples == 32


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_output_has_the_documented_shape(name: str, kind: str) -> None:
    case, shape = example(name), SHAPES[name]
    (output,) = run_model(case.models[kind], {"x": case.samples[:3]}).values()
    assert output.shape == (3, *shape[1:])
    facts: Any = generate(case.models[kind], name=name).manifest["outputs"]
    assert [fact["shape"] for fact in facts] == [list(shape)]


@pytest.mark.parametrize("name", SHAPES)
def test_float_c_computes_what_torch_computes(name: str) -> None:
    case = example(name)
    (output,) = run_model(case.models["float32"], {"x": case.samples}).values()
    with torch.no_grad():
        expected = case.network(torch.from_numpy(case.samples)).numpy()
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_int8_c_is_near_torch(name: str) -> None:
    """Within a few steps of the output's scale: quantization is coarse, but not wrong."""
    case = example(name)
    (output,) = run_model(case.models["int8"], {"x": case.samples}).values()
    with torch.no_grad():
        expected = case.network(torch.from_numpy(case.samples)).numpy()
    step = (expected.max() - min(0, expected.min())) / 255
    assert np.abs(output - expected).max() <= 6 * step


def test_by_hand() -> None:
    """What the docstrings of the examples say, worked out."""
    ramp = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)  # 0 1 2, 3 4 5, 6 7 8
    cases = {
        "basic": (np.full((1, 1, 1, 1), 3, np.float32), [6.5, -8]),
        "strided": (ramp, [1 * 0 + 2 * 1 + 3 * 3 + 4 * 4 + 0.5]),
        "padded": (ramp, [0.5, 4.5, 11.5, 6.5, 12.5, 27.5, 37.5, 17.5, 30.5, 57.5, 67.5, 29.5, 12.5, 20.5, 23.5, 8.5]),
    }
    for name, (x, expected) in cases.items():
        (output,) = run_model(example(name).models["float32"], {"x": x}).values()
        np.testing.assert_allclose(output.reshape(-1), expected, rtol=1e-6)
