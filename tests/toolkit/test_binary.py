"""Arithmetic of two operands in every broadcast, float32, int8 and uint8, against onnxruntime; tables of chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittwin import generate, verify
from bittwin.golden import why_not_golden
from tests.toolkit.test_types import check_equal, model_of

SHAPE = (1, 4, 5, 6)
OTHERS = [SHAPE, (1, 4, 1, 1), (1, 1, 5, 6), (1, 1, 1, 1), (6,), (4, 1, 1), (5, 1)]
CONSTANTS = [(4, 1, 1), (6,), (), (1, 4, 5, 1)]
NOT_GOLDEN = pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")


class Branches:
    """Nodes on inputs of one type, each result an output; with codes between DequantizeLinear and QuantizeLinear."""

    def __init__(self, codes: str | None) -> None:
        self.codes, self.random = codes, np.random.default_rng(3)
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.outputs: dict[str, str] = {}
        self.constants: dict[str, Any] = {}

    def _meaning(self, name: str) -> list[str]:
        assert self.codes is not None
        low = np.iinfo(self.codes).min
        self.constants[f"{name}_scale"] = np.float32(self.random.uniform(0.01, 0.05))
        self.constants[f"{name}_zero"] = np.dtype(self.codes).type(low + self.random.integers(60, 200))
        return [f"{name}_scale", f"{name}_zero"]

    def real(self, name: str, shape: tuple[int, ...], constant: bool = False) -> str:
        """A float32 operand called `name`: an input, or a constant."""
        if constant:
            info = np.iinfo(self.codes) if self.codes else None
            self.constants[name] = (
                self.random.integers(info.min, info.max + 1, shape).astype(self.codes)
                if info
                else self.random.standard_normal(shape).astype(np.float32)
            )
        else:
            self.inputs[name] = self.codes or "float32", shape
        if not self.codes:
            return name
        self.nodes.append(helper.make_node("DequantizeLinear", [name, *self._meaning(name)], [f"{name}_real"]))
        return f"{name}_real"

    def result(self, operator: str, operands: list[str], **attributes: Any) -> None:
        name = f"y{len(self.outputs)}_{operator}"
        self.outputs[name] = self.codes or "float32"
        made = name if self.codes is None else f"{name}_real"
        self.nodes.append(helper.make_node(operator, operands, [made], f"{name}_node", **attributes))
        if self.codes:
            self.nodes.append(helper.make_node("QuantizeLinear", [made, *self._meaning(name)], [name], name))

    def model(self) -> onnx.ModelProto:
        return model_of(self.nodes, self.inputs, self.outputs, self.constants)


@NOT_GOLDEN
@pytest.mark.parametrize("codes", [None, "int8", "uint8"])
def test_every_broadcast(codes: str | None) -> None:
    net = Branches(codes)
    a = net.real("a", SHAPE)
    others = [net.real(f"b{i}", shape) for i, shape in enumerate(OTHERS)]
    others += [net.real(f"c{i}", shape, constant=True) for i, shape in enumerate(CONSTANTS)]
    for operator in ("Add", "Mul"):
        for number, other in enumerate(others):
            net.result(operator, [a, other] if number % 2 == (operator == "Add") else [other, a])
    for operator in ("Div", "Max", "Min", "PRelu", "Sub"):
        net.result(operator, [a, others[0]])
        net.result(operator, [a, others[1]] if operator == "PRelu" else [others[1], a])
    single = others[len(OTHERS) + CONSTANTS.index(())]
    for operator in ("Div", "Sub"):
        net.result(operator, [a, single])
        net.result(operator, [single, a])
    report = verify(net.model(), samples=3)
    assert report.passed, [row for row in report.layers if not row.passed]
    assert report.differ == report.inexact == 0
    if codes:
        made = {row.name: row.kernel for row in report.layers}
        number = len(OTHERS) + CONSTANTS.index(())
        assert [made[name] for name in (f"y{number}_Add", f"y{number + len(others)}_Mul")] == [
            "btw_table_s8_scalar"
        ] * 2


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_plain_integers_wrap(dtype: str) -> None:
    nodes = [helper.make_node(name, ["a", "b"], [name.lower()], name) for name in ("Add", "Div", "Mul", "Sub")]
    model = model_of(nodes, {"a": (dtype, (2, 3, 5)), "b": (dtype, (5,))}, {n.output[0]: dtype for n in nodes})
    random = np.random.default_rng(2)
    info = np.iinfo(dtype)
    a = random.integers(info.min, info.max + 1, (4, 3, 5)).astype(dtype)
    b = random.integers(1, info.max + 1, 10).astype(dtype)
    check_equal(model, inputs={"a": a, "b": b})


def test_max_of_several_operands() -> None:
    nodes = [helper.make_node("Max", ["a", "b", "c"], ["y"], "max")]
    model = model_of(nodes, dict.fromkeys("abc", ("float32", (2, 3))), {"y": "float32"})
    report = verify(model)
    assert report.passed and report.max_error == 0


@NOT_GOLDEN
def test_squeeze_and_excite_streams_and_is_exact() -> None:
    """A gate for each channel times the tensor it was made from."""
    net = Branches("int8")
    x = net.real("x", (1, 6, 7, 5))
    net.result("GlobalAveragePool", [x])
    net.nodes.append(helper.make_node("DequantizeLinear", ["y0_GlobalAveragePool", *net._meaning("m")], ["mean"]))
    net.constants["m_scale"] = net.constants["y0_GlobalAveragePool_scale"]
    net.constants["m_zero"] = net.constants["y0_GlobalAveragePool_zero"]
    net.result("Sigmoid", ["mean"])
    net.nodes.append(helper.make_node("DequantizeLinear", ["y1_Sigmoid", *net._meaning("g")], ["gate"]))
    net.constants["g_scale"], net.constants["g_zero"] = (net.constants[f"y1_Sigmoid_{n}"] for n in ("scale", "zero"))
    net.result("Mul", [x, "gate"])
    report = verify(net.model())
    assert report.passed and report.differ == report.inexact == 0
    assert "btw_mul_s8_scalar" in {row.kernel for row in report.layers}


@NOT_GOLDEN
def test_chains_of_int8_functions_are_one_table() -> None:
    """x * sigmoid(x), then tanh: one look-up, the bits of three layers of onnxruntime."""
    net = Branches("int8")
    x = net.real("x", (1, 3, 5, 7))
    names = []
    for operator, operands in (("Sigmoid", [x]), ("Mul", [x, "sigmoid"]), ("Tanh", ["mul"])):
        net.result(operator, operands)
        made = list(net.outputs)[-1]
        real = operator.lower()
        net.nodes.append(helper.make_node("DequantizeLinear", [made, f"{made}_scale", f"{made}_zero"], [real]))
        names.append(made)
    net.nodes.pop()
    net.outputs = {names[-1]: "int8"}
    model = net.model()
    layers: Any = generate(model).manifest["layers"]
    assert [layer["kernel"] for layer in layers] == ["btw_table_s8_scalar"]
    report = verify(model)
    assert report.passed and report.differ == report.inexact == 0
