"""Graphs that the compiler does not read are simplified first; what verify compares is the file as it was given."""

from __future__ import annotations

import subprocess
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin import simplifier
from bittwin.generator import generate
from bittwin.verifier import verify
from bittwin_cgen import BittwinError
from bittwin_cgen import generate as generate_alone

pytest.importorskip("onnxslim", reason="onnxslim is not installed: run make setup")


def conditional(then: str = "Relu") -> onnx.ModelProto:
    """x to a Conv, then an If whose condition comes from x's shape: the legacy exporter of torch leaves such."""
    random = np.random.default_rng(0)
    values = {
        "w": random.standard_normal((4, 3, 3, 3), np.float32),
        "three": np.array(3, np.int64),
        "one": np.array(1, np.int64),
    }
    branches = []
    for name, operator in (("then", then), ("else", "Sigmoid")):
        body = helper.make_node(operator, ["conv"], [f"{name}_y"], f"{name}_node")
        port = helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [1, 4, 6, 6])
        branches.append(helper.make_graph([body], name, [], [port]))
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["conv"], "conv"),
        helper.make_node("Shape", ["x"], ["shape"], "shape"),
        helper.make_node("Gather", ["shape", "one"], ["channels"], "channels"),
        helper.make_node("Equal", ["channels", "three"], ["rgb"], "rgb"),
        helper.make_node("If", ["rgb"], ["y"], "if", then_branch=branches[0], else_branch=branches[1]),
    ]
    graph = helper.make_graph(
        nodes,
        "conditional",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 6, 6])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_condition_on_shapes_is_resolved_and_verified_as_given() -> None:
    model = conditional()
    with pytest.raises(BittwinError, match="If"):
        generate_alone(model)
    assert generate(model).manifest["simplified"]
    report = verify(model, samples=2)
    assert report.passed
    assert [row.name for row in report.layers if row.compared] != []


def test_what_no_tool_can_help_is_refused_with_the_first_reason() -> None:
    with pytest.raises(BittwinError, match=r"node 'if' \(If\)"):
        generate(conditional("Det"))


def test_a_tool_that_hangs_or_breaks_leaves_the_first_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*command: Any, **options: Any) -> None:
        raise subprocess.TimeoutExpired("simplifier", simplifier.SECONDS)

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(BittwinError, match=r"node 'if' \(If\)"):
        generate(conditional())
