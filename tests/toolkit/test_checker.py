"""check: each node with its reason, the way out, its torch module, and what it is rewritten to."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.checker import check, module_of
from bittwin_cgen.alternatives import ALTERNATIVES
from bittwin_cgen.ops import OPERATORS


def model(*nodes: onnx.NodeProto, **constants: Any) -> onnx.ModelProto:
    """x [1,3,8,8] to the output of the last node."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["any"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_what_is_rewritten_is_said() -> None:
    pad = helper.make_node("Pad", ["x", "pads"], ["padded"], "pad")
    conv = helper.make_node("Conv", ["padded", "w"], ["made"], "conv")
    relu = helper.make_node("Relu", ["made"], ["y"], "relu")
    weight, pads = np.ones((2, 3, 3, 3), np.float32), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    report = check(model(pad, conv, relu, w=weight, pads=pads))
    assert report["supported"]
    said = {node["name"]: node["rewritten"] for node in report["nodes"]}
    assert "folded into the convolution" in said["pad"]
    assert "clipped as it is stored" in said["conv"]
    assert said["relu"] == ""


@pytest.mark.parametrize(
    ("scopes", "module"),
    [
        ("['', 'features', 'features.3', 'conv2d']", "features.3"),
        ("['', 'relu']", ""),
        ("['', 1]", ""),
        ("[" * 1000, ""),
        ("__import__('os')", ""),
        (None, ""),
    ],
)
def test_the_module_is_the_one_that_torch_names(scopes: str | None, module: str) -> None:
    node = helper.make_node("Relu", ["x"], ["y"], "relu")
    if scopes is not None:
        node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    assert module_of(node) == module


@pytest.mark.parametrize(("operator", "words"), [("NonMaxSuppression", "firmware"), ("Einsum", "MatMul")])
def test_an_operator_that_is_not_supported_has_a_way_out(operator: str, words: str) -> None:
    node = helper.make_node(
        operator, ["x", "x"], ["y"], "last", **({"equation": "a,a->a"} if words == "MatMul" else {})
    )
    entry = check(model(helper.make_node("Relu", ["x"], ["z"], "relu"), node))["nodes"][1]
    assert not entry["supported"]
    assert entry["reason"] == "this operator is not supported"
    assert words in entry["fix"]


def test_no_alternative_for_what_is_supported() -> None:
    assert not set(ALTERNATIVES) & set(OPERATORS)
