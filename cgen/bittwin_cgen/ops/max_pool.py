"""Max pooling: pads do not count; int8 works on codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, Struct, TensorType, Window
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode, spatial_padding
from bittwin_cgen.ops.recentre import Recentre


@dataclass(frozen=True)
class Pooling:
    """The window of a pool. `ceil` keeps a last window that reaches past the padding but starts before its end."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]  # top, left, bottom, right
    ceil: bool = False

    def output_size(self, axis: int, size: int) -> int:
        before, after = self.padding[axis], self.padding[axis + 2]
        span = size + before + after - (self.kernel[axis] - 1) * self.dilation[axis] - 1
        count = (-(-span // self.stride[axis]) if self.ceil else span // self.stride[axis]) + 1
        if count < 1:
            raise ValueError(f"the pooling window is larger than the padded image of {size} pixels")
        if self.ceil and (count - 1) * self.stride[axis] >= size + before:
            count -= 1
        return count

    def infer(self, x: TensorType) -> TensorType:
        if len(x.shape) not in (3, 4):
            raise ValueError(f"input of rank {len(x.shape)}; 3 or 4 is supported")
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.padding) < 0:
            raise ValueError(f"a window that does not exist: {self}")
        height, width, channels = x.image
        oh, ow = self.output_size(0, height), self.output_size(1, width)
        return TensorType((x.shape[0], channels, *((oh, ow) if len(x.shape) == 4 else (ow,))), x.dtype, x.quantization)

    def taps(self, x: Array, output: TensorType, outside: float, after: tuple[int, int]) -> Array:
        """[kernel height * width, N, C, OH, OW] float64 values in row order, `outside` where there are none.

        `after` says how many rows and columns of padding follow the image (as far as windows may reach).
        """
        x = x if x.ndim == 4 else x[:, :, None, :]
        oh, ow, _ = output.layout
        pads = ((0, 0), (0, 0), (self.padding[0], after[0]), (self.padding[1], after[1]))
        padded = np.pad(x.astype(np.float64), pads, constant_values=outside)
        return np.stack(
            [
                padded[:, :, ky * self.dilation[0] :, kx * self.dilation[1] :][
                    :, :, :: self.stride[0], :: self.stride[1]
                ][:, :, :oh, :ow]
                for ky in range(self.kernel[0])
                for kx in range(self.kernel[1])
            ]
        )

    def reach(self, axis: int, size: int, outputs: int) -> int:
        """Rows or columns past the image that the last window reaches."""
        last = (outputs - 1) * self.stride[axis] - self.padding[axis] + (self.kernel[axis] - 1) * self.dilation[axis]
        return max(0, last + 1 - size)

    def reaches_nothing(self, x: TensorType, y: TensorType) -> bool:
        """True where a window may lie beside the image in all its rows or columns."""
        for axis in (0, 1):
            for o in range(y.layout[axis]):
                first = o * self.stride[axis] - self.padding[axis]
                places = range(first, first + self.kernel[axis] * self.dilation[axis], self.dilation[axis])
                if not any(0 <= place < x.layout[axis] for place in places):
                    return True
        return False

    def fields(self, channels: int) -> dict[str, int]:
        """What the C structs of pools share."""
        return dict(
            channels=channels,
            kernel_height=self.kernel[0],
            kernel_width=self.kernel[1],
            stride_width=self.stride[1],
            dilation_width=self.dilation[1],
        )

    @property
    def text(self) -> str:
        return f"{self.kernel[0]}x{self.kernel[1]} stride {self.stride[0]}"


def read_pooling(node: OnnxNode) -> Pooling:
    """The window of MaxPool or AveragePool; 1-D pools become rows of height 1."""
    if node.rank() not in (3, 4):
        raise node.refuse(f"an input of rank {node.rank()}", "Only 1-D and 2-D pools are supported")
    kernel = tuple(node.attribute("kernel_shape", ()))
    sizes = node.types[node.activation(0)].shape[2:]
    if len(kernel) != len(sizes):
        raise node.refuse(f"kernel_shape is {list(kernel)}", "Give one size for each spatial dimension")
    pads = spatial_padding(node, sizes, kernel)
    kernel = node.sizes("kernel_shape", len(sizes))
    stride, dilation = node.sizes("strides", len(sizes)), node.sizes("dilations", len(sizes))
    if len(sizes) == 1:
        kernel, stride, dilation, pads = (1, *kernel), (1, *stride), (1, *dilation), (0, pads[0], 0, pads[1])
    ceil = bool(node.attribute("ceil_mode", 0))
    return Pooling(kernel, stride, dilation, pads, ceil)  # type: ignore[arg-type]


class PoolingOp(Protocol):
    """An operator with a window."""

    pooling: Pooling


@dataclass(frozen=True)
class MaxPool(Op):
    """The largest value of each window."""

    pooling: Pooling
    moves = True
    one_image = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return self.pooling.infer(inputs[0])

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        height, width, _ = inputs[0].layout
        oh, ow, _ = output.layout
        after = self.pooling.reach(0, height, oh), self.pooling.reach(1, width, ow)
        largest = self.pooling.taps(values[0], output, -math.inf, after).max(0)
        lowest = -math.inf if output.dtype.startswith("float") else np.iinfo(output.dtype).min
        return np.maximum(largest, lowest).astype(output.dtype).reshape(len(values[0]), *output.shape[1:])

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        _, width, channels = layer.inputs[0].layout
        pool = self.pooling
        fields = pool.fields(channels) | dict(
            pad_left=pool.padding[1], input_width=width, output_width=layer.output.layout[1]
        )
        window = Window(pool.kernel[0], pool.stride[0], pool.dilation[0], pool.padding[0], 0, 0, "absent")
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        struct = Struct(f"btw_max_pool_{kernel.dtype}", fields)
        return Call(kernel, struct, window, f"max pool {pool.text}", refused, scratch=scratch)


def by_taps(symbol: str, least: int) -> Kernel:
    """A kernel that goes by a list of the pixels that count, for at least `least` channels."""
    operator, dtype, isa = symbol.removeprefix("btw_").rsplit("_", 2)

    def accepts(layer: Layer) -> str | None:
        _, width, channels = layer.output.layout
        pooling = cast(PoolingOp, layer.node.op).pooling
        if channels < least or channels * width < (12 if isa == "mve" else 2 * least):
            return f"{channels} channels of {width} pixels; it is for {least} channels or more"
        scalar, vectors = 4 * channels * width * math.prod(pooling.kernel), 100 + 20 * width * -(-channels // 16)
        if symbol == "btw_max_pool_s8_mve" and scalar < vectors:  # instructions of a row, about
            return f"rows of {width} pixels of {channels} channels; portable C takes fewer instructions"
        empty = pooling.reaches_nothing(layer.inputs[0], layer.output)
        return "a window has no pixel of the image" if empty else None

    def scratch(layer: Layer) -> int:
        return 8 * math.prod(cast(PoolingOp, layer.node.op).pooling.kernel)  # pointers have 8 bytes on hosts

    return Kernel(symbol, "rows", dtype, isa, operator, accepts, scratch=scratch)


def four_channels(layer: Layer) -> str | None:
    """Why vectors of four channels do not suit a pool."""
    channels = layer.output.layout[2]
    return f"{channels} channels; a vector takes four" if channels < 4 else None


def _eight_channels(layer: Layer) -> str | None:
    channels = layer.output.layout[2]
    return f"{channels} channels; a vector takes 8" if channels < 8 else None


KERNELS = (
    by_taps("btw_max_pool_s8_mve", 2),
    by_taps("btw_max_pool_s8_dsp", 8),
    by_taps("btw_max_pool_f32_mve", 2),
    by_taps("btw_max_pool_f32_fpu", 8),
    Kernel("btw_max_pool_s8_neon", "rows", "s8", "neon", "max_pool", _eight_channels),
    Kernel("btw_max_pool_s8_scalar", "rows", "s8", "scalar", "max_pool"),
    Kernel("btw_max_pool_f32_neon", "rows", "f32", "neon", "max_pool", four_channels),
    Kernel("btw_max_pool_f32_scalar", "rows", "f32", "scalar", "max_pool"),
)


def read_max_pool(node: OnnxNode) -> list[Node]:
    """ONNX MaxPool with one output."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise node.refuse("its second output (indices) is used", "Only the values of a max pool are supported")
    if node.attribute("storage_order", 0):
        raise node.refuse("storage_order is 1", "Use storage_order 0")
    x, op = node.activation(0), MaxPool(read_pooling(node))
    if node.types[x].dtype != "uint8":
        return node.node(op, x)
    codes, largest = f"{node.outputs[0]}/from", f"{node.outputs[0]}/int8"  # int8 has the same order, 128 lower
    before, after = Node(codes, Recentre(), (x,), codes), Node(node.name, Recentre(), (largest,), node.outputs[0])
    return [before, Node(largest, op, (codes,), largest), after]
