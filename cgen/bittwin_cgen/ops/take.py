"""Slice, Split, Gather, Expand, Tile and most of Pad: along each axis, output values name the input values they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bittwin_cgen.ir import Array, Node, Op, TensorType
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import move
from bittwin_cgen.ops.move import FILL, Move
from bittwin_cgen.ops.reshape import Reshape

KERNELS = move.KERNELS
LARGEST_AXIS = 1 << 20  # of an output whose values are listed
MOST_VALUES = 1 << 28  # of an output
Indices = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True)
class Take(Move):
    """y[i, j, ...] = x[indices[0][i], indices[1][j], ...]; None: all of an axis; -1: `value` instead.

    The value is real in float, a code in int8.
    """

    indices: Indices
    name: str
    value: float = 0.0

    @property
    def title(self) -> str:
        return self.name

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if len(x.shape) != len(self.indices):
            raise ValueError(f"input of rank {len(x.shape)}, indices for rank {len(self.indices)}")
        shape = []
        for size, indices in zip(x.shape, self.indices, strict=True):
            if indices is not None and not all(-1 <= index < size for index in indices):
                raise ValueError(f"an index outside an axis of {size}")
            shape.append(size if indices is None else len(indices))
        return TensorType(tuple(shape), x.dtype, x.quantization)

    @property
    def fills(self) -> bool:
        return any(indices is not None and -1 in indices for indices in self.indices)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        if not self.fills:
            return self
        code = fill_code(self.value, inputs[0], output)
        return None if code is None else replace(self, value=code)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return bool(self.indices) and self.indices[0] is None

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        y = values[0]
        for axis, indices in enumerate(self.indices):
            if indices is not None:
                chosen = np.array(indices, np.int64)
                y = np.take(y, np.maximum(chosen, 0), axis)
                y[(slice(None),) * axis + (chosen < 0,)] = self.value
        return y.astype(output.dtype)

    def sources(self, x: TensorType, y: TensorType) -> list[Array]:
        axes = []
        for axis in y.memory_axes:
            indices = self.indices[axis]
            chosen = np.arange(x.shape[axis]) if indices is None else np.array(indices, np.int64)
            axes.append(np.where(chosen < 0, FILL, chosen * x.strides[axis]))
        return axes

    def fill(self, y: TensorType) -> Array | None:
        return np.array([self.value], y.dtype) if self.fills else None


def fill_code(value: float, x: TensorType, y: TensorType) -> float | None:
    """The code of a fill value under x's scale; None where y's scale is another and would see the difference."""
    assert x.quantization and y.quantization
    scale, zero_point = np.float32(x.quantization.scale), x.quantization.zero_point
    code = int(np.clip(np.rint(np.float32(value) / scale) + zero_point, -128, 127))
    exact = np.float32(code - zero_point) * scale == np.float32(value)
    return float(code) if exact or x.quantization == y.quantization else None


# ---------------------------------------------------------------- readers


def _integers(node: OnnxNode, index: int, attribute: str) -> list[int] | None:
    """A list from an attribute (older opsets) or a constant input."""
    given = node.attribute(attribute)
    if given is None:
        if not node.has(index):
            return None
        values = node.constant(index, attribute)
        if not np.issubdtype(values.dtype, np.integer) or values.ndim > 1:
            raise node.refuse(f"{attribute} are {values.dtype} of rank {values.ndim}", "Repair the model")
        given = values.reshape(-1)
    return [int(value) for value in given]


def _axes(node: OnnxNode, given: list[int] | None, count: int, rank: int) -> list[int]:
    """Axes from 0 on, each once; the first `count` where none are given."""
    axes = [node.axis(axis, rank) for axis in given] if given is not None else list(range(count))
    if len(set(axes)) != len(axes) or len(axes) != count or count > rank:
        raise node.refuse(f"axes {given} for {count} values and a tensor of rank {rank}", "Repair the model")
    return axes


def _take(node: OnnxNode, chosen: dict[int, Sequence[int]], value: float = 0.0, output: str | None = None) -> Node:
    """A Take; axes taken whole are None."""
    shape = node.shape(0)
    indices = tuple(
        None if axis not in chosen or list(chosen[axis]) == list(range(size)) else tuple(chosen[axis])
        for axis, size in enumerate(shape)
    )
    sizes = [size if axis is None else len(axis) for size, axis in zip(shape, indices, strict=True)]
    if math.prod(sizes) > MOST_VALUES:
        raise node.refuse(f"an output of shape {sizes}", f"Tensors have at most {MOST_VALUES:,} values here")
    return Node(node.name, Take(indices, node.op_type, value), (node.activation(0),), output or node.outputs[0])


def read_slice(node: OnnxNode) -> list[Node]:
    """ONNX Slice with constant bounds."""
    rank = node.rank()
    starts, ends = _integers(node, 1, "starts"), _integers(node, 2, "ends")
    if starts is None or ends is None or len(starts) != len(ends):
        raise node.refuse(f"starts {starts}, ends {ends}", "Repair the model")
    axes = _axes(node, _integers(node, 3, "axes"), len(starts), rank)
    steps = _integers(node, 4, "steps") or [1] * len(starts)
    if len(steps) != len(starts) or 0 in steps:
        raise node.refuse(f"steps {steps}", "Repair the model")
    chosen: dict[int, Sequence[int]] = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = node.shape(0)[axis]
        begin, stop, stride = slice(start, None if step < 0 and end < -size else end, step).indices(size)
        chosen[axis] = range(begin, stop, stride)
        if not chosen[axis]:
            raise node.refuse(f"nothing of axis {axis} is left", "Remove it from the model")
    return [_take(node, chosen)]


def read_split(node: OnnxNode) -> list[Node]:
    """ONNX Split: a Take for each output that is used."""
    axis = node.axis(node.attribute("axis", 0), node.rank())
    size, count = node.shape(0)[axis], len(node.outputs)
    sizes = _integers(node, 1, "split")
    if sizes is None:
        each = -(-size // count)
        sizes = [min(each, max(0, size - i * each)) for i in range(count)]
    if len(sizes) != count or sum(sizes) != size or min(sizes) < 1:
        raise node.refuse(f"sizes {sizes} of an axis of {size}", "Give each output a part of it")
    ends = [sum(sizes[: i + 1]) for i in range(count)]
    return [
        _take(node, {axis: range(end - part, end)}, output=output)
        for output, part, end in zip(node.outputs, sizes, ends, strict=True)
        if output
    ]


def read_gather(node: OnnxNode) -> list[Node]:
    """ONNX Gather with constant indices."""
    shape = node.shape(0)
    axis = node.axis(node.attribute("axis", 0), len(shape))
    indices = node.constant(1, "indices")
    if not np.issubdtype(indices.dtype, np.integer) or not indices.size:
        raise node.refuse(f"indices are {indices.dtype} of shape {indices.shape}", "Use integers, at least one")
    if indices.min() < -shape[axis] or indices.max() >= shape[axis]:
        raise node.refuse(f"an index outside an axis of {shape[axis]}", "Repair the model")
    flat = [int(index) % shape[axis] for index in indices.reshape(-1)]
    if indices.ndim == 1:
        return [_take(node, {axis: flat})]
    taken = f"{node.outputs[0]}/taken"
    whole = (*shape[:axis], *indices.shape, *shape[axis + 1 :])
    return [_take(node, {axis: flat}, output=taken), Node(node.name, Reshape(whole), (taken,), node.outputs[0])]


def _repeat(node: OnnxNode, shape: Sequence[int], chosen: dict[int, Sequence[int]]) -> list[Node]:
    """Take from the input with dimensions of 1 put in front."""
    if tuple(shape) == node.shape(0):
        return [_take(node, chosen)]
    wider = f"{node.outputs[0]}/wider"
    inner = replace(
        node,
        inputs=(wider,),
        types={**node.types, wider: replace(node.types[node.activation(0)], shape=tuple(shape))},
    )
    return [Node(node.name, Reshape(tuple(shape)), (node.activation(0),), wider), _take(inner, chosen)]


def read_expand(node: OnnxNode) -> list[Node]:
    """ONNX Expand to a constant shape."""
    wanted, shape = _integers(node, 1, "shape") or [], list(node.shape(0))
    rank = max(len(shape), len(wanted))
    shape, wanted = [1] * (rank - len(shape)) + shape, [1] * (rank - len(wanted)) + wanted
    if any((size != 1 and want not in (1, size)) or want < 1 for size, want in zip(shape, wanted, strict=True)):
        raise node.refuse(f"{list(node.shape(0))} cannot become {wanted}", "Repair the model")
    if max(wanted, default=1) > LARGEST_AXIS:
        raise node.refuse(f"an output of shape {wanted}", f"Its sizes have to be at most {LARGEST_AXIS:,}")
    return _repeat(
        node, shape, {axis: [0] * want for axis, want in enumerate(wanted) if shape[axis] == 1 and want != 1}
    )


def read_tile(node: OnnxNode) -> list[Node]:
    """ONNX Tile by constant counts."""
    repeats, shape = _integers(node, 1, "repeats") or [], node.shape(0)
    if len(repeats) != len(shape) or any(count < 1 for count in repeats):
        raise node.refuse(f"repeats {repeats} of a tensor of rank {len(shape)}", "Give a positive count an axis")
    if max((count * size for count, size in zip(repeats, shape, strict=True)), default=1) > LARGEST_AXIS:
        raise node.refuse(f"repeats {repeats}", f"The sizes of its output have to be at most {LARGEST_AXIS:,}")
    return [_take(node, {axis: list(range(size)) * repeats[axis] for axis, size in enumerate(shape)})]


def padded_indices(mode: str, size: int, before: int, after: int) -> list[int]:
    """The indices along an axis padded (or, where negative, cropped); -1 for the constant value."""
    inside = range(max(0, -before), size - max(0, -after))
    if before < 0 or after < 0:
        kept, size = list(inside), len(inside)
        before, after = max(0, before), max(0, after)
    else:
        kept = list(inside)
    if mode == "constant":
        return [-1] * before + kept + [-1] * after
    found = []
    for i in range(-before, size + after):
        if mode == "edge" or size == 1:
            i = min(max(i, 0), size - 1)
        elif mode == "wrap":
            i %= size
        else:
            i %= 2 * (size - 1)
            i = i if i < size else 2 * (size - 1) - i
        found.append(kept[i])
    return found


def read_any_pad(node: OnnxNode, mode: str, pads: dict[int, tuple[int, int]], value: Any) -> list[Node]:
    """Pads {axis: (before, after)} on any axes, negative ones too."""
    chosen: dict[int, Sequence[int]] = {}
    for axis, (before, after) in pads.items():
        size = node.shape(0)[axis]
        left = size + min(before, 0) + min(after, 0)
        if left < 1 or max(before, after) > LARGEST_AXIS:
            raise node.refuse(f"pads {before} and {after} of an axis of {size}", "Leave at least one value")
        if mode == "reflect" and max(before, after) >= left and left > 1:
            raise node.refuse(f"reflected pads {before} and {after} of an axis of {left}", "Pads are smaller than it")
        chosen[axis] = padded_indices(mode, size, before, after)
    return [_take(node, chosen, value)]
