"""One image of a tensor that holds several, and they are no batch that C loops over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Op, Struct, TensorType
from bittwin_cgen.kernels import select


@dataclass(frozen=True)
class Image(Op):
    """[N, ...] to [1, ...]: the image of that index."""

    index: int
    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return replace(inputs[0], shape=(1, *inputs[0].shape[1:]))

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return values[0][self.index : self.index + 1]

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        fields = dict(first=self.index * layer.output.bytes, bytes=layer.output.bytes)
        return Call(kernel, Struct("btw_image_u8", fields), summary=f"image {self.index}", refused=refused)


KERNELS = (Kernel("btw_image_u8_scalar", "whole", "u8", "scalar", "image"),)
