"""DynamicQuantizeLinear: uint8 codes whose scale and zero point are found at run time. One node, three operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode


def _range(x: Array) -> tuple[np.float32, np.float32, np.float32]:
    """(least, greatest, scale) of x and 0, in float32 as onnxruntime computes them."""
    low, high = np.float32(min(0.0, x.min())), np.float32(max(0.0, x.max()))
    scale = np.float32(1) if low == high else np.float32(np.float32(high - low) / np.float32(255))
    return low, high, scale


@dataclass(frozen=True)
class DynamicScale(Op):
    """(max(x, 0) - min(x, 0)) / 255; 1 where that is 0."""

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType((), "float32")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return np.asarray(_range(values[0])[2], output.dtype)

    def lower(self, layer: Layer) -> Call:
        return _call("btw_dynamic_quantize_linear_scale", layer, "scale of codes")


@dataclass(frozen=True)
class DynamicZeroPoint(Op):
    """The uint8 code of 0: round_half_even(clamp(-min(x, 0) / scale, 0, 255))."""

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType((), "uint8")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        low, _, scale = _range(values[0].astype(np.float32))
        return np.asarray(np.rint(np.clip(np.float32(0) - low / scale, 0, 255)), np.uint8)

    def lower(self, layer: Layer) -> Call:
        return _call("btw_dynamic_quantize_linear_zero_point", layer, "zero point of codes")


@dataclass(frozen=True)
class DynamicQuantize(Op):
    """uint8 clamp(round_half_even(x / scale) + zero point) of x, scale, zero point."""

    takes = frozenset({"float32", "uint8"})

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "uint8")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x, scale, zero_point = values
        codes = np.rint(x.astype(np.float32) / np.float32(scale)) + zero_point.astype(np.float32)
        return np.clip(codes, 0, 255).astype(np.uint8)

    def lower(self, layer: Layer) -> Call:
        return _call("btw_dynamic_quantize_linear", layer, "quantize by a scale of the moment")


def _call(symbol: str, layer: Layer, summary: str) -> Call:
    rows = [row for row in KERNELS if row.symbol.rsplit("_", 2)[0] == symbol]
    kernel, refused = select(rows, layer)
    fields = dict(size=layer.inputs[0].size)
    return Call(kernel, Struct("btw_dynamic_quantize_linear_u8", fields), summary=summary, refused=refused)


class DynamicKernel(Kernel):
    """The three share one header."""

    @property
    def header(self) -> str:
        return "kernels/dynamic_quantize_linear/dynamic_quantize_linear_u8.h"


KERNELS = tuple(
    DynamicKernel(f"btw_dynamic_quantize_linear{part}_scalar", "whole", dtype, "scalar", "dynamic_quantize_linear")
    for part, dtype in (("_scale_f32", "f32"), ("_zero_point_u8", "u8"), ("_u8", "u8"))
)


def read_dynamic_quantize_linear(node: OnnxNode) -> list[Node]:
    """ONNX DynamicQuantizeLinear: codes, scale, zero point."""
    x = node.activation(0)
    names = [name or f"{node.name}/{i}" for i, name in enumerate((*node.outputs, "", "")[:3])]
    return [
        Node(f"{node.name}/scale", DynamicScale(), (x,), names[1]),
        Node(f"{node.name}/zero_point", DynamicZeroPoint(), (x,), names[2]),
        Node(node.name, DynamicQuantize(), (x, names[1], names[2]), names[0]),
    ]
