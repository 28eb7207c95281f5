"""Concatenation along any axis; int8 parts keep their codes where scales agree, else go through a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import dequantize_linear, quantize_linear
from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode

CODES = np.arange(-128, 128, dtype=np.int8)


@dataclass(frozen=True)
class Concat(Op):
    """Inputs one behind the other along `axis`."""

    axis: int

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        first = inputs[0].shape
        if not 0 <= self.axis < len(first):
            raise ValueError(f"axis {self.axis} of a tensor of rank {len(first)}")
        for other in inputs[1:]:
            if len(other.shape) != len(first) or any(
                a != b for i, (a, b) in enumerate(zip(first, other.shape, strict=True)) if i != self.axis
            ):
                raise ValueError(f"shapes {first} and {other.shape} do not fit along axis {self.axis}")
        total = sum(t.shape[self.axis] for t in inputs)
        return TensorType((*first[: self.axis], total, *first[self.axis + 1 :]), inputs[0].dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return self.axis != 0

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        return self

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        if output.quantization is None:
            return np.concatenate(values, self.axis)
        tables = [requantize_table(t.quantization, output.quantization) for t in inputs]
        parts = [
            x if table is None else table[x.astype(np.int32) + 128] for x, table in zip(values, tables, strict=True)
        ]
        return np.concatenate(parts, self.axis)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        y = layer.output
        outer = y.memory_axes[: y.memory_axes.index(self.axis)]
        pixels = math.prod(y.shape[axis] for axis in outer)
        parts = []
        for x in layer.inputs:
            part: dict[str, int | Constant | None] = {"size": x.size // pixels}
            if layer.output.quantization:
                table = requantize_table(x.quantization, layer.output.quantization)
                part["table"] = None if table is None else Constant(table)
            parts.append(Struct(f"btw_concat_part_{kernel.dtype}", part))
        struct = Struct(f"btw_concat_{kernel.dtype}", dict(count=len(parts), parts=tuple(parts)))
        by_channel = pixels == math.prod(y.layout[:2])
        return Call(kernel, struct, summary="concatenation", refused=refused, pixels=None if by_channel else pixels)


def requantize_table(x: Quantization | None, y: Quantization | None) -> Array | None:
    """int8[256], new code of code - 128 .. 127: quantize(dequantize(code)), or None where nothing changes."""
    if x is None or y is None or x == y:
        return None
    values = dequantize_linear(CODES, np.float32(x.scale), x.zero_point)
    return quantize_linear(values, np.float32(y.scale), y.zero_point)


KERNELS = (
    Kernel("btw_concat_s8_scalar", "parts", "s8", "scalar", "concat"),
    Kernel("btw_concat_f32_scalar", "parts", "f32", "scalar", "concat"),
)


def read_concat(node: OnnxNode) -> list[Node]:
    """ONNX Concat of activations."""
    return node.node(Concat(node.axis(node.attribute("axis", 1), node.rank())), *node.inputs)
