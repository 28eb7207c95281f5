"""QuantizeLinear and DequantizeLinear between float32 and int16 or uint16, one scale for the tensor.

onnxruntime computes the operators between such codes in float32, and so does C: no pass fuses with these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import dequantize_linear
from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import kernel_dtype, select
from bittwin_cgen.onnx_node import OnnxNode

WIDE = ("int16", "uint16")
OLDEST_OPSET = 21  # of ai.onnx; com.microsoft has had them before


@dataclass(frozen=True)
class QuantizeWide(Op):
    """clamp(round_half_even(x / scale) + zero point) to `dtype`; scale is a float32 value."""

    dtype: str
    scale: float
    zero_point: int

    @property
    def title(self) -> str:
        return "QuantizeLinear"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, self.dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        limits = np.iinfo(self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            codes = np.rint(values[0].astype(np.float32) / np.float32(self.scale))
        codes = np.where(np.isnan(codes), -np.inf, codes)
        clipped = np.clip(codes, limits.min - self.zero_point, limits.max - self.zero_point)
        return np.asarray(clipped.astype(np.int32) + self.zero_point).astype(self.dtype)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(QUANTIZE, layer)
        return Call(
            kernel, _struct(f"quantize_linear_{kernel.dtype}", layer, self), summary="quantize", refused=refused
        )


@dataclass(frozen=True)
class DequantizeWide(Op):
    """scale * (code - zero point)."""

    scale: float
    zero_point: int
    takes = frozenset(WIDE)

    @property
    def title(self) -> str:
        return "DequantizeLinear"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "float32")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return dequantize_linear(values[0], np.float32(self.scale), self.zero_point)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(DEQUANTIZE, layer, kernel_dtype(layer.inputs[0].dtype))
        struct = _struct(f"dequantize_linear_{kernel.dtype}", layer, self)
        return Call(kernel, struct, summary="dequantize", refused=refused)


def _struct(name: str, layer: Layer, op: QuantizeWide | DequantizeWide) -> Struct:
    fields = dict(channels=layer.output.layout[2], scale=op.scale, zero_point=op.zero_point)
    return Struct(f"btw_{name}", fields)


QUANTIZE = (
    Kernel("btw_quantize_linear_s16_scalar", "pixels", "s16", "scalar", "quantize_linear"),
    Kernel("btw_quantize_linear_u16_scalar", "pixels", "u16", "scalar", "quantize_linear"),
)
DEQUANTIZE = (
    Kernel("btw_dequantize_linear_s16_scalar", "pixels", "s16", "scalar", "dequantize_linear"),
    Kernel("btw_dequantize_linear_u16_scalar", "pixels", "u16", "scalar", "dequantize_linear"),
)
KERNELS = QUANTIZE + DEQUANTIZE


def read_quantize_wide(node: OnnxNode, dtype: str) -> list[Node]:
    """ONNX QuantizeLinear to int16 or uint16."""
    return node.node(QuantizeWide(dtype, *_meaning(node, dtype)), node.activation(0))


def read_dequantize_wide(node: OnnxNode) -> list[Node]:
    """ONNX DequantizeLinear of int16 or uint16."""
    return node.node(DequantizeWide(*_meaning(node, node.dtype())), node.activation(0))


def _meaning(node: OnnxNode, dtype: str) -> tuple[float, int]:
    """(scale, zero point)."""
    if node.opset < OLDEST_OPSET:
        what = f"codes are {dtype}, which opset {node.opset} does not have"
        raise node.refuse(what, f"Quantize to int8, or export with opset {OLDEST_OPSET}")
    scale = node.scales(1).reshape(-1)
    zero_point = node.constant(2, "zero point").reshape(-1) if node.has(2) else np.zeros(1, dtype)
    if scale.size != 1 or zero_point.size != 1 or str(zero_point.dtype) != dtype:
        what = f"{scale.size} scales, {zero_point.size} zero points of {zero_point.dtype} for codes of {dtype}"
        raise node.refuse(what, "Quantize activations with one scale a tensor")
    return float(scale[0]), int(zero_point[0])
