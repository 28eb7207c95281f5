"""ConvInteger and MatMulInteger: int32 sums of products of codes, with a zero point that may come at run time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode, spatial_padding
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.recentre import Recentre
from bittwin_cgen.ops.reshape import Reshape

CODES = {"int8", "uint8"}
LARGEST_DIFFERENCE = 255  # of a code and its zero point


@dataclass(frozen=True, eq=False)
class ConvInteger2d(Op):
    """y = the sum over the window of weight * (x - zero point), int32; pixels outside the image add nothing.

    Inputs: int8 x, [N,C,H,W], [N,C,L] or a matrix [N,C], and its zero point, one int8 value.
    """

    weight: Array  # int16 [output channels, input channels / groups, height, width], less their own zero points
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, left, bottom, right
    groups: int = 1
    takes = frozenset({"int8"})

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        outputs, channels, *kernel = self.weight.shape
        if len(shape) not in (2, 3, 4):
            raise ValueError(f"input of rank {len(shape)}; 2 to 4 is supported")
        if shape[1] != channels * self.groups or outputs % self.groups:
            raise ValueError(f"{shape[1]} channels do not fit a weight of {self.weight.shape}, group {self.groups}")
        if inputs[1].size != 1:
            raise ValueError(f"{inputs[1].size} zero points of the input; one is supported")
        if LARGEST_DIFFERENCE * int(np.abs(self.weight.astype(np.int64)).sum((1, 2, 3)).max()) >= 1 << 31:
            raise ValueError("an int32 accumulator could overflow")
        if len(shape) == 2:
            return TensorType((shape[0], outputs), "int32")
        top, left, bottom, right = self.padding
        sizes = ((1,) if len(shape) == 3 else ()) + shape[2:]
        pads = (top + bottom, left + right)
        found = [(sizes[i] + pads[i] - (kernel[i] - 1) * self.dilation[i] - 1) // self.stride[i] + 1 for i in range(2)]
        if min(found) < 1:
            raise ValueError("the kernel is larger than the padded image")
        return TensorType((shape[0], outputs, *found[4 - len(shape) :]), "int32")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0].astype(np.int64) - int(values[1].reshape(-1)[0])
        x = x.reshape(*x.shape[:2], *((1,) * (4 - x.ndim)), *x.shape[2:])
        top, left, bottom, right = self.padding
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
        _, channels, kernel_height, kernel_width = self.weight.shape
        height, width = ((1,) * (4 - len(output.shape)) + output.shape[2:]) if len(output.shape) > 2 else (1, 1)
        total = np.zeros((len(x), len(self.weight), height, width), np.int64)
        size = len(self.weight) // self.groups
        for ky in range(kernel_height):
            for kx in range(kernel_width):
                y, z = ky * self.dilation[0], kx * self.dilation[1]
                rows = slice(y, y + (height - 1) * self.stride[0] + 1, self.stride[0])
                columns = slice(z, z + (width - 1) * self.stride[1] + 1, self.stride[1])
                for group in range(self.groups):
                    to = slice(group * size, (group + 1) * size)
                    part = x[:, group * channels : (group + 1) * channels, rows, columns]
                    weight = self.weight[to, :, ky, kx].astype(np.int64)
                    total[:, to] += np.einsum("nchw,oc->nohw", part, weight)
        return total.astype(output.dtype).reshape(output.shape)

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return output.size * math.prod(self.weight.shape[1:])

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "s8")
        x, y = layer.inputs[0], layer.output
        images = x.shape[0] if len(x.shape) > 2 else 1
        (height, width, channels), (output_height, output_width, outputs) = x.layout, y.layout
        fields: dict[str, int | float | Constant] = dict(
            images=images,
            input_height=height // images,
            input_width=width,
            input_channels=channels,
            output_height=output_height // images,
            output_width=output_width,
            output_channels=outputs,
            groups=self.groups,
            kernel_height=self.weight.shape[2],
            kernel_width=self.weight.shape[3],
            stride_height=self.stride[0],
            stride_width=self.stride[1],
            dilation_height=self.dilation[0],
            dilation_width=self.dilation[1],
            top=self.padding[0],
            left=self.padding[1],
            weights=Constant(np.ascontiguousarray(self.weight.transpose(0, 2, 3, 1))),
        )
        return Call(kernel, Struct("btw_conv_integer2d_s8", fields), summary="integer convolution", refused=refused)


KERNELS = (Kernel("btw_conv_integer2d_s8_scalar", "whole", "s8", "scalar", "conv_integer2d"),)


def _int8(node: OnnxNode, index: int) -> tuple[list[Node], str]:
    """(nodes, int8 tensor) of an input of codes; uint8 codes become the int8 ones that are 128 lower."""
    name = node.activation(index)
    known = node.known(index)
    dtype = str(known.dtype) if known is not None else node.types[name].dtype
    if dtype == "int8":
        return [], name
    if dtype != "uint8":
        raise node.refuse(f"input {index} is {dtype}", "Use int8 or uint8 codes")
    held = f"{name}/{node.name}/int8/{index}"
    return [Node(held, Recentre(), (name,), held)], held


def _zero_point(node: OnnxNode, index: int, uint8: bool) -> tuple[list[Node], str]:
    """(nodes, int8 tensor of one value); 0 where the file has none."""
    if node.has(index):
        return _int8(node, index)
    name = f"{node.name}/zero point"
    return [Node(name, Known(np.full((), -128 if uint8 else 0, np.int8)), (), name)], name


def _weight(node: OnnxNode, weight_axis: int) -> Array:
    """int16 codes less their zero points, which may be one a slice of `weight_axis`."""
    codes = node.constant(1, "weight")
    if str(codes.dtype) not in CODES:
        raise node.refuse(f"its weight is {codes.dtype}", "Use int8 or uint8 codes")
    zero = np.zeros(1, np.int16)
    if node.has(3):
        zero = node.constant(3, "weight zero point").astype(np.int16).reshape(-1)
    if zero.size not in (1, codes.shape[weight_axis]):
        raise node.refuse(f"{zero.size} zero points for a weight of shape {codes.shape}", "Give one, or one a channel")
    along = zero.reshape([-1 if axis == weight_axis else 1 for axis in range(codes.ndim)])
    return codes.astype(np.int16) - along


def _read(node: OnnxNode, op: ConvInteger2d) -> list[Node]:
    before, x = _int8(node, 0)
    uint8 = bool(before)
    zero, zero_point = _zero_point(node, 2, uint8)
    return [*before, *zero, Node(node.name, op, (x, zero_point), node.outputs[0])]


def read_conv_integer(node: OnnxNode) -> list[Node]:
    """ONNX ConvInteger of rank 3 or 4, with constant weights."""
    weight = _weight(node, 0)
    if weight.ndim not in (3, 4) or weight.ndim != node.rank():
        raise node.refuse(
            f"a weight of rank {weight.ndim} on an input of rank {node.rank()}", "Use 1-D or 2-D convolutions"
        )
    one = weight.ndim == 3
    sizes = node.types[node.activation(0)].shape[2:]
    pads = spatial_padding(node, sizes, weight.shape[2:])
    stride, dilation = node.sizes("strides", len(sizes)), node.sizes("dilations", len(sizes))
    groups = node.attribute("group", 1)
    if groups < 1:
        raise node.refuse(f"group is {groups}", "Repair the model")
    op = ConvInteger2d(
        weight=weight[:, :, None, :] if one else weight,
        stride=(1, stride[0]) if one else (stride[0], stride[1]),
        dilation=(1, dilation[0]) if one else (dilation[0], dilation[1]),
        padding=(0, pads[0], 0, pads[1]) if one else cast(tuple[int, int, int, int], pads),
        groups=groups,
    )
    return _read(node, op)


def read_matmul_integer(node: OnnxNode) -> list[Node]:
    """ONNX MatMulInteger of a matrix, or of vectors in another arrangement, by a constant matrix."""
    weight = _weight(node, -1 % max(1, node.constant(1, "weight").ndim))
    if weight.ndim != 2 or node.rank() < 2:
        raise node.refuse(f"factors of rank {node.rank()} and {weight.ndim}", "Multiply by a matrix")
    op = ConvInteger2d(np.ascontiguousarray(weight.T)[:, :, None, None])
    if node.rank() == 2:
        return _read(node, op)
    x, y, given = node.activation(0), node.outputs[0], node.shape()
    rows, made = f"{y}/rows", f"{y}/made"
    matrix = (math.prod(given[:-1]), given[-1])
    types = {**node.types, rows: replace(node.types[x], shape=matrix)}
    inner = replace(node, inputs=(rows, *node.inputs[1:]), outputs=(made,), types=types)
    return [
        Node(rows, Reshape(matrix), (x,), rows),
        *_read(inner, op),
        Node(f"{node.name}/shape", Reshape((*given[:-1], weight.shape[1])), (made,), y),
    ]
