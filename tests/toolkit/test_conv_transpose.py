"""Transposed convolution against onnxruntime: every attribute, float32 and between codes; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.quantizer import quantize
from bittwin.verifier import verify
from bittwin_cgen import BittwinError, generate


def model(shape: tuple[int, ...], weight: tuple[int, ...], bias: bool = True, **attributes: Any) -> onnx.ModelProto:
    random = np.random.default_rng(len(weight) + sum(weight))
    constants = [numpy_helper.from_array(random.standard_normal(weight, np.float32), "w")]
    if bias:
        outputs = weight[1] * attributes.get("group", 1)
        constants.append(numpy_helper.from_array(random.standard_normal(outputs, np.float32), "b"))
    inputs = ["x", "w", "b"][: 2 + bias]
    nodes = [helper.make_node("ConvTranspose", inputs, ["y"], "up", **attributes)]
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [f"d{i}" for i in range(len(shape))])]
    graph = helper.make_graph(nodes, "graph", ports, result, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "plain": ((1, 3, 4, 5), (3, 2, 3, 3), {}),
    "stride": ((1, 3, 4, 5), (3, 2, 3, 2), {"strides": [2, 3]}),
    "pads": ((1, 2, 5, 4), (2, 3, 4, 4), {"strides": [2, 2], "pads": [1, 2, 0, 1]}),
    "output_padding": ((1, 2, 3, 3), (2, 3, 3, 3), {"strides": [3, 2], "output_padding": [2, 1], "pads": [1, 1, 1, 1]}),
    "dilation": ((1, 2, 4, 4), (2, 2, 3, 2), {"dilations": [2, 3], "strides": [2, 1]}),
    "groups": ((1, 4, 3, 4), (4, 3, 2, 3), {"group": 2, "strides": [2, 2]}),
    "depthwise": ((1, 3, 3, 3), (3, 1, 4, 4), {"group": 3, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "same_upper": ((1, 2, 3, 4), (2, 2, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same_lower": ((1, 2, 3, 4), (2, 2, 4, 3), {"auto_pad": "SAME_LOWER", "strides": [3, 2]}),
    "valid": ((1, 2, 3, 3), (2, 2, 2, 2), {"auto_pad": "VALID"}),
    "output_shape": ((1, 1, 3, 3), (1, 2, 3, 3), {"output_shape": [10, 8], "strides": [3, 2]}),
    "stride_over_kernel": ((1, 2, 3, 3), (2, 2, 1, 1), {"strides": [2, 2]}),
    "batch": ((2, 2, 3, 3), (2, 3, 2, 2), {"strides": [2, 2]}),
    "one_axis": ((1, 2, 6), (2, 3, 3), {"strides": [2], "output_padding": [1]}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("bias", [True, False])
def test_every_attribute_is_what_onnxruntime_computes(name: str, bias: bool) -> None:
    shape, weight, attributes = CASES[name]
    report = verify(model(shape, weight, bias, **attributes), samples=2)
    assert report.passed, report.first_difference
    assert report.differ == 0


@pytest.mark.parametrize("name", ["pads", "groups", "one_axis"])
def test_between_codes_it_is_off_by_one_at_most(name: str) -> None:
    """With groups it keeps its float32 weights: onnxruntime's quantizer cannot count their channels."""
    shape, weight, attributes = CASES[name]
    samples = {"x": np.random.default_rng(0).standard_normal((8, *shape[1:]), np.float32)}
    report = verify(quantize(model(shape, weight, **attributes), samples).model, samples=4)
    assert report.passed
    assert report.dtype == ("float32" if "group" in attributes else "int8")
    assert report.differ == 0


@pytest.mark.parametrize(
    ("shape", "weight", "attributes", "what"),
    [
        ((1, 3, 4, 4), (2, 2, 3, 3), {}, "channels do not fit"),
        ((1, 2, 4, 4), (2, 2, 3), {}, "rank"),
        ((1, 2, 4, 4), (2, 2, 3, 3), {"pads": [9, 9, 9, 9]}, "an output of"),
        ((1, 2, 4, 4), (2, 2, 3, 3), {"output_padding": [-1, 0]}, "output_padding"),
        ((1, 2, 4, 4), (2, 2, 3, 3), {"auto_pad": "BOTH"}, "auto_pad"),
    ],
)
def test_what_does_not_fit_is_refused(
    shape: tuple[int, ...], weight: tuple[int, ...], attributes: dict[str, Any], what: str
) -> None:
    with pytest.raises(BittwinError, match=what):
        generate(model(shape, weight, **attributes))
