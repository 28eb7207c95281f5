"""uint8 codes to the int8 codes that stand for them, 128 lower, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Op, Struct, TensorType
from bittwin_cgen.kernels import select


@dataclass(frozen=True)
class Recentre(Op):
    """The highest bit of every code turned over."""

    takes = frozenset({"int8", "uint8"})
    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "int8" if inputs[0].dtype == "uint8" else "uint8")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return (values[0].view(np.uint8) ^ 0x80).view(output.dtype)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        fields = dict(channels=layer.output.layout[2])
        return Call(kernel, Struct("btw_recentre_u8", fields), summary="other signedness", refused=refused)


KERNELS = (Kernel("btw_recentre_u8_scalar", "pixels", "u8", "scalar", "recentre"),)
