"""Tensors whose values are known when C is generated: they lie among the weights, and any operator can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bittwin_cgen.ir import Array, Op, Quantization, TensorType


@dataclass(frozen=True, eq=False)
class Known(Op):
    """A constant. It is no step of a program: whoever reads it gets a pointer to the array."""

    values: Array  # in ONNX order
    quantization: Quantization | None = None

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(self.values.shape, str(self.values.dtype), self.quantization)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return self.values.astype(output.dtype)
