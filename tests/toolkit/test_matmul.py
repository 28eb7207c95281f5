"""Products of matrices that are constant or computed, of any rank, scaled and summed, against onnxruntime."""

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

NOT_GOLDEN = pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")


def test_products_of_every_rank() -> None:
    random = np.random.default_rng(5)
    shapes = {"m": (3, 4), "n": (4, 5), "v": (4,), "s": (2, 3, 4), "t": (2, 4, 3), "u": (1, 2, 5, 4), "w": (3, 2, 4, 2)}
    constants = {"c": random.standard_normal((4, 6)).astype(np.float32)}
    pairs = [("m", "n"), ("m", "v"), ("v", "n"), ("v", "v"), ("s", "n"), ("s", "t"), ("u", "w"), ("s", "c"), ("u", "c")]
    pairs += [("v", "c"), ("m", "c")]
    nodes = [helper.make_node("MatMul", pair, ["".join(pair)], "".join(pair)) for pair in pairs]
    inputs = {name: ("float32", shape) for name, shape in shapes.items()}
    report = verify(model_of(nodes, inputs, {"".join(pair): "float32" for pair in pairs}, constants), samples=2)
    assert report.passed, [row for row in report.layers if not row.passed]


def test_gemm_in_full() -> None:
    random = np.random.default_rng(6)
    constants: dict[str, Any] = {"b": random.standard_normal((4, 5)).astype(np.float32)}
    constants |= {"bt": constants["b"].T.copy(), "row": random.standard_normal(5).astype(np.float32)}
    constants |= {"column": random.standard_normal((3, 1)).astype(np.float32), "one": np.float32(0.5)}
    nodes: list[onnx.NodeProto] = []
    outputs: dict[str, str] = {}

    def gemm(*inputs: str, **attributes: Any) -> None:
        outputs[f"y{len(outputs)}"] = "float32"
        nodes.append(helper.make_node("Gemm", inputs, [list(outputs)[-1]], f"gemm{len(nodes)}", **attributes))

    for a, turned in (("x", {}), ("xt", {"transA": 1})):
        gemm(a, "b", **turned)
        gemm(a, "bt", "column", transB=1, alpha=0.5, beta=2.0, **turned)
        gemm(a, "y", "z", alpha=1.5, beta=0.25, **turned)
    for c in ("row", "one", "z"):
        gemm("x", "b", c, beta=0.5)
    inputs = {"x": (3, 4), "xt": (4, 3), "y": (4, 5), "z": (3, 5)}
    report = verify(model_of(nodes, {name: ("float32", s) for name, s in inputs.items()}, outputs, constants))
    assert report.passed, [row for row in report.layers if not row.passed]


@NOT_GOLDEN
@pytest.mark.parametrize("codes", ["int8", "uint8"])
def test_int8_products_are_exact(codes: str) -> None:
    net = Branches(codes)
    a, b = net.real("a", (1, 3, 4)), net.real("b", (1, 4, 5))
    net.result("MatMul", [a, b])
    net.constants["w"] = np.random.default_rng(1).integers(-127, 128, (4, 6)).astype(np.int8)
    net.constants |= {"w_scale": np.linspace(0.01, 0.02, 6, dtype=np.float32), "w_zero": np.zeros(6, np.int8)}
    net.nodes.append(helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_real"], axis=1))
    net.result("MatMul", [a, "w_real"])
    report = verify(net.model())
    assert report.passed and report.differ == report.inexact == 0, [row for row in report.layers if not row.passed]


@NOT_GOLDEN
def test_attention_is_exact_and_its_softmax_in_place() -> None:
    net = Branches("int8")
    query, key, value = (
        net.real(name, shape) for name, shape in (("q", (1, 2, 7, 3)), ("k", (1, 2, 3, 7)), ("v", (1, 2, 7, 5)))
    )
    made = [
        ("MatMul", [query, key], 0.03, -5),
        ("Softmax", ["MatMul0"], 1 / 256, -128),
        ("MatMul", ["Softmax1", value], 0.02, 3),
    ]
    for number, (operator, operands, scale, zero_point) in enumerate(made):
        name, attributes = f"{operator}{number}", {"axis": -1} if operator == "Softmax" else {}
        net.constants |= {f"{name}_s": np.float32(scale), f"{name}_z": np.int8(zero_point)}
        net.nodes.append(helper.make_node(operator, operands, [f"{name}_real"], f"{name}_node", **attributes))
        net.nodes.append(helper.make_node("QuantizeLinear", [f"{name}_real", f"{name}_s", f"{name}_z"], [f"{name}_q"]))
        net.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [name]))
    net.nodes.pop()
    net.outputs = {"MatMul2_q": "int8"}
    for target in ("host", "cortex-m4"):
        model = generate(net.model(), target)
        assert "Softmax1_q" in model.program.shared
        if target == "host":
            report = verify(net.model(), samples=3)
            assert report.passed and report.differ == report.inexact == 0, [
                row for row in report.layers if not row.passed
            ]


def test_scales_by_channel_and_block() -> None:
    random = np.random.default_rng(9)
    constants: dict[str, Any] = {"scale": np.linspace(0.02, 0.1, 3, dtype=np.float32)}
    constants |= {"zero": np.array([3, 100, 250], np.uint8), "low": np.array([3, -100, 20], np.int8)}
    constants["blocks"] = random.uniform(0.02, 0.1, (2, 3, 2, 5)).astype(np.float32)
    constants["block_zero"] = random.integers(0, 256, (2, 3, 2, 5)).astype(np.uint8)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"], "q", axis=1),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"], "d", axis=1),
        helper.make_node("QuantizeLinear", ["x", "scale", "low"], ["r"], "r", axis=1),
        helper.make_node("QuantizeLinear", ["x", "blocks", "block_zero"], ["b"], "b", axis=2, block_size=2),
        helper.make_node("DequantizeLinear", ["b", "blocks", "block_zero"], ["e"], "e", axis=2, block_size=2),
        helper.make_node("DequantizeLinear", ["i", "one"], ["f"], "f"),
    ]
    constants["one"] = np.float32(0.03)
    outputs = {"q": "uint8", "d": "float32", "r": "int8", "b": "uint8", "e": "float32", "f": "float32"}
    inputs = {"x": ("float32", (2, 3, 4, 5)), "i": ("int32", (2, 3))}
    report = verify(model_of(nodes, inputs, outputs, constants))
    assert report.passed and report.differ == 0, [row for row in report.layers if not row.passed]


def test_batch_normalization_of_every_rank() -> None:
    constants = {name: np.linspace(0.5, 1.5, 3, dtype=np.float32) for name in "abcd"}
    shapes = [(2, 3), (1, 3, 4), (1, 3, 2, 2), (1, 3, 2, 2, 2)]
    nodes = [helper.make_node("BatchNormalization", [f"x{i}", *"abcd"], [f"y{i}"], f"n{i}") for i in range(4)]
    inputs = {f"x{i}": ("float32", shape) for i, shape in enumerate(shapes)}
    report = verify(model_of(nodes, inputs, {f"y{i}": "float32" for i in range(4)}, constants))
    assert report.passed, [row for row in report.layers if not row.passed]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_clip_of_plain_integers(dtype: str) -> None:
    constants = {"low": np.dtype(dtype).type(10), "high": np.dtype(dtype).type(100)}
    nodes = [
        helper.make_node("Clip", ["x", "low", "high"], ["both"], "both"),
        helper.make_node("Clip", ["x", "", "high"], ["above"], "above"),
    ]
    report = verify(model_of(nodes, {"x": (dtype, (2, 7))}, {"both": dtype, "above": dtype}, constants))
    assert report.passed and report.differ == 0
