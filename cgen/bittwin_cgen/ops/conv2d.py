"""2-D (and 1-D) convolution: groups, depthwise, dilation, four padding modes, float32 and int8."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import bias_codes, requantize
from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, Node, Op, PaddingMode, Struct, TensorType, Window
from bittwin_cgen.kernels import requantization_struct
from bittwin_cgen.onnx_node import Codes, OnnxNode, spatial_padding
from bittwin_cgen.ops.conv2d_armv6m import KERNELS as ARMV6M_KERNELS
from bittwin_cgen.ops.conv2d_armv7m import KERNELS as ARMV7M_KERNELS
from bittwin_cgen.ops.conv2d_dsp import KERNELS as DSP_KERNELS
from bittwin_cgen.ops.conv2d_f32 import KERNELS as F32_KERNELS
from bittwin_cgen.ops.conv2d_mve import KERNELS as MVE_KERNELS
from bittwin_cgen.ops.conv2d_neon import KERNELS as NEON_KERNELS
from bittwin_cgen.ops.conv2d_s8_neon import KERNELS as S8_NEON_KERNELS
from bittwin_cgen.ops.linear import KERNELS as POINTWISE_KERNELS
from bittwin_cgen.ops.linear import int32_codes
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.weighted import Weighted, folded_bias, layer_scale, proved_layer


@dataclass(frozen=True, eq=False)
class Conv2d(Op):
    """y[oc] = bias[oc] + sum over the window of weight[oc] * x, then a clip to [low, high] in float.

    In int8, weight and bias are codes, weight_scale has one scale a channel. Pixels outside the image are `outside`.
    """

    weight: Array  # [output channels, input channels / groups, height, width]
    bias: Array  # [output channels]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, left, bottom, right
    groups: int = 1
    mode: PaddingMode = "constant"
    outside: float = 0.0  # a real value in float, a code in int8
    low: float = -math.inf
    high: float = math.inf
    weight_scale: Array | None = None  # float32 [output channels], int8 only
    weight_codes: Codes | None = None  # float: the codes that `weight` was read from
    bias_codes: Array | None = None  # float: the int32 codes that `bias` was read from
    compact: bool = False  # no more than a byte a weight in int8
    direct: bool = False  # no more constants than weights: not by Winograd's transforms
    one_image = True

    @property
    def depthwise(self) -> bool:
        return self.weight.shape[1] == 1 and self.groups > 1

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        shape = inputs[0].shape
        if len(shape) not in (3, 4):
            raise ValueError(f"input of rank {len(shape)}; 3 or 4 is supported")
        oc, group_channels, kernel_height, kernel_width = self.weight.shape
        if shape[1] != group_channels * self.groups or oc % self.groups:
            raise ValueError(
                f"{shape[1]} channels do not fit a weight of shape {self.weight.shape}, group {self.groups}"
            )
        if self.bias.shape != (oc,):
            raise ValueError(f"a bias of shape {self.bias.shape} for {oc} output channels")
        if min(self.stride) < 1 or min(self.dilation) < 1:
            raise ValueError(f"strides {self.stride}, dilations {self.dilation}; both have to be positive")
        height, width = (1, shape[2]) if len(shape) == 3 else shape[2:]
        top, left, bottom, right = self.padding
        check_padding(self.mode, height, (top, bottom))
        check_padding(self.mode, width, (left, right))
        oh = (height + top + bottom - (kernel_height - 1) * self.dilation[0] - 1) // self.stride[0] + 1
        ow = (width + left + right - (kernel_width - 1) * self.dilation[1] - 1) // self.stride[1] + 1
        if oh < 1 or ow < 1:
            raise ValueError(f"the kernel is larger than the padded image of {height}x{width}")
        spatial = (ow,) if len(shape) == 3 else (oh, ow)
        return TensorType((shape[0], oc, *spatial), inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        quantization, weight = inputs[0].quantization, self.weight_codes
        if weight is None or quantization is None or (np.size(weight.scale) > 1 and weight.axis != 0):
            return None
        centred = weight.centred(quantization.offset)
        if centred is None:
            return None
        scale = np.broadcast_to(weight.scale.astype(np.float32).reshape(-1), self.bias.shape)
        layer_scale(inputs[0], scale, output)
        codes = self.bias_codes
        if codes is None:
            codes = bias_codes(self.bias, np.float32(quantization.scale), scale)
        outside = round(self.outside / quantization.scale) + quantization.zero_point
        return replace(
            self,
            weight=centred.reshape(self.weight.shape),
            bias=codes,
            weight_scale=scale,
            weight_codes=None,
            bias_codes=None,
            outside=float(min(max(outside, -128), 127)),
        )

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0] if values[0].ndim == 4 else values[0][:, :, None, :]
        accumulated = self._accumulate(x)
        if output.quantization is None:
            y = np.clip(accumulated + self.bias[:, None, None], self.low, self.high)
        else:
            acc = accumulated.astype(np.int64) + folded_bias(self.weight, self.bias, inputs[0])[:, None, None]
            scale = layer_scale(inputs[0], self.weight_scale, output)
            y = requantize(np.moveaxis(acc, 1, -1), scale, output.quantization.zero_point)
            y = np.moveaxis(y, -1, 1)
        return y.astype(output.dtype).reshape(len(y), *output.shape[1:])

    def _accumulate(self, x: Array) -> Array:
        """Sums of products in float64 (exact for int8), [N, OC, OH, OW]."""
        top, left, bottom, right = self.padding
        pads = ((0, 0), (0, 0), (top, bottom), (left, right))
        extra = {"constant_values": self.outside} if self.mode == "constant" else {}
        padded = np.pad(x.astype(np.float64), pads, self.mode, **extra)  # type: ignore[call-overload]
        weight = self.weight.astype(np.float64)
        oc, channels, kernel_height, kernel_width = weight.shape
        oh = (padded.shape[2] - (kernel_height - 1) * self.dilation[0] - 1) // self.stride[0] + 1
        ow = (padded.shape[3] - (kernel_width - 1) * self.dilation[1] - 1) // self.stride[1] + 1
        out = np.zeros((len(x), oc, oh, ow))
        size = oc // self.groups
        for ky in range(kernel_height):
            for kx in range(kernel_width):
                rows = slice(
                    ky * self.dilation[0], ky * self.dilation[0] + (oh - 1) * self.stride[0] + 1, self.stride[0]
                )
                columns = slice(
                    kx * self.dilation[1], kx * self.dilation[1] + (ow - 1) * self.stride[1] + 1, self.stride[1]
                )
                tap = padded[:, :, rows, columns]
                if channels == 1:
                    out += np.repeat(tap, size, axis=1) * weight[:, 0, ky, kx][:, None, None]
                    continue
                for group in range(self.groups):
                    w = weight[group * size : (group + 1) * size, :, ky, kx]
                    part = tap[:, group * channels : (group + 1) * channels]
                    out[:, group * size : (group + 1) * size] += np.einsum("oc,nchw->nohw", w, part, optimize=True)
        return out

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return math.prod(output.shape[1:]) * math.prod(self.weight.shape[1:])

    def lower(self, layer: Layer) -> Call:
        bias, proved = self.bias.astype(np.float32), None
        if layer.output.quantization:
            bias, proved = proved_layer(layer, self.weight, self.bias, self.weight_scale)
        weighted = Weighted(
            **vars(layer),
            weight=self.weight,
            bias=bias,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
            window=self._window(layer),
            low=self.low,
            high=self.high,
            requantization=proved,
            compact=self.compact,
            direct=self.direct,
        )
        return weighted.call(KERNELS, self._summary())

    def _window(self, layer: Layer) -> Window:
        top, left, _, _ = self.padding
        width = layer.inputs[0].layout[1]
        reach = (layer.output.layout[1] - 1) * self.stride[1] + (self.weight.shape[3] - 1) * self.dilation[1] + 1
        return Window(
            height=self.weight.shape[2],
            stride=self.stride[0],
            dilation=self.dilation[0],
            top=top,
            left=left,
            right=max(0, reach - left - width),
            mode=self.mode,
            value=int(self.outside) if layer.output.quantization else self.outside,
        )

    def _summary(self) -> str:
        kind = "depthwise convolution" if self.depthwise else "convolution"
        text = f"{kind} {self.weight.shape[2]}x{self.weight.shape[3]}"
        if self.stride != (1, 1):
            text += f" stride {self.stride[0]}" + (f"x{self.stride[1]}" if self.stride[0] != self.stride[1] else "")
        if self.dilation != (1, 1):
            text += f" dilation {self.dilation[0]}x{self.dilation[1]}"
        if self.groups > 1 and not self.depthwise:
            text += f" groups {self.groups}"
        return text + (f" {self.mode} padding" if self.mode != "constant" and any(self.padding) else "")


def _pack(layer: Weighted) -> Struct:
    """Weights [OC][KH][KW][IC / groups]; depthwise ones [KH][KW][OC]."""
    order = (2, 3, 0, 1) if layer.depthwise else (0, 2, 3, 1)
    fields = layer.sizes() | dict(
        weights=Constant(np.ascontiguousarray(layer.weight.transpose(order))), bias=Constant(layer.bias)
    )
    if layer.requantization is None:
        return Struct("btw_conv2d_f32", fields | dict(low=layer.low, high=layer.high))
    return Struct("btw_conv2d_s8", fields | dict(requantization=requantization_struct(layer.requantization)))


def _depthwise_only(layer: Weighted) -> str | None:
    return None if layer.depthwise else "not depthwise: each output channel reads several inputs"


def _not_depthwise(layer: Weighted) -> str | None:
    return "depthwise has a kernel of its own" if layer.depthwise else None


KERNELS = (
    *POINTWISE_KERNELS,
    *MVE_KERNELS,
    *DSP_KERNELS,
    *ARMV7M_KERNELS,
    *F32_KERNELS,
    *ARMV6M_KERNELS,
    *NEON_KERNELS,
    *S8_NEON_KERNELS,
    Kernel("btw_depthwise_conv2d_s8_scalar", "rows", "s8", "scalar", "conv2d", _depthwise_only, _pack, per_mac=8),
    Kernel("btw_conv2d_s8_scalar", "rows", "s8", "scalar", "conv2d", _not_depthwise, _pack),
    Kernel("btw_depthwise_conv2d_f32_scalar", "rows", "f32", "scalar", "conv2d", _depthwise_only, _pack),
    Kernel("btw_conv2d_f32_scalar", "rows", "f32", "scalar", "conv2d", _not_depthwise, _pack),
)


def check_padding(mode: PaddingMode, size: int, pads: tuple[int, int]) -> None:
    """Raises ValueError where `mode` cannot fill that many pixels beside `size`."""
    limit = {"reflect": size - 1, "wrap": size}.get(mode)
    if limit is not None and max(pads) > limit:
        raise ValueError(f"{mode} padding of {max(pads)} on {size} pixels; at most {limit} can be filled")


def read_conv(node: OnnxNode) -> list[Node]:
    """ONNX Conv of rank 3 or 4."""
    weight = node.weight(1, "weight")
    if weight.ndim not in (3, 4) or weight.ndim != node.rank():
        raise node.refuse(
            f"a weight of rank {weight.ndim} on an input of rank {node.rank()}", "Use 1-D or 2-D convolutions"
        )
    bias = node.weight(2, "bias") if node.has(2) else np.zeros(len(weight), np.float32)
    return node.node(conv_from(node, weight, bias), node.activation(0))


def conv_from(node: OnnxNode, weight: Array, bias: Array) -> Conv2d:
    """The operator of a Conv-like node (Conv, QLinearConv); weight and bias are float or codes."""
    one = weight.ndim == 3
    sizes = node.types[node.activation(0)].shape[2:]
    pads = spatial_padding(node, sizes, weight.shape[2:])
    stride, dilation = node.sizes("strides", len(sizes)), node.sizes("dilations", len(sizes))
    shape = node.attribute("kernel_shape")
    if shape is not None and tuple(shape) != weight.shape[2:]:
        raise node.refuse(f"kernel_shape is {list(shape)}, its weight is {weight.shape}", "Repair the model")
    return Conv2d(
        weight=weight[:, :, None, :] if one else weight,
        bias=bias,
        stride=(1, stride[0]) if one else (stride[0], stride[1]),
        dilation=(1, dilation[0]) if one else (dilation[0], dilation[1]),
        padding=(0, pads[0], 0, pads[1]) if one else cast(tuple[int, int, int, int], pads),
        groups=node.attribute("group", 1),
        weight_codes=node.codes.get(node.inputs[1]),
        bias_codes=int32_codes(node.codes.get(node.inputs[2])) if node.has(2) else None,
    )


def read_batch_normalization(node: OnnxNode) -> list[Node]:
    """A BatchNormalization over channels is a 1x1 depthwise convolution."""
    node.no_training()
    scale, bias, mean, variance = (
        node.weight(i, role).astype(np.float64) for i, role in ((1, "scale"), (2, "bias"), (3, "mean"), (4, "variance"))
    )
    if node.rank() < 2:
        raise node.refuse(f"an input of rank {node.rank()}", "Only channels can be normalized")
    if not (variance + node.attribute("epsilon", 1e-5) > 0).all():
        raise node.refuse("a variance is negative", "Repair the model")
    factor = scale / np.sqrt(variance + node.attribute("epsilon", 1e-5))
    if not np.isfinite(np.stack([factor, bias - mean * factor]).astype(np.float32)).all():
        raise node.refuse("its parameters do not fit float32", "Repair the model")
    op = Conv2d(
        weight=factor.astype(np.float32)[:, None, None, None],
        bias=(bias - mean * factor).astype(np.float32),
        groups=len(factor),
    )
    shape = node.shape()
    if len(shape) in (3, 4):
        return node.node(op, node.activation(0))
    image, made = f"{node.outputs[0]}/image", f"{node.outputs[0]}/made"
    return [
        Node(image, Reshape((*shape[:2], math.prod(shape[2:]))), (node.activation(0),), image),
        Node(node.name, op, (image,), made),
        Node(f"{node.name}/shape", Reshape(shape), (made,), node.outputs[0]),
    ]
