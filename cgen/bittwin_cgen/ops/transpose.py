"""Transpose, DepthToSpace, SpaceToDepth: axes in another order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Node, TensorType
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import move
from bittwin_cgen.ops.move import Move, separated

KERNELS = move.KERNELS


@dataclass(frozen=True)
class Transpose(Move):
    """x in the dimensions `split`, its axes in the order `axes`, the result in the dimensions `shape`."""

    split: tuple[int, ...]
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    name: str = "Transpose"

    @property
    def title(self) -> str:
        return self.name

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if math.prod(self.split) != x.size or math.prod(self.shape) != x.size:
            raise ValueError(f"{x.shape} cannot become {self.split}, {self.shape}")
        return TensorType(self.shape, x.dtype, x.quantization)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return bool(self.axes) and self.axes[0] == 0 and inputs[0].shape[0] == self.split[0] == self.shape[0]

    def for_one_image(self) -> Transpose:
        return replace(self, split=(1, *self.split[1:]), shape=(1, *self.shape[1:]))

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = np.ascontiguousarray(values[0])
        images = x.size // inputs[0].size
        if images == 1:
            return x.reshape(self.split).transpose(self.axes).reshape(self.shape)
        parts = x.reshape(images, *self.split).transpose(0, *(axis + 1 for axis in self.axes))
        return parts.reshape(images * self.shape[0], *self.shape[1:])

    def sources(self, x: TensorType, y: TensorType) -> list[Array]:
        order = np.arange(x.size).reshape([x.shape[axis] for axis in x.memory_axes])
        order = order.transpose(np.argsort(x.memory_axes)) if x.shape else order  # by ONNX index
        moved = order.reshape(self.split).transpose(self.axes)
        shape = [y.shape[axis] for axis in y.memory_axes]
        return separated(moved.reshape(y.shape).transpose(y.memory_axes), shape)


def read_transpose(node: OnnxNode) -> list[Node]:
    """ONNX Transpose."""
    shape = node.shape(0)
    axes = tuple(node.attribute("perm", range(len(shape))[::-1]))
    if sorted(axes) != list(range(len(shape))):
        raise node.refuse(f"perm {list(axes)} of a tensor of rank {len(shape)}", "Repair the model")
    return node.node(Transpose(shape, axes, tuple(shape[axis] for axis in axes)), node.activation(0))


def _blocks(node: OnnxNode) -> tuple[tuple[int, ...], int]:
    shape, block = node.shape(0), node.attribute("blocksize")
    if len(shape) != 4 or not isinstance(block, int) or block < 1:
        raise node.refuse(f"blocksize {block} of a tensor of rank {len(shape)}", "Use a positive blocksize and rank 4")
    return shape, block


def _by_depth_first(node: OnnxNode, default: str) -> bool:
    mode = node.attribute("mode", default)
    if mode not in ("DCR", "CRD"):
        raise node.refuse(f"mode {mode!r}", "Use DCR or CRD")
    return bool(mode == "DCR")


def read_depth_to_space(node: OnnxNode) -> list[Node]:
    """ONNX DepthToSpace, both modes."""
    (n, c, h, w), b = _blocks(node)
    if c % (b * b):
        raise node.refuse(f"{c} channels in blocks of {b} x {b}", "Repair the model")
    rest = c // (b * b)
    split, axes = ((n, b, b, rest, h, w), (0, 3, 4, 1, 5, 2))
    if not _by_depth_first(node, "DCR"):
        split, axes = ((n, rest, b, b, h, w), (0, 1, 4, 2, 5, 3))
    return node.node(Transpose(split, axes, (n, rest, h * b, w * b), node.op_type), node.activation(0))


def read_space_to_depth(node: OnnxNode) -> list[Node]:
    """ONNX SpaceToDepth, both modes."""
    (n, c, h, w), b = _blocks(node)
    if h % b or w % b:
        raise node.refuse(f"{h} x {w} pixels in blocks of {b} x {b}", "Repair the model")
    split = (n, c, h // b, b, w // b, b)
    axes = (0, 3, 5, 1, 2, 4) if _by_depth_first(node, "DCR") else (0, 1, 3, 5, 2, 4)
    return node.node(Transpose(split, axes, (n, c * b * b, h // b, w // b), node.op_type), node.activation(0))
