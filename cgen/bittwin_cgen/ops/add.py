"""Addition; int8 is onnxruntime's QLinearAdd."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import CODES, AddForm, AddScales, add_reference, add_swaps, prove_add
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.binary import Binary, read_binary
from bittwin_cgen.ops.broadcast import (
    call_of,
    few_channels,
    few_values,
    fields_of,
    keep_images,
    operands,
    repeats_second,
    shape_of,
    steps_of,
)
from bittwin_cgen.ops.conv2d import Conv2d


@dataclass(frozen=True)
class Add(Op):
    """a + b, which broadcast, then a clip to [low, high] in float (of operands of one shape).

    `shapes` are those of the ONNX file, where the operands have others here: onnxruntime's rounding depends on them.
    """

    low: float = -math.inf
    high: float = math.inf
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return keep_images(inputs, output)

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(shape_of(inputs), inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        one_shape = inputs[0].shape == inputs[1].shape
        assert _scales(inputs, output).ratios
        return self if one_shape or self._prove(inputs, output)[1].kind != "float" else None

    def _prove(self, inputs: Sequence[TensorType], output: TensorType) -> tuple[bool, AddForm]:
        """(onnxruntime computes b + a, the form)."""
        shapes = self.shapes or (inputs[0].shape, inputs[1].shape)
        scales, swaps = _scales(inputs, output), add_swaps(*shapes)
        return swaps, prove_add(scales.swapped() if swaps else scales)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        if output.quantization is None:
            return np.clip(values[0] + values[1], self.low, self.high).astype(output.dtype)
        a, b, scales = values[0], values[1], _scales(inputs, output)
        shapes = self.shapes or (inputs[0].shape, inputs[1].shape)
        if add_swaps(*shapes):
            a, b, scales = b, a, scales.swapped()
        return add_reference(a, b, scales)

    def lower(self, layer: Layer) -> Call:
        fields: dict[str, Field] = dict(channels=layer.output.layout[2])
        if layer.inputs[0].shape != layer.inputs[1].shape:
            return self._lower_broadcast(layer)
        if layer.output.quantization is None:
            kernel, refused = select(KERNELS, layer)
            struct = Struct("btw_add_f32", fields | dict(low=self.low, high=self.high))
            return Call(kernel, struct, summary="add", refused=refused)
        swaps, form = self._prove(layer.inputs, layer.output)
        rows = [row for row in KERNELS if row.symbol.rpartition("_")[0] == STRUCTS[form.kind]]
        if form.kind != "linear":
            rows += [row for row in KERNELS if row.symbol.startswith("btw_add_fused_s8")]
        scales = _scales(layer.inputs, layer.output)
        code_sum = CodeSum(**vars(layer), form=form, scales=scales.swapped() if swaps else scales)
        kernel, refused = select(rows, code_sum)
        if kernel.pack:
            order = (1, 0) if swaps else (0, 1)
            return Call(kernel, kernel.pack(code_sum), summary="add", refused=refused, order=order)
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

    def _lower_broadcast(self, layer: Layer) -> Call:
        if layer.output.quantization is None:
            op = Binary("Add")  # whose kernels ask the node for its function
            return op.lower(replace(layer, node=replace(layer.node, op=op)))
        swaps, form = self._prove(layer.inputs, layer.output)
        order = (1, 0) if swaps != form.swapped else (0, 1)
        if form.kind == "linear" and not repeats_second([layer.inputs[i] for i in order], layer.output):
            order, form = order[::-1], replace(form, a_multiplier=form.b_multiplier, b_multiplier=form.a_multiplier)
        inputs = [layer.inputs[i] for i in order]
        rows = [row for row in KERNELS if row.symbol.startswith("btw_add_broadcast_s8")]
        ordered = replace(layer, inputs=tuple(inputs))
        kernel, refused = select(rows, CodeSum(**vars(ordered), form=form, scales=_scales(layer.inputs, layer.output)))
        if kernel.isa in ("neon", "armv7m"):
            linear = dict(a_multiplier=form.a_multiplier, b_multiplier=form.b_multiplier, constant=form.constant)
            fields = fields_of(inputs, layer.output) | linear | dict(shift=form.shift, half_even=int(form.half_even))
            struct = Struct("btw_add_broadcast_linear_s8", fields)
            return replace(call_of(kernel, struct, inputs, layer.output, "add", refused), order=order)
        table = form.table if form.table is not None else CODES.astype(np.int64) * form.b_multiplier + form.constant
        fields = fields_of(inputs, layer.output) | dict(
            a_multiplier=form.a_multiplier,
            shift=form.shift,
            half_even=int(form.half_even),
            table=Constant(table.astype(np.int32)),
        )
        call = call_of(kernel, Struct("btw_add_broadcast_s8", fields), inputs, layer.output, "add", refused)
        return replace(call, order=order)


def _scales(inputs: Sequence[TensorType], output: TensorType) -> AddScales:
    a, b, y = (cast(Quantization, t.quantization) for t in (*inputs, output))
    return AddScales(a.scale, a.zero_point, b.scale, b.zero_point, y.scale, y.zero_point, y.offset)


@dataclass(frozen=True, eq=False)
class CodeSum(Layer):
    """An addition of codes in the form that was proved: what `accepts` of a kernel gets."""

    form: AddForm
    scales: AddScales  # in the order in which onnxruntime adds


def _no_halves(layer: CodeSum) -> str | None:
    return "exact halves go to the even code" if layer.form.half_even else few_values(layer, 8)


def _shift_by_halves(layer: CodeSum) -> str | None:
    if not 17 <= layer.form.shift <= 24:
        return f"a shift of {layer.form.shift}; the vectors take 17 to 24"
    return few_values(layer, 6)


def _upper_half(layer: CodeSum) -> str | None:
    return None if layer.form.shift >= 16 else f"a shift of {layer.form.shift}; it takes the upper 16 bits"


def _vectors(layer: CodeSum) -> str | None:
    return _upper_half(layer) or few_values(layer, 6)


def _fused(layer: CodeSum) -> str | None:
    return "uint8 codes" if layer.scales.offset else needs_aarch64(layer) or few_values(layer, 6)


def _linear(layer: CodeSum) -> str | None:
    return _upper_half(layer) or few_channels(layer, 3) if layer.form.kind == "linear" else "it takes two multipliers"


def _single_values(layer: CodeSum) -> str | None:
    """For kernels that take a value for each channel, or for each pixel."""
    channels = layer.output.layout[2]
    steps = [steps_of(x, layer.output) for x in layer.inputs]
    if (
        steps[0] != (channels, 1)
        or channels < 4
        or not (steps[1] == (1, 0) or (steps[1] == (0, 1) and not channels % 4))
    ):
        return f"neither a value a pixel of 4 channels or more, nor one for each of 4, 8, ... channels ({channels})"
    return _no_halves(layer) if layer.form.kind == "linear" else "it takes two multipliers"


def _pack_fused(layer: CodeSum) -> Struct:
    a_ratio, b_ratio, constant = (float(value) for value in layer.scales.ratios)
    fields: dict[str, Field] = dict(channels=layer.output.layout[2], a_ratio=a_ratio, b_ratio=b_ratio)
    return Struct("btw_add_fused_s8", fields | dict(constant=constant))


KERNELS = (
    Kernel("btw_add_s8_neon", "pixels", "s8", "neon", "add", _vectors, in_place=True),
    Kernel("btw_add_fused_s8_neon", "pixels", "s8", "neon", "add", _fused, _pack_fused, in_place=True),
    Kernel("btw_add_s8_mve", "pixels", "s8", "mve", "add", _shift_by_halves, in_place=True),
    Kernel("btw_add_s8_armv7m", "pixels", "s8", "armv7m", "add", _no_halves, in_place=True),
    Kernel("btw_add_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_table_s8_mve", "pixels", "s8", "mve", "add", in_place=True),
    Kernel("btw_add_table_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_float_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
    Kernel("btw_add_f32_neon", "pixels", "f32", "neon", "add", in_place=True),
    Kernel("btw_add_f32_mve", "pixels", "f32", "mve", "add", in_place=True),
    Kernel("btw_add_f32_fpu", "pixels", "f32", "fpu", "add", in_place=True),
    Kernel("btw_add_f32_scalar", "pixels", "f32", "scalar", "add", in_place=True),
    Kernel("btw_add_broadcast_s8_neon", "pixels", "s8", "neon", "add", _linear, in_place=True),
    Kernel("btw_add_broadcast_s8_armv7m", "pixels", "s8", "armv7m", "add", _single_values, in_place=True),
    Kernel("btw_add_broadcast_s8_mve", "pixels", "s8", "mve", "add", in_place=True),
    Kernel("btw_add_broadcast_s8_scalar", "pixels", "s8", "scalar", "add", in_place=True),
)
STRUCTS = {"linear": "btw_add_s8", "table": "btw_add_table_s8", "float": "btw_add_float_s8"}


@dataclass(frozen=True, eq=False)
class Bias(Op):
    """A constant added to the last axis of a matrix: the bias of the layer before it, if that can take it."""

    value: Array  # [columns]

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return inputs[0]

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return (values[0] + self.value).astype(output.dtype)


def read_add(node: OnnxNode) -> list[Node]:
    """ONNX Add; a constant for each channel is a bias, which goes into the layer before it."""
    if any(node.dtype(index) != "float32" for index in range(2)):
        return read_binary(node)
    shapes = node.shape(0), node.shape(1)
    for index in range(2):
        value, codes = node.known(index), node.codes.get(node.inputs[index])
        in_codes = codes is not None and codes.codes.dtype in (np.int8, np.uint8)
        if value is not None and node.known(1 - index) is None and not in_codes and np.isfinite(value).all():
            made = _bias(node, value, shapes[1 - index], node.activation(1 - index))
            if made is not None:
                return made
    before, (a, b) = operands(node)
    return [*before, Node(node.name, Add(shapes=shapes), (a, b), node.outputs[0])]


def _bias(node: OnnxNode, value: Array, shape: tuple[int, ...], x: str) -> list[Node] | None:
    """The addition of one value a channel, as what can be folded into the layer before it."""
    wide = (1,) * (len(shape) - value.ndim) + value.shape
    if len(shape) not in (2, 3, 4) or len(wide) != len(shape) or any(n != 1 for i, n in enumerate(wide) if i != 1):
        return None
    channels = np.broadcast_to(value.reshape(-1), (shape[1],)).astype(np.float32)
    if len(shape) == 2:
        return node.node(Bias(channels), x)
    ones = np.ones((shape[1], 1, 1, 1), np.float32)
    return node.node(Conv2d(weight=ones, bias=channels, groups=shape[1]), x)
