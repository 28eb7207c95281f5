"""Concatenation along any axis; int8 parts keep their codes where scales agree, else go through a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import dequantize_linear, quantize_linear
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.linear_mve import MveKernel

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
        y, pixels = layer.output, self.pixels(layer)
        by_channel = pixels == math.prod(y.layout[:2])
        if kernel.pack:
            struct = kernel.pack(layer)
            return Call(kernel, struct, summary="concatenation", refused=refused, pixels=None if by_channel else pixels)
        parts = []
        for x in layer.inputs:
            part: dict[str, int | Constant | None] = {"size": x.size // pixels}
            if layer.output.quantization:
                table = requantize_table(x.quantization, layer.output.quantization)
                part["table"] = None if table is None else Constant(table)
            parts.append(Struct(f"btw_concat_part_{kernel.dtype}", part))
        struct = Struct(f"btw_concat_{kernel.dtype}", dict(count=len(parts), parts=tuple(parts)))
        return Call(kernel, struct, summary="concatenation", refused=refused, pixels=None if by_channel else pixels)

    def pixels(self, layer: Layer) -> int:
        """Pieces of the output that take something of every input."""
        y = layer.output
        outer = y.memory_axes[: y.memory_axes.index(self.axis)]
        return math.prod(y.shape[axis] for axis in outer)


def requantize_table(x: Quantization | None, y: Quantization | None) -> Array | None:
    """int8[256], new code of code - 128 .. 127: quantize(dequantize(code)), or None where nothing changes."""
    if x is None or y is None or x == y:
        return None
    values = dequantize_linear(CODES, np.float32(x.scale), x.zero_point)
    return quantize_linear(values, np.float32(y.scale), y.zero_point)


def _pack_vectors(layer: Layer) -> Struct:
    """Sizes in bytes; `places` say how pixels of up to 8 bytes are moved several at a time."""
    y = layer.output
    pixels = cast(Concat, layer.node.op).pixels(layer)
    item = np.dtype(y.dtype).itemsize
    whole = y.size // pixels * item
    parts = []
    for x in layer.inputs:
        size = x.size // pixels * item
        together = max(1, min(16 // size, (256 - size) // whole + 1, pixels)) if size <= 8 else 1
        lanes = np.arange(16) % (together * size)
        places = (lanes // size * whole + lanes % size).astype(np.uint8)
        table = requantize_table(x.quantization, y.quantization)
        part: dict[str, Field] = {"size": size, "together": together}
        part["places"] = Constant(places) if together > 1 else None
        part["table"] = None if table is None else Constant(table)
        parts.append(Struct("btw_concat_part_mve", part))
    return Struct("btw_concat_mve_layer", dict(size=whole, count=len(parts), parts=tuple(parts)))


def _vectors(layer: Layer) -> str | None:
    """Whether setting up a loop for each input pays."""
    pixels = cast(Concat, layer.node.op).pixels(layer)
    in_a_call = layer.output.layout[1] if pixels == math.prod(layer.output.layout[:2]) else pixels
    size = layer.output.size // pixels * np.dtype(layer.output.dtype).itemsize * in_a_call
    least = (16 if layer.output.dtype == "int8" else 96) * len(layer.inputs)  # the scalar kernel moves whole words
    return f"{size} bytes of {len(layer.inputs)} inputs; vectors pay from {least} on" if size < least else None


KERNELS = (
    MveKernel("btw_concat_s8_mve", "parts", "s8", "mve", "concat", _vectors, _pack_vectors),
    MveKernel("btw_concat_f32_mve", "parts", "f32", "mve", "concat", _vectors, _pack_vectors),
    Kernel("btw_concat_s8_armv7m", "parts", "s8", "armv7m", "concat"),
    Kernel("btw_concat_s8_neon", "parts", "s8", "neon", "concat", needs_aarch64),
    Kernel("btw_concat_s8_scalar", "parts", "s8", "scalar", "concat"),
    Kernel("btw_concat_f32_scalar", "parts", "f32", "scalar", "concat"),
)


def read_concat(node: OnnxNode) -> list[Node]:
    """ONNX Concat of activations."""
    return node.node(Concat(node.axis(node.attribute("axis", 1), node.rank())), *node.inputs)
