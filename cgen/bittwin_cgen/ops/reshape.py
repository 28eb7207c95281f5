"""Reshape, Flatten, Squeeze, Unsqueeze: other dimensions, the same values in the same ONNX order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode


@dataclass(frozen=True)
class Reshape(Op):
    """To `shape`; `channels_last` reads the input in C order instead, so that no byte moves."""

    shape: tuple[int, ...]
    channels_last: bool = False
    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if math.prod(self.shape) != x.size:
            raise ValueError(f"{x.shape} cannot become {self.shape}")
        return TensorType(self.shape, x.dtype, x.quantization)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return inputs[0].shape[:1] == output.shape[:1]

    def for_one_image(self) -> Op:
        return replace(self, shape=(1, *self.shape[1:]))

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0]
        if self.channels_last:
            x = np.moveaxis(x, 1, -1)
        images = x.size // inputs[0].size
        leading = (images * self.shape[0], *self.shape[1:]) if images > 1 else self.shape
        return np.ascontiguousarray(x).reshape(leading)

    def moves_nothing(self, x: TensorType, y: TensorType) -> bool:
        """True when input and output are the same bytes in C order."""
        if self.channels_last or (x.channels_first_is_last and y.channels_first_is_last):
            return True
        order = np.arange(x.size)
        return bool((memory_order(order.reshape(x.shape)) == memory_order(order.reshape(y.shape))).all())

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        x, y = layer.inputs[0], layer.output
        last = x if y.channels_first_is_last else y
        height, width, channels = last.image
        rows, columns = (height * width, channels) if last is x else (channels, height * width)
        fields = dict(images=last.shape[0], rows=rows, columns=columns, bytes=np.dtype(y.dtype).itemsize)
        direction = "channels first" if last is x else "channels last"
        return Call(kernel, Struct("btw_transpose_u8", fields), summary=f"to {direction}", refused=refused)


KERNELS = (Kernel("btw_transpose_u8_scalar", "whole", "u8", "scalar", "transpose"),)


def memory_order(x: Array) -> Array:
    """The values of a tensor (without batch, or batch 1) as they lie in C."""
    return (np.moveaxis(x, 1, -1) if x.ndim in (3, 4) else x).reshape(-1)


def read_reshape(node: OnnxNode) -> list[Node]:
    """ONNX Reshape with a constant shape."""
    wanted = node.constant(1, "shape")
    if wanted.ndim != 1 or wanted.dtype != np.int64:
        raise node.refuse(f"its shape is {wanted.dtype} of rank {wanted.ndim}", "Repair the model")
    shape = [int(size) for size in wanted]
    x = node.types[node.activation(0)].shape
    if not node.attribute("allowzero", 0):
        if any(size == 0 and i >= len(x) for i, size in enumerate(shape)):
            raise node.refuse(f"shape {shape} copies a dimension that {x} does not have", "Repair the model")
        shape = [x[i] if size == 0 else size for i, size in enumerate(shape)]
    known = math.prod(size for size in shape if size != -1)
    if shape.count(-1) > 1 or any(size < -1 for size in shape) or (-1 in shape and (not known or math.prod(x) % known)):
        raise node.refuse(f"{x} cannot become {shape}", "Repair the model")
    return node.node(
        Reshape(tuple(math.prod(x) // known if size == -1 else size for size in shape)), node.activation(0)
    )


def read_flatten(node: OnnxNode) -> list[Node]:
    """ONNX Flatten."""
    x = node.types[node.activation(0)].shape
    axis = node.attribute("axis", 1)
    axis = axis if axis == len(x) else node.axis(axis, len(x))
    return node.node(Reshape((math.prod(x[:axis]), math.prod(x[axis:]))), node.activation(0))


def _axes(node: OnnxNode, rank: int) -> set[int] | None:
    axes = node.attribute("axes")
    if axes is None and node.has(1):
        axes = node.constant(1, "axes")
    if axes is None:
        return None
    found = {node.axis(int(axis), rank) for axis in axes}
    if len(found) != len(axes):
        raise node.refuse(f"axes {[int(axis) for axis in axes]} name one twice", "Repair the model")
    return found


def read_squeeze(node: OnnxNode) -> list[Node]:
    """ONNX Squeeze with constant axes."""
    x = node.types[node.activation(0)].shape
    axes = _axes(node, len(x))
    kept = tuple(size for i, size in enumerate(x) if (size != 1 if axes is None else i not in axes))
    return node.node(Reshape(kept), node.activation(0))


def read_unsqueeze(node: OnnxNode) -> list[Node]:
    """ONNX Unsqueeze with constant axes."""
    x = list(node.types[node.activation(0)].shape)
    count = len(node.attribute("axes") or node.constant(1, "axes"))
    for axis in sorted(_axes(node, len(x) + count) or ()):
        x.insert(axis, 1)
    return node.node(Reshape(tuple(x)), node.activation(0))


def read_identity(node: OnnxNode) -> list[Node]:
    """ONNX Identity, and Dropout as it is at inference."""
    if node.op_type == "Dropout" and node.has(2) and bool(node.constant(2, "training_mode")):
        raise node.refuse("training_mode is 1", "Export the model in evaluation mode")
    return node.node(Reshape(node.types[node.activation(0)].shape), node.activation(0))
