"""Reductions, softmax along any axis, arg-max and normalizations, in one network a type, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittwin import generate, verify
from bittwin.golden import why_not_golden
from tests.toolkit.test_binary import Branches
from tests.toolkit.test_types import model_of

SHAPE = (1, 6, 5, 4)


def branches() -> onnx.ModelProto:
    nodes: list[onnx.NodeProto] = []
    outputs: dict[str, str] = {}
    constants: dict[str, Any] = {"scale": np.linspace(0.5, 2, 6, dtype=np.float32)}
    constants["bias"] = np.linspace(-1, 1, 6, dtype=np.float32)
    constants["bias_of"] = np.ones((6, 1, 1), np.float32)
    constants["last"] = np.linspace(0.5, 1, 4, dtype=np.float32)

    def add(operator: str, inputs: list[str], dtype: str = "float32", **attributes: Any) -> None:
        name = f"y{len(outputs)}"
        outputs[name] = dtype
        nodes.append(helper.make_node(operator, inputs, [name], f"{name}_{operator}", **attributes))

    for axes, keep in (((2, 3), 1), ((2, 3), 0), ((1,), 1), ((1, 3), 0), ((0, 2), 1)):
        constants[f"axes{len(outputs)}"] = np.array(axes, np.int64)
        for operator in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"):
            add(operator, ["x", [name for name in constants if name.startswith("axes")][-1]], keepdims=keep)
    for operator in ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceProd"):
        add(operator, ["x"])
    add("GlobalMaxPool", ["x"])
    for axis in (1, 2, 3, -1):
        add("Softmax", ["x"], axis=axis)
        add("LogSoftmax", ["x"], axis=axis)
        add("ArgMax", ["x"], "int64", axis=axis, keepdims=0)
        add("ArgMin", ["x"], "int64", axis=axis)
    add("LRN", ["x"], size=3, alpha=0.5, beta=0.75, bias=2.0)
    add("LRN", ["x"], size=5)
    add("LpNormalization", ["x"], axis=1)
    add("LpNormalization", ["x"], axis=-1, p=1)
    add("Sum", ["x", "x", "bias_of"])
    add("InstanceNormalization", ["x", "scale", "bias"])
    add("GroupNormalization", ["x", "scale", "bias"], num_groups=3)
    add("LayerNormalization", ["x", "last"], axis=-1)
    return model_of(nodes, {"x": ("float32", SHAPE)}, outputs, constants)


def test_float32() -> None:
    report = verify(branches(), samples=3)
    assert report.passed, [row for row in report.layers if not row.passed]


def test_two_images_that_are_mixed() -> None:
    nodes = [
        helper.make_node("GlobalMaxPool", ["x"], ["most"]),
        helper.make_node("Softmax", ["x"], ["soft"], axis=0),
        helper.make_node("InstanceNormalization", ["x", "scale", "bias"], ["y"]),
    ]
    constants = {"scale": np.ones(3, np.float32), "bias": np.ones(3, np.float32)}
    outputs = {"most": "float32", "soft": "float32", "y": "float32"}
    report = verify(model_of(nodes, {"x": ("float32", (2, 3, 4, 5))}, outputs, constants))
    assert report.passed, [row for row in report.layers if not row.passed]


@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
def test_int8() -> None:
    """Extremes are exact; what onnxruntime computes in float may be off by one code."""
    net = Branches("int8")
    x = net.real("x", SHAPE)
    net.constants["axes"] = np.array([2, 3], np.int64)
    for operator in ("ReduceMax", "ReduceMin", "ReduceMean"):
        net.result(operator, [x, "axes"])
    net.result("GlobalMaxPool", [x])
    report = verify(net.model())
    assert report.passed and report.differ == 0, [row for row in report.layers if not row.passed]
    layers: Any = generate(net.model()).manifest["layers"]
    kernels = {layer["kernel"] for layer in layers}
    assert {"btw_reduce_rows_max_s8_scalar", "btw_reduce_min_s8_scalar"} <= kernels
