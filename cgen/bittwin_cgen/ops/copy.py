"""Rows or whole tensors copied: into a buffer with padding, or to an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Op, Struct, TensorType
from bittwin_cgen.kernels import select


@dataclass(frozen=True)
class Copy(Op):
    """The same values in other memory."""

    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return inputs[0]

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return values[0]

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        pixel = layer.output.layout[2] * np.dtype(layer.output.dtype).itemsize
        return Call(kernel, Struct("btw_copy_u8", dict(bytes=pixel)), summary="copy", refused=refused)


KERNELS = (
    Kernel("btw_copy_u8_mve", "pixels", "u8", "mve", "copy"),
    Kernel("btw_copy_u8_scalar", "pixels", "u8", "scalar", "copy"),
)
