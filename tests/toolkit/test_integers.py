"""Operators on plain integers, as dynamic quantization writes them: every value as onnxruntime computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import BittwinError, generate

TYPES = {"int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT, "int32": TensorProto.INT32}


def model(
    nodes: list[onnx.NodeProto],
    x: tuple[str, tuple[int, ...]],
    outputs: dict[str, str],
    **constants: Any,
) -> onnx.ModelProto:
    ports = [helper.make_tensor_value_info("x", TYPES[x[0]], x[1])]
    initial = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    ranks = {"y": len(x[1]), "scale": 0, "zero": 0}
    results = [
        helper.make_tensor_value_info(name, TYPES[dtype], [f"{name}{axis}" for axis in range(ranks[name])])
        for name, dtype in outputs.items()
    ]
    graph = helper.make_graph(nodes, "graph", ports, results, initial)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def codes(dtype: str, *shape: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    return np.random.default_rng(sum(shape)).integers(limits.min, limits.max + 1, shape, dtype)


def passes(proto: onnx.ModelProto, inputs: dict[str, np.ndarray] | None = None) -> None:
    report = verify(proto, inputs=inputs, samples=3)
    assert report.passed, report.first_difference
    assert (report.differ, report.max_error) == (0, 0)


@pytest.mark.parametrize("activation", ["int8", "uint8"])
@pytest.mark.parametrize(
    ("shape", "weight", "attributes"),
    [
        ((1, 3, 5, 6), (4, 3, 3, 2), {"pads": [1, 0, 1, 1], "strides": [2, 1]}),
        ((1, 4, 5, 5), (6, 2, 2, 2), {"group": 2, "dilations": [2, 1]}),
        ((2, 3, 4, 4), (2, 3, 1, 1), {}),
        ((1, 2, 9), (3, 2, 3), {"pads": [1, 1]}),
    ],
)
@pytest.mark.parametrize("zero_points", [True, False])
def test_integer_convolution(
    activation: str, shape: tuple[int, ...], weight: tuple[int, ...], attributes: dict[str, Any], zero_points: bool
) -> None:
    given: dict[str, Any] = dict(w=codes(activation, *weight))
    names = ["x", "w"]
    if zero_points:
        given |= dict(zx=np.dtype(activation).type(7), zw=np.dtype(activation).type(3))
        names += ["zx", "zw"]
    node = helper.make_node("ConvInteger", names, ["y"], "conv", **attributes)
    x = codes(activation, 3 * shape[0], *shape[1:])
    passes(model([node], (activation, shape), {"y": "int32"}, **given), {"x": x})


def test_integer_matrix_product_with_a_zero_point_a_column() -> None:
    """The column zero points of B; onnxruntime's own kernel for u8 x s8 saturates, u8 x u8 does not."""
    node = helper.make_node("MatMulInteger", ["x", "w", "zx", "zw"], ["y"], "product")
    given = dict(w=codes("uint8", 6, 4), zx=np.uint8(12), zw=codes("uint8", 4))
    passes(model([node], ("uint8", (5, 6)), {"y": "int32"}, **given), {"x": codes("uint8", 15, 6)})


def test_dynamic_quantization_finds_scale_and_zero_point() -> None:
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"], "quantize")
    proto = model([node], ("float32", (1, 4, 7)), {"y": "uint8", "scale": "float32", "zero": "uint8"})
    random = np.random.default_rng(0)
    samples = [random.standard_normal((4, 7)) * size + shift for size in (1e-3, 1, 50) for shift in (-2, 0, 3)]
    passes(proto, {"x": np.array([*samples, np.zeros((4, 7)), np.full((4, 7), 2.0)], np.float32)})


def test_codes_of_the_moment_go_through_an_integer_convolution() -> None:
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["c", "scale", "zero"], "quantize"),
        helper.make_node("ConvInteger", ["c", "w", "zero"], ["y"], "conv", pads=[1, 1, 1, 1]),
    ]
    proto = model(nodes, ("float32", (1, 3, 6, 6)), {"y": "int32"}, w=codes("uint8", 4, 3, 3, 3))
    passes(proto)


@pytest.mark.parametrize(
    ("inputs", "given", "what"),
    [
        (["x", "w"], {"w": codes("int8", 4, 2, 3, 3)}, "channels do not fit"),
        (["x", "w", "zx"], {"w": codes("int8", 4, 3, 3, 3), "zx": np.zeros(3, np.int8)}, "zero points"),
        (["x", "w"], {"w": np.zeros((4, 3, 3, 3), np.float32)}, "float32"),
        (["x", "x"], {}, "constant"),
    ],
)
def test_what_does_not_fit_is_refused(inputs: list[str], given: dict[str, Any], what: str) -> None:
    node = helper.make_node("ConvInteger", inputs, ["y"], "conv")
    with pytest.raises(BittwinError, match=what):
        generate(model([node], ("int8", (1, 3, 5, 5)), {"y": "int32"}, **given))
