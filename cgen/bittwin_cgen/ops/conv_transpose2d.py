"""2-D (and 1-D) transposed convolution, float32: groups, dilation, output padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, Node, Op, Struct, TensorType, Window
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import LARGEST_STEP, OnnxNode


@dataclass(frozen=True, eq=False)
class ConvTranspose2d(Op):
    """Each input pixel adds weight * x to a window of the output, which begins at its index * stride - top, - left.

    onnxruntime has no integer form: between codes it computes in float32, too.
    """

    weight: Array  # [input channels, output channels / groups, height, width]
    bias: Array  # [output channels]
    size: tuple[int, int]  # of the output
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    top: int = 0
    left: int = 0
    groups: int = 1
    one_image = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        if len(shape) not in (3, 4):
            raise ValueError(f"input of rank {len(shape)}; 3 or 4 is supported")
        channels, group_outputs = self.weight.shape[:2]
        if shape[1] != channels or channels % self.groups:
            raise ValueError(
                f"{shape[1]} channels do not fit a weight of shape {self.weight.shape}, group {self.groups}"
            )
        if self.bias.shape != (group_outputs * self.groups,):
            raise ValueError(f"a bias of shape {self.bias.shape} for {group_outputs * self.groups} output channels")
        if min(self.size) < 1:
            raise ValueError(f"an output of {self.size[0]}x{self.size[1]}")
        return TensorType((shape[0], len(self.bias), *self.size[4 - len(shape) :]), inputs[0].dtype)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = (values[0] if values[0].ndim == 4 else values[0][:, :, None, :]).astype(np.float64)
        count, channels, height, width = x.shape
        _, group_outputs, kernel_height, kernel_width = self.weight.shape
        reach = [
            (size - 1) * stride + (kernel - 1) * dilation + 1
            for size, stride, kernel, dilation in zip(
                (height, width), self.stride, self.weight.shape[2:], self.dilation, strict=True
            )
        ]
        ends = max(reach[0], self.top + self.size[0]), max(reach[1], self.left + self.size[1])
        total = np.zeros((count, len(self.bias), *ends))
        size = channels // self.groups
        for group in range(self.groups):
            part = x[:, group * size : (group + 1) * size]
            weight = self.weight[group * size : (group + 1) * size].astype(np.float64)
            to = slice(group * group_outputs, (group + 1) * group_outputs)
            for ky in range(kernel_height):
                for kx in range(kernel_width):
                    y, z = ky * self.dilation[0], kx * self.dilation[1]
                    rows = slice(y, y + (height - 1) * self.stride[0] + 1, self.stride[0])
                    columns = slice(z, z + (width - 1) * self.stride[1] + 1, self.stride[1])
                    total[:, to, rows, columns] += np.einsum("nchw,co->nohw", part, weight[:, :, ky, kx])
        found = total[:, :, self.top : self.top + self.size[0], self.left : self.left + self.size[1]]
        return (found + self.bias[:, None, None]).astype(output.dtype).reshape(count, *output.shape[1:])

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return inputs[0].size * math.prod(self.weight.shape[1:])

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        channels, _, kernel_height, kernel_width = self.weight.shape
        weights, bias = self._by_channel()
        if kernel.isa != "scalar":
            most = 1 if "one_output" in kernel.symbol else 4
            weights, bias = self._blocks(8 if kernel.isa != "fpu" and len(self.bias) > 4 else most)
        height, width, _ = layer.inputs[0].layout
        down = np.arange(self.size[0])[:, None] + self.top - np.arange(kernel_height) * self.dilation[0]
        rows = np.where((down >= 0) & (down % self.stride[0] == 0), down // self.stride[0], -1)
        fields: dict[str, int | float | Constant] = dict(
            input_width=width,
            input_channels=channels,
            output_width=self.size[1],
            output_channels=len(self.bias),
            groups=self.groups,
            kernel_height=kernel_height,
            kernel_width=kernel_width,
            stride_width=self.stride[1],
            dilation_width=self.dilation[1],
            left=self.left,
            weights=Constant(np.ascontiguousarray(weights, np.float32)),
            bias=Constant(bias),
        )
        text = f"transposed convolution {kernel_height}x{kernel_width}"
        if self.stride != (1, 1):
            text += f" stride {self.stride[0]}" + (f"x{self.stride[1]}" if self.stride[0] != self.stride[1] else "")
        window = Window.of_table(np.where(rows < height, rows, -1))
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        return Call(kernel, Struct("btw_conv_transpose2d_f32", fields), window, text, refused, scratch=scratch)

    def _by_channel(self) -> tuple[Array, Array]:
        """Weights [groups][outputs][KH][KW][inputs] of each group; bias."""
        channels, *rest = self.weight.shape
        return self.weight.reshape(self.groups, channels // self.groups, *rest).transpose(0, 2, 3, 4, 1), self.bias

    def _blocks(self, block: int) -> tuple[Array, Array]:
        """Weights [blocks][KH][KW][inputs][block] and bias of outputs in blocks."""
        outputs = len(self.bias)
        weight = np.pad(self.weight, ((0, 0), (0, -outputs % block), (0, 0), (0, 0)))
        shape = (len(weight), -1, block, *weight.shape[2:])
        return weight.reshape(shape).transpose(1, 3, 4, 0, 2), np.pad(self.bias, (0, -outputs % block))


def _one_group(layer: Layer) -> str | None:
    groups = cast(ConvTranspose2d, layer.node.op).groups
    return f"{groups} groups; it takes one" if groups > 1 else None


def _one(layer: Layer) -> str | None:
    outputs = len(cast(ConvTranspose2d, layer.node.op).bias)
    return f"{outputs} output channels; it takes one" if outputs > 1 else _one_group(layer)


def _several(layer: Layer) -> str | None:
    if len(cast(ConvTranspose2d, layer.node.op).bias) == 1:
        return "one output channel; 4 are computed at a time"
    return _one_group(layer)


def _taps(layer: Layer) -> int:
    """Bytes of two pointers for each weight of a channel; they have 8 bytes on hosts."""
    return 16 * math.prod(cast(ConvTranspose2d, layer.node.op).weight.shape[2:])


def _not_one(layer: Layer) -> str | None:
    """Why the kernel for Helium is not for it: where one output channel suits the kernel for an FPU, that is faster."""
    return _one_group(layer) or (None if _one(layer) else "one output channel; the kernel for an FPU takes fewer")


KERNELS = (
    Kernel("btw_conv_transpose2d_f32_neon", "rows", "f32", "neon", "conv_transpose2d", _one_group),
    Kernel("btw_conv_transpose2d_f32_mve", "rows", "f32", "mve", "conv_transpose2d", _not_one, scratch=_taps),
    Kernel("btw_conv_transpose2d_f32_fpu", "rows", "f32", "fpu", "conv_transpose2d", _several, scratch=_taps),
    Kernel("btw_conv_transpose2d_one_output_f32_fpu", "rows", "f32", "fpu", "conv_transpose2d", _one, scratch=_taps),
    Kernel("btw_conv_transpose2d_f32_scalar", "rows", "f32", "scalar", "conv_transpose2d"),
)


def read_conv_transpose(node: OnnxNode) -> list[Node]:
    """ONNX ConvTranspose of rank 3 or 4, with constant weights."""
    weight = node.weight(1, "weight")
    if weight.ndim not in (3, 4) or weight.ndim != node.rank():
        raise node.refuse(
            f"a weight of rank {weight.ndim} on an input of rank {node.rank()}", "Use 1-D or 2-D convolutions"
        )
    groups = node.attribute("group", 1)
    if groups < 1 or groups > LARGEST_STEP:
        raise node.refuse(f"group is {groups}", "Repair the model")
    bias = node.weight(2, "bias") if node.has(2) else np.zeros(weight.shape[1] * groups, np.float32)
    sizes = node.types[node.activation(0)].shape[2:]
    stride, dilation = node.sizes("strides", len(sizes)), node.sizes("dilations", len(sizes))
    begins, outputs = _places(node, sizes, weight.shape[2:], stride, dilation)
    one = weight.ndim == 3
    op = ConvTranspose2d(
        weight=weight[:, :, None, :] if one else weight,
        bias=bias,
        size=(1, outputs[0]) if one else (outputs[0], outputs[1]),
        stride=(1, stride[0]) if one else (stride[0], stride[1]),
        dilation=(1, dilation[0]) if one else (dilation[0], dilation[1]),
        top=0 if one else begins[0],
        left=begins[-1],
        groups=groups,
    )
    return node.node(op, node.activation(0))


def _places(
    node: OnnxNode, sizes: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[list[int], list[int]]:
    """(pads before, output sizes) along each spatial axis, from `pads`, `output_shape` or `auto_pad`."""
    count = len(sizes)
    extra = tuple(node.attribute("output_padding", [0] * count))
    pads = tuple(node.attribute("pads", [0] * 2 * count))
    auto = node.attribute("auto_pad", "NOTSET") or "NOTSET"
    wanted = node.attribute("output_shape")
    if (
        len(extra) != count
        or len(pads) != 2 * count
        or any(not 0 <= value <= LARGEST_STEP for value in (*extra, *pads))
    ):
        raise node.refuse(f"output_padding is {list(extra)}, pads are {list(pads)}", "Use numbers of 0 or more")
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.refuse(f"auto_pad is {auto!r}", "Use explicit pads")
    if wanted is not None:
        wanted = list(wanted)[-count:]
        if len(wanted) != count or any(not 1 <= value <= LARGEST_STEP for value in wanted):
            raise node.refuse(f"output_shape is {wanted}", "Repair the model")
    begins, outputs = [], []
    for axis in range(count):
        full = stride[axis] * (sizes[axis] - 1) + extra[axis] + (kernel[axis] - 1) * dilation[axis] + 1
        if wanted is None and auto in ("NOTSET", "VALID"):
            before, after = (pads[axis], pads[count + axis]) if auto == "NOTSET" else (0, 0)
            begins.append(before)
            outputs.append(full - before - after)
            continue
        size = wanted[axis] if wanted is not None else sizes[axis] * stride[axis]
        total = max(0, full - size)
        begins.append(total // 2 if auto == "SAME_UPPER" else total - total // 2)
        outputs.append(size)
    return begins, outputs
