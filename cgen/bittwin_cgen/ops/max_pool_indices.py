"""The second output of MaxPool: where the largest value of each window lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import max_pool
from bittwin_cgen.ops.max_pool import Pooling, read_max_pool, read_pooling


@dataclass(frozen=True)
class MaxPoolIndices(Op):
    """int64, counted in the order of [C][H][W], or [C][W][H] with `by_columns`; the first of several that are equal."""

    pooling: Pooling
    by_columns: bool = False

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        if inputs[0].shape[0] != 1:
            raise ValueError("indices of a max pool over several images")
        return TensorType(self.pooling.infer(inputs[0]).shape, "int64")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        height, width, channels = inputs[0].layout
        oh, ow, _ = output.layout
        after = self.pooling.reach(0, height, oh), self.pooling.reach(1, width, ow)
        plane = np.arange(height * width, dtype=np.float64)
        places = plane.reshape(width, height).T if self.by_columns else plane.reshape(height, width)
        index = np.broadcast_to(places, (1, channels, height, width))
        best = self.pooling.taps(values[0], output, -np.inf, after).argmax(0)[None]
        found = np.take_along_axis(self.pooling.taps(index, output, 0.0, after), best, 0)[0]
        channel = np.arange(channels).reshape(1, -1, 1, 1) * height * width
        return (found.astype(np.int64) + channel).reshape(output.shape)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(OWN_KERNELS, layer, "f32")
        pool, (height, width, channels) = self.pooling, layer.inputs[0].layout
        oh, ow, _ = layer.output.layout
        fields = pool.fields(channels) | dict(
            stride_height=pool.stride[0],
            dilation_height=pool.dilation[0],
            pad_top=pool.padding[0],
            pad_left=pool.padding[1],
            input_height=height,
            input_width=width,
            output_height=oh,
            output_width=ow,
            by_columns=int(self.by_columns),
        )
        return Call(kernel, Struct("btw_max_pool_indices_f32", fields), None, f"indices of {pool.text}", refused)


OWN_KERNELS = (Kernel("btw_max_pool_indices_f32_scalar", "whole", "f32", "scalar", "max_pool_indices"),)
KERNELS = (*max_pool.KERNELS, *OWN_KERNELS)


def read_max_pool_and_indices(node: OnnxNode) -> list[Node]:
    """ONNX MaxPool with one or two outputs."""
    by_columns = bool(node.attribute("storage_order", 0))
    values = replace(node, outputs=node.outputs[:1], attributes={**node.attributes, "storage_order": 0})
    if not any(node.outputs[1:]):
        return read_max_pool(values)
    op = MaxPoolIndices(read_pooling(node), by_columns)
    return [*read_max_pool(values), Node(f"{node.name}/indices", op, (node.activation(0),), node.outputs[1])]
