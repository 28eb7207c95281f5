"""Where, comparisons and logic of bool at run time, in every broadcast, against onnxruntime."""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from bittwin import generate, quantize, verify
from bittwin.builder import build
from bittwin.golden import SESSION, UINT8_SESSION, session_of, why_not_golden
from bittwin.runner import codes_of, real_outputs, real_ports
from bittwin.verifier import inexact_tensors
from bittwin_cgen import BittwinError
from bittwin_cgen import generate as compile_model
from bittwin_cgen.ir import Array
from bittwin_cgen.ops import compare
from bittwin_cgen.pipeline import compile_graph
from tests.toolkit.test_binary import CONSTANTS, OTHERS, SHAPE, Branches
from tests.toolkit.test_types import check_equal, model_of

COMPARISONS = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
LOGIC = ("And", "Equal", "Or", "Xor")
SHAPES = OTHERS + CONSTANTS
NOT_GOLDEN = pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")


def run_both(model: onnx.ModelProto, inputs: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Outputs by name of C and of onnxruntime."""
    library = build(generate(model))
    found = real_outputs(library, library.run(codes_of(library, inputs)), real_ports(model))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return found, dict(zip(names, session.run(names, inputs), strict=True))


def draw_special(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Few values, so that equal ones meet."""
    special = [math.nan, -math.inf, math.inf, -0.0, 0.0, 1e-45, 1.0, -1.0]
    return random.choice(np.array(special, np.float32), shape)


def test_special_values_in_every_broadcast() -> None:
    """The bytes of onnxruntime, but that its Where loses the sign of zeros of the first side: there those of numpy."""
    random = np.random.default_rng(1)
    nodes, chosen = [], {}
    constants: dict[str, Array] = {}
    inputs = {"a": draw_special(random, SHAPE)}
    for i, shape in enumerate(SHAPES):
        values, condition = draw_special(random, shape), random.random(SHAPES[(3 * i + 1) % len(SHAPES)]) < 0.5
        (inputs if i < len(OTHERS) else constants)[f"b{i}"] = values
        (inputs if i % 2 else constants)[f"m{i}"] = condition
        operator = COMPARISONS[i % 5]
        pair = ["a", f"b{i}"] if i % 3 else [f"b{i}", "a"]
        nodes.append(helper.make_node(operator, pair, [f"c{i}"], f"{operator} {i}"))
        nodes.append(helper.make_node(LOGIC[i % 4], [f"c{i}", f"m{i}"], [f"l{i}"], f"logic {i}"))
        nodes.append(helper.make_node("Not", [f"l{i}"], [f"n{i}"], f"not {i}"))
        nodes.append(helper.make_node("Where", [f"m{i}", *pair], [f"w{i}"], f"constant where {i}"))
        nodes.append(helper.make_node("Where", [f"n{i}", *pair], [f"v{i}"], f"where {i}"))
        chosen |= {f"w{i}": [f"m{i}", *pair], f"v{i}": [f"n{i}", *pair]}
    outputs = {name: "float32" if name[0] in "wv" else "bool" for node in nodes for name in node.output}
    model = model_of(nodes, {name: (str(v.dtype), v.shape) for name, v in inputs.items()}, outputs, constants)
    found, expected = run_both(model, inputs)
    for name, values in expected.items():
        assert (found[name] + 0).tobytes() == (values + 0).tobytes(), name  # -0.0 + 0 is 0.0
    for name, (condition, *pair) in chosen.items():
        known = found | inputs | constants
        assert found[name].tobytes() == np.where(known[condition], *(known[side] for side in pair)).tobytes(), name


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_plain_integers_are_compared_and_chosen(dtype: str) -> None:
    nodes = [helper.make_node(name, ["a", "b"], [name.lower()], name) for name in COMPARISONS]
    outputs = {node.output[0]: "bool" for node in nodes}
    if dtype != "int8":  # which onnxruntime does not choose from
        nodes.append(helper.make_node("Where", ["less", "b", "a"], ["where"], "where"))
        outputs["where"] = dtype
    random, ends = np.random.default_rng(2), np.iinfo(dtype)
    few = np.array([ends.min, ends.max, 0, 1, 2], dtype)
    a, b = random.choice(few, (6, 3, 5)), random.choice(few, 15)
    model = model_of(nodes, {"a": (dtype, (2, 3, 5)), "b": (dtype, (5,))}, outputs)
    check_equal(model, inputs={"a": a, "b": b})


@NOT_GOLDEN
@pytest.mark.parametrize("codes", ["int8", "uint8"])
def test_codes_of_other_scales_in_every_broadcast(codes: str) -> None:
    """onnxruntime makes QLinearWhere of them; conditions are inputs or constants."""
    net = Branches(codes)
    a = net.real("a", SHAPE)
    others = [net.real(f"b{i}", shape) for i, shape in enumerate(OTHERS)]
    others += [net.real(f"c{i}", shape, constant=True) for i, shape in enumerate(CONSTANTS)]
    for i, other in enumerate(others):
        shape = SHAPES[(3 * i + 1) % len(SHAPES)]
        if i % 2:
            net.constants[f"m{i}"] = net.random.random(shape) < 0.5
        else:
            net.inputs[f"m{i}"] = "bool", shape
        net.result("Where", [f"m{i}", a, other] if i % 3 else [f"m{i}", other, a])
    report = verify(net.model(), samples=3)
    assert report.passed and report.differ == report.inexact == 0, report
    assert {row.kernel for row in report.layers} == {"btw_where_s8_scalar"}


@NOT_GOLDEN
def test_codes_are_chosen_before_they_are_moved() -> None:
    """onnxruntime quantizes before the Reshape, and so fuses the Where."""
    net = Branches("int8")
    net.inputs["m"] = "bool", (1, 1, 5, 6)
    a, b = net.real("a", SHAPE), net.real("b", SHAPE)
    net.constants["flat"] = np.array([1, -1])
    net.nodes.append(helper.make_node("Where", ["m", a, b], ["chosen"], "where"))
    net.result("Reshape", ["chosen", "flat"])
    check_equal(net.model())
    assert "btw_where_s8_scalar" in {step.call.kernel.symbol for step in generate(net.model()).program.steps()}


@NOT_GOLDEN
@pytest.mark.parametrize(("codes", "same"), [("int8", False), ("int8", True), ("uint8", False)])
def test_qlinear_where(codes: str, same: bool) -> None:
    names = "a as az b bs bz ys yz".split()
    nodes = [helper.make_node("QLinearWhere", ["c", *names], ["y"], "where", domain="com.microsoft")]
    scales = [0.02, 0.02, 0.02] if same else [0.02, 0.5, 0.03]
    constants = {f"{name}s": np.float32(scale) for name, scale in zip("aby", scales, strict=True)}
    constants |= {
        f"{name}z": np.dtype(codes).type(3 if same else zero) for name, zero in zip("aby", (3, 120, 7), strict=True)
    }
    inputs = {"c": ("bool", (1, 4, 5, 6)), "a": (codes, (4, 1, 1)), "b": (codes, (1, 4, 5, 6))}
    model = model_of(nodes, inputs, {"y": codes}, constants)
    check_equal(model)
    assert session_of(model) == (SESSION if codes == "int8" else UINT8_SESSION)
    (layer,) = [step.call.layer for step in generate(model).program.steps() if "where_s8" in step.call.kernel.symbol]
    assert layer and (layer.fields["a_table"] is None) == (layer.fields["b_table"] is None) == same


def test_codes_beside_infinity_are_chosen_as_float32() -> None:
    """A mask of minus infinity before a Softmax, which no code means."""
    net = Branches("int8")
    scores = net.real("scores", (1, 3, 4, 4))
    net.constants |= {"mask": np.tri(4, dtype=np.bool_), "low": np.float32(-math.inf)}
    net.nodes.append(helper.make_node("Where", ["mask", scores, "low"], ["masked"], "where"))
    net.nodes.append(helper.make_node("Softmax", ["masked"], ["y"], "softmax", axis=-1))
    net.outputs = {"y": "float32"}
    report = verify(net.model())
    assert report.passed and report.max_error < 1e-6, report
    assert "btw_where_f32_scalar" in {row.kernel for row in report.layers}


def masked(random: np.random.Generator) -> onnx.ModelProto:
    """A convolution, compared with its input, chooses; another one reads what was chosen."""
    constants = {"w": random.standard_normal((3, 3, 3, 3), np.float32), "zero": np.zeros((3, 1, 1), np.float32)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Less", ["conv", "x"], ["less"], "less"),
        helper.make_node("Where", ["less", "conv", "zero"], ["chosen"], "where"),
        helper.make_node("Conv", ["chosen", "w"], ["y"], "second", pads=[1, 1, 1, 1]),
    ]
    return model_of(nodes, {"x": ("float32", (1, 3, 16, 5))}, {"y": "float32"}, constants)


def test_rows_are_streamed_through_a_choice() -> None:
    model = masked(np.random.default_rng(4))
    assert verify(model).passed
    assert generate(model).program.buffers["less"].slots < 16


def test_comparisons_of_what_is_computed_may_flip_where_operands_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few values; a comparison that is another one is found, though C and numpy agree about it."""
    model = masked(np.random.default_rng(4))
    assert {"less", "chosen"} <= inexact_tensors(compile_graph(model))
    monkeypatch.setitem(compare.OPERATORS, "Less", ("less", True))
    report = verify(model)
    assert not report.passed and report.first_difference == "less"


def test_comparisons_of_dequantized_codes_are_exact() -> None:
    net = Branches("int8")
    a, b = net.real("a", (1, 3, 4, 4)), net.real("b", (1, 3, 4, 4))
    net.nodes.append(helper.make_node("Less", [a, b], ["y"], "less"))
    net.outputs = {"y": "bool"}
    model = net.model()
    assert not inexact_tensors(compile_graph(model))
    check_equal(model)


@pytest.mark.parametrize(
    ("operator", "dtypes", "what"),
    [
        ("Where", ("float32", "float32", "float32"), "the condition is float32, what it chooses from float32"),
        ("Where", ("bool", "float32", "int32"), "what it chooses from float32 and int32"),
        ("And", ("float32", "float32"), "operands are float32 and float32"),
        ("Less", ("int32", "float32"), "operands are int32 and float32|operands are float32 and int32"),
        ("Not", ("float32",), "operands are float32 and bool"),
    ],
)
def test_other_types_are_refused(operator: str, dtypes: tuple[str, ...], what: str) -> None:
    names = "abc"[: len(dtypes)]
    nodes = [helper.make_node(operator, list(names), ["y"], "the node")]
    inputs = {name: (dtype, (2, 3)) for name, dtype in zip(names, dtypes, strict=True)}
    ports = [helper.make_tensor_value_info("y", onnx.TensorProto.BOOL, (2, 3))]
    valid = model_of([helper.make_node("Identity", ["a"], ["y"])], inputs, {"y": dtypes[0]})
    del valid.graph.node[:], valid.graph.output[:], valid.graph.value_info[:]
    valid.graph.node.extend(nodes)
    valid.graph.output.extend(ports)
    with pytest.raises(BittwinError, match=what) as caught:
        compile_model(valid)
    assert "the node" in caught.value.where


def test_shapes_that_do_not_fit_are_refused() -> None:
    nodes = [helper.make_node("Where", ["c", "a", "a"], ["y"], "the node")]
    model = model_of(nodes, {"c": ("bool", (4,)), "a": ("float32", (2, 3))}, {"y": "float32"})
    with pytest.raises(BittwinError, match="do not fit each other"):
        compile_model(model)


def test_int8_has_no_infinity() -> None:
    nodes = [helper.make_node("Where", ["c", "a", "low"], ["y"], "the node")]
    constants = {"c": np.array([True, False, True]), "low": np.float32(-math.inf)}
    model = model_of(nodes, {"a": ("float32", (2, 3))}, {"y": "float32"}, constants)
    with pytest.raises(BittwinError, match="infinity") as caught:
        quantize(model, np.zeros((1, 2, 3), np.float32))
    assert "finite number" in caught.value.do
