"""ArgMax and ArgMin along an axis, float32 to int64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.reduce import Axes


@dataclass(frozen=True)
class ArgExtreme(Op):
    """The index of the largest (or smallest) value; of several that are equal the first (or last)."""

    over: Axes
    smallest: bool = False
    last: bool = False

    @property
    def title(self) -> str:
        return "ArgMin" if self.smallest else "ArgMax"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(self.over.shape(inputs[0]), "int64")

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return 0 not in self.over.axes

    def keeps_rows(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return self.over.keeps_rows(inputs[0])

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        (axis,) = self.over.axes
        x = -values[0] if self.smallest else values[0]
        y = x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis) if self.last else np.argmax(x, axis)
        return np.expand_dims(y, axis) if self.over.keep else np.asarray(y)

    def lower(self, layer: Layer) -> Call:
        (axis,) = self.over.axes
        x = layer.inputs[0]
        kernel, refused = select(KERNELS, layer, "f32")
        fields = {
            "kept": self.over.struct(x, layer.output).fields["kept"],
            "size": x.shape[axis],
            "stride": x.strides[axis],
            "smallest": int(self.smallest),
            "last": int(self.last),
        }
        return Call(kernel, Struct("btw_arg_extreme_f32", fields), summary=self.title, refused=refused)


KERNELS = (Kernel("btw_arg_extreme_f32_scalar", "whole", "f32", "scalar", "arg_extreme"),)


def read_arg_extreme(node: OnnxNode) -> list[Node]:
    """ONNX ArgMax and ArgMin."""
    axis = node.axis(node.attribute("axis", 0), node.rank())
    over = Axes((axis,), bool(node.attribute("keepdims", 1)))
    op = ArgExtreme(over, node.op_type == "ArgMin", bool(node.attribute("select_last_index", 0)))
    return node.node(op, node.activation(0))
