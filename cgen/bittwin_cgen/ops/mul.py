"""Products of int8 codes that broadcast: onnxruntime's QLinearMul."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from bittwin_cgen.fixed_point import multiply_reference, prove_multiply, requantize_scale
from bittwin_cgen.ir import Array, Call, Kernel, Layer, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import requantization_struct, select
from bittwin_cgen.ops.broadcast import call_of, fields_of, keep_images, shape_of


@dataclass(frozen=True)
class Mul(Op):
    """a * b on codes."""

    takes = frozenset({"int8"})

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(shape_of(inputs), "int8")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return keep_images(inputs, output)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        a, b, y = _meanings(inputs, output)
        return multiply_reference(
            values[0], values[1], a.scale, a.zero_point, b.scale, b.zero_point, y.scale, y.zero_point, y.offset
        )

    def lower(self, layer: Layer) -> Call:
        a, b, y = _meanings(layer.inputs, layer.output)
        ratio = requantize_scale(a.scale, b.scale, y.scale)
        proof = prove_multiply(ratio, a.zero_point, b.zero_point, y.zero_point, y.offset)
        fields = fields_of(layer.inputs, layer.output) | dict(a_zero_point=a.zero_point, b_zero_point=b.zero_point)
        if proof is not None:
            kernel, refused = select(KERNELS[:-1], layer)
            struct = Struct("btw_mul_s8", fields | dict(requantization=requantization_struct(proof)))
        else:
            kernel, refused = select(KERNELS[-1:], layer)
            fields |= dict(ratio=float(ratio), y_zero_point=y.zero_point + y.offset, offset=y.offset)
            struct = Struct("btw_mul_float_s8", fields)
        return call_of(kernel, struct, layer.inputs, layer.output, "mul", refused)


def _meanings(inputs: Sequence[TensorType], output: TensorType) -> tuple[Quantization, Quantization, Quantization]:
    a, b, y = (cast(Quantization, x.quantization) for x in (*inputs, output))
    return a, b, y


KERNELS = (
    Kernel("btw_mul_s8_scalar", "pixels", "s8", "scalar", "mul", in_place=True),
    Kernel("btw_mul_float_s8_scalar", "pixels", "s8", "scalar", "mul", in_place=True),
)
