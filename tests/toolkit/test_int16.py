"""int16 and uint16 activations beside int8 weights: in C, too, float32 runs between the codes; against onnxruntime."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from bittwin import generate, report, run, verify
from bittwin.checker import check
from bittwin.golden import session
from bittwin.verifier import steps_allowed
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import GeneratedModel
from bittwin_cgen.pipeline import compile_graph

ELEMENTS = {name: helper.np_dtype_to_tensor_dtype(np.dtype(name)) for name in ("int8", "uint8", "int16", "uint16")}


class Images(CalibrationDataReader):  # type: ignore[misc]
    """Random images to calibrate with."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.left: Iterator[Any] = iter([{"x": random.standard_normal((1, 3, 8, 8), np.float32)} for _ in range(4)])

    def get_next(self) -> Any:
        return next(self.left, None)


@pytest.fixture(scope="module", params=["QInt16", "QUInt16"])
def quantized(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Convolutions, a pool, an addition, a sigmoid and a linear layer, as onnxruntime's quantizer writes them."""
    random = np.random.default_rng(0)
    shapes = {"w1": (6, 3, 3, 3), "b1": (6,), "w2": (6, 1, 3, 3), "b2": (6,), "w3": (4, 6), "b3": (4,)}
    weights = [numpy_helper.from_array(0.4 * random.standard_normal(s, np.float32), name) for name, s in shapes.items()]
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], "c1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], "r1"),
        helper.make_node("MaxPool", ["r1"], ["p1"], "p1", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2", "b2"], ["c2"], "c2", group=6, pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["p1", "c2"], ["a"], "a"),
        helper.make_node("Sigmoid", ["a"], ["s"], "s"),
        helper.make_node("GlobalAveragePool", ["s"], ["g"], "g"),
        helper.make_node("Flatten", ["g"], ["f"], "f"),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], "y", transB=1),
    ]
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 3, 8, 8]), ("y", [1, 4]))]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], weights)
    folder = tmp_path_factory.mktemp("int16")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), folder / "f.onnx")
    activations = getattr(QuantType, request.param)
    options = dict(quant_format=QuantFormat.QDQ, weight_type=QuantType.QInt8, per_channel=True)
    path = folder / f"{request.param.lower()}.onnx"
    quantize_static(folder / "f.onnx", path, Images(), activation_type=activations, **options)
    return path


def between_codes(
    x: str, y: str, domain: str = "", opset: int = 21, constants: dict[str, Any] | None = None
) -> onnx.ModelProto:
    """A convolution by int8 weights of codes x, whose result becomes codes y."""
    random = np.random.default_rng(2)
    values: dict[str, Any] = {
        "sx": np.float32(2.0**-13),
        "zx": np.dtype(x).type(37),
        "w8": random.integers(-127, 128, (4, 3, 3, 3), np.int8),
        "sw": random.uniform(0.005, 0.02, 4).astype(np.float32),
        "zw": np.zeros(4, np.int8),
        "sy": np.float32(2.0**-11),
        "zy": np.dtype(y).type(41),
    } | (constants or {})
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "sx", "zx"], ["real"], "first", domain=domain),
        helper.make_node("DequantizeLinear", ["w8", "sw", "zw"], ["w"], "weights", domain=domain, axis=0),
        helper.make_node("Conv", ["real", "w"], ["sum"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["sum", "sy", "zy"], ["y"], "last", domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "codes",
        [helper.make_tensor_value_info("x", ELEMENTS[x], [1, 3, 6, 6])],
        [helper.make_tensor_value_info("y", ELEMENTS[y], [1, 4, 6, 6])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def test_a_network_of_the_quantizer(quantized: Path) -> None:
    found = verify(quantized)
    assert found.passed and found.differ == 0
    assert found.dtype == ("uint16" if "quint16" in quantized.name else "int16")
    rows = {row.tensor: row for row in found.layers}
    codes = [row for row in rows.values() if row.dtype == found.dtype]
    assert len(codes) >= 7 and all(row.compared for row in codes)
    assert (rows["x_QuantizeLinear_Output"].inexact, rows["x_QuantizeLinear_Output"].max_error) == (0, 0)
    assert all(node["supported"] for node in check(quantized)["nodes"])


def test_onnxruntime_computes_in_float32_between_the_codes(quantized: Path, tmp_path: Path) -> None:
    """What the whole treatment rests on: the golden session has no integer operator for these models."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(str(quantized), options)
    kept = {node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node}
    assert {"Conv", "Add", "Sigmoid", "Gemm", "QuantizeLinear", "DequantizeLinear"} <= kept
    assert not any(name.startswith("QLinear") or name == "QGemm" for name in kept)


def test_report(quantized: Path) -> None:
    found = report(quantized, samples=2, counted=())
    assert found.verification.passed and not found.errors and "int8" in found.errors_note


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
@pytest.mark.parametrize(
    ("x", "y"), [("int16", "int16"), ("uint16", "uint16"), ("int8", "int16"), ("int16", "int8"), ("uint16", "uint8")]
)
def test_codes_as_inputs_and_outputs(x: str, y: str, domain: str) -> None:
    """In com.microsoft for older opsets, too."""
    model = between_codes(x, y, domain, 13 if domain else 21)
    assert verify(model, samples=3, name="codes").passed
    types = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t"}
    header = generate(model, name="codes").files["codes.h"]
    assert re.search(rf"const {types[x]} input_x\[.*\].*{types[y]} output_y\[", header, re.DOTALL), header


def test_run_gives_codes() -> None:
    model = between_codes("uint16", "int16")
    x = np.random.default_rng(3).integers(0, 1 << 16, (2, 3, 6, 6), np.uint16)
    expected = np.concatenate([session(model).run(None, {"x": image[None]})[0] for image in x])
    y = run(model, {"x": x})["y"]
    assert y.dtype == np.int16
    assert np.abs(y.astype(int) - expected).max() <= 1
    with pytest.raises(BittwinError, match="uint16"):
        run(model, {"x": x.astype(np.int16)})


def test_a_wrong_code_is_found() -> None:
    """Off by more than float32 excuses."""
    source = between_codes("int16", "int16")
    model = generate(source, name="codes")
    files = dict(model.files)
    path = next(path for path in files if path.endswith("quantize_linear_s16_scalar.c") and "de" not in path)
    files[path] = files[path].replace("layer->zero_point,", "layer->zero_point + 9,")
    assert files[path] != model.files[path]
    broken = GeneratedModel(model.name, model.program, files, model.manifest)
    found = verify(source, model=broken, samples=2)
    assert not found.passed and found.first_difference == "last"


def test_steps_allowed_are_one_or_the_tolerance_of_float32() -> None:
    graph = compile_graph(between_codes("int16", "uint16"), "codes")
    allowed = steps_allowed(graph, "y", np.array([41, 10041, 65041], np.uint16))
    assert allowed.tolist() == [1, 1, 7]  # 1e-4 of 65,000 and 1e-5 of it


@pytest.mark.parametrize("constants", [{"zy": np.zeros(2, np.int16)}, {"zx": np.int16(3)}])
def test_zero_points_that_do_not_fit(constants: dict[str, Any]) -> None:
    with pytest.raises(BittwinError):
        generate(between_codes("uint16", "int16", constants=constants))


def test_older_opsets_do_not_have_them() -> None:
    with pytest.raises(BittwinError, match="opset"):
        generate(between_codes("int16", "int16", opset=20))
