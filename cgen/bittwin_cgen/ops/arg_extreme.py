"""ArgMax and ArgMin along an axis, float32 to int64; Hardmax, which is 1 there and 0 elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.binary import Binary, read_binary
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.reduce import Axes
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.unary import Unary

MOST_PLACES = 1 << 24  # float32 counts to there


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


def read_hardmax(node: OnnxNode) -> list[Node]:
    """ONNX Hardmax: 1 - min(|place - place of the largest|, 1); before opset 13 over all axes from `axis` on."""
    x, y, shape = node.activation(0), node.outputs[0], node.shape()
    axis = node.axis(node.attribute("axis", 1 if node.opset < 13 else -1), len(shape))
    flat = node.opset < 13 and math.prod(shape[axis + 1 :]) > 1
    if flat:
        axis, shape = 1, (math.prod(shape[:axis]), math.prod(shape[axis:]))
    if shape[axis] > MOST_PLACES:
        raise node.refuse(f"{shape[axis]} values along its axis", f"Use at most {MOST_PLACES}")
    places = np.arange(shape[axis], dtype=np.float32).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    nodes: list[Node] = []

    def put(role: str, op: Op, *inputs: str) -> str:
        nodes.append(Node(f"{node.name}/{role}", op, inputs, f"{y}/{role}"))
        return nodes[-1].output

    start = put("flat", Reshape(shape), x) if flat else x
    largest = put("place", Cast("float32"), put("largest", ArgExtreme(Axes((axis,), True)), start))
    kept = tuple(1 if i == axis else size for i, size in enumerate(shape))
    nodes += read_binary(
        replace(
            node,
            op_type="Sub",
            inputs=(largest, f"{y}/places"),
            outputs=(f"{y}/apart",),
            types={**node.types, largest: TensorType(kept, "float32")},
            constants={**node.constants, f"{y}/places": places},
        )
    )
    distance = put("distance", Unary("Abs"), nodes[-1].output)
    one = put("one", Known(np.ones((1,) * len(shape), np.float32)))
    put("made", Binary("Sub"), one, put("off", Binary("Min"), distance, one))
    if flat:
        put("shaped", Reshape(node.shape()), f"{y}/made")
    nodes[-1] = replace(nodes[-1], name=node.name, output=y)
    return nodes
