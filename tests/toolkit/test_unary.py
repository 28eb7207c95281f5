"""Functions of one value in float32 and int8, all of them in one network each, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittwin import generate, verify
from bittwin.golden import why_not_golden
from bittwin_cgen import generate as generate_alone
from bittwin_cgen.ops.unary import FUNCTIONS
from tests.toolkit.test_types import model_of

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "Celu": {"alpha": 0.7},
    "Elu": {"alpha": 1.3},
    "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "LeakyRelu": {"alpha": 0.13},
    "ThresholdedRelu": {"alpha": 0.2},
}
NAMES = [name for name in FUNCTIONS if name != "Swish"]  # which onnxruntime does not have
POSITIVE = ("Log", "Sqrt", "Reciprocal")  # their branch reads e**x in float


def node_of(name: str, x: str, y: str) -> onnx.NodeProto:
    operator, _, approximate = name.partition(" ")
    attributes = ATTRIBUTES.get(name, {}) | ({"approximate": approximate} if approximate else {})
    inputs = [x, "exponent"] if name == "Pow" else [x]
    return helper.make_node(operator, inputs, [y], y, **attributes)


def branches(codes: str | None) -> onnx.ModelProto:
    """x to every function; with `codes` the dtype between a DequantizeLinear and a QuantizeLinear of its own."""
    constants: dict[str, Any] = {"exponent": np.float32(2)}
    nodes, outputs = [], {}
    for number, name in enumerate(NAMES):
        y = name.lower().replace(" ", "_")
        outputs[y] = codes or "float32"
        if codes is None:
            x = "x"
            if name in POSITIVE:
                nodes += [
                    helper.make_node("Abs", ["x"], [f"{y}_abs"]),
                    helper.make_node("Exp", [f"{y}_abs"], [f"{y}_x"]),
                ]
                x = f"{y}_x"
            nodes.append(node_of(name, x, y))
            continue
        low = np.iinfo(codes).min
        scale, zero = np.float32(0.03 + 0.002 * number), np.dtype(codes).type(low + (37 * number) % 256)
        constants |= {f"{y}_scale": scale, f"{y}_zero": zero}
        nodes.append(helper.make_node("DequantizeLinear", ["x", "x_scale", "x_zero"], [f"{y}_x"]))
        nodes.append(node_of(name, f"{y}_x", f"{y}_real"))
        nodes.append(helper.make_node("QuantizeLinear", [f"{y}_real", f"{y}_scale", f"{y}_zero"], [y], f"{y}_q"))
    if codes:
        constants |= {"x_scale": np.float32(0.04), "x_zero": np.dtype(codes).type(np.iinfo(codes).min + 100)}
    return model_of(nodes, {"x": (codes or "float32", (1, 3, 5, 7))}, outputs, constants)


def test_float32() -> None:
    report = verify(branches(None))
    assert report.passed, [row for row in report.layers if not row.passed]
    assert {row.op for row in report.layers if row.compared} >= {name.split()[0] for name in NAMES}


@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
@pytest.mark.parametrize("codes", ["int8", "uint8"])
def test_int8_is_a_table_of_onnxruntime(codes: str) -> None:
    model = branches(codes)
    report = verify(model, samples=4)
    assert report.passed and report.differ == report.inexact == 0, [row for row in report.layers if not row.passed]
    tables: Any = generate(model).manifest["layers"]
    assert [layer["kernel"] for layer in tables].count("btw_table_s8_scalar") == len(NAMES)
    assert not any(layer["notes"] for layer in tables)


def test_silu_is_one_function() -> None:
    nodes = [helper.make_node("Sigmoid", ["x"], ["gate"], "gate"), helper.make_node("Mul", ["gate", "x"], ["y"], "mul")]
    report = verify(model_of(nodes, {"x": ("float32", (1, 3, 5, 7))}, {"y": "float32"}))
    assert report.passed, report
    assert {row.kernel for row in report.layers} == {"", "btw_unary_swish_f32_scalar"}


def test_the_compiler_alone_says_that_tables_are_by_numpy() -> None:
    layers: Any = generate_alone(branches("int8")).manifest["layers"]
    assert all("numpy" in " ".join(layer["notes"]) for layer in layers if "table" in layer["kernel"])
