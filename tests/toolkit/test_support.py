"""The support matrix: an entry for each operator, true of what the compiler does, and the README is up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bittwin import support
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ops import OPERATORS
from bittwin_cgen.ops.unary import FUNCTIONS
from bittwin_cgen.read_onnx import MICROSOFT

README = Path(__file__).resolve().parents[2] / "README.md"
FRESH = "run: python -m bittwin.support --write README.md"
PLAIN = sorted(name for name, entry in support.SUPPORT.items() if not entry.like)
CONVERSIONS = {"ArgMax", "ArgMin", "Cast", "QuantizeLinear", "DequantizeLinear"}
NOTHING = {"Dropout", "Identity", "Split"}  # Split into one part
INTEGER = {"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger"}  # tests/toolkit/test_integers.py
LOGIC = {"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Xor"}  # test_where.py
OLD = {"Upsample"}  # gone from the opset of these examples


@dataclass(frozen=True)
class Example:
    """The smallest use of an operator: shapes of its activations, constants behind them, attributes.

    before: constants in front of them; weights: constants that int8 models hold as codes.
    """

    shapes: tuple[tuple[int, ...], ...] = ((1, 2, 4, 4),)
    before: tuple[NDArray[Any], ...] = ()
    weights: tuple[tuple[int, ...], ...] = ()
    constants: tuple[NDArray[Any], ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


def vector(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


EXAMPLES = {
    **{name: Example() for name in FUNCTIONS if " " not in name},
    **{name: Example(((1, 2, 4, 4), (1, 2, 4, 4))) for name in ("Div", "Max", "Min", "Mul", "PRelu", "Sub")},
    **{name: Example() for name in ("GlobalMaxPool", "LogSoftmax", "ReduceMax", "ReduceMin")},
    **{f"Reduce{name}": Example() for name in ("L1", "L2", "LogSum", "Mean", "Prod", "Sum", "SumSquare")},
    "LRN": Example(attributes={"size": 3}),
    "LpNormalization": Example(),
    "Sum": Example(((1, 2, 4, 4),) * 3),
    "GroupNormalization": Example(constants=(vector(1, 2), vector(0, 1)), attributes={"num_groups": 2}),
    "InstanceNormalization": Example(constants=(vector(1, 2), vector(0, 1))),
    "LayerNormalization": Example(constants=(vector(1, 2, 3, 4),)),
    "Pow": Example(constants=(np.float32(2),)),
    "Transpose": Example(attributes={"perm": [0, 1, 3, 2]}),
    "Tile": Example(constants=(np.array([1, 1, 2, 1]),)),
    "Split": Example(constants=(np.array([2]),), attributes={"axis": 1}),
    "SpaceToDepth": Example(attributes={"blocksize": 2}),
    "Slice": Example(constants=(np.array([1]), np.array([3]), np.array([2]))),
    "Resize": Example(constants=(vector(), vector(1, 1, 2, 2)), attributes={"mode": "linear"}),
    "Gather": Example(constants=(np.array([1, 0]),), attributes={"axis": 1}),
    "Expand": Example(((1, 2, 1, 4),), constants=(np.array([1, 2, 3, 4]),)),
    "ConvTranspose": Example(weights=((2, 3, 2, 2),)),
    "DepthToSpace": Example(((1, 8, 2, 2),), attributes={"blocksize": 2}),
    "Add": Example(((1, 2, 4, 4), (1, 2, 4, 4))),
    "Where": Example(((1, 2, 4, 4), (1, 2, 4, 4)), before=(np.array([True, False, False, True]),)),
    "AveragePool": Example(attributes={"kernel_shape": [2, 2]}),
    "BatchNormalization": Example(constants=(vector(1, 2), vector(0, 1), vector(0, 1), vector(1, 2))),
    "Clip": Example(constants=(np.float32(-1), np.float32(1))),
    "Concat": Example(((1, 2, 4, 4), (1, 3, 4, 4)), attributes={"axis": 1}),
    "Conv": Example(weights=((3, 2, 2, 2),)),
    "Dropout": Example(),
    "Flatten": Example(),
    "Gemm": Example(((1, 4),), weights=((3, 4),), attributes={"transB": 1}),
    "GlobalAveragePool": Example(),
    "Identity": Example(),
    "MatMul": Example(((1, 4),), weights=((4, 3),)),
    "MaxPool": Example(attributes={"kernel_shape": [2, 2]}),
    "Pad": Example(constants=(np.array([0, 0, 1, 1, 0, 0, 1, 1]),)),
    "Relu": Example(),
    "Reshape": Example(constants=(np.array([1, 32]),)),
    "Softmax": Example(((1, 8),), attributes={"axis": 1}),
    "Squeeze": Example(((1, 4, 1, 1),), constants=(np.array([2, 3]),)),
    "BiasGelu": Example(constants=(vector(1, 2, 3, 4),)),
    "FastGelu": Example(),
    "FusedConv": Example(weights=((3, 2, 2, 2),), attributes={"activation": "Relu"}),
    "FusedGemm": Example(((1, 4),), weights=((3, 4),), attributes={"transB": 1, "activation": "Tanh"}),
    "GlobalLpPool": Example(),
    "Hardmax": Example(),
    "LpPool": Example(attributes={"kernel_shape": [2, 2]}),
    "Mean": Example(((1, 2, 4, 4),) * 3),
    "QuickGelu": Example(),
    "Unsqueeze": Example(((1, 4),), constants=(np.array([2, 3]),)),
}
# QOperator nodes: shapes of their activations, and the order of their inputs. x: codes, scale, zero point; y: the
# result's scale, zero point; w: a weight's codes, scale, zero point; c: a condition.
QEXAMPLES = {
    "QLinearSoftmax": (((1, 8),), "x y", None, {"axis": 1, "opset": 13}),
    "QLinearLeakyRelu": (((1, 2, 4, 4),), "x y", None, {}),
    "QLinearSigmoid": (((1, 2, 4, 4),), "x y", None, {}),
    "QGemm": (((1, 4),), "x w- y", (4, 3), {}),
    "QLinearAdd": (((1, 2, 4, 4), (1, 2, 4, 4)), "x x y", None, {}),
    "QLinearAveragePool": (((1, 2, 4, 4),), "x y", None, {"kernel_shape": [2, 2]}),
    "QLinearMul": (((1, 2, 4, 4), (1, 2, 4, 4)), "x x y", None, {}),
    "QLinearConcat": (((1, 2, 4, 4), (1, 3, 4, 4)), "y x x", None, {"axis": 1}),
    "QLinearConv": (((1, 2, 4, 4),), "x w y", (3, 2, 2, 2), {}),
    "QLinearGlobalAveragePool": (((1, 2, 4, 4),), "x y", None, {}),
    "QLinearMatMul": (((1, 4),), "x w y", (4, 3), {}),
    "QLinearWhere": (((1, 2, 4, 4), (1, 2, 4, 4)), "c x x y", None, {}),
}


class Writer:
    """Collects nodes and constants of a model whose ports are all of one type."""

    def __init__(self, element: int) -> None:
        self.element = element
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []

    def input(self, shape: tuple[int, ...]) -> str:
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, self.element, shape))
        return name

    def constant(self, value: Any) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        domain = "com.microsoft" if operator in MICROSOFT else ""
        self.nodes.append(helper.make_node(operator, inputs, [name], name, domain=domain, **attributes))
        return name

    def meaning(self, scale: float = 0.05, zero_point: int = 3) -> list[str]:
        return [self.constant(np.float32(scale)), self.constant(np.int8(zero_point))]

    def codes(self, shape: tuple[int, ...]) -> list[str]:
        values = np.random.default_rng(0).integers(-127, 128, shape, np.int8)
        return [self.constant(values), *self.meaning(0.01, 0)]

    def model(self, output: str) -> onnx.ModelProto:
        ports = [helper.make_tensor_value_info(output, self.element, ["any"])]
        graph = helper.make_graph(self.nodes, "graph", self.inputs, ports, self.initializers)
        opsets = [helper.make_opsetid("", 24), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def float_model(operator: str) -> onnx.ModelProto:
    example, writer = EXAMPLES[operator], Writer(TensorProto.FLOAT)
    inputs = [writer.constant(value) for value in example.before]
    inputs += [writer.input(shape) for shape in example.shapes]
    inputs += [writer.constant(np.random.default_rng(0).standard_normal(s, np.float32)) for s in example.weights]
    inputs += [writer.constant(value) for value in example.constants]
    return writer.model(writer.node(operator, inputs, **example.attributes))


def int8_model(operator: str) -> onnx.ModelProto:
    """The operator between DequantizeLinear and QuantizeLinear, or the QOperator node."""
    writer = Writer(TensorProto.INT8)
    if operator in QEXAMPLES:
        shapes, form, weight, attributes = QEXAMPLES[operator]
        remaining, inputs = list(shapes), list[str]()
        for part in form.split():
            if part == "x":
                inputs += [writer.input(remaining.pop(0)), *writer.meaning()]
            elif part == "y":
                inputs += writer.meaning()
            elif part == "c":
                inputs.append(writer.constant(np.array([True, False, False, True])))
            else:
                assert weight is not None
                inputs += writer.codes(weight) + [""] * part.count("-")
        return writer.model(writer.node(operator, inputs, **attributes))
    example = EXAMPLES[operator]
    inputs = [writer.constant(value) for value in example.before]
    inputs += [writer.node("DequantizeLinear", [writer.input(s), *writer.meaning()]) for s in example.shapes]
    inputs += [writer.node("DequantizeLinear", writer.codes(s)) for s in example.weights]
    inputs += [writer.constant(value) for value in example.constants]
    result = writer.node(operator, inputs, **example.attributes)
    return writer.model(writer.node("QuantizeLinear", [result, *writer.meaning()]))


def kernels(model: onnx.ModelProto) -> list[str]:
    layers: Any = generate(model).manifest["layers"]
    return [layer["kernel"] for layer in layers]


# ---------------------------------------------------------------- complete and true


def test_every_operator_has_an_entry_and_an_example() -> None:
    assert set(support.SUPPORT) == set(OPERATORS)
    assert set(EXAMPLES) | set(QEXAMPLES) | CONVERSIONS | INTEGER | LOGIC | OLD == set(OPERATORS)
    isas = {kernel.isa for operator in OPERATORS for kernel in support.kernels_of(operator)}
    assert isas <= set(support.INSTRUCTION_SETS)
    assert {entry.like for entry in support.SUPPORT.values()} - {""} <= set(PLAIN)


@pytest.mark.parametrize("operator", sorted(EXAMPLES))
def test_float32_is_computed_by_a_kernel_of_the_table(operator: str) -> None:
    known = {kernel.symbol for kernel in support.kernels_of(operator)}
    used = [symbol for symbol in kernels(float_model(operator)) if "copy_u8" not in symbol]
    assert set(used) <= known
    moved = operator in NOTHING | {"Flatten", "Reshape", "Squeeze", "Unsqueeze"}
    assert moved or used, "nothing was computed"
    assert support.instruction_sets(support.kernels_of(operator), "f32")


@pytest.mark.parametrize("operator", sorted([*EXAMPLES, *QEXAMPLES]))
def test_int8_is_computed_as_the_matrix_says(operator: str) -> None:
    used = [symbol for symbol in kernels(int8_model(operator)) if "copy_u8" not in symbol]
    says = support.SUPPORT[operator].int8
    if says == "float":
        assert any("dequantize_linear" in symbol for symbol in used)
        assert any("_quantize_linear" in symbol for symbol in used)
    elif says == "table":
        assert used == ["btw_table_s8_scalar"]
    else:
        assert all("_s8_" in symbol or "_u8_" in symbol for symbol in used)
        assert set(used) <= {kernel.symbol for kernel in support.kernels_of(operator)}


# ---------------------------------------------------------------- the README


def test_readme_has_the_matrix_of_today() -> None:
    text = README.read_text()
    assert support.with_matrix(text) == text, FRESH


def test_other_text_is_kept_and_a_stale_table_is_replaced() -> None:
    stale = f"# title\n\n{support.BEGIN}\n| an | old | table |\n{support.END}\n\nafter\n"
    fresh = support.with_matrix(stale)
    assert fresh == f"# title\n\n{support.matrix()}\n\nafter\n"
    assert support.with_matrix(fresh) == fresh


@pytest.mark.parametrize("text", ["", support.BEGIN, f"{support.END}{support.BEGIN}", support.matrix() * 2])
def test_text_without_a_place_is_refused(text: str) -> None:
    with pytest.raises(BittwinError, match="no place"):
        support.with_matrix(text)


def test_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    support.main([])
    assert capsys.readouterr().out == support.matrix() + "\n"
    path = tmp_path / "page.md"
    path.write_text(f"{support.BEGIN}\n{support.END}\n")
    support.main(["--write", str(path)])
    assert path.read_text() == support.matrix() + "\n"


def test_rows_are_one_line_with_every_column() -> None:
    for operator in OPERATORS:
        line = support.row(operator)
        assert line.count("|") == 6, line
        assert len(line) <= 200, line
