"""The support matrix of the README, made from the tables of operators and kernels: python -m bittwin.support."""

from __future__ import annotations

import argparse
import importlib
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bittwin.files import write_file
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Kernel
from bittwin_cgen.ops import OPERATORS
from bittwin_cgen.ops.binary import KERNELS as BINARY_KERNELS
from bittwin_cgen.ops.cast import KERNELS as CAST_KERNELS
from bittwin_cgen.ops.conv2d import KERNELS as CONVOLUTION_KERNELS
from bittwin_cgen.ops.global_average_pool import KERNELS as MEAN_KERNELS
from bittwin_cgen.ops.linear import KERNELS as LINEAR_KERNELS
from bittwin_cgen.ops.move import KERNELS as MOVE_KERNELS
from bittwin_cgen.ops.mul import KERNELS as MUL_KERNELS
from bittwin_cgen.ops.reduce import KERNELS as REDUCE_KERNELS
from bittwin_cgen.ops.table import KERNELS as TABLE_KERNELS
from bittwin_cgen.ops.unary import KERNELS as UNARY_KERNELS
from bittwin_cgen.read_onnx import FOLDABLE

BEGIN = "<!-- support matrix: begin (python -m bittwin.support --write README.md) -->"
END = "<!-- support matrix: end -->"

Comparison = Literal["exact", "table", "float"]

MEANINGS: dict[Comparison, str] = {
    "exact": "every bit",
    "table": "every bit, by a table of 256 results",
    "float": "computed in float32, as onnxruntime does; may be off by one code",
}

INSTRUCTION_SETS = {
    "scalar": "any processor",
    "armv6m": "Armv6-M",
    "armv7m": "Armv7-M, Armv8-M",
    "dsp": "Armv7E-M, Armv8-M with DSP",
    "fpu": "the same, with an FPU",
    "mve": "Helium",
    "neon": "Armv7-A, Armv8-A",
    "dotprod": "Armv8.2-A with dot products",
    "i8mm": "Armv8.6-A",
}


@dataclass(frozen=True)
class Support:
    """What the code does not say in one place: how int8 compares with onnxruntime, and what is refused.

    `like` names the operator whose kernels compute this one, where that is another.
    """

    int8: Comparison
    restrictions: str = ""
    like: str = ""


COMPARED = "float32, int8, uint8, int32, int64; codes as float32"
QLINEAR = "int8 or uint8 activations, int8 weights"

SUPPORT: dict[str, Support] = {
    "Abs": Support("table"),
    "Add": Support("exact"),
    "And": Support("exact", "bool"),
    "ArgMax": Support("exact", "as float32"),
    "ArgMin": Support("exact", "as float32"),
    "AveragePool": Support("exact", "1-D and 2-D"),
    "BatchNormalization": Support("float", "folded into the convolution before it; also by statistics of its input"),
    "BiasGelu": Support("float", "of com.microsoft"),
    "Cast": Support("exact", "between float32, int8, uint8, int16, uint16, int32, int64, bool"),
    "Ceil": Support("table"),
    "Celu": Support("table"),
    "Clip": Support("table", "constant bounds"),
    "Concat": Support("exact"),
    "Conv": Support("exact", "1-D and 2-D, constant weights; a Pad before it is folded in, whatever its mode"),
    "ConvInteger": Support("exact", "1-D and 2-D, constant weights; to int32"),
    "ConvTranspose": Support("float", "1-D and 2-D, constant weights"),
    "DepthToSpace": Support("exact", "both modes"),
    "DequantizeLinear": Support(
        "exact", "one scale a tensor; scales by channel or block, and int32: step by step; int16, uint16: to float32"
    ),
    "Div": Support("exact", "integers: int8, uint8, int32"),
    "Dropout": Support("exact", "as at inference: nothing is computed"),
    "DynamicQuantizeLinear": Support("exact", "float32 to uint8"),
    "Elu": Support("table"),
    "Equal": Support("exact", COMPARED),
    "Erf": Support("table"),
    "Exp": Support("table"),
    "Expand": Support("exact", "constant shape"),
    "FastGelu": Support("table", "of com.microsoft; int8: without a bias, with one as float32"),
    "Flatten": Support("exact"),
    "Floor": Support("table"),
    "FusedConv": Support("float", "of com.microsoft; as Conv; HardSigmoid, LeakyRelu, Sigmoid, Tanh, Relu, Clip"),
    "FusedGemm": Support("float", "of com.microsoft; as Gemm; the same functions"),
    "Gather": Support("exact", "constant indices"),
    "Gelu": Support("table", "of com.microsoft, too"),
    "Gemm": Support("exact", "int8: constant B, or as MatMul"),
    "GlobalAveragePool": Support("exact", "1-D and 2-D"),
    "GlobalLpPool": Support("float", "p of 1 or 2"),
    "GlobalMaxPool": Support("exact"),
    "Greater": Support("exact", COMPARED),
    "GreaterOrEqual": Support("exact", COMPARED),
    "GroupNormalization": Support("float", "constant scale and bias"),
    "HardSigmoid": Support("table"),
    "HardSwish": Support("table"),
    "Hardmax": Support("float"),
    "Identity": Support("exact", "nothing is computed"),
    "InstanceNormalization": Support("float", "constant scale and bias"),
    "LRN": Support("float", "rank 3 and 4"),
    "LayerNormalization": Support("float", "constant scale and bias"),
    "LeakyRelu": Support("table"),
    "Less": Support("exact", COMPARED),
    "LessOrEqual": Support("exact", COMPARED),
    "Log": Support("table"),
    "LogSoftmax": Support("float"),
    "LpNormalization": Support("float"),
    "LpPool": Support("float", "1-D and 2-D, p of 1 or 2; ceil_mode=0"),
    "MatMul": Support("exact", "int8: two that are computed have one scale each"),
    "MatMulInteger": Support("exact", "by a constant matrix; to int32"),
    "Max": Support("exact"),
    "MaxPool": Support("exact", "1-D and 2-D; indices: float32, one image"),
    "Mean": Support("float", "as float32"),
    "Min": Support("exact"),
    "Mish": Support("table"),
    "Mul": Support("exact"),
    "Neg": Support("table"),
    "Not": Support("exact", "bool"),
    "Or": Support("exact", "bool"),
    "PRelu": Support("exact"),
    "Pad": Support("exact", "constant pads, any axis, negative too; every mode"),
    "Pow": Support("table", "int8: one constant exponent"),
    "QGemm": Support("exact", f"{QLINEAR}; alpha 1", "Gemm"),
    "QLinearAdd": Support("exact", "", "Add"),
    "QLinearAveragePool": Support("exact", "channels_last=0", "AveragePool"),
    "QLinearConcat": Support("exact", "as Concat", "Concat"),
    "QLinearConv": Support("exact", QLINEAR, "Conv"),
    "QLinearGlobalAveragePool": Support("exact", "channels_last=0", "GlobalAveragePool"),
    "QLinearLeakyRelu": Support("table", "", "LeakyRelu"),
    "QLinearMatMul": Support("exact", "", "MatMul"),
    "QLinearMul": Support("exact", "", "Mul"),
    "QLinearSigmoid": Support("table", "", "Sigmoid"),
    "QLinearSoftmax": Support("exact", "", "Softmax"),
    "QLinearWhere": Support("exact", "", "Where"),
    "QuantizeLinear": Support(
        "exact", "one scale a tensor; scales by channel or block: step by step; int16, uint16: from float32"
    ),
    "QuickGelu": Support("table", "of com.microsoft"),
    "Reciprocal": Support("table"),
    "ReduceL1": Support("float"),
    "ReduceL2": Support("float"),
    "ReduceLogSum": Support("float"),
    "ReduceMax": Support("exact"),
    "ReduceMean": Support("float"),
    "ReduceMin": Support("exact"),
    "ReduceProd": Support("float"),
    "ReduceSum": Support("float"),
    "ReduceSumSquare": Support("float"),
    "Relu": Support("table", "in int8 mostly done by the saturation of the layer before it"),
    "Reshape": Support("exact", "constant shape"),
    "Resize": Support(
        "exact",
        "constant sizes; linear, cubic: of pixels; int8 cubic: as float32; codes without scale: nearest, linear",
    ),
    "Round": Support("table"),
    "Selu": Support("table"),
    "Sigmoid": Support("table"),
    "Sign": Support("table"),
    "Slice": Support("exact", "constant bounds"),
    "Softmax": Support("exact"),
    "Softplus": Support("table"),
    "Softsign": Support("table"),
    "SpaceToDepth": Support("exact", "both modes"),
    "Split": Support("exact", "constant sizes"),
    "Sqrt": Support("table"),
    "Squeeze": Support("exact", "constant axes"),
    "Sub": Support("exact"),
    "Sum": Support("float", "as float32; two operands: use Add"),
    "Swish": Support("table"),
    "Tanh": Support("table"),
    "ThresholdedRelu": Support("table"),
    "Tile": Support("exact", "constant counts"),
    "Transpose": Support("exact", "any order of axes"),
    "Unsqueeze": Support("exact", "constant axes"),
    "Upsample": Support("exact", "as Resize", "Resize"),
    "Where": Support("exact", "float32, int8, uint8, int32, int64, bool"),
    "Xor": Support("exact", "bool"),
}


REDUCTIONS = [name for name in SUPPORT if name.startswith("Reduce")]

# Kernels of another file that an operator is computed with, too.
FURTHER_KERNELS: dict[str, tuple[Kernel, ...]] = {
    "Add": BINARY_KERNELS,
    "Mul": MUL_KERNELS,
    "Pow": UNARY_KERNELS,
    **{f"{group}Normalization": BINARY_KERNELS for group in ("Group", "Instance", "Layer")},
    "FusedConv": CONVOLUTION_KERNELS,
    "FusedGemm": LINEAR_KERNELS,
    "Hardmax": BINARY_KERNELS + UNARY_KERNELS + CAST_KERNELS + MOVE_KERNELS,
    "LRN": BINARY_KERNELS + UNARY_KERNELS + CONVOLUTION_KERNELS,
    "LpNormalization": BINARY_KERNELS + UNARY_KERNELS + REDUCE_KERNELS + MOVE_KERNELS,
    **dict.fromkeys((*REDUCTIONS, "GlobalLpPool"), BINARY_KERNELS + UNARY_KERNELS + MEAN_KERNELS),
}


def kernels_of(operator: str) -> tuple[Kernel, ...]:
    """The kernel table of the file that reads an ONNX operator, or the one that it is computed like."""
    reader = OPERATORS[SUPPORT[operator].like or operator]
    table: tuple[Kernel, ...] = importlib.import_module(reader.__module__).KERNELS
    return table + FURTHER_KERNELS.get(SUPPORT[operator].like or operator, ())


def instruction_sets(kernels: tuple[Kernel, ...], dtype: str) -> str:
    """Those for which there are kernels of a type; u8 kernels move bytes of any type."""
    found = {kernel.isa for kernel in kernels if kernel.dtype in (dtype, "u8")}
    return ", ".join(isa for isa in INSTRUCTION_SETS if isa in found)


def row(operator: str) -> str:
    """The line of one operator."""
    support, kernels = SUPPORT[operator], kernels_of(operator)
    int8 = {
        "exact": instruction_sets(kernels, "s8"),
        "table": instruction_sets(TABLE_KERNELS, "s8"),
        "float": "as float32",
    }[support.int8]
    float32 = "" if support.like else instruction_sets(kernels, "f32")
    return f"| {operator} | {float32} | {int8} | {support.int8} | {support.restrictions} |"


def matrix() -> str:
    """The whole table, as markdown between its marks."""
    used = {kernel.isa for operator in OPERATORS for kernel in kernels_of(operator)}
    sets = ", ".join(f"{isa} ({INSTRUCTION_SETS[isa]})" for isa in INSTRUCTION_SETS if isa in used)
    folded = ", ".join(sorted(FOLDABLE | {"Constant", "Shape"}))
    lines = [
        BEGIN,
        "",
        "| ONNX | float32 | int8 | int8 is | restrictions |",
        "|---|---|---|---|---|",
        *(row(operator) for operator in sorted(OPERATORS)),
        "",
        *(f"- {name}: {meaning}." for name, meaning in MEANINGS.items()),
        "",
        textwrap.fill(f"Instruction sets of kernels: {sets}.", 120),
        "",
        textwrap.fill(f"Computed while the model is read, where all inputs are constants: {folded}.", 120),
        "",
        END,
    ]
    return "\n".join(lines)


def with_matrix(text: str) -> str:
    """`text` with the table between its marks renewed; raises BittwinError where they are not there once each."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BittwinError("the text", "has no place for the support matrix", f"Add the lines {BEGIN} and {END}")
    before, rest = text.split(BEGIN)
    return before + matrix() + rest.split(END)[1]


def main(arguments: list[str] | None = None) -> None:
    """Prints the table, or rewrites it in a file."""
    parser = argparse.ArgumentParser(prog="python -m bittwin.support", description="The support matrix as markdown.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="rewrite it between its marks in FILE")
    path: Path | None = parser.parse_args(arguments).write
    if path is None:
        print(matrix())
    else:
        write_file(path, with_matrix(path.read_text()).encode())


if __name__ == "__main__":
    main()
