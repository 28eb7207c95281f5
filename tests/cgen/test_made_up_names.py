"""Tensors and places that the compiler makes up: a file may hold any name, also one of those."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin import golden
from bittwin.verifier import verify
from bittwin_cgen import compile_graph, compile_program
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array


def _value(name: str, element: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def _model(
    nodes: list[onnx.NodeProto],
    x: onnx.ValueInfoProto,
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, Array],
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(
        helper.make_graph(nodes, "names", [x], outputs, tensors), opset_imports=opsets, ir_version=10
    )


def float_model() -> onnx.ModelProto:
    """Padding, a window over few rows, a flattening, an output that is another, bias and softmax."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["conv", "w"], ["second"], "second", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("MaxPool", ["second"], ["pool"], "pool", kernel_shape=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"], "flat"),
        helper.make_node("MatMul", ["flat", "m"], ["product"], "product"),
        helper.make_node("Identity", ["product"], ["same"], "same"),
        helper.make_node("LogSoftmax", ["product"], ["y"], "y", axis=1),
        helper.make_node("ReduceL2", ["conv", "axes"], ["length"], "length"),
    ]
    constants = {
        "w": random.standard_normal((2, 2, 3, 3), np.float32),
        "m": random.standard_normal((24, 3), np.float32),
        "axes": np.array([1], np.int64),
    }
    ends = [_value(name, TensorProto.FLOAT, 1, 3) for name in ("product", "same", "y")]
    ends.append(_value("length", TensorProto.FLOAT, 1, 1, 8, 10))
    return _model(nodes, _value("x", TensorProto.FLOAT, 1, 2, 8, 10), ends, constants)


def images_model() -> onnx.ModelProto:
    """Axis 0 is no batch: each image is computed by itself."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["pool"], "pool", kernel_shape=[2, 2]),
        helper.make_node("ReduceMax", ["pool", "axes"], ["y"], "y"),
    ]
    return _model(
        nodes,
        _value("x", TensorProto.FLOAT, 2, 3, 5, 5),
        [_value("y", TensorProto.FLOAT, 1, 3, 4, 4)],
        {"axes": np.array([0], np.int64)},
    )


def uint8_model() -> onnx.ModelProto:
    """QOperator nodes of uint8 codes, also as plain numbers, and a move to another scale."""
    constants: dict[str, Array] = {
        "s": np.array(0.02, np.float32),
        "t": np.array(0.03, np.float32),
        "z": np.array(128, np.uint8),
    }
    nodes = [
        helper.make_node(
            "QLinearAdd", ["x", "s", "z", "x", "s", "z", "t", "z"], ["sum"], "sum", domain="com.microsoft"
        ),
        helper.make_node("DequantizeLinear", ["sum", "t", "z"], ["real"], "real"),
        helper.make_node("Transpose", ["real"], ["turned"], "turned", perm=[0, 1, 3, 2]),
        helper.make_node("QuantizeLinear", ["turned", "s", "z"], ["y"], "y"),
        helper.make_node("Cast", ["sum"], ["number"], "number", to=TensorProto.FLOAT),
    ]
    ends = [_value("y", TensorProto.UINT8, 1, 2, 4, 3), _value("number", TensorProto.FLOAT, 1, 2, 3, 4)]
    return _model(nodes, _value("x", TensorProto.UINT8, 1, 2, 3, 4), ends, constants)


def int8_model() -> onnx.ModelProto:
    """Moves between operators and their quantizers, constants made by nodes."""
    random = np.random.default_rng(0)
    constants: dict[str, Array] = {
        "s": np.array(0.02, np.float32),
        "t": np.array(0.03, np.float32),
        "z": np.array(3, np.int8),
        "w": random.integers(-127, 128, (4, 2, 3, 3)).astype(np.int8),
        "v": random.integers(-127, 128, (4, 4, 3)).astype(np.int8),
        "ws": np.array(0.01, np.float32),
        "wz": np.array(0, np.int8),
        "shape": np.array([1, 4, 12], np.int64),
    }
    nodes = [
        *(
            helper.make_node("Constant", [], [name], f"makes {name}", value=numpy_helper.from_array(value))
            for name, value in constants.items()
        ),
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["codes"], "codes"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["given"], "given"),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["weight"], "weight"),
        helper.make_node("Conv", ["given", "weight"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("MaxPool", ["conv"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["pool", "shape"], ["flat"], "flat"),
        helper.make_node("QuantizeLinear", ["flat", "t", "z"], ["small"], "small"),
        helper.make_node("DequantizeLinear", ["small", "t", "z"], ["real"], "real"),
        helper.make_node("Reshape", ["real", "shape"], ["again"], "again"),
        helper.make_node("DequantizeLinear", ["v", "ws", "wz"], ["filter"], "filter"),
        helper.make_node("Conv", ["again", "filter"], ["second"], "second"),
        helper.make_node("QuantizeLinear", ["second", "s", "z"], ["made"], "made"),
        helper.make_node("DequantizeLinear", ["made", "s", "z"], ["y"], "y"),
        helper.make_node("Reshape", ["real", "shape"], ["moved"], "moved"),
        helper.make_node("Sigmoid", ["moved"], ["function"], "function"),
    ]
    ends = [_value("y", TensorProto.FLOAT, 1, 4, 10), _value("function", TensorProto.FLOAT, 1, 4, 12)]
    return _model(nodes, _value("x", TensorProto.FLOAT, 1, 2, 6, 8), ends, {})


MODELS = {"float": float_model, "images": images_model, "uint8": uint8_model, "int8": int8_model}


def made_up(model: onnx.ModelProto) -> set[str]:
    """Names of tensors and places that are not the file's."""
    program = compile_program(model)
    return (set(program.types) | set(program.places)) - names_of(model)


def names_of(model: onnx.ModelProto) -> set[str]:
    values = (*model.graph.input, *model.graph.initializer)
    return {value.name for value in values} | {name for node in model.graph.node for name in node.output}


def renamed(model: onnx.ModelProto, old: str, new: str) -> onnx.ModelProto:
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.name = new if value.name == old else value.name
    return model


def tensors(model: onnx.ModelProto) -> list[str]:
    """What nodes make of other tensors."""
    return [node.output[0] for node in model.graph.node if node.op_type != "Constant"]


def constants(model: onnx.ModelProto) -> list[str]:
    return sorted(names_of(model) - set(tensors(model)) - {value.name for value in model.graph.input})


CASES = [
    (kind, new, old)
    for kind, make in MODELS.items()
    for number, new in enumerate(sorted(made_up(make())))
    if kind != "int8" or "/codes" in new
    for old in (tensors(make())[number % len(tensors(make()))],)
]


@pytest.mark.parametrize(("kind", "new", "old"), CASES)
def test_a_name_that_the_compiler_would_make_up(kind: str, new: str, old: str) -> None:
    """One tensor of the file is called like one of the compiler's own."""
    model = renamed(MODELS[kind](), old, new)
    if kind in ("float", "int8"):
        assert verify(model, samples=1, name="model").passed
        return
    (x,) = model.graph.input
    shape = [d.dim_value for d in x.type.tensor_type.shape.dim]
    given = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    value = given if kind == "uint8" else given.astype(np.float32)
    expected = golden.run(golden.session(model), {x.name: value})
    graph = compile_graph(model)
    values = interpret(graph, {x.name: value})
    for port in graph.outputs:
        assert np.array_equal(values[port.tensor], expected[port.name])


@pytest.mark.parametrize("kind", ["float", "images", "int8"])
def test_a_constant_of_such_a_name(kind: str) -> None:
    """Constants of the file that went into operators are called like tensors of the compiler's own."""

    def tensors_of_its_own(model: onnx.ModelProto) -> list[str]:
        return sorted(set(compile_program(model).types) - names_of(model))

    model, wanted = MODELS[kind](), tensors_of_its_own(MODELS[kind]())
    for old, new in zip(constants(model), wanted, strict=False):
        model = renamed(model, old, new)
    assert len(tensors_of_its_own(model)) == len(wanted)  # other names in their place
    if kind == "int8":
        assert len(wanted) <= len(constants(model))
        assert verify(model, samples=1, name="model").passed


def test_the_cases_cover_what_is_made_up() -> None:
    words = " ".join(new for _, new, _ in CASES)
    for word in (
        "/rows",
        "/output",
        "/channels_last",
        "/image 0",
        "/of image 1",
        "rows of segment 0",
        "/real",
        "/uint8",
        "/codes",
    ):
        assert word in words, word
