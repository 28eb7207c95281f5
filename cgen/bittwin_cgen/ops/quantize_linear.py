"""QuantizeLinear and DequantizeLinear between float32 and int8, one scale for the tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from bittwin_cgen.fixed_point import CODE_HIGH, CODE_LOW, dequantize_linear, prove_reciprocal, quantize_linear
from bittwin_cgen.ir import Array, Call, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode


@dataclass(frozen=True)
class QuantizeLinear(Op):
    """clamp(round_half_even(x / scale) + zero point)."""

    quantization: Quantization

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "int8", self.quantization)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return quantize_linear(values[0], np.float32(self.quantization.scale), self.quantization.zero_point)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        pack = kernel.pack or _codes
        return Call(kernel, pack(layer), summary="quantize", refused=refused)


@dataclass(frozen=True)
class DequantizeLinear(Op):
    """scale * (code - zero point)."""

    quantization: Quantization
    takes = frozenset({"int8"})

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "float32")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return dequantize_linear(values[0], np.float32(self.quantization.scale), self.quantization.zero_point)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        return Call(
            kernel, _struct("dequantize_linear_f32", layer, self.quantization), summary="dequantize", refused=refused
        )


def _codes(layer: Layer) -> Struct:
    assert layer.output.quantization
    return _struct("quantize_linear_s8", layer, layer.output.quantization)


def _struct(name: str, layer: Layer, quantization: Quantization) -> Struct:
    fields = dict(channels=layer.output.layout[2], scale=quantization.scale, zero_point=quantization.zero_point)
    return Struct(f"btw_{name}", fields)


def by_reciprocal(layer: Layer) -> str | None:
    """Why not, for kernels that divide by the reciprocal of the output's scale."""
    assert layer.output.quantization
    scale = layer.output.quantization.scale
    return None if prove_reciprocal(scale) else f"the reciprocal of {scale} gives other codes"


def reciprocal_fields(y: Quantization) -> dict[str, Field]:
    """The reciprocal, and the values of the lowest and the highest code, float32."""
    low, high = (float(np.float32(y.scale) * np.float32(code - y.zero_point)) for code in (CODE_LOW, CODE_HIGH))
    return dict(reciprocal=float(np.float32(1) / np.float32(y.scale)), low=low, high=high)


def _pack_reciprocal(layer: Layer) -> Struct:
    y = layer.output.quantization
    assert y
    fields: dict[str, Field] = dict(channels=layer.output.layout[2], scale=y.scale, zero_point=y.zero_point)
    return Struct("btw_quantize_linear_s8_by_reciprocal", fields | reciprocal_fields(y))


KERNELS = (
    Kernel("btw_quantize_linear_s8_mve", "pixels", "s8", "mve", "quantize_linear", by_reciprocal, _pack_reciprocal),
    Kernel("btw_dequantize_linear_f32_mve", "pixels", "f32", "mve", "dequantize_linear"),
    Kernel("btw_quantize_linear_s8_neon", "pixels", "s8", "neon", "quantize_linear", needs_aarch64),
    Kernel("btw_dequantize_linear_f32_neon", "pixels", "f32", "neon", "dequantize_linear"),
    Kernel("btw_quantize_linear_s8_fpu", "pixels", "s8", "fpu", "quantize_linear"),
    Kernel("btw_dequantize_linear_f32_fpu", "pixels", "f32", "fpu", "dequantize_linear"),
    Kernel("btw_quantize_linear_s8_scalar", "pixels", "s8", "scalar", "quantize_linear"),
    Kernel("btw_dequantize_linear_f32_scalar", "pixels", "f32", "scalar", "dequantize_linear"),
)


def quantization_of(node: OnnxNode, scale_index: int, zero_point_index: int) -> Quantization:
    """Scale and zero point of a whole tensor from two constant inputs; uint8 codes as they are held."""
    scale = node.scales(scale_index).reshape(-1)
    if scale.size != 1:
        raise node.refuse(f"{scale.size} scales for an activation", "Quantize activations with one scale a tensor")
    if node.has(zero_point_index):
        zero_point = node.constant(zero_point_index, "zero point").reshape(-1)
    else:
        known = node.types[node.activation(0)]
        held = known.quantization is not None and known.quantization.offset != 0
        signed = (known.dtype == "int8" and not held) or node.attribute("output_dtype") == onnx.TensorProto.INT8
        zero_point = np.zeros(1, np.int8 if signed else np.uint8)
    if zero_point.dtype not in (np.int8, np.uint8) or zero_point.size != 1:
        raise node.refuse(
            f"codes are {zero_point.dtype}", "Quantize activations to int8: activation_type=QuantType.QInt8"
        )
    offset = 128 if zero_point.dtype == np.uint8 else 0
    return Quantization(float(scale[0]), int(zero_point[0]) - offset, offset)


def read_quantize_linear(node: OnnxNode) -> list[Node]:
    """ONNX QuantizeLinear of an activation to int8."""
    return node.node(QuantizeLinear(quantization_of(node, 1, 2)), node.activation(0))


def read_dequantize_linear(node: OnnxNode) -> list[Node]:
    """ONNX DequantizeLinear of int8 activations."""
    return node.node(DequantizeLinear(quantization_of(node, 1, 2)), node.activation(0))
