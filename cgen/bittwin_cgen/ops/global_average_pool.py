"""The mean over all pixels of each channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import check_ratio, global_average_scale, prove_requantization, requantize
from bittwin_cgen.ir import Array, Call, Field, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import requantization_struct, select, unproved_note
from bittwin_cgen.onnx_node import OnnxNode


@dataclass(frozen=True)
class GlobalAveragePool(Op):
    """[N, C, ...] to [N, C, 1...]."""

    one_image = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        if len(shape) not in (3, 4):
            raise ValueError(f"input of rank {len(shape)}; 3 or 4 is supported")
        return TensorType((*shape[:2], *[1] * (len(shape) - 2)), inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        self._scale(inputs[0], output)
        return self

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0].reshape(*values[0].shape[:2], -1)
        if inputs[0].quantization is None or output.quantization is None:
            return x.astype(np.float64).mean(2).astype(output.dtype).reshape(len(x), *output.shape[1:])
        sums = (x.astype(np.int64) - inputs[0].quantization.zero_point).sum(2)
        scale = self._scale(inputs[0], output)
        return requantize(sums, scale, output.quantization.zero_point).reshape(len(x), *output.shape[1:])

    def _scale(self, x: TensorType, y: TensorType) -> Array:
        assert x.quantization and y.quantization
        pixels = math.prod(x.shape[2:])
        scale = global_average_scale(np.float32(x.quantization.scale), np.float32(y.quantization.scale), pixels)
        check_ratio(scale, f"{x.quantization.scale:g} / ({y.quantization.scale:g} * {pixels})", 256)
        if scale < 2.0**-32:
            raise ValueError(f"a ratio of scales of {scale:g}; onnxruntime computes with 2**-32 to 256")
        return np.atleast_1d(scale)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        height, width, channels = layer.inputs[0].layout
        fields: dict[str, Field] = dict(channels=channels, height=height, width=width)
        notes: tuple[str, ...] = ()
        if layer.inputs[0].quantization and layer.output.quantization:
            zero_point = layer.inputs[0].quantization.zero_point
            low, high = (np.array([height * width * (code - zero_point)], np.int64) for code in (-128, 127))
            proved = prove_requantization(
                self._scale(layer.inputs[0], layer.output), layer.output.quantization.zero_point, low, high
            )
            notes = unproved_note(proved)
            fields |= dict(bias=-zero_point * height * width, requantization=requantization_struct(proved))
        struct = Struct(f"btw_global_average_pool_{kernel.dtype}", fields)
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        return Call(kernel, struct, summary="global average pool", refused=refused, notes=notes, scratch=scratch)


def _sums(layer: Layer) -> int:
    """Bytes of one int32 a channel."""
    return 4 * layer.output.layout[2]


def _sums_of_eights(layer: Layer) -> int:
    return 32 * -(-layer.output.layout[2] // 8)


def _narrow(layer: Layer) -> str | None:
    height, width, channels = layer.inputs[0].layout
    if channels == 1:
        return "1 channel; a vector takes 16"
    if height * width > 8 and channels * height * width < 40 + height * (20 + 2 * width):
        return f"{channels} channels; portable C takes fewer instructions"
    return None if width <= 256 else f"rows of {width} pixels; sums of a row fit 16 bits up to 256"


def _no_helium(layer: Layer) -> str | None:
    """Where there is Helium, the compiler's vectors for portable C take fewer instructions than pairs of channels."""
    several = "mve" in layer.target.isas and layer.output.layout[2] > 1
    return "few channels, for which the compiler has vectors" if several else None


def _not_eight(layer: Layer) -> str | None:
    channels = layer.output.layout[2]
    if channels in (1, 2, 5):
        return f"{channels} channels; a vector takes 4"
    return "8 channels, which the kernel for an FPU takes at once" if channels == 8 else None


def _eights(layer: Layer) -> str | None:
    channels = layer.output.layout[2]
    return None if channels >= 8 else f"{channels} channels; its vectors take 8"


KERNELS = (
    Kernel(
        "btw_global_average_pool_s8_mve", "reduce", "s8", "mve", "global_average_pool", _narrow, scratch=_sums_of_eights
    ),
    Kernel("btw_global_average_pool_s8_dsp", "reduce", "s8", "dsp", "global_average_pool", _no_helium, scratch=_sums),
    Kernel("btw_global_average_pool_s8_neon", "reduce", "s8", "neon", "global_average_pool", _eights, scratch=_sums),
    Kernel("btw_global_average_pool_s8_scalar", "reduce", "s8", "scalar", "global_average_pool", scratch=_sums),
    Kernel("btw_global_average_pool_f32_mve", "reduce", "f32", "mve", "global_average_pool", _not_eight),
    Kernel("btw_global_average_pool_f32_fpu", "reduce", "f32", "fpu", "global_average_pool"),
    Kernel("btw_global_average_pool_f32_neon", "reduce", "f32", "neon", "global_average_pool"),
    Kernel("btw_global_average_pool_f32_scalar", "reduce", "f32", "scalar", "global_average_pool"),
)


def read_global_average_pool(node: OnnxNode) -> list[Node]:
    """ONNX GlobalAveragePool."""
    return node.node(GlobalAveragePool(), node.activation(0))
