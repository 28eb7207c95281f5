"""Types and shapes besides float32, int8 and one image: uint8 codes, plain integers, an axis 0 that is no batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin import verify
from bittwin.golden import why_not_golden
from bittwin_cgen import BittwinError
from bittwin_cgen.interpret import interpret
from bittwin_cgen.pipeline import compile_graph

ELEMENTS = {
    name: helper.np_dtype_to_tensor_dtype(np.dtype(name))
    for name in ("float32", "int8", "uint8", "int32", "int64", "bool")
}
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]


def model_of(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[str, tuple[int, ...]]],
    outputs: dict[str, str],
    constants: dict[str, Any] | None = None,
) -> onnx.ModelProto:
    """A model with inputs {name: (dtype, shape)} and outputs {name: dtype}."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, ELEMENTS[dtype], shape) for name, (dtype, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, ELEMENTS[dtype], None) for name, dtype in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=OPSETS, ir_version=10))
    for value in model.graph.output:
        if not value.type.tensor_type.HasField("shape"):  # of operators that onnx has no inference for
            value.type.tensor_type.shape.dim.add().dim_param = "any"
    return model


def check_equal(model: onnx.ModelProto, **options: Any) -> None:
    report = verify(model, **options)
    assert report.passed, report
    assert (report.differ, report.inexact) == (0, 0), [row for row in report.layers if not row.passed]
    assert report.compared > 0


def uint8_network(input_dtype: str, output_dtype: str, codes: str = "uint8") -> onnx.ModelProto:
    """A padded convolution, a pool, an addition, a concatenation and global pool, all with odd zero points."""
    random = np.random.default_rng(7)
    constants: dict[str, Any] = {
        "w": random.integers(-127, 128, (4, 3, 3, 3), np.int8),
        "w_scale": random.uniform(0.005, 0.02, 4).astype(np.float32),
        "w_zero": np.zeros(4, np.int8),
        "bias": random.standard_normal(4).astype(np.float32),
    }
    nodes = []

    def scale(name: str, value: float, zero: int) -> list[str]:
        constants[f"{name}_scale"], constants[f"{name}_zero"] = np.float32(value), np.dtype(codes).type(zero)
        return [f"{name}_scale", f"{name}_zero"]

    def quantized(name: str, value: float, zero: int) -> str:
        meaning = scale(name, value, zero)
        nodes.append(helper.make_node("QuantizeLinear", [name, *meaning], [f"{name}_codes"], f"{name}_quantize"))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_codes", *meaning], [f"{name}_real"]))
        return f"{name}_real"

    if input_dtype == "float32":
        x = quantized("x", 0.03, 101)
    else:
        nodes.append(helper.make_node("DequantizeLinear", ["x", *scale("x", 0.03, 101)], ["x_real"]))
        x = "x_real"
    nodes.append(helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_real"], axis=0))
    nodes.append(helper.make_node("Conv", [x, "w_real", "bias"], ["conv"], "conv", pads=[1, 1, 1, 1]))
    conv = quantized("conv", 0.05, 93)
    nodes.append(helper.make_node("AveragePool", [conv], ["pool"], "pool", kernel_shape=[2, 2], strides=[1, 1]))
    pool = quantized("pool", 0.05, 93)
    nodes.append(helper.make_node("MaxPool", [conv], ["most"], "most", kernel_shape=[2, 2], strides=[1, 1]))
    most = quantized("most", 0.05, 93)
    nodes.append(helper.make_node("Add", [pool, most], ["sum"], "sum"))
    total = quantized("sum", 0.07, 117)
    nodes.append(helper.make_node("Concat", [total, pool], ["both"], "both", axis=1))
    both = quantized("both", 0.06, 111)
    nodes.append(helper.make_node("GlobalAveragePool", [both], ["mean"], "mean"))
    quantized("mean", 0.01, 120)
    output = "mean_real" if output_dtype == "float32" else "mean_codes"
    return model_of(nodes, {"x": (input_dtype, (1, 3, 9, 7))}, {output: output_dtype}, constants)


@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
@pytest.mark.parametrize(("input_dtype", "output_dtype"), [("float32", "float32"), ("uint8", "uint8")])
def test_uint8_network(input_dtype: str, output_dtype: str) -> None:
    report = verify(uint8_network(input_dtype, output_dtype))
    assert report.passed and report.differ == report.inexact == 0, report
    assert "x64quantprecision" in report.golden
    assert {row.dtype for row in report.layers if row.name.endswith("_quantize") and not row.reason} == {"uint8"}


def test_uint8_beside_int8_is_compared_with_numpy() -> None:
    """No onnxruntime session is right for both: verify says so."""
    model = uint8_network("float32", "float32")
    extra = [
        helper.make_node("QuantizeLinear", ["mean_real", "s", "z"], ["q"], "last"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    model.graph.node.extend(extra)
    model.graph.initializer.extend(
        [numpy_helper.from_array(np.array(0.02, np.float32), "s"), numpy_helper.from_array(np.array(3, np.int8), "z")]
    )
    model.graph.output[0].name = "y"
    report = verify(model)
    assert report.passed, report
    assert report.golden == "numpy reference"
    assert any("both int8 and uint8" in note for note in report.notes)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "float32"])
def test_max_pool_of_plain_numbers(dtype: str) -> None:
    nodes = [helper.make_node("MaxPool", ["x"], ["y"], "pool", kernel_shape=[2, 2], pads=[1, 0, 1, 0])]
    check_equal(model_of(nodes, {"x": (dtype, (1, 3, 5, 4))}, {"y": dtype}))


def test_max_pool_has_a_float64_reference() -> None:
    """What arbitrates where float32 results are outside the tolerance."""
    nodes = [helper.make_node("MaxPool", ["x"], ["y"], "pool", kernel_shape=[2, 2])]
    graph = compile_graph(model_of(nodes, {"x": ("float32", (1, 3, 5, 4))}, {"y": "float32"}))
    x = np.random.default_rng(0).standard_normal((1, 3, 5, 4)).astype(np.float32)
    found = interpret(graph, {"x": x}, precise=True)["y"]
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(2, 3))
    assert found.dtype == np.float64 and (found == windows.max(axis=(4, 5))).all()


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (2, 1, 3, 2, 2)])
def test_numbers_of_every_type_and_rank_are_moved(shape: tuple[int, ...]) -> None:
    flat = np.array([int(np.prod(shape))], np.int64)
    nodes = [helper.make_node("Reshape", [f"x_{dtype}", "shape"], [dtype], f"move_{dtype}") for dtype in ELEMENTS]
    inputs = {f"x_{dtype}": (dtype, shape) for dtype in ELEMENTS}
    check_equal(model_of(nodes, inputs, {dtype: dtype for dtype in ELEMENTS}, {"shape": flat}), samples=3)


def test_axis_0_that_is_no_batch() -> None:
    """Images are mixed after two convolutions and pools: those take one image after the other."""
    random = np.random.default_rng(0)
    constants = {"w": random.standard_normal((4, 3, 3, 3), np.float32), "flat": np.array([6, 12], np.int64)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv"], ["relu"], "relu"),
        helper.make_node("AveragePool", ["relu"], ["pool"], "pool", kernel_shape=[2, 3], strides=[2, 2]),
        helper.make_node("Concat", ["pool", "pool"], ["both"], "both", axis=0),
        helper.make_node("Reshape", ["both", "flat"], ["y"], "flatten"),
    ]
    check_equal(
        model_of(nodes, {"x": ("float32", (3, 3, 4, 7))}, {"y": "float32"}, constants | {"flat": np.array([8, 18])})
    )


@pytest.mark.parametrize("schedule", ["ram", "layers"])
def test_padding_that_counts_streams(schedule: str) -> None:
    """Rows above and below a ring of rows are zeros, as far as the padding reaches."""
    node = helper.make_node("AveragePool", ["x"], ["y"], "pool", kernel_shape=[3, 3], pads=[2] * 4, count_include_pad=1)
    report = verify(model_of([node], {"x": ("float32", (1, 2, 9, 8))}, {"y": "float32"}), schedule=schedule)
    assert report.passed


def test_constants_are_read_where_they_lie() -> None:
    constants = {"a": np.random.default_rng(1).standard_normal((1, 2, 3, 4), np.float32)}
    nodes = [helper.make_node("Concat", ["a", "x", "a"], ["y"], "concat", axis=2)]
    report = verify(model_of(nodes, {"x": ("float32", (1, 2, 5, 4))}, {"y": "float32"}, constants))
    assert report.passed and report.max_error == 0


def test_types_that_do_not_fit_are_refused() -> None:
    model = model_of([helper.make_node("Softmax", ["x"], ["y"], "node")], {"x": ("float32", (2, 3))}, {"y": "float32"})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32
    with pytest.raises(BittwinError, match="int32"):
        verify(model)
