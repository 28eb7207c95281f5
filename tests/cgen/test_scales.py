"""Scales at and beyond the ends of float32, of every quantized operator: refused by name, or compiled without a NaN."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ir import Array
from bittwin_cgen.ops.qoperator import QOPERATORS

TINY = float(np.finfo(np.float32).tiny)
NEVER = [0.0, -0.0, -1.0, 1e-40, -1e-40, float("inf"), float("-inf"), float("nan")]
EXTREME = [TINY, 1e-30, 1e-12, 0.02, 1.0, 1e12, 1e25, 3e38]
CHANNELS = 2

Build = Callable[[Sequence[float]], onnx.ModelProto]


def model_of(nodes: Sequence[onnx.NodeProto], scales: Sequence[float], given: Sequence[str]) -> onnx.ModelProto:
    """Nodes whose constants are s0, s1... of `scales`, z (0), int8 weights w of [2, 2] or [2, 2, 1, 1], bias b."""
    flat = nodes[0].op_type in ("QGemm", "QLinearMatMul")
    shape = [1, CHANNELS] if flat else [1, CHANNELS, 2, 3]
    constants: dict[str, Array] = {
        "z": np.array(0, np.int8),
        "w": np.array([[100, -7], [3, 50]], np.int8).reshape((2, 2) if flat else (2, 2, 1, 1)),
        "b": np.array([3, -4], np.int32),
        "condition": np.array([[True, False, True]]),
        **{f"s{i}": np.array(scale, np.float32) for i, scale in enumerate(scales)},
    }
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "scales",
        [helper.make_tensor_value_info(name, TensorProto.INT8, shape) for name in given],
        [helper.make_tensor_value_info("y", TensorProto.INT8, ["?"] * len(shape))],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def node_of(operator: str, inputs: str, **attributes: object) -> Build:
    domain = "" if operator in ("QLinearConv", "QLinearMatMul") else "com.microsoft"
    names = inputs.split()
    given = [name for name in ("a", "c") if name in names]

    def build(scales: Sequence[float]) -> onnx.ModelProto:
        made = helper.make_node(operator, names, ["y"], "the node", domain=domain, **attributes)
        return model_of([made], scales, given)

    return build


TWO = "a s0 z c s1 z s2 z"
UNARY = "a s0 z s1 z"
QLINEAR: dict[str, Build] = {
    "QGemm": node_of("QGemm", "a s0 z w s1 z b s2 z", transB=1),
    "QLinearAdd": node_of("QLinearAdd", TWO),
    "QLinearAveragePool": node_of("QLinearAveragePool", UNARY, kernel_shape=[2, 2]),
    "QLinearConcat": node_of("QLinearConcat", "s2 z a s0 z c s1 z", axis=1),
    "QLinearConv": node_of("QLinearConv", "a s0 z w s1 z s2 z b"),
    "QLinearGlobalAveragePool": node_of("QLinearGlobalAveragePool", UNARY),
    "QLinearLeakyRelu": node_of("QLinearLeakyRelu", UNARY),
    "QLinearMatMul": node_of("QLinearMatMul", "a s0 z w s1 z s2 z"),
    "QLinearMul": node_of("QLinearMul", TWO),
    "QLinearSigmoid": node_of("QLinearSigmoid", UNARY),
    "QLinearSoftmax": node_of("QLinearSoftmax", UNARY, axis=1, opset=13),
    "QLinearWhere": node_of("QLinearWhere", "condition a s0 z c s1 z s2 z"),
}


def between_codes(operator: str, scales: Sequence[float], count: int = 1, **attributes: object) -> onnx.ModelProto:
    """DequantizeLinear of a (and c), an operator, QuantizeLinear."""
    given = ["a", "c"][:count]
    nodes = [
        helper.make_node("DequantizeLinear", [name, f"s{i}", "z"], [f"{name}_real"], f"dequantize {name}")
        for i, name in enumerate(given)
    ]
    weights = ["w_real"] if operator in ("Conv", "ConvTranspose") else []
    if weights:
        nodes.append(helper.make_node("DequantizeLinear", ["w", "s1", "z"], weights, "dequantize w"))
    reals = [f"{name}_real" for name in given]
    nodes.append(helper.make_node(operator, reals + weights, ["real"], "the node", **attributes))
    nodes.append(helper.make_node("QuantizeLinear", ["real", "s2", "z"], ["y"], "quantize"))
    return model_of(nodes, scales, given)


QDQ: dict[str, Build] = {
    **{
        name: lambda scales, name=name: between_codes(name, scales, 2)  # type: ignore[misc]
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu")
    },
    **{
        name: lambda scales, name=name: between_codes(name, scales)  # type: ignore[misc]
        for name in ("Conv", "ConvTranspose", "Relu", "Sigmoid", "GlobalAveragePool", "GlobalMaxPool", "Softmax")
    },
    "AveragePool": lambda scales: between_codes("AveragePool", scales, kernel_shape=[2, 2]),
    "Concat": lambda scales: between_codes("Concat", scales, 2, axis=1),
}
ALL = {**QLINEAR, **{f"{name} between codes": build for name, build in QDQ.items()}}


def test_every_operator_is_here() -> None:
    assert set(QOPERATORS) == set(QLINEAR)


def used_scales(build: Build) -> list[int]:
    names = {name for node in build([1.0] * 3).graph.node for name in node.input}
    return [i for i in range(3) if f"s{i}" in names]


@pytest.mark.parametrize("operator", sorted(ALL))
def test_a_scale_that_is_none_is_refused_by_name(operator: str) -> None:
    for place in used_scales(ALL[operator]):
        for value in NEVER:
            scales = [0.02] * 3
            scales[place] = value
            with pytest.raises(BittwinError) as caught:
                generate(ALL[operator](scales))
            assert "node" in caught.value.where and "scale" in caught.value.what, str(caught.value)
            assert caught.value.do


@settings(max_examples=60)
@given(
    operator=st.sampled_from(sorted(ALL)),
    scales=st.lists(
        st.one_of(st.sampled_from(EXTREME), st.floats(-126, 127).map(lambda power: 2.0**power)), min_size=3, max_size=3
    ),
)
@example("QLinearAdd", [1e25, 1e25, 1e-20])
@example("QLinearMul", [1e25, 1e25, 1.0])
@example("QLinearAveragePool", [3e38, 1.0, 1.0])
@example("QLinearGlobalAveragePool", [3e38, 1e-30, 1.0])
@example("QLinearConv", [1e25, 1e25, 1.0])
def test_extreme_scales_are_refused_by_name_or_compiled(operator: str, scales: list[float]) -> None:
    refusal = None
    try:
        with np.errstate(invalid="raise"):  # a NaN in a formula of codes is no code
            generate(ALL[operator](scales))
    except BittwinError as error:
        refusal = error
    assert refusal is None or ("node" in refusal.where and refusal.do), str(refusal)


@pytest.mark.parametrize(
    ("operator", "scales"),
    [
        ("QLinearAdd", [1e30, 2e30, 1e30]),
        ("QLinearAdd", [4e6, 2.0, 1.0]),
        ("QLinearMul", [1e20, 1e-16, 1.0]),
        ("QLinearAveragePool", [1e30, 1.3e23, 1.0]),
        ("QLinearGlobalAveragePool", [1500.0, 1.0, 1.0]),
        ("QLinearGlobalAveragePool", [1.4e-9, 1.0, 1.0]),
        ("QLinearConv", [1e12, 1e12, 1e-12]),
        ("QGemm", [TINY, TINY, 1e12]),
    ],
)
def test_extreme_scales_that_are_compiled_give_the_bits_of_onnxruntime(operator: str, scales: list[float]) -> None:
    result = verify(ALL[operator](scales), samples=2, name="model")
    assert result.passed and result.differ == 0
