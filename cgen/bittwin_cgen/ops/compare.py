"""Comparisons of numbers and logic of bool, of two operands that broadcast, to bool: a byte, 0 or 1.

They share one file: each is a formula and its numpy reference, all else is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import kernel_dtype, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.binary import SMALL
from bittwin_cgen.ops.broadcast import call_of, fields_of, keep_images, operands, shape_of
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.known import Known

NUMBERS = ("float32", "int32", "int64")
FUNCTIONS: dict[str, tuple[tuple[str, ...], Callable[[Array, Array], Array]]] = {  # kernel: dtypes, formula
    "and": (("bool",), np.logical_and),
    "equal": ((*NUMBERS, "bool"), np.equal),
    "less": (NUMBERS, np.less),
    "less_or_equal": (NUMBERS, np.less_equal),
    "or": (("bool",), np.logical_or),
    "xor": (("bool",), np.logical_xor),
}
OPERATORS = {  # ONNX operator: kernel, whether the operands change places
    "And": ("and", False),
    "Equal": ("equal", False),
    "Greater": ("less", True),
    "GreaterOrEqual": ("less_or_equal", True),
    "Less": ("less", False),
    "LessOrEqual": ("less_or_equal", False),
    "Or": ("or", False),
    "Xor": ("xor", False),
}


@dataclass(frozen=True)
class Compare(Op):
    """`function` (a name in FUNCTIONS) of a and b; with NaN every comparison is false."""

    function: str
    takes = frozenset({*NUMBERS, "bool"})

    @property
    def title(self) -> str:
        return self.function.replace("_", " ")

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        a, b = (x.dtype for x in inputs)
        if a != b or a not in FUNCTIONS[self.function][0]:
            raise ValueError(f"operands are {a} and {b}")
        return TensorType(shape_of(inputs), "bool")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return keep_images(inputs, output)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        with np.errstate(invalid="ignore"):
            return np.asarray(FUNCTIONS[self.function][1](values[0], values[1]))

    def lower(self, layer: Layer) -> Call:
        dtype = kernel_dtype(layer.inputs[0].dtype)
        rows = [row for row in KERNELS if row.symbol.startswith(f"btw_compare_{self.function}_{dtype}_")]
        kernel, refused = select(rows, layer, dtype)
        struct = Struct(f"btw_compare_{dtype}", fields_of(layer.inputs, layer.output))
        return call_of(kernel, struct, layer.inputs, layer.output, self.title, refused)


KERNELS = tuple(
    Kernel(f"btw_compare_{function}_{suffix}_scalar", "pixels", suffix, "scalar", "compare", in_place=suffix == "u8")
    for function, (dtypes, _) in FUNCTIONS.items()
    for suffix in map(kernel_dtype, dtypes)
)


def read_compare(node: OnnxNode) -> list[Node]:
    """An ONNX operator of OPERATORS; int8 and uint8 numbers are compared as int32."""
    function, swapped = OPERATORS[node.op_type]
    before, names = operands(node)
    if {node.dtype(0), node.dtype(1)} <= set(SMALL) and node.dtype(0) == node.dtype(1):
        wide = [f"{node.outputs[0]}/int32 {index}" for index in range(2)]
        before += [Node(y, Cast("int32"), (x,), y) for x, y in zip(names, wide, strict=True)]
        names = wide
    return [*before, *node.node(Compare(function), *(names[::-1] if swapped else names))]


def read_not(node: OnnxNode) -> list[Node]:
    """ONNX Not: either the value or true, not both."""
    true = f"{node.outputs[0]}/true"
    values = np.ones((1,) * node.rank(), np.bool_)
    return [Node(true, Known(values), (), true), *node.node(Compare("xor"), node.activation(0), true)]
