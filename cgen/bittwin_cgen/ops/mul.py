"""Products of int8 codes that broadcast: onnxruntime's QLinearMul."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from bittwin_cgen.fixed_point import (
    ProvedRequantization,
    check_ratio,
    multiply_reference,
    prove_multiply,
    requantize_scale,
)
from bittwin_cgen.ir import Array, Call, Kernel, Layer, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, requantization_struct, select
from bittwin_cgen.ops.broadcast import (
    call_of,
    few_channels,
    few_values,
    fields_of,
    keep_images,
    one_repeats,
    shape_of,
    steps_of,
)
from bittwin_cgen.ops.linear_mve import SHIFT


@dataclass(frozen=True)
class Mul(Op):
    """a * b on codes."""

    takes = frozenset({"int8"})

    @staticmethod
    def ratio(inputs: Sequence[TensorType], output: TensorType) -> Array:
        """float32(float32(sa * sb) / sy); raises ValueError where that overflows."""
        a, b, y = _meanings(inputs, output)
        ratio = requantize_scale(a.scale, b.scale, y.scale)
        check_ratio(ratio, f"{a.scale:g} * {b.scale:g} / {y.scale:g}", 2.0**31 / (255 * 255 + 1))
        return ratio

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
        ratio = self.ratio(layer.inputs, layer.output)
        proof = prove_multiply(ratio, a.zero_point, b.zero_point, y.zero_point, y.offset)
        kernel, refused = select(KERNELS, Product(**vars(layer), proof=proof))
        fields = fields_of(layer.inputs, layer.output) | dict(a_zero_point=a.zero_point, b_zero_point=b.zero_point)
        if "float" in kernel.symbol:
            fields |= dict(ratio=float(ratio), y_zero_point=y.zero_point + y.offset, offset=y.offset)
            struct = Struct("btw_mul_float_s8", fields)
        else:
            assert proof is not None
            struct = Struct("btw_mul_s8", fields | dict(requantization=requantization_struct(proof)))
        return call_of(kernel, struct, layer.inputs, layer.output, "mul", refused)


@dataclass(frozen=True, eq=False)
class Product(Layer):
    """A multiplication of codes and what was proved of it: what `accepts` of a kernel gets."""

    proof: ProvedRequantization | None


def _meanings(inputs: Sequence[TensorType], output: TensorType) -> tuple[Quantization, Quantization, Quantization]:
    a, b, y = (cast(Quantization, x.quantization) for x in (*inputs, output))
    return a, b, y


def _proved(layer: Product) -> str | None:
    return "exact ties leave no integer form" if layer.proof is None else None


def _vectors(layer: Product) -> str | None:
    few = few_values(layer, 3) if layer.target.armv7 else few_channels(layer, 5)
    return _proved(layer) or few


def _float_vectors(layer: Product) -> str | None:
    return needs_aarch64(layer) or (few_channels(layer, 5) if layer.proof is not None else None)


def _sixteens(layer: Product) -> str | None:
    """For kernels that take 16 values at a time, of all pixels or, where b has one value for each, of one."""
    channels = layer.output.layout[2]
    steps = [steps_of(x, layer.output) for x in layer.inputs]
    if (1, 0) in steps and channels == 2:
        return "2 channels share a value; portable C takes fewer instructions"
    return one_repeats(layer) or few_values(layer, 10 if steps[0] == steps[1] else 17)


def _by_three(layer: Product) -> str | None:
    if layer.proof is not None and layer.proof.shift != SHIFT:
        return f"a shift of {layer.proof.shift}; the kernel takes {SHIFT}"
    return _proved(layer) or one_repeats(layer)


def _fours(layer: Product) -> str | None:
    channels = layer.output.layout[2]
    steps = sorted(steps_of(x, layer.output) or (0, 0) for x in layer.inputs)
    if steps[1] != (channels, 1):
        return "no operand has the shape of the output"
    if steps[0] != steps[1] and (steps[0] not in ((0, 1), (1, 0)) or channels % 4):
        return (
            f"the other operand has neither that shape nor a value for each or all of 4, 8, ... channels ({channels})"
        )
    return _by_three(layer)


KERNELS = (
    Kernel(
        "btw_mul_s8_mve",
        "pixels",
        "s8",
        "mve",
        "mul",
        lambda layer: _sixteens(layer) or _by_three(layer),
        in_place=True,
    ),
    Kernel("btw_mul_float_s8_mve", "pixels", "s8", "mve", "mul", _sixteens, in_place=True),
    Kernel("btw_mul_s8_dsp", "pixels", "s8", "dsp", "mul", _fours, in_place=True),
    Kernel("btw_mul_s8_neon", "pixels", "s8", "neon", "mul", _vectors, in_place=True),
    Kernel("btw_mul_float_s8_neon", "pixels", "s8", "neon", "mul", _float_vectors, in_place=True),
    Kernel("btw_mul_s8_scalar", "pixels", "s8", "scalar", "mul", _proved, in_place=True),
    Kernel("btw_mul_float_s8_scalar", "pixels", "s8", "scalar", "mul", in_place=True),
)
