"""Files that are broken, hostile or not supported: one clear message, no other exception, no hang, nothing injected."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.builder import WARNINGS, compile_files
from bittwin.verifier import verify
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ir import Array, GeneratedModel

SLOWEST = 5.0  # seconds for one refusal
Shape = Sequence[int | str]


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A compiler that does not come to an end fails its test instead of stopping all."""

    def late(*_: object) -> None:
        raise TimeoutError("no end after 30 s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(30)
    yield
    signal.alarm(0)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    constants: Mapping[str, Array] | None = None,
    element: int = TensorProto.FLOAT,
    opset: int = 20,
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """A model whose inputs and outputs have one element type."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, element, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, element, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def float_model() -> onnx.ModelProto:
    """Convolution, pool, fully connected."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv"], ["relu"], "relu"),
        helper.make_node("MaxPool", ["relu"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "m", "c"], ["y"], "gemm", transB=1),
    ]
    constants = {
        "w": random.standard_normal((4, 2, 3, 3), np.float32),
        "b": random.standard_normal(4, np.float32),
        "m": random.standard_normal((3, 36), np.float32),
        "c": random.standard_normal(3, np.float32),
    }
    return model_of(nodes, {"x": [1, 2, 6, 6]}, {"y": [1, 3]}, constants)


def int8_model(**changes: Array) -> onnx.ModelProto:
    """DequantizeLinear, Conv, QuantizeLinear; `changes` replaces constants."""
    random = np.random.default_rng(0)
    constants: dict[str, Array] = {
        "x_scale": np.array(0.02, np.float32),
        "x_zero": np.array(3, np.int8),
        "w": random.integers(-127, 128, (4, 2, 3, 3), np.int8),
        "w_scale": np.full(4, 0.01, np.float32),
        "w_zero": np.zeros(4, np.int8),
        "b": random.standard_normal(4, np.float32),
        "y_scale": np.array(0.05, np.float32),
        "y_zero": np.array(-5, np.int8),
    } | changes
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "x_scale", "x_zero"], ["real"], "dequantize"),
        helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["weight"], "weight", axis=0),
        helper.make_node("Conv", ["real", "weight", "b"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["conv", "y_scale", "y_zero"], ["y"], "quantize"),
    ]
    return model_of(nodes, {"x": [1, 2, 6, 6]}, {"y": [1, 4, 6, 6]}, constants, TensorProto.INT8)


def one_node(
    operator: str,
    shape: Shape = (1, 2, 6, 6),
    constants: Mapping[str, Array] | None = None,
    opset: int = 20,
    **attributes: object,
) -> onnx.ModelProto:
    """One operator on x and its constants."""
    node = helper.make_node(operator, ["x", *(constants or {})], ["y"], "node", **attributes)
    return model_of([node], {"x": shape}, {"y": ["?"] * 4}, constants, opset=opset)


def known(reason: str, *values: object) -> Any:
    """A case that was wrong once; the reason says how it showed."""
    return pytest.param(*values)


def changed(model: onnx.ModelProto, change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    change(model)
    return model


def refused(source: object, *words: str) -> BittwinError:
    """The error of a model that has to be refused: complete, on one line, quick, and naming `words`."""
    start = time.perf_counter()
    with pytest.raises(BittwinError) as caught:
        generate(source)  # type: ignore[arg-type]
    assert time.perf_counter() - start < SLOWEST
    check_message(caught.value, *words)
    return caught.value


def check_message(error: BittwinError, *words: str) -> None:
    text = str(error)
    assert error.where.strip() and error.what.strip() and error.do.strip(), repr(text)
    assert text == f"{error.where}: {error.what}. {error.do}"
    assert len(text.splitlines()) == 1 and text.isprintable(), repr(text)
    assert len(text) < 800, text
    assert not re.search(r"Traceback|Error\(|0x[0-9a-f]{8}|\bself\b|/site-packages/", text), text
    for word in words:
        assert word.lower() in text.lower(), f"{word!r} is not in: {text}"


@pytest.mark.parametrize("model", [float_model, int8_model])
def test_models_that_the_others_are_made_from_are_accepted(model: Callable[[], onnx.ModelProto]) -> None:
    assert verify(model(), samples=2, name="model").passed


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("part", [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("model", [float_model, int8_model])
def test_truncated_file(tmp_path: Path, model: Callable[[], onnx.ModelProto], part: float) -> None:
    content = model().SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(content[: int(len(content) * part)])
    refused(path, "net")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\n" * 100,
        b"import torch\nprint('hello')\n",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"PK\x03\x04" + bytes(64),
        bytes(range(256)) * 16,
        "Grüße\n".encode("utf-16"),
    ],
    ids=["empty", "zero", "newlines", "text", "png", "zip", "bytes", "utf16"],
)
def test_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    refused(path, "net.onnx", "ONNX")
    refused(content, "ONNX")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nothing.onnx", "nothing.onnx", "No such file")
    refused(str(tmp_path / "nothing.onnx"), "nothing.onnx", "No such file")
    refused(tmp_path, tmp_path.name, "directory")
    refused(tmp_path / ("n" * 300), "name too long")


def test_path_with_zero_byte() -> None:
    refused("net\0.onnx", "cannot be read")


# ---------------------------------------------------------------- external data


def external(path: Path, **entries: str) -> Path:
    """The float model at `path` with its convolution's weights elsewhere."""
    model = float_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def weights() -> bytes:
    return bytes(float_model().graph.initializer[0].raw_data)


def test_external_data_in_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(bytes(64) + weights())
    path = external(tmp_path / "net.onnx", location="data/w.bin", offset="64", length=str(len(weights())))
    assert generate(path).files == generate(float_model(), name="net").files


def test_external_data_that_is_missing(tmp_path: Path) -> None:
    refused(external(tmp_path / "net.onnx", location="w.bin"), "'w'", "w.bin", "missing")
    (tmp_path / "w.bin").mkdir()
    refused(external(tmp_path / "net.onnx", location="w.bin"), "'w'", "w.bin")


@pytest.mark.parametrize(
    "form", ["parent", "absolute", "round about", "link", "linked folder", "nothing", "folder itself"]
)
def test_external_data_outside_the_folder(tmp_path: Path, form: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "w.bin").write_bytes(weights())
    location = {
        "parent": "../w.bin",
        "absolute": str(tmp_path / "w.bin"),
        "round about": "./x/../../w.bin",
        "link": "link.bin",
        "linked folder": "link/w.bin",
        "nothing": "",
        "folder itself": ".",
    }[form]
    if form == "link":
        (inside / "link.bin").symlink_to(tmp_path / "w.bin")
    if form == "linked folder":
        (inside / "link").symlink_to(tmp_path)
    refused(external(inside / "net.onnx", location=location), "'w'")


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": "-4"},
        {"length": "-4"},
        {"offset": "-288", "length": "288"},
        {"offset": "100000"},
        {"length": "100000"},
        {"length": "4"},
        {"offset": "four"},
        {"length": "1e3"},
        {"offset": "9" * 40},
        {"length": str(1 << 62)},
    ],
    ids=str,
)
def test_external_data_with_a_wrong_offset_or_length(tmp_path: Path, entries: dict[str, str]) -> None:
    (tmp_path / "w.bin").write_bytes(weights())
    refused(external(tmp_path / "net.onnx", location="w.bin", **entries), "w")


def test_external_data_of_bytes(tmp_path: Path) -> None:
    path = external(tmp_path / "net.onnx", location="w.bin")
    refused(path.read_bytes(), "another file")


@pytest.mark.parametrize("location", [known("reads the working folder", "w.bin"), "../w.bin"])
def test_external_data_of_a_model_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    """Nothing is read from the folder in which the process happens to run."""
    (tmp_path / "here").mkdir()
    for folder in (tmp_path, tmp_path / "here"):
        (folder / "w.bin").write_bytes(weights())
    monkeypatch.chdir(tmp_path / "here")
    content = external(tmp_path / "net.onnx", location=location).read_bytes()
    refused(onnx.load_model_from_string(content))


@pytest.mark.parametrize("location", [known("reads the working folder", "w.bin"), "../w.bin"])
def test_external_data_of_a_constant_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    """Attributes hold tensors too: they may not read files where the process runs."""
    (tmp_path / "here").mkdir()
    for folder in (tmp_path, tmp_path / "here"):
        (folder / "w.bin").write_bytes(weights())
    monkeypatch.chdir(tmp_path / "here")
    tensor = TensorProto(name="w", dims=[4, 2, 3, 3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    model = float_model()
    del model.graph.initializer[0]
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], "constant", value=tensor))
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    refused(path)


# ---------------------------------------------------------------- shapes and types


@pytest.mark.parametrize(
    "shape", [[1, 2, "height", "width"], ["batch", 2, 6, "width"], [-1, 2, 6, -1], [None, 2, None, 6]], ids=str
)
def test_dynamic_shape(shape: list[int | str]) -> None:
    refused(model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape}), "'x'", "dynamic", "fixed")


def test_dynamic_shape_after_the_input() -> None:
    nodes = [helper.make_node("NonZero", ["x"], ["n"], "find"), helper.make_node("Relu", ["n"], ["y"])]
    refused(model_of(nodes, {"x": [1, 2]}, {"y": [2, "n"]}), "find", "NonZero")


def test_input_without_a_shape() -> None:
    model = float_model()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    refused(model)
    model.graph.input[0].ClearField("type")
    refused(model)


@pytest.mark.parametrize("shape", [[1, 0, 6, 6], [0, 2, 6, 6], [1, 2, 0, 0], [0]], ids=str)
def test_dimension_zero(shape: list[int]) -> None:
    refused(model_of([helper.make_node("Relu", ["x"], ["y"], "r")], {"x": shape}, {"y": shape}), "'x'")


@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        known("ZeroDivisionError", operator, shape) if (operator, shape) == ("Softmax", []) else (operator, shape)
        for operator in ("Relu", "Identity", "Softmax", "GlobalAveragePool", "Flatten", "MaxPool", "Concat")
        for shape in ([], [3], [1, 2, 3, 4, 5])
    ],
    ids=str,
)
def test_rank_that_is_not_supported(operator: str, shape: list[int]) -> None:
    """Refused, or compiled where the operator has a meaning for it; never another exception."""
    attributes = {"MaxPool": {"kernel_shape": [1]}, "Concat": {"axis": 0}, "Softmax": {"axis": 0}}.get(operator, {})
    node = helper.make_node(operator, ["x"], ["y"], "node", **attributes)
    try:
        generate(model_of([node], {"x": shape}, {"y": shape}))
    except BittwinError as error:
        check_message(error)


@pytest.mark.parametrize(
    "element",
    [
        TensorProto.UINT4,
        TensorProto.FLOAT16,
        TensorProto.BFLOAT16,
        TensorProto.DOUBLE,
        TensorProto.STRING,
        TensorProto.INT4,
        TensorProto.COMPLEX64,
        TensorProto.FLOAT8E4M3FN,
        TensorProto.UNDEFINED,
        9999,
    ],
)
def test_input_type_that_is_not_supported(element: int) -> None:
    model = model_of([helper.make_node("Identity", ["x"], ["y"], "n")], {"x": [1, 4]}, {"y": [1, 4]})
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.elem_type = element
    refused(model)


def test_input_that_is_no_tensor() -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"], "n")], {"x": [1, 4]}, {"y": [1, 4]})
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, [1, 4])
    for type in (helper.make_sequence_type_proto(tensor), helper.make_optional_type_proto(tensor)):
        model.graph.input[0].type.CopyFrom(type)
        refused(model)


def test_weights_of_another_type_or_rank() -> None:
    w = float_model().graph.initializer[0]
    values = numpy_helper.to_array(w)
    for wrong in (values.astype(np.float64), values.astype(np.float16), values[0], values[0, 0, 0], values[:, :1]):
        model = float_model()
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(wrong, "w"))
        refused(model)


def test_bias_of_another_shape() -> None:
    for wrong in (np.zeros(3), np.zeros((4, 1)), np.zeros(()), np.zeros(0)):
        model = float_model()
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(wrong.astype(np.float32), "b"))
        refused(model)


def test_weights_with_wrong_dimensions() -> None:
    for dims in ([4, 2, 3, 4], [1 << 40, 1 << 40], [-1, 2, 3, 3], [4, 2, 3, 1 << 62], [0, 2, 3, 3], [4, 2, 0, 3]):
        model = float_model()
        model.graph.initializer[0].ClearField("dims")
        model.graph.initializer[0].dims.extend(dims)
        refused(model)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("index", range(4))
def test_weights_that_are_not_finite(index: int, value: float) -> None:
    model = float_model()
    tensor = model.graph.initializer[index]
    values = numpy_helper.to_array(tensor).copy()
    values.reshape(-1)[1] = value
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    refused(model, "finite", "conv" if index < 2 else "gemm")


@pytest.mark.parametrize("name", ["x_scale", "w_scale", "y_scale"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -0.0, -0.01])
def test_scale_that_is_no_positive_number(name: str, value: float) -> None:
    refused(int8_model(**{name: np.array(value, np.float32)}), "scale" if np.isfinite(value) else "finite")


@pytest.mark.parametrize("name", ["x_scale", "y_scale"])
def test_scale_that_is_subnormal(name: str) -> None:
    refused(int8_model(**{name: np.array(1e-42, np.float32)}), "scale")


@pytest.mark.parametrize(
    ("name", "value"), [("x_scale", 3e38), ("y_scale", 1.2e-38), ("x_scale", 1.2e-38), ("w_scale", 3e38)]
)
def test_scale_at_the_end_of_the_range(name: str, value: float) -> None:
    """The ratio of scales leaves the range of float32: refused, or compiled and equal to onnxruntime."""
    model = int8_model(**{name: np.array(value, np.float32)})
    try:
        generate(model)
    except BittwinError as error:
        check_message(error)
        return
    assert verify(model, samples=2, name="model").passed


def test_scales_of_the_wrong_count() -> None:
    refused(int8_model(w_scale=np.full(3, 0.01, np.float32), w_zero=np.zeros(3, np.int8)), "weight", "3 scales")
    refused(int8_model(x_scale=np.full(3, 0.01, np.float32), x_zero=np.zeros(3, np.int8)), "dequantize", "3 scales")
    refused(int8_model(w_zero=np.zeros(2, np.int8)), "weight")


def test_activations_of_int16() -> None:
    refused(int8_model(y_zero=np.array(3, np.int16)), "int16", "int8")


def test_weights_of_another_code_type() -> None:
    """uint8 and int32 weights have no int8 kernel; onnxruntime computes them in float."""
    for kind in (np.uint8, np.int32):
        w = np.random.default_rng(0).integers(1, 100, (4, 2, 3, 3)).astype(kind)
        model = int8_model(w=w, w_zero=np.zeros(4, kind))
        try:
            generate(model)
        except BittwinError as error:
            check_message(error)
        else:
            assert verify(model, samples=2, name="model").passed


def test_accumulator_that_could_overflow() -> None:
    bias = np.array([0, 0, 2**31 - 1, 0], np.float64) * float(np.float32(0.02) * np.float32(0.01))
    refused(int8_model(b=bias.astype(np.float32)), "conv", "overflow", "channel 2", "2147483647")


def test_accumulator_that_could_overflow_by_its_weights() -> None:
    weight = np.full((1, 70000), 127, np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "x_scale", "zero"], ["real"], "dequantize"),
        helper.make_node("DequantizeLinear", ["w", "w_scale", "zero"], ["weight"], "weight"),
        helper.make_node("Gemm", ["real", "weight"], ["sum"], "gemm", transB=1),
        helper.make_node("QuantizeLinear", ["sum", "y_scale", "zero"], ["y"], "quantize"),
    ]
    one = np.array(1, np.float32)
    constants = {"x_scale": one, "w_scale": one, "y_scale": one, "zero": np.array(-128, np.int8), "w": weight}
    constants |= {"zero": np.array(0, np.int8)}
    fits = model_of(nodes, {"x": [1, 70000]}, {"y": [1, 1]}, constants, TensorProto.INT8)
    generate(fits)
    constants |= {"w": np.full((1, 140000), 127, np.int8)}
    refused(model_of(nodes, {"x": [1, 140000]}, {"y": [1, 1]}, constants, TensorProto.INT8), "gemm", "overflow")


# ---------------------------------------------------------------- graphs


def test_unknown_operator_and_domain() -> None:
    refused(one_node("Einsum", equation="nchw->nchw"), "'node'", "Einsum", "not supported")
    refused(one_node("NoSuchOperator"), "NoSuchOperator")
    for domain in ("ai.onnx.ml", "example.com", "com.microsoft"):
        node = helper.make_node("Strange", ["x"], ["y"], "strange", domain=domain)
        refused(model_of([node], {"x": [1, 2]}, {"y": [1, 2]}, domains=[domain]), "strange")


@pytest.mark.parametrize("domain", ["ai.onnx.ml", "example.com", known("accepted as ONNX's Relu", "com.microsoft")])
def test_known_operator_of_another_domain(domain: str) -> None:
    node = helper.make_node("Relu", ["x"], ["y"], "strange", domain=domain)
    refused(model_of([node], {"x": [1, 2]}, {"y": [1, 2]}, domains=[domain]))


@pytest.mark.parametrize("operator", ["FusedMatMul", "SkipLayerNormalization"])
def test_operator_that_onnxruntime_made(operator: str) -> None:
    node = helper.make_node(operator, ["x"], ["y"], "made", domain="com.microsoft")
    refused(model_of([node], {"x": [1, 2]}, {"y": [1, 2]}, domains=["com.microsoft"]), "made", "before onnxruntime")


def test_unknown_operator_without_a_name() -> None:
    node = helper.make_node("Sinh", ["x"], ["made"])
    refused(model_of([node], {"x": [1, 2]}, {"made": [1, 2]}), "made", "Sinh")


def test_subgraphs() -> None:
    inner = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["inner"])], "then", [], [helper.make_tensor_value_info("inner", 1, [1, 2])]
    )
    node = helper.make_node("If", ["c"], ["y"], "choose", then_branch=inner, else_branch=inner)
    refused(model_of([node], {"x": [1, 2]}, {"y": [1, 2]}, {"c": np.array(True)}), "choose", "If")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Relu", ["v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", 1, [1, 2]),
        ],
        [helper.make_tensor_value_info("again", TensorProto.BOOL, []), helper.make_tensor_value_info("w", 1, [1, 2])],
    )
    loop = helper.make_node("Loop", ["n", "c", "x"], ["y"], "repeat", body=body)
    constants = {"c": np.array(True), "n": np.array(1 << 40, np.int64)}
    refused(model_of([loop], {"x": [1, 2]}, {"y": [1, 2]}, constants), "repeat", "Loop")


def test_unsorted_and_cyclic_nodes() -> None:
    model = float_model()
    first = onnx.NodeProto()
    first.CopyFrom(model.graph.node[0])
    del model.graph.node[0]
    model.graph.node.append(first)
    refused(model)
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], "one"), helper.make_node("Relu", ["a"], ["b"], "two")]
    refused(model_of(nodes, {"x": [1, 2]}, {"b": [1, 2]}))
    refused(model_of([helper.make_node("Relu", ["y"], ["y"], "self")], {"x": [1, 2]}, {"y": [1, 2]}))


def test_duplicate_names() -> None:
    twice = [helper.make_node("Relu", ["x"], ["y"], "a"), helper.make_node("Relu", ["x"], ["y"], "b")]
    refused(model_of(twice, {"x": [1, 2]}, {"y": [1, 2]}))
    refused(model_of([helper.make_node("Relu", ["x"], ["x"], "a")], {"x": [1, 2]}, {"x": [1, 2]}))
    refused(changed(float_model(), lambda m: m.graph.initializer.append(m.graph.initializer[0])))
    refused(changed(float_model(), lambda m: m.graph.input.append(m.graph.input[0])))


def test_duplicate_output() -> None:
    refused(changed(float_model(), lambda m: m.graph.output.append(m.graph.output[0])))


def test_output_that_nothing_makes() -> None:
    refused(changed(float_model(), lambda m: setattr(m.graph.output[0], "name", "nothing")))
    refused(changed(float_model(), lambda m: setattr(m.graph.output[0], "name", "w")))
    refused(changed(float_model(), lambda m: m.graph.output.pop()))
    refused(changed(float_model(), lambda m: setattr(m.graph.input[0], "name", "other")))


def test_output_of_another_shape_or_type_than_declared() -> None:
    """What the file says of its outputs is wrong: refused, or the true shape is taken and the C is right."""
    for change in ("shape", "type"):
        model = float_model()
        if change == "shape":
            model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7
        else:
            model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT8
        try:
            made = generate(model)
        except BittwinError as error:
            check_message(error)
        else:
            port = made.manifest["outputs"][0]
            assert (port["shape"], port["dtype"]) == ([1, 3], "float32")


def test_missing_inputs_outputs_and_attributes() -> None:
    refused(changed(float_model(), lambda m: m.graph.node[0].input.pop(1)))
    refused(changed(float_model(), lambda m: m.graph.node[0].ClearField("input")))
    refused(changed(float_model(), lambda m: m.graph.node[0].ClearField("output")))
    refused(changed(float_model(), lambda m: m.graph.node[2].ClearField("attribute")))
    refused(changed(float_model(), lambda m: m.graph.node[0].ClearField("op_type")))
    refused(changed(float_model(), lambda m: m.ClearField("graph")))
    refused(changed(float_model(), lambda m: m.graph.ClearField("node")))
    refused(changed(float_model(), lambda m: m.ClearField("opset_import")))
    refused(changed(float_model(), lambda m: m.ClearField("ir_version")))


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [0, 1]},
        {"strides": [-1, 1]},
        known("IndexError", {"strides": [1]}),
        known("accepted", {"strides": [1, 1, 1]}),
        {"dilations": [0, 0]},
        {"dilations": [1 << 62, 1]},
        known("IndexError", {"dilations": [1]}),
        {"pads": [1, 1]},
        {"pads": [-1, -1, -1, -1]},
        {"pads": [1 << 62, 0, 0, 0]},
        {"pads": [1, 1, 1, 1, 1, 1]},
        {"group": 0},
        {"group": -1},
        {"group": 3},
        {"group": 1 << 62},
        {"auto_pad": "SAME"},
        known("ZeroDivisionError", {"auto_pad": "SAME_UPPER", "strides": [0, 1]}),
        known("ValueError of zip", {"auto_pad": "SAME_UPPER", "strides": [1]}),
        {"strides": 2},
        {"strides": "two"},
        {"strides": [1.5, 1.5]},
        {"group": [1]},
        known("accepted: not the weight's shape", {"kernel_shape": [5, 5]}),
        known("accepted", {"kernel_shape": [3]}),
        known("accepted: the C does not compile", {"strides": [1 << 40, 1]}),
    ],
    ids=str,
)
def test_attributes_of_a_convolution_that_make_no_sense(attributes: dict[str, object]) -> None:
    weight = np.ones((4, 2, 3, 3), np.float32)
    try:
        made = generate(one_node("Conv", constants={"w": weight}, **attributes), name="model")
    except BittwinError as error:
        check_message(error, "node")
    else:
        assert attributes == {"strides": [1 << 40, 1]}, "accepted"
        compiles(made)


@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [0, 2]},
        {"kernel_shape": [-2, 2]},
        {"kernel_shape": [2]},
        {"kernel_shape": [9, 9]},
        {"kernel_shape": [1 << 62, 1]},
        {"kernel_shape": [2, 2], "strides": [0, 0]},
        known("IndexError", {"kernel_shape": [2, 2], "strides": [1]}),
        known("accepted", {"kernel_shape": [2, 2], "strides": [1, 1, 1]}),
        {"kernel_shape": [2, 2], "dilations": [0, 1]},
        known("IndexError", {"kernel_shape": [2, 2], "dilations": [1]}),
        {"kernel_shape": [2, 2], "pads": [-1, 0, 0, 0]},
        {"kernel_shape": [2, 2], "pads": [1]},
        {"kernel_shape": [2, 2], "auto_pad": "NOWHERE"},
        {"kernel_shape": [2, 2], "ceil_mode": [1]},
    ],
    ids=str,
)
@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
def test_attributes_of_a_pool_that_make_no_sense(operator: str, attributes: dict[str, object]) -> None:
    refused(one_node(operator, **attributes), "node")


@pytest.mark.parametrize(
    ("operator", "constants", "attributes"),
    [
        ("Reshape", {"s": np.array([7, 11], np.int64)}, {}),
        ("Reshape", {"s": np.array([-1, -1], np.int64)}, {}),
        ("Reshape", {"s": np.array([1, -5], np.int64)}, {}),
        ("Reshape", {"s": np.array([0, 0, 0, 0, 0], np.int64)}, {}),
        known("TypeError", "Reshape", {"s": np.array(72, np.int64)}, {}),
        ("Reshape", {"s": np.array([1 << 62, 1 << 62], np.int64)}, {}),
        known("accepted", "Reshape", {"s": np.array([1.0, 72.0], np.float32)}, {}),
        known("accepted", "Flatten", {}, {"axis": 9}),
        known("accepted", "Flatten", {}, {"axis": -9}),
        known("accepted", "Concat", {}, {"axis": 9}),
        known("accepted", "Softmax", {}, {"axis": 9}),
        ("Squeeze", {"a": np.array([1], np.int64)}, {}),
        ("Squeeze", {"a": np.array([9], np.int64)}, {}),
        known("accepted", "Squeeze", {"a": np.array([0, 0], np.int64)}, {}),
        known("accepted", "Unsqueeze", {"a": np.array([9], np.int64)}, {}),
        known("accepted", "Unsqueeze", {"a": np.array([0, 0], np.int64)}, {}),
        ("Unsqueeze", {}, {}),
        ("Clip", {"low": np.array(np.nan, np.float32)}, {}),
        known("accepted", "Clip", {"low": np.ones(3, np.float32)}, {}),
        known("IndexError", "Clip", {"low": np.ones(0, np.float32)}, {}),
        known("accepted", "Clip", {"low": np.array(1, np.int64)}, {}),
        ("Pad", {"p": np.array([0, 0, 9, 9, 0, 0, 9, 9], np.int64)}, {"mode": "reflect"}),
        ("Pad", {"p": np.array([0, 0, 9, 9, 0, 0, 9, 9], np.int64)}, {"mode": "wrap"}),
        ("Pad", {"p": np.array([0, 0, -9, 0, 0, 0, 0, 0], np.int64)}, {}),
        ("Pad", {"p": np.array([1 << 62, 0, 0, 0, 0, 0, 0, 0], np.int64)}, {}),
        ("Pad", {"p": np.array([1, 1], np.int64)}, {}),
        ("Pad", {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)}, {"mode": "strange"}),
        ("Pad", {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64), "v": np.array(np.nan, np.float32)}, {}),
        ("Pad", {"p": np.array([0, 0, 1 << 62, 1, 0, 0, 1, 1], np.int64)}, {}),
        ("Add", {"c": np.ones((5,), np.float32)}, {}),
        ("Add", {"c": np.ones((1, 2, 5, 6), np.float32)}, {}),
        ("Mul", {"c": np.ones((1, 2, 6, 6), np.int64)}, {}),
        ("PRelu", {"c": np.ones((2, 1, 2, 6, 6), np.float32)}, {}),
        ("ReduceMean", {"a": np.array([7], np.int64)}, {}),
        ("ReduceMax", {"a": np.array([-9], np.int64)}, {}),
        ("ArgMax", {}, {"axis": 5}),
        ("InstanceNormalization", {n: np.ones(3, np.float32) for n in "ab"}, {}),
        ("GroupNormalization", {n: np.ones(2, np.float32) for n in "ab"}, {"num_groups": 0}),
        ("LayerNormalization", {"s": np.ones(5, np.float32)}, {}),
        ("LeakyRelu", {}, {"alpha": float("nan")}),
        ("Cast", {}, {"to": TensorProto.DOUBLE}),
        ("Cast", {}, {"to": 12345}),
        ("Gemm", {"w": np.ones((6, 6), np.float32)}, {}),
        ("MatMul", {"w": np.ones((5, 6), np.float32)}, {}),
        ("MatMul", {"w": np.ones((3, 6, 6), np.float32)}, {}),
        ("QuantizeLinear", {"s": np.ones(3, np.float32), "z": np.zeros(3, np.int8)}, {"axis": 1}),
        ("QuantizeLinear", {"s": np.ones(2, np.float32), "z": np.zeros(2, np.int8)}, {"axis": 9}),
        ("QuantizeLinear", {"s": np.ones((1, 2, 6, 2), np.float32)}, {"axis": 3, "block_size": 1 << 40}),
        ("BatchNormalization", {n: np.ones(3, np.float32) for n in "abcd"}, {}),
        ("BatchNormalization", {n: np.ones(2, np.float32) for n in "abcd"}, {"training_mode": 1, "momentum": 2.0}),
        ("BatchNormalization", {n: np.ones(3, np.float32) for n in "abcd"}, {"training_mode": 1}),
        ("BatchNormalization", {"a": np.ones(2, np.float32)}, {}),
        known("accepted: weights are NaN", "BatchNormalization", {n: np.full(2, -1, np.float32) for n in "abcd"}, {}),
        known(
            "accepted: weights are infinite",
            "BatchNormalization",
            {n: np.full(2, 0 if n == "d" else 1, np.float32) for n in "abcd"},
            {"epsilon": 0.0},
        ),
        ("QuantizeLinear", {"s": np.ones((), np.float32), "z": np.zeros((), np.int16)}, {}),
        ("DequantizeLinear", {"s": np.ones((), np.float32), "z": np.zeros((), np.int8)}, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_operators_with_constants_that_do_not_fit(
    operator: str, constants: dict[str, Array], attributes: dict[str, object]
) -> None:
    refused(one_node(operator, constants=constants, **attributes), "node")


def test_training_mode() -> None:
    node = helper.make_node("Dropout", ["x", "", "t"], ["y"], "dropout")
    refused(model_of([node], {"x": [1, 2]}, {"y": [1, 2]}, {"t": np.array(True)}), "dropout", "training")


@pytest.mark.parametrize("opset", [1, 2, 6, 0, -1, known("accepted", 10**6)])
def test_opset_that_is_not_supported(opset: int) -> None:
    refused(one_node("Relu", opset=opset), "opset" if opset in (2, 6) else "")


def test_inputs_that_do_not_fit_each_other() -> None:
    node = helper.make_node("Add", ["x", "z"], ["y"], "add")
    refused(model_of([node], {"x": [4, 6], "z": [2, 6]}, {"y": [4, 6]}))


def test_target_schedule_and_budget() -> None:
    for wrong in ({"target": "cortex-m99"}, {"schedule": "fast"}, {"ram": 1}, {"flash": 1}):
        with pytest.raises(BittwinError) as caught:
            generate(float_model(), **wrong)  # type: ignore[arg-type]
        check_message(caught.value)


def test_message_of_the_checker_names_the_node() -> None:
    refused(one_node("MaxPool"), "node", "kernel_shape")
    refused(one_node("Concat"), "node", "axis")


def test_numbers_of_a_type_that_an_operator_does_not_take() -> None:
    node = helper.make_node("Softmax", ["x"], ["y"], "node")
    refused(model_of([node], {"x": [1, 18]}, {"y": [1, 18]}, element=TensorProto.INT8), "node", "int8", "float32")


# ---------------------------------------------------------------- sizes


GUARDED = """
import resource, signal, sys
from pathlib import Path
from bittwin_cgen import BittwinError, generate
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
def late(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, late)
for path in sorted(Path(sys.argv[1]).iterdir()):
    signal.alarm(10)
    try:
        made = generate(path)
        print(path.name, "accepted", len(made.files), flush=True)
    except BittwinError as error:
        print(path.name, "refused", repr((error.where, error.what, error.do)), flush=True)
    except BaseException as error:
        print(path.name, "FAILED", type(error).__name__, str(error).replace(chr(10), " ")[:200], flush=True)
    signal.alarm(0)
"""


def outcomes(models: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """{name: what happened} of models that a process of its own tries, with 4 GiB of memory and 10 s for each."""
    for name, content in models.items():
        (folder / name).write_bytes(content)
    done = subprocess.run([sys.executable, "-c", GUARDED, str(folder)], capture_output=True, text=True, timeout=300)
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0, f"crashed after {len(found)} of {len(models)}: {done.returncode}\n{done.stderr[-500:]}"
    assert found.keys() == models.keys()
    return found


HUGE = {
    "overflow": ("Relu", [1 << 40, 1 << 40], TensorProto.FLOAT, {}),
    "product": ("Relu", [1, 1 << 31, 1 << 31, 4], TensorProto.FLOAT, {}),
    "wraps": ("Relu", [1 << 32, 1 << 32], TensorProto.FLOAT, {}),
    "largest": ("Relu", [1, (1 << 63) - 1], TensorProto.FLOAT, {}),
    "pool": ("MaxPool", [1, 1, 40000, 40000], TensorProto.FLOAT, {"kernel_shape": [3, 3]}),
    "pads": ("MaxPool", [1, 1, 4, 4], TensorProto.FLOAT, {"kernel_shape": [3, 3], "pads": [1 << 40] * 4}),
    "batch": ("Relu", [1 << 30, 64], TensorProto.FLOAT, {}),
}


def test_sizes_that_no_machine_has(tmp_path: Path) -> None:
    models = {}
    for name, (operator, shape, element, attributes) in HUGE.items():
        node = helper.make_node(operator, ["x"], ["y"], "node", **attributes)
        model = model_of([node], {"x": shape}, {"y": [1] * len(shape)}, element=element)
        models[name] = model.SerializeToString()
    found = outcomes(models, tmp_path)
    assert {name: text for name, text in found.items() if not text.startswith("refused")} == {}


def test_arena_that_int_cannot_address(tmp_path: Path) -> None:
    """Each tensor fits, all together do not: two relus of 1.2 GiB and what is between them."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["a"], "one", kernel_shape=[2, 2]),
        helper.make_node("MaxPool", ["a"], ["b"], "two", kernel_shape=[2, 2]),
        helper.make_node("MaxPool", ["b"], ["c"], "three", kernel_shape=[2, 2]),
        helper.make_node("MaxPool", ["c"], ["d"], "four", kernel_shape=[2, 2]),
    ]
    size = 18000
    model = model_of(nodes, {"x": [1, 1, size, size]}, {"d": [1, 1, size - 4, size - 4]})
    (found,) = outcomes({"net": model.SerializeToString()}, tmp_path).values()
    assert found.startswith("refused"), found


def test_batch_that_int_cannot_address(tmp_path: Path) -> None:
    """One image fits, the whole batch in an input array does not."""
    node = helper.make_node("Relu", ["x"], ["y"], "node")
    model = model_of([node], {"x": [100, 1 << 23]}, {"y": [100, 1 << 23]})
    (found,) = outcomes({"net": model.SerializeToString()}, tmp_path).values()
    assert found.startswith("refused"), found


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile", "Range"])
def test_constants_that_unfold_without_end(tmp_path: Path, operator: str) -> None:
    big = np.array([1 << 20, 1 << 20], np.int64)
    inputs: dict[str, dict[str, Array]] = {
        "ConstantOfShape": {"s": big},
        "Expand": {"v": np.ones((1, 1), np.float32), "s": big},
        "Tile": {"v": np.ones((1, 1), np.float32), "s": big},
        "Range": {"a": np.array(0, np.int64), "b": np.array(1 << 40, np.int64), "c": np.array(1, np.int64)},
    }
    nodes = [
        helper.make_node(operator, list(inputs[operator]), ["big"], "unfold"),
        helper.make_node("Add", ["x", "big"], ["y"], "add"),
    ]
    model = model_of(nodes, {"x": [1, 2]}, {"y": [1, 2]}, inputs[operator])
    (found,) = outcomes({"net": model.SerializeToString()}, tmp_path).values()
    assert found.startswith("refused"), found


def test_constants_that_double_again_and_again(tmp_path: Path) -> None:
    """40 small nodes, 2**40 values."""
    nodes = [helper.make_node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], f"double_{i}", axis=0) for i in range(40)]
    nodes.append(helper.make_node("Add", ["x", "c40"], ["y"], "add"))
    model = model_of(nodes, {"x": [1, 2]}, {"y": [1, 2]}, {"c0": np.ones(1, np.float32)})
    (found,) = outcomes({"net": model.SerializeToString()}, tmp_path).values()
    assert found.startswith("refused"), found


# ---------------------------------------------------------------- names


NASTY = [
    'quote" "; system("reboot"); "',
    "end */ int x = 1; /* comment",
    "// line",
    "new\nline\r\nand\ttab",
    "back\\slash\\",
    "line end \\\n#error reached",
    "trigraph ??/ ??< ??=",
    "ünïcode 名前 🚀",
    "\u202eright to left\u2066",
    "%s%n%d {0} ${x} `id`",
    "#define x",
    "'single'",
    "nul\0byte",
    "</script><script>alert(1)</script>",
    "../../etc/passwd",
    "",
    " ",
    "_",
    "__reserved__",
    "0digit",
    "a" * 5000,
]
KEYWORDS = [
    "int",
    "while",
    "restrict",
    "_Bool",
    "class",
    "inline",
    "NULL",
    "main",
    "memcpy",
    "INFINITY",
    "arena",
    "run",
]
LOCALS = ["int8_t", "uint8_t", "frame", "rows", "oy", "x", "bytes", "size", "weights", "memset", "layer"]
MEETING = ["whole", "image", "y", "btw_at"]


def named(inputs: Sequence[str], nodes: Sequence[str], outputs: Sequence[str], batch: int = 1) -> onnx.ModelProto:
    """Convolutions of each input, added one by one; every tensor has the name of its node."""
    weight = np.random.default_rng(0).standard_normal((2, 2, 3, 3), np.float32)
    made, constants = [], {}
    for index, (x, node, y) in enumerate(zip(inputs, nodes, outputs, strict=True)):
        constants[f"weight of {node} {index}"] = weight + np.float32(index)
        made.append(helper.make_node("Conv", [x, list(constants)[-1]], [f"{node} {index}"], node, pads=[1, 1, 1, 1]))
        made.append(helper.make_node("Relu", [f"{node} {index}"], [y], node))
    shape = [batch, 2, 4, 4]
    return model_of(made, dict.fromkeys(inputs, shape), dict.fromkeys(outputs, shape), constants)


def compiles(made: GeneratedModel) -> None:
    """Every warning is an error, trigraphs and comments included."""
    for flags in (("-std=c11", *WARNINGS, "-Wtrigraphs", "-Wcomment"), ("-std=c99", "-trigraphs", "-w")):
        for source in (f"{made.name}.c", f"{made.name}_weights.c"):
            compile_files(made.files, [source], [*flags, "-O0", "-c"], ".o")


def words_of(name: str) -> set[str]:
    """Pieces of a name that could do harm in C: everything between its letters and digits."""
    return {piece for piece in re.split(r"[0-9A-Za-z_]+", name) if len(piece.strip(" .")) > 1 or not piece.isascii()}


@pytest.mark.parametrize("nasty", NASTY, ids=lambda name: ascii(name)[:20])
def test_nasty_name_stays_out_of_the_c(nasty: str) -> None:
    model = named([nasty or "in"], [nasty], [f"{nasty} out"])
    model.graph.name = model.producer_name = model.graph.doc_string = nasty
    try:
        made = generate(model, name=nasty or None)
    except BittwinError as error:
        check_message(error)
        return
    text = "".join(
        made.files[path] for path in made.files if not path.endswith(".json") and not path.startswith("btw/")
    )
    assert text.isascii()
    assert "\0" not in text and "??" not in text and "\\" not in text
    assert nasty not in text or nasty in ("", " ", "_", "0digit")
    for forbidden in ("system(", "alert(", "#error reached", "*/ int", "#define x"):
        assert forbidden not in text
    assert all(
        re.fullmatch(r"[a-z0-9_]{1,60}(_weights|_memory)?\.(h|c|json|svg)|btw/\w+\.[hc]", path) for path in made.files
    )
    facts = json.loads(made.files[f"{made.name}.json"])
    assert facts["inputs"][0]["name"] == (nasty or "in")
    compiles(made)


def test_nasty_names_together() -> None:
    names = [name for name in NASTY if name and "\0" not in name]
    model = named(names, [f"{name} n" for name in names], [f"{name} o" for name in names])
    made = generate(model, name="model")
    compiles(made)
    assert len({port["parameter"] for port in made.manifest["inputs"] + made.manifest["outputs"]}) == 2 * len(names)


@pytest.mark.parametrize("batch", [1, 3])
def test_keywords_and_local_names(batch: int) -> None:
    for start in range(0, len(KEYWORDS + LOCALS), 5):
        names = (KEYWORDS + LOCALS)[start : start + 5]
        model = named(names, [f"{name}_" for name in names], [f"{name}__" for name in names], batch)
        compiles(generate(model, name="model"))


@pytest.mark.parametrize(
    "name", [*KEYWORDS, *LOCALS, *(known("meets a name of the generated C", name) for name in MEETING)]
)
def test_keyword_as_the_name_of_everything(name: str) -> None:
    model = named([name], [name], [f"{name}."], batch=2)
    compiles(generate(model, name=name))


@pytest.mark.parametrize(
    "nodes",
    [
        known("two C objects of one name", ("conv", "conv_layer")),
        known("two C objects of one name", ("conv", "conv_weights")),
        known("two C objects of one name", ("conv", "conv_bias")),
        known("AssertionError: the copy of rows has the same name", ("conv", "conv_rows")),
        known("AssertionError: the copy of rows has the same name", ("conv_rows", "conv")),
        ("conv", "Conv"),
        ("conv/a", "conv.a"),
        ("run", "arena"),
        ("frame", "layer"),
        ("a" * 60, "a" * 61),
        ("conv_2", "conv"),
        ("quantize_one", "dequantize_two_out"),
    ],
    ids=str,
)
def test_names_of_nodes_that_would_meet_in_c(nodes: tuple[str, str]) -> None:
    model = named(["one", "two"], nodes, ["one out", "two out"])
    compiles(generate(model, name="model"))


def test_names_of_nodes_that_would_meet_the_functions_of_the_header() -> None:
    """The header has quantize_<input> and dequantize_<output>: no layer may be called so."""
    model = int8_model()
    model.graph.node.insert(0, helper.make_node("QuantizeLinear", ["real x", "x_scale", "x_zero"], ["x"], "q"))
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 2, 6, 6]))
    model.graph.node[0].input[0] = "in"
    model.graph.node[3].name = "quantize in"
    compiles(generate(model, name="model"))


def test_names_of_ports_that_would_meet_in_macros() -> None:
    names = ["x", "x_size", "x size", "X", "x_height", "h", "x.1", "x_1"]
    model = named(names, [f"n{i}" for i in range(len(names))], [f"{name}y" for name in names])
    compiles(generate(model, name="model"))


# ---------------------------------------------------------------- random damage


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """A few bytes changed, removed, repeated or inserted."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(0, len(data)))
        span = int(random.integers(1, 9))
        kind = random.integers(0, 5)
        if kind == 0:
            data[at] ^= 1 << int(random.integers(0, 8))
        elif kind == 1:
            data[at] = int(random.choice([0, 1, 0x7F, 0x80, 0xFF]))
        elif kind == 2:
            del data[at : at + span]
        elif kind == 3:
            data[at:at] = data[at : at + span]
        else:
            data[at:at] = random.bytes(span)
    return bytes(data)


def test_random_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    """200 damaged copies; the weights are small, so that most of the damage hits the structure."""
    random = np.random.default_rng(0)
    sources = [model().SerializeToString() for model in (float_model, int8_model)]
    models = {f"{index:03}": mutated(sources[index % 2], random) for index in range(200)}
    found = outcomes(models, tmp_path)
    assert {name: text for name, text in found.items() if text.split()[0] not in ("refused", "accepted")} == {}
    assert sum(text.startswith("refused") for text in found.values()) > 50
    assert os.listdir(tmp_path)
