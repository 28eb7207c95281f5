"""Where: each value from one of two tensors, by a condition; int8 codes change their scale by a table a side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import NUMBERS, Array, Call, Constant, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.broadcast import call_of, fields_of, keep_images, operands, shape_of
from bittwin_cgen.ops.concat import requantize_table


@dataclass(frozen=True)
class Where(Op):
    """a where the condition holds, else b: selected, never computed, so that NaN and infinities stay on their side.

    `requantizes`: codes to codes, as onnxruntime's QLinearWhere: quantize(dequantize(code)) where their scale or zero
    point is another.
    """

    requantizes: bool = False
    takes = NUMBERS
    conditions = 1

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        condition, a, b = (x.dtype for x in inputs)
        if condition != "bool" or a != b:
            raise ValueError(f"the condition is {condition}, what it chooses from {a} and {b}")
        return TensorType(shape_of(inputs), a)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return keep_images(inputs, output)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        return Where(requantizes=True)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        tables = self._tables(inputs, output)
        a, b = (
            x if table is None else table[x.astype(np.int32) + 128] for x, table in zip(values[1:], tables, strict=True)
        )
        return np.where(values[0], a, b)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        fields = fields_of(layer.inputs, layer.output, ("condition", "a", "b"))
        if kernel.dtype == "s8":
            for side, table in zip("ab", self._tables(layer.inputs, layer.output), strict=True):
                fields[f"{side}_table"] = None if table is None else Constant(table)
        struct = Struct(f"btw_where_{kernel.dtype}", fields)
        return call_of(kernel, struct, layer.inputs, layer.output, "where", refused)

    def _tables(self, inputs: Sequence[TensorType], output: TensorType) -> list[Array | None]:
        return [requantize_table(x.quantization, output.quantization) if self.requantizes else None for x in inputs[1:]]


KERNELS = tuple(
    Kernel(f"btw_where_{dtype}_scalar", "pixels", dtype, "scalar", "where", in_place=True)
    for dtype in ("f32", "s32", "s64", "s8", "u8")
)


def read_where(node: OnnxNode) -> list[Node]:
    """ONNX Where; the condition may be a constant or computed."""
    before, names = operands(node, 3)
    return [*before, *node.node(Where(), *names)]
