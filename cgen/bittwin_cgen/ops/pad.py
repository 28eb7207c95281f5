"""Pad of height and width: constant, reflect, edge, wrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, PaddingMode, Struct, TensorType, Window
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.conv2d import check_padding


@dataclass(frozen=True)
class Pad(Op):
    """Rows and columns added around the image; `value` is real in float, a code in int8."""

    padding: tuple[int, int, int, int]  # top, left, bottom, right
    mode: PaddingMode
    value: float = 0.0
    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if len(x.shape) not in (3, 4):
            raise ValueError(f"input of rank {len(x.shape)}; 3 or 4 is supported")
        height, width, channels = x.layout
        top, left, bottom, right = self.padding
        check_padding(self.mode, height, (top, bottom))
        check_padding(self.mode, width, (left, right))
        spatial = (height + top + bottom, width + left + right)
        return TensorType((x.shape[0], channels, *spatial[4 - len(x.shape) :]), x.dtype, x.quantization)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        quantization = inputs[0].quantization
        assert quantization
        code = int(np.rint(np.float32(self.value) / np.float32(quantization.scale))) + quantization.zero_point
        return replace(self, value=float(min(max(code, -128), 127)))

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        top, left, bottom, right = self.padding
        pads = (
            ((0, 0), (0, 0), (top, bottom), (left, right)) if values[0].ndim == 4 else ((0, 0), (0, 0), (left, right))
        )
        extra = {"constant_values": self.value} if self.mode == "constant" else {}
        return np.pad(values[0], pads, self.mode, **extra).astype(output.dtype)  # type: ignore[call-overload]

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        top, left, _, right = self.padding
        value = int(self.value) if layer.output.dtype != "float32" else self.value
        window = Window(1, 1, 1, top, left, right, self.mode, value)
        _, width, channels = layer.output.layout
        struct = Struct("btw_pad_u8", dict(bytes=width * channels * np.dtype(layer.output.dtype).itemsize))
        return Call(kernel, struct, window, f"{self.mode} padding", refused)


KERNELS = (Kernel("btw_pad_u8_scalar", "rows", "u8", "scalar", "pad"),)


def read_pad(node: OnnxNode) -> list[Node]:
    """ONNX Pad with constant pads on the spatial axes."""
    rank = node.rank()
    mode = node.attribute("mode", "constant")
    pads = node.attribute("pads")
    value = node.attribute("value", 0.0)
    axes = list(range(rank))
    if pads is None:
        pads = [int(pad) for pad in node.constant(1, "pads")]
        if node.has(2):
            value = float(node.constant(2, "value").reshape(-1)[0])
        if node.has(3):
            axes = [int(axis) % rank for axis in node.constant(3, "axes")]
    if mode not in ("constant", "reflect", "edge", "wrap") or len(pads) != 2 * len(axes) or not np.isfinite(value):
        raise node.refuse(f"mode {mode!r}, pads {list(pads)}, value {value}", "Repair the model")
    begin, end = ({axis: pads[i + k] for i, axis in enumerate(axes)} for k in (0, len(axes)))
    if any(begin.get(axis, 0) or end.get(axis, 0) for axis in (0, 1)) or min(pads, default=0) < 0:
        raise node.refuse(f"pads {list(pads)}", "Only positive pads of height and width are supported yet")
    if rank not in (3, 4):
        raise node.refuse(f"an input of rank {rank}", "Ranks 3 and 4 are supported")
    top, bottom = (begin.get(2, 0), end.get(2, 0)) if rank == 4 else (0, 0)
    left, right = begin.get(rank - 1, 0), end.get(rank - 1, 0)
    return node.node(Pad((top, left, bottom, right), mode, float(value)), node.activation(0))
