"""Softmax and LogSoftmax along any axis, float32; Softmax in int8 as well, as onnxruntime computes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import SoftmaxParts, softmax_codes, softmax_exponentials, softmax_levels, softmax_parts
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.reshape import Reshape


@dataclass(frozen=True)
class Softmax(Op):
    """exp(x) over the sum of exp along `axis`, or its logarithm."""

    axis: int = 1
    log: bool = False

    @property
    def title(self) -> str:
        return "LogSoftmax" if self.log else "Softmax"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, inputs[0].dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return self.axis != 0

    def keeps_rows(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return len(output.shape) == 4 and self.axis in (1, 3)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        return None if self.log else self

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        if inputs[0].quantization is not None and output.quantization is not None:
            exponentials = softmax_exponentials(inputs[0].quantization.scale, inputs[0].shape[self.axis])
            levels = softmax_levels(output.quantization.scale)
            last = np.moveaxis(values[0], self.axis, -1)
            codes = softmax_codes(last, exponentials, levels, output.quantization.zero_point)
            return np.moveaxis(codes, -1, self.axis).astype(output.dtype)
        x = values[0].astype(np.float64)
        shifted = x - x.max(self.axis, keepdims=True)
        total = np.exp(shifted).sum(self.axis, keepdims=True)
        y = shifted - np.log(total) if self.log else np.exp(shifted) / total
        return np.asarray(y).astype(output.dtype)

    def lower(self, layer: Layer) -> Call:
        y = layer.output
        place = y.memory_axes.index(self.axis)
        outer, inner = (
            math.prod(y.shape[axis] for axis in axes) for axes in (y.memory_axes[:place], y.memory_axes[place + 1 :])
        )
        fields: dict[str, Field] = dict(outer=outer, size=y.shape[self.axis], inner=inner)
        if self.log:
            kernel, refused = select(KERNELS[-1:], layer)
            return Call(kernel, Struct("btw_log_softmax_f32", fields), summary="log softmax", refused=refused)
        along = "softmax_axis"
        if inner == 1 and outer == math.prod(y.layout[:2]):
            along, fields = "softmax", dict(channels=y.layout[2])
        rows = [row for row in KERNELS[:-1] if row.symbol.startswith("btw_softmax_axis") == (along == "softmax_axis")]
        kernel, refused = select(rows, layer)
        if layer.inputs[0].quantization is not None and y.quantization is not None:
            exponentials = softmax_exponentials(layer.inputs[0].quantization.scale, y.shape[self.axis])
            levels = float(softmax_levels(y.quantization.scale))
            fields |= dict(exponentials=Constant(exponentials), levels=levels, zero_point=y.quantization.zero_point)
        parts = _parts(layer)
        if "_parts_" in kernel.symbol and parts is not None:
            of_parts: dict[str, Field] = dict(
                values=Constant(parts.values), fraction=parts.fraction, relative=parts.relative
            )
            fields |= dict(parts=Struct("btw_softmax_parts", of_parts))
        struct = Struct(f"btw_{along}_{kernel.dtype}", fields)
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        return Call(kernel, struct, summary="softmax", refused=refused, scratch=scratch)


def _parts(layer: Layer) -> SoftmaxParts | None:
    x, y = layer.inputs[0], layer.output
    if x.quantization is None or y.quantization is None:
        return None
    size = _size(layer)
    return softmax_parts(softmax_exponentials(x.quantization.scale, size), softmax_levels(y.quantization.scale), size)


def _size(layer: Layer) -> int:
    return layer.output.shape[cast(Softmax, layer.node.op).axis]


def _integers(layer: Layer) -> str | None:
    if layer.target.has_fpu:
        return "float32 is faster with an FPU"
    return None if _parts(layer) else "integers would tell too few codes apart"


def _vectors(layer: Layer) -> str | None:
    _, width, channels = layer.output.layout
    return None if width * channels >= 8 else f"{width * channels} values a row; vectors pay from 8 on"


def _four_channels(layer: Layer) -> str | None:
    channels = layer.output.layout[2]
    return f"{channels} channels; vectors pay from 4 on" if channels < 4 else None


def _four_inside(layer: Layer) -> str | None:
    y = layer.output
    inner = math.prod(
        y.shape[axis] for axis in y.memory_axes[y.memory_axes.index(cast(Softmax, layer.node.op).axis) + 1 :]
    )
    return f"{inner} values inside of the axis; vectors take 4" if inner < 4 else None


def _two_inside(layer: Layer) -> str | None:
    y = layer.output
    inside = y.memory_axes[y.memory_axes.index(cast(Softmax, layer.node.op).axis) + 1 :]
    alone = math.prod(y.shape[axis] for axis in inside) < 2
    return "1 value inside of the axis; vectors pay from 2 on" if alone else None


KERNELS = (
    Kernel("btw_softmax_s8_mve", "pixels", "s8", "mve", "softmax", _four_channels, in_place=True),
    Kernel("btw_softmax_axis_s8_mve", "whole", "s8", "mve", "softmax", _two_inside),
    Kernel("btw_softmax_parts_s8_scalar", "pixels", "s8", "scalar", "softmax", _integers, scratch=_size, in_place=True),
    Kernel(
        "btw_softmax_axis_parts_s8_scalar", "whole", "s8", "scalar", "softmax", _integers, scratch=_size, in_place=True
    ),
    Kernel("btw_softmax_s8_scalar", "pixels", "s8", "scalar", "softmax", in_place=True),
    Kernel("btw_softmax_axis_s8_scalar", "whole", "s8", "scalar", "softmax", in_place=True),
    Kernel("btw_softmax_f32_mve", "pixels", "f32", "mve", "softmax", _vectors, in_place=True),
    Kernel("btw_softmax_axis_f32_mve", "whole", "f32", "mve", "softmax", _vectors, in_place=True),
    Kernel("btw_softmax_f32_neon", "pixels", "f32", "neon", "softmax", _four_channels, in_place=True),
    Kernel("btw_softmax_axis_f32_neon", "whole", "f32", "neon", "softmax", _four_inside),
    Kernel("btw_softmax_f32_scalar", "pixels", "f32", "scalar", "softmax", in_place=True),
    Kernel("btw_softmax_axis_f32_scalar", "whole", "f32", "scalar", "softmax", in_place=True),
    Kernel("btw_log_softmax_f32_scalar", "whole", "f32", "scalar", "log_softmax"),
)


def read_softmax(node: OnnxNode) -> list[Node]:
    """ONNX Softmax and LogSoftmax; before opset 13 over all axes from `axis` on."""
    rank, log = node.rank(), node.op_type == "LogSoftmax"
    axis = node.axis(node.attribute("axis", 1 if node.opset < 13 else -1), rank)
    shape = node.shape()
    if node.opset >= 13 or math.prod(shape[axis + 1 :]) == 1:
        return node.node(Softmax(axis, log), node.activation(0))
    y = node.outputs[0]
    flat, made = f"{y}/flat", f"{y}/made"
    return [
        Node(flat, Reshape((math.prod(shape[:axis]), math.prod(shape[axis:]))), (node.activation(0),), flat),
        Node(node.name, Softmax(1, log), (flat,), made),
        Node(f"{y}/shape", Reshape(shape), (made,), y),
    ]
