"""Operators that are read as others: all in one float32 network, against onnxruntime; constants as outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittwin import verify
from bittwin_cgen import BittwinError
from bittwin_cgen.pipeline import compile_graph
from tests.toolkit.test_types import check_equal, model_of

SHAPE = (1, 6, 7, 5)
FUSED: tuple[tuple[str, list[float]], ...] = (
    *(("Relu", []), ("Tanh", []), ("Sigmoid", []), ("", [])),
    *(("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.25]), ("HardSigmoid", [0.3, 0.4])),
)


def rewritten() -> onnx.ModelProto:
    random = np.random.default_rng(3)
    nodes: list[onnx.NodeProto] = []
    outputs: dict[str, str] = {}
    constants: dict[str, Any] = {
        "row": random.standard_normal((6, 1, 1), np.float32),
        "last": random.standard_normal(5, np.float32),
        "w": random.standard_normal((4, 3, 3, 3), np.float32),
        "b": random.standard_normal(4, np.float32),
        "flat": np.array([6, 35], np.int64),
        "m": random.standard_normal((35, 3), np.float32),
    }

    def add(operator: str, inputs: list[str], domain: str = "", **attributes: Any) -> str:
        name = f"y{len(outputs)}"
        outputs[name] = "float32"
        nodes.append(helper.make_node(operator, inputs, [name], f"{name}_{operator}", domain=domain, **attributes))
        return name

    for inputs in (["x"], ["x", "z"], ["x", "row", "z"], ["x", "x", "z", "last", "x", "z", "z"]):
        add("Mean", inputs)
    for axis in (-1, 1, 2, 0):
        add("Hardmax", ["x"], axis=axis)
    add("Hardmax", [add("Round", ["x"])], axis=1)  # of equal values the first
    for p in (1, 2):
        add("GlobalLpPool", ["x"], p=p)
        add("LpPool", ["x"], p=p, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1])
        add("LpPool", ["x"], p=p, kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    add("LpPool", ["x"], kernel_shape=[2, 3], dilations=[2, 1])
    for operator, inputs in (("Gelu", ["x"]), ("QuickGelu", ["x"]), ("BiasGelu", ["x", "last"]), ("FastGelu", ["x"])):
        add(operator, inputs, "com.microsoft")
    add("FastGelu", ["x", "last"], "com.microsoft")
    add("QuickGelu", ["x"], "com.microsoft", alpha=0.9)
    for activation, parameters in FUSED:
        given = dict(activation=activation) if activation else {}
        given |= dict(activation_params=parameters) if parameters else {}
        conv = dict(pads=[1, 1, 1, 1], group=2) | given
        y = add("FusedConv", ["x", "w", "b"], "com.microsoft", **conv)
        add("FusedConv", ["x", "w", "b", y], "com.microsoft", **conv)
    matrix = "matrix"
    nodes.append(helper.make_node("Reshape", ["x", "flat"], [matrix]))
    add("FusedGemm", [matrix, "m"], "com.microsoft", activation="Relu")
    add("FusedGemm", [matrix, "m"], "com.microsoft", activation="LeakyRelu", activation_alpha=0.1, alpha=0.5)
    return model_of(nodes, {"x": ("float32", SHAPE), "z": ("float32", SHAPE)}, outputs, constants)


def test_float32() -> None:
    report = verify(rewritten(), samples=3)
    assert report.passed, [row for row in report.layers if not row.passed]


def test_hardmax_over_several_axes() -> None:
    for axis in (0, 1, 2):
        model = model_of(
            [helper.make_node("Hardmax", ["x"], ["y"], axis=axis)], {"x": ("float32", (2, 3, 4))}, {"y": "float32"}
        )
        model.opset_import[0].version = 11
        report = verify(model)
        assert (report.passed, report.max_error) == (True, 0)


@pytest.mark.parametrize(
    ("operator", "attributes", "reason"),
    [
        ("LpPool", dict(kernel_shape=[2, 2], p=3), "p is 3"),
        ("LpPool", dict(kernel_shape=[2, 2], ceil_mode=1), "ceil_mode"),
        ("GlobalLpPool", dict(p=3), "p is 3"),
    ],
)
def test_what_is_refused(operator: str, attributes: dict[str, Any], reason: str) -> None:
    node = helper.make_node(operator, ["x"], ["y"], "pool", **attributes)
    with pytest.raises(BittwinError, match=reason):
        compile_graph(model_of([node], {"x": ("float32", SHAPE)}, {"y": "float32"}))


@pytest.mark.parametrize(
    ("attributes", "z", "reason"),
    [
        (dict(activation="Elu", activation_params=[1.0]), (1, 4, 5, 3), "activation 'Elu'"),
        (dict(activation="LeakyRelu"), (1, 4, 5, 3), "activation 'LeakyRelu' with parameters"),
        (dict(activation="Clip", activation_params=[float("nan"), 1.0]), (1, 4, 5, 3), "parameters are"),
        (dict(activation="Relu"), (1, 4, 1, 1), "is added to"),
    ],
)
def test_fused_convolutions_that_are_refused(attributes: dict[str, Any], z: tuple[int, ...], reason: str) -> None:
    node = helper.make_node("FusedConv", ["x", "w", "", "z"], ["y"], "conv", domain="com.microsoft", **attributes)
    ports = {"x": ("float32", SHAPE), "z": ("float32", z)}
    with pytest.raises(BittwinError, match=reason):
        compile_graph(model_of([node], ports, {"y": "float32"}, {"w": np.ones((4, 6, 3, 3), np.float32)}))


@pytest.mark.parametrize("batch", [1, 2])
def test_constants_are_outputs(batch: int) -> None:
    """An initializer, one that a node reads too, a folded node, codes and what they mean, a scalar."""
    constants: dict[str, Any] = {
        "anchors": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "bias": np.arange(4, dtype=np.float32),
        "sizes": np.array([3, 1 << 40], np.int64),
        "codes": np.arange(-3, 3, dtype=np.int8).reshape(2, 3),
        "scale": np.float32(0.3),
        "zero": np.int8(1),
    }
    nodes = [
        helper.make_node("Add", ["x", "bias"], ["y"], "add"),
        helper.make_node("Transpose", ["anchors"], ["turned"], "turn", perm=[2, 0, 1]),
        helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["real"], "real"),
    ]
    outputs = {"y": "float32", "anchors": "float32", "bias": "float32", "sizes": "int64", "turned": "float32"}
    outputs |= {"real": "float32", "codes": "int8", "scale": "float32"}
    model = model_of(nodes, {"x": ("float32", (batch, 4))}, outputs, constants)
    for value in model.graph.output:
        if value.name in constants:
            shape = np.shape(constants[value.name])
            value.CopyFrom(helper.make_tensor_value_info(value.name, value.type.tensor_type.elem_type, shape))
    check_equal(model)


def test_an_output_of_half_floats_is_refused() -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": ("float32", (1, 4))}, {"y": "float32"})
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float16), "half"))
    model.graph.output.append(helper.make_tensor_value_info("half", onnx.TensorProto.FLOAT16, [3]))
    with pytest.raises(BittwinError, match=r"output 'half': is a constant of float16"):
        compile_graph(model)
