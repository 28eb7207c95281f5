"""Arithmetic of two operands that broadcast, float32, int32 and, where onnxruntime computes in float, int8.

They share one file: each is a formula and its numpy reference, all else is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import dequantize_linear, quantize_linear
from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.broadcast import call_of, fields_of, keep_images, one_repeats, operands, repeats_second, shape_of
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.mul import Mul
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.unary import Unary

SMALL = ("int8", "uint8")  # computed as int32, then cut to their bits


def _divide(a: Array, b: Array) -> Array:
    if np.issubdtype(a.dtype, np.floating):
        return np.asarray(a / b)
    quotient = np.abs(a.astype(np.int64)) // np.maximum(np.abs(b.astype(np.int64)), 1)  # towards zero
    return np.where(b == 0, 0, np.sign(a.astype(np.int64)) * np.sign(b.astype(np.int64)) * quotient)


FUNCTIONS: dict[str, tuple[str, Callable[[Array, Array], Array]]] = {  # ONNX operator: kernel, formula
    "Add": ("add", np.add),
    "Div": ("div", _divide),
    "Max": ("max", np.maximum),
    "Min": ("min", np.minimum),
    "Mul": ("mul", np.multiply),
    "PRelu": ("prelu", lambda a, b: np.where(a < 0, a * b, a)),
    "Pow": ("pow", np.power),
    "Sub": ("sub", np.subtract),
}


@dataclass(frozen=True)
class Binary(Op):
    """`function` (a name in FUNCTIONS) of a and b; int32 wraps, and divides towards zero."""

    function: str
    takes = frozenset({"float32", "int32"})

    @property
    def title(self) -> str:
        return self.function

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        if inputs[0].dtype != inputs[1].dtype:
            raise ValueError(f"operands are {inputs[0].dtype} and {inputs[1].dtype}")
        return TensorType(shape_of(inputs), inputs[0].dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return keep_images(inputs, output)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        if self.function == "Mul":
            Mul.ratio(inputs, output)
            return Mul()
        exact = self.function in ("Div", "Max", "Min", "PRelu", "Sub")  # one rounding: the same on every processor
        return self if exact else None

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        compute = FUNCTIONS[self.function][1]
        with np.errstate(all="ignore"):
            if output.quantization is None:
                return np.asarray(compute(values[0], values[1])).astype(output.dtype)
            a, b = (
                dequantize_linear(v, np.float32(x.quantization.scale), x.quantization.zero_point)
                for v, x in zip(values, inputs, strict=True)
                if x.quantization
            )
            y = output.quantization
            return quantize_linear(compute(a, b).astype(np.float32), np.float32(y.scale), y.zero_point)

    def lower(self, layer: Layer) -> Call:
        name = FUNCTIONS[self.function][0]
        rows = [row for row in KERNELS if row.symbol.startswith(f"btw_binary_{name}_")]
        kernel, refused = select(rows, layer)
        fields = fields_of(layer.inputs, layer.output)
        if layer.output.quantization:
            for side, x in zip("aby", (*layer.inputs, layer.output), strict=True):
                meaning = cast(Quantization, x.quantization)
                fields |= {f"{side}_scale": meaning.scale, f"{side}_zero_point": meaning.zero_point}
        struct = Struct(f"btw_binary_{kernel.dtype}", fields)
        return call_of(kernel, struct, layer.inputs, layer.output, self.title.lower(), refused)


def _vectors(layer: Layer) -> str | None:
    _, width, channels = layer.output.layout
    if width * channels < 8:
        return f"{width * channels} values a row; vectors pay from 8 on"
    if cast(Binary, layer.node.op).function == "PRelu" and not repeats_second(layer.inputs, layer.output):
        return "the slope has the shape of the output, its operand has not"
    return one_repeats(layer)


def _no_division_on_armv7(layer: Layer) -> str | None:
    return needs_aarch64(layer) if cast(Binary, layer.node.op).function == "Div" else None


KERNELS = (
    *(
        Kernel(f"btw_binary_{name}_f32_mve", "pixels", "f32", "mve", "binary", _vectors, in_place=True)
        for name in ("add", "mul", "prelu", "sub")
    ),
    *(
        Kernel(f"btw_binary_{name}_f32_neon", "pixels", "f32", "neon", "binary", _no_division_on_armv7, in_place=True)
        for name, _ in FUNCTIONS.values()
        if name != "pow"
    ),
    *(
        Kernel(f"btw_binary_{name}_s8_neon", "pixels", "s8", "neon", "binary", needs_aarch64, in_place=True)
        for name in ("div", "max", "min", "prelu", "sub")
    ),
    *(
        Kernel(f"btw_binary_{name}_f32_scalar", "pixels", "f32", "scalar", "binary", in_place=True)
        for name, _ in FUNCTIONS.values()
    ),
    *(
        Kernel(f"btw_binary_{name}_s32_scalar", "pixels", "s32", "scalar", "binary", in_place=True)
        for name in ("add", "div", "max", "min", "mul", "sub")
    ),
    *(
        Kernel(f"btw_binary_{name}_s8_scalar", "pixels", "s8", "scalar", "binary", in_place=True)
        for name in ("div", "max", "min", "prelu", "sub")
    ),
)


def read_binary(node: OnnxNode) -> list[Node]:
    """An ONNX operator of FUNCTIONS; int8 and uint8 numbers (not codes) are computed as int32."""
    dtypes = {node.dtype(index) for index in range(2)}
    op = Binary(node.op_type)
    before, names = operands(node)
    if len(dtypes) != 1 or not dtypes <= set(SMALL):
        return [*before, Node(node.name, op, tuple(names), node.outputs[0])]
    (dtype,) = dtypes
    wide = [f"{node.outputs[0]}/int32 {index}" for index in range(3)]
    casts = [Node(y, Cast("int32"), (x,), y) for x, y in zip(names, wide, strict=False)]
    made = Node(wide[2], op, (wide[0], wide[1]), wide[2])
    return [*before, *casts, made, Node(node.name, Cast(dtype), (wide[2],), node.outputs[0])]


def read_mul(node: OnnxNode) -> list[Node]:
    """ONNX Mul; by a constant for each channel it is a 1x1 depthwise convolution, which goes into one before it."""
    from_constant = [i for i in range(2) if node.known(i) is not None and node.activation(i) not in node.types]
    if len(from_constant) == 1:
        (index,) = from_constant
        value, x = node.constant(index, "factor"), node.activation(1 - index)
        shape = node.shape(1 - index)
        wide = (1,) * (len(shape) - value.ndim) + value.shape
        by_channel = len(wide) == len(shape) in (3, 4) and all(n == 1 for i, n in enumerate(wide) if i != 1)
        if (
            by_channel
            and value.dtype == np.float32
            and np.isfinite(value).all()
            and node.inputs[index] not in node.codes
        ):
            factor = np.broadcast_to(value.reshape(-1), (shape[1],)).astype(np.float32)
            op = Conv2d(weight=factor[:, None, None, None], bias=np.zeros(shape[1], np.float32), groups=shape[1])
            return node.node(op, x)
    return read_binary(node)


def read_prelu(node: OnnxNode) -> list[Node]:
    """ONNX PRelu; the slope broadcasts to the input."""
    if shape_of([TensorType(node.shape(i), "any") for i in range(2)]) != node.shape(0):
        raise node.refuse(f"a slope of shape {node.shape(1)} for {node.shape(0)}", "Repair the model")
    return read_binary(node)


def read_pow(node: OnnxNode) -> list[Node]:
    """ONNX Pow; with one constant exponent a function of one value."""
    exponent = node.known(1)
    if exponent is not None and exponent.size == 1 and exponent.ndim <= node.rank() and np.isfinite(exponent).all():
        return node.node(Unary("Pow", float(np.float32(exponent.reshape(-1)[0]))), node.activation(0))
    return read_binary(node)


def read_extreme(node: OnnxNode) -> list[Node]:
    """ONNX Max, Min, Sum and Mean of any number of operands, two at a time."""
    if node.op_type == "Mean":
        return _mean(node)
    node = replace(node, op_type="Add") if node.op_type == "Sum" else node
    if len(node.inputs) == 1:
        return node.node(Reshape(node.shape()), node.activation(0))
    nodes: list[Node] = []
    types = dict(node.types)
    first = node.activation(0)
    for index in range(1, len(node.inputs)):
        last = index == len(node.inputs) - 1
        output = node.outputs[0] if last else f"{node.outputs[0]}/of {index + 1}"
        pair = replace(node, inputs=(first, node.inputs[index]), outputs=(output,), types=types)
        made = read_binary(pair)
        shape = shape_of([TensorType(pair.shape(i), "any") for i in range(2)])
        types[output] = TensorType(shape, pair.dtype(1))
        nodes += made
        first = output
    return nodes


def _mean(node: OnnxNode) -> list[Node]:
    """The sum of the operands, over their number."""
    total, count = f"{node.outputs[0]}/sum", f"{node.outputs[0]}/count"
    shape = shape_of([TensorType(node.shape(i), "any") for i in range(len(node.inputs))])
    return [
        *read_extreme(replace(node, op_type="Sum", outputs=(total,))),
        Node(count, Known(np.full((1,) * len(shape), len(node.inputs), np.float32)), (), count),
        Node(node.name, Binary("Div"), (total, count), node.outputs[0]),
    ]
