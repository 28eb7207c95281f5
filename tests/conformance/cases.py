"""Which cases of the ONNX backend suite are run, and which are out of scope and why."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.case.test_case import TestCase

# The operators of a vision network; the anchor of this project is every case of these.
VISION = frozenset(
    """
    Add AveragePool BatchNormalization Clip Concat Conv ConvInteger ConvTranspose DepthToSpace DequantizeLinear Div
    DynamicQuantizeLinear Elu Flatten Gemm GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish LeakyRelu MatMul
    MatMulInteger MaxPool Mul PRelu Pad QLinearConv QLinearMatMul QuantizeLinear ReduceMean Relu Reshape Resize Sigmoid
    Slice Softmax SpaceToDepth Split Squeeze Sub Tanh Transpose Unsqueeze Upsample
    """.split()
)
# What else vision networks hold here and there.
FURTHER = frozenset(
    """
    Abs And ArgMax ArgMin Cast Celu Ceil Dropout Equal Exp Expand Floor Gather Gelu Greater GreaterOrEqual
    GroupNormalization Identity InstanceNormalization LayerNormalization Less LessOrEqual Log LogSoftmax Max Min Mish
    Neg Not Or Pow Reciprocal ReduceL2 ReduceMax ReduceMin ReduceSum ReduceSumSquare Round Selu Sign Softplus Softsign
    Sqrt Sum ThresholdedRelu Tile Where Xor
    """.split()
)
DTYPES = frozenset("float32 int8 uint8 int32 int64 bool".split())
# Operators whose inputs are all computed at run time; of the others, all but the first are parameters.
OF_ACTIVATIONS = frozenset(
    """
    Add And Concat Div Equal Greater GreaterOrEqual Less LessOrEqual MatMul Max Min Mul Or Pow Sub Sum Where Xor
    """.split()
)


@functools.cache
def every_case() -> tuple[TestCase, ...]:
    """All node cases of the installed onnx."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about infinities that the cases are about
        return tuple(collect_testcases(None))


def operator(case: TestCase) -> str:
    """The ONNX operator of a case; '' where it has several nodes."""
    nodes = case.model.graph.node
    return nodes[0].op_type if len(nodes) == 1 and nodes[0].domain in ("", "ai.onnx") else ""


def selected(operators: Iterable[str] = VISION) -> list[TestCase]:
    """Cases with one node of these operators, whose inputs and outputs all have one of DTYPES; by operator and name."""
    wanted = frozenset(operators)
    found = [case for case in every_case() if operator(case) in wanted and _dtypes(case) <= DTYPES]
    return sorted(found, key=lambda case: (operator(case), case.name))


def _dtypes(case: TestCase) -> set[str]:
    graph = case.model.graph
    return {
        str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)))
        if value.type.HasField("tensor_type")
        else "none"
        for value in (*graph.input, *graph.output)
    }


def out_of_scope(case: TestCase) -> str | None:
    """Why a case is not meant to pass, or None."""
    if case.name in REASONS:
        return REASONS[case.name]
    graph = case.model.graph
    shapes = [[size.dim_value for size in v.type.tensor_type.shape.dim] for v in (*graph.input, *graph.output)]
    if operator(case) in SPATIAL and len(shapes[0]) == 5:
        return "three spatial dimensions: volumes, not images"
    if any(0 in shape for shape in (shapes[0], *shapes[len(graph.input) :])):
        return "a tensor without values: there is nothing to compute, and C has no empty arrays"
    if operator(case) == "Dropout" and case.name.startswith("test_training"):
        return "draws random values: at inference Dropout does nothing"
    return None


SPATIAL = frozenset("AveragePool Conv ConvTranspose MaxPool".split())
ALIGNED = "onnxruntime, which C has to equal, counts whole output pixels where the suite takes 0.8 * 4 = 3.2 of them"
REASONS = {
    "test_resize_downsample_scales_cubic_align_corners": ALIGNED,
    "test_resize_downsample_scales_linear_align_corners": ALIGNED,
}
