"""Softmax over the channels, float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode


@dataclass(frozen=True)
class Softmax(Op):
    """exp(x) over the sum of exp along axis 1."""

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, inputs[0].dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0].astype(np.float64)
        powers = np.exp(x - x.max(1, keepdims=True))
        return (powers / powers.sum(1, keepdims=True)).astype(output.dtype)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        struct = Struct("btw_softmax_f32", dict(channels=layer.output.layout[2]))
        return Call(kernel, struct, summary="softmax", refused=refused)


KERNELS = (Kernel("btw_softmax_f32_scalar", "pixels", "f32", "scalar", "softmax", in_place=True),)


def read_softmax(node: OnnxNode) -> list[Node]:
    """ONNX Softmax along axis 1 of a tensor of rank 2 to 4."""
    rank = node.rank()
    if node.opset < 13 and rank > 2:
        raise node.refuse(
            f"Softmax of opset {node.opset} on rank {rank} flattens", "Convert the model to opset 13 or later"
        )
    axis = node.axis(node.attribute("axis", 1 if node.opset < 13 else -1), rank)
    if axis != 1 or rank > 4:
        raise node.refuse(f"axis {axis} of rank {rank}", "Only axis 1 (channels) is supported yet")
    return node.node(Softmax(), node.activation(0))
