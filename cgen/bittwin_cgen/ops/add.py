"""Addition of two tensors of one shape; int8 is onnxruntime's QLinearAdd."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import AddForm, AddScales, add_reference, add_swaps, prove_add
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.conv2d import Conv2d


@dataclass(frozen=True)
class Add(Op):
    """a + b, then a clip to [low, high] in float."""

    low: float = -math.inf
    high: float = math.inf

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return inputs[0].shape == inputs[1].shape

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        if inputs[0].shape != inputs[1].shape:
            raise ValueError(
                f"shapes {inputs[0].shape} and {inputs[1].shape} differ; broadcasting is not supported yet"
            )
        return TensorType(inputs[0].shape, inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        return self

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        if output.quantization is None:
            return np.clip(values[0] + values[1], self.low, self.high).astype(output.dtype)
        a, b, scales = values[0], values[1], _scales(inputs, output)
        if add_swaps(inputs[0].shape, inputs[1].shape):
            a, b, scales = b, a, scales.swapped()
        return add_reference(a, b, scales)

    def lower(self, layer: Layer) -> Call:
        fields: dict[str, Field] = dict(channels=layer.output.layout[2])
        if layer.output.quantization is None:
            kernel, refused = select(KERNELS, layer)
            struct = Struct("btw_add_f32", fields | dict(low=self.low, high=self.high))
            return Call(kernel, struct, summary="add", refused=refused)
        swaps = add_swaps(layer.inputs[0].shape, layer.inputs[1].shape)
        scales = _scales(layer.inputs, layer.output)
        form = prove_add(scales.swapped() if swaps else scales)
        rows = [row for row in KERNELS if row.symbol.rpartition("_")[0] == STRUCTS[form.kind]]
        kernel, refused = select(rows, CodeSum(**vars(layer), form=form))
        if form.kind == "float":
            if not form.exact:
                raise BittwinError(
                    f"node {layer.node.name!r}", "no exact form was found for its scales", "Quantize the model again"
                )
            fields |= dict(a_ratio=form.a_ratio, offset=form.offset, table=Constant(cast(Array, form.partial)))
        else:
            fields |= dict(a_multiplier=form.a_multiplier)
            if form.kind == "linear":
                fields |= dict(b_multiplier=form.b_multiplier, constant=form.constant)
            fields |= dict(shift=form.shift, half_even=int(form.half_even))
            if form.kind == "table":
                fields |= dict(table=Constant(cast(Array, form.table)))
        struct = Struct(STRUCTS[form.kind], fields)
        order = (1, 0) if swaps != form.swapped else (0, 1)
        return Call(kernel, struct, summary="add", refused=refused, order=order)


def _scales(inputs: Sequence[TensorType], output: TensorType) -> AddScales:
    a, b, y = (cast(Quantization, t.quantization) for t in (*inputs, output))
    return AddScales(a.scale, a.zero_point, b.scale, b.zero_point, y.scale, y.zero_point, y.offset)


@dataclass(frozen=True, eq=False)
class CodeSum(Layer):
    """An addition of codes in the form that was proved: what `accepts` of a kernel gets."""

    form: AddForm


def _no_halves(layer: CodeSum) -> str | None:
    return "exact halves go to the even code" if layer.form.half_even else None


def _shift_by_halves(layer: CodeSum) -> str | None:
    fits = 17 <= layer.form.shift <= 24
    return None if fits else f"a shift of {layer.form.shift}; the vectors take 17 to 24"


KERNELS = (
    Kernel("btw_add_s8_mve", "pixels", "s8", "mve", "add", _shift_by_halves, in_place=True),
    Kernel("btw_add_s8_dsp", "pixels", "s8", "dsp", "add", _no_halves, in_place=True),
    Kernel("btw_add_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_table_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_float_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_f32_neon", "pixels", "f32", "neon", "add", in_place=True),
    Kernel("btw_add_f32_mve", "pixels", "f32", "mve", "add", in_place=True),
    Kernel("btw_add_f32_fpu", "pixels", "f32", "fpu", "add", in_place=True),
    Kernel("btw_add_f32_scalar", "pixels", "f32", "scalar", "add", in_place=True),
)
STRUCTS = {"linear": "btw_add_s8", "table": "btw_add_table_s8", "float": "btw_add_float_s8"}


@dataclass(frozen=True, eq=False)
class Bias(Op):
    """A constant added to the last axis of a matrix; only as the bias of the fully connected layer before it."""

    value: Array  # [columns]
    elementwise = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return inputs[0]

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return (values[0] + self.value).astype(output.dtype)


def read_add(node: OnnxNode) -> list[Node]:
    """ONNX Add of two activations, or of an activation and a constant for each channel."""
    constants = [node.known(0), node.known(1)]
    if constants[0] is None and constants[1] is None:
        return node.node(Add(), node.activation(0), node.activation(1))
    index = 1 if constants[0] is None else 0
    value, x = node.weight(index, "constant"), node.activation(1 - index)
    shape = node.types[x].shape
    wide = (1,) * (len(shape) - value.ndim) + value.shape
    axis = len(shape) - 1 if len(shape) == 2 else 1
    if len(wide) != len(shape) or any(size != 1 for i, size in enumerate(wide) if i != axis):
        raise node.refuse(
            f"a constant of shape {value.shape} is added to {shape}",
            "Only a scalar or one value a channel is supported yet",
        )
    channels = np.broadcast_to(value.reshape(-1), (shape[axis],)).astype(np.float32)
    if len(shape) == 2:
        return node.node(Bias(channels), x)
    ones = np.ones((shape[1], 1, 1, 1), np.float32)
    return node.node(Conv2d(weight=ones, bias=channels, groups=shape[1]), x)
