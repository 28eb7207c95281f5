"""Fully connected layers: Gemm and MatMul with constant weights, float32 and int8."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.fixed_point import bias_codes, requantize
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Op, Struct, TensorType
from bittwin_cgen.kernels import requantization_struct
from bittwin_cgen.onnx_node import Codes, OnnxNode
from bittwin_cgen.ops.linear_armv6m import KERNELS as ARMV6M_KERNELS
from bittwin_cgen.ops.linear_armv7m import KERNELS as ARMV7M_KERNELS
from bittwin_cgen.ops.linear_dsp import KERNELS as DSP_KERNELS
from bittwin_cgen.ops.linear_f32 import KERNELS as F32_KERNELS
from bittwin_cgen.ops.linear_f32 import pack_plain
from bittwin_cgen.ops.linear_mve import KERNELS as MVE_KERNELS
from bittwin_cgen.ops.linear_neon import KERNELS as NEON_KERNELS
from bittwin_cgen.ops.linear_s8_neon import KERNELS as S8_NEON_KERNELS
from bittwin_cgen.ops.weighted import Weighted, folded_bias, layer_scale, proved_layer


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
    compact: bool = False  # no more than a byte a weight in int8

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        if len(shape) != 2 or shape[1] != self.weight.shape[1]:
            raise ValueError(f"an input of shape {shape} does not fit a weight of shape {self.weight.shape}")
        if self.bias.shape != (len(self.weight),):
            raise ValueError(f"a bias of shape {self.bias.shape} for {len(self.weight)} outputs")
        return TensorType((shape[0], len(self.weight)), inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        quantization, weight = inputs[0].quantization, self.weight_codes
        if weight is None or quantization is None or (np.size(weight.scale) > 1 and weight.axis != 0):
            return None
        centred = weight.centred(quantization.offset)
        if centred is None:
            return None
        scale = np.broadcast_to(weight.scale.astype(np.float32).reshape(-1), self.bias.shape)
        layer_scale(inputs[0], scale, output)
        codes = self.bias_codes
        if codes is None:
            codes = bias_codes(self.bias, np.float32(quantization.scale), scale)
        return replace(self, weight=centred, bias=codes, weight_scale=scale, weight_codes=None, bias_codes=None)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        products = values[0].astype(np.float64) @ self.weight.astype(np.float64).T
        if output.quantization is None:
            return np.clip(products + self.bias, self.low, self.high).astype(output.dtype)
        acc = products.astype(np.int64) + folded_bias(self.weight, self.bias, inputs[0])
        return requantize(acc, layer_scale(inputs[0], self.weight_scale, output), output.quantization.zero_point)

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return output.size * self.weight.shape[1]

    def lower(self, layer: Layer) -> Call:
        weight, bias, proved = self.weight[:, :, None, None], self.bias.astype(np.float32), None
        if layer.output.quantization:
            bias, proved = proved_layer(layer, weight, self.bias, self.weight_scale)
        weighted = Weighted(
            **vars(layer),
            weight=weight,
            bias=bias,
            low=self.low,
            high=self.high,
            requantization=proved,
            compact=self.compact,
        )
        return weighted.call(KERNELS, "fully connected")


def _pack(layer: Weighted) -> Struct:
    """Weights [outputs][inputs]."""
    if layer.requantization is None:
        return pack_plain(layer)
    fields: dict[str, Field] = dict(
        inputs=layer.input_channels,
        outputs=layer.output_channels,
        weights=Constant(layer.weight.reshape(layer.output_channels, -1)),
        bias=Constant(layer.bias),
        requantization=requantization_struct(layer.requantization),
    )
    return Struct("btw_linear_s8", fields)


def _pointwise_only(layer: Weighted) -> str | None:
    return None if layer.pointwise else "not 1x1 with stride 1, no padding and one group"


# For fully connected layers, and for 1x1 convolutions pixel by pixel.
KERNELS = (
    *MVE_KERNELS,
    *DSP_KERNELS,
    *ARMV7M_KERNELS,
    *F32_KERNELS,
    *ARMV6M_KERNELS,
    *NEON_KERNELS,
    *S8_NEON_KERNELS,
    Kernel("btw_linear_s8_scalar", "pixels", "s8", "scalar", "linear", _pointwise_only, _pack),
    Kernel("btw_linear_f32_scalar", "pixels", "f32", "scalar", "linear", _pointwise_only, _pack),
)


def linear_from(node: OnnxNode) -> Linear:
    """The operator of a Gemm-like node with a constant B and a bias C, or none."""
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
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
    return Linear(
        weight=(np.float32(alpha) * weight).astype(np.float32),
        bias=np.broadcast_to((np.float32(beta) * bias).reshape(-1), (len(weight),)).astype(np.float32),
        weight_codes=codes,
        bias_codes=bias_source,
    )


def int32_codes(codes: Codes | None) -> Array | None:
    return codes.codes if codes is not None and codes.codes.dtype == np.int32 and not np.any(codes.zero_point) else None
