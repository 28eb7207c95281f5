"""Fully connected layers: Gemm and MatMul with constant weights, float32 and int8."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import (
    accumulator_range,
    bias_codes,
    prove_requantization,
    requantize,
    requantize_scale,
)
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import requantization_struct, select, unproved_note
from bittwin_cgen.onnx_node import Codes, OnnxNode
from bittwin_cgen.ops.conv2d import int32_codes, refuse_overflow


@dataclass(frozen=True, eq=False)
class Linear(Op):
    """y[n] = bias + weight @ x[n], then a clip to [low, high] in float; in int8 weight and bias are codes."""

    weight: Array  # [outputs, inputs]
    bias: Array  # [outputs]
    low: float = -math.inf
    high: float = math.inf
    weight_scale: Array | None = None  # float32 [outputs], int8 only
    weight_codes: Codes | None = None  # float: the codes that `weight` was read from, [outputs, inputs]
    bias_codes: Array | None = None

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        if len(shape) != 2 or shape[1] != self.weight.shape[1]:
            raise ValueError(f"an input of shape {shape} does not fit a weight of shape {self.weight.shape}")
        if self.bias.shape != (len(self.weight),):
            raise ValueError(f"a bias of shape {self.bias.shape} for {len(self.weight)} outputs")
        return TensorType((shape[0], len(self.weight)), inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        quantization, weight = inputs[0].quantization, self.weight_codes
        if weight is None or weight.codes.dtype != np.int8 or np.any(weight.zero_point != 0) or quantization is None:
            return None
        if np.size(weight.scale) > 1 and weight.axis != 0:
            return None
        scale = np.broadcast_to(weight.scale.astype(np.float32).reshape(-1), self.bias.shape)
        codes = self.bias_codes
        if codes is None:
            codes = bias_codes(self.bias, np.float32(quantization.scale), scale)
        return replace(self, weight=weight.codes, bias=codes, weight_scale=scale, weight_codes=None, bias_codes=None)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        products = values[0].astype(np.float64) @ self.weight.astype(np.float64).T
        if output.quantization is None:
            return np.clip(products + self.bias, self.low, self.high).astype(output.dtype)
        acc = products.astype(np.int64) + self._folded_bias(inputs[0])
        return requantize(acc, self._scale(inputs[0], output), output.quantization.zero_point)

    def _folded_bias(self, x: TensorType) -> Array:
        zero_point = cast(Quantization, x.quantization).zero_point
        return self.bias.astype(np.int64) - zero_point * self.weight.astype(np.int64).sum(1)

    def _scale(self, x: TensorType, y: TensorType) -> Array:
        assert x.quantization and y.quantization and self.weight_scale is not None
        return requantize_scale(np.float32(x.quantization.scale), self.weight_scale, np.float32(y.quantization.scale))

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return self.weight.size

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        outputs, count = self.weight.shape
        fields: dict[str, Field] = dict(inputs=count, outputs=outputs, weights=Constant(self.weight))
        notes: tuple[str, ...] = ()
        if layer.output.quantization:
            folded = self._folded_bias(layer.inputs[0])
            low, high, magnitude = accumulator_range(self.weight, folded)
            refuse_overflow(layer.node, magnitude)
            scale = self._scale(layer.inputs[0], layer.output)
            proved = prove_requantization(scale, layer.output.quantization.zero_point, low, high)
            notes = unproved_note(proved)
            fields |= dict(bias=Constant(folded.astype(np.int32)), requantization=requantization_struct(proved))
        else:
            fields |= dict(bias=Constant(self.bias), low=self.low, high=self.high)
        struct = Struct(f"btw_linear_{kernel.dtype}", fields)
        return Call(kernel, struct, summary="fully connected", refused=refused, notes=notes)


KERNELS = (
    Kernel("btw_linear_s8_scalar", "pixels", "s8", "scalar", "linear"),
    Kernel("btw_linear_f32_scalar", "pixels", "f32", "scalar", "linear"),
)


def read_gemm(node: OnnxNode) -> list[Node]:
    """ONNX Gemm with a constant B, or MatMul of a matrix by one; transA is refused."""
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    if node.attribute("transA", 0):
        raise node.refuse("transA is 1", "Transpose the input before the Gemm")
    if node.rank() != 2:
        raise node.refuse(f"an input of rank {node.rank()}", "Only matrices [N, K] are supported")
    weight = node.weight(1, "weight")
    if weight.ndim != 2:
        raise node.refuse(f"a weight of rank {weight.ndim}", "Only matrices are supported")
    transposed = bool(node.attribute("transB", 0))
    codes = node.codes.get(node.inputs[1]) if alpha == 1.0 else None
    if not transposed:
        weight = weight.T
        if codes is not None:
            codes = Codes(codes.codes.T, codes.scale, codes.zero_point, 1 - codes.axis % 2)
    bias = node.weight(2, "bias") if node.has(2) else np.zeros(len(weight), np.float32)
    bias_source = int32_codes(node.codes.get(node.inputs[2])) if node.has(2) and beta == 1.0 else None
    op = Linear(
        weight=(np.float32(alpha) * weight).astype(np.float32),
        bias=np.broadcast_to((np.float32(beta) * bias).reshape(-1), (len(weight),)).astype(np.float32),
        weight_codes=codes,
        bias_codes=bias_source,
    )
    return node.node(op, node.activation(0))
