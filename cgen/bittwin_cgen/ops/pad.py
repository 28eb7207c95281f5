"""Pad of height and width: constant, reflect, edge, wrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, Op, PaddingMode, Struct, TensorType, Window
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import move
from bittwin_cgen.ops.conv2d import check_padding
from bittwin_cgen.ops.take import fill_code, read_any_pad


@dataclass(frozen=True)
class Pad(Op):
    """Rows and columns added around the image; `value` is real in float, a code in int8."""

    padding: tuple[int, int, int, int]  # top, left, bottom, right
    mode: PaddingMode
    value: float = 0.0
    moves = True
    one_image = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if len(x.shape) not in (3, 4):
            raise ValueError(f"input of rank {len(x.shape)}; 3 or 4 is supported")
        height, width, channels = x.image
        top, left, bottom, right = self.padding
        check_padding(self.mode, height, (top, bottom))
        check_padding(self.mode, width, (left, right))
        spatial = (height + top + bottom, width + left + right)
        return TensorType((x.shape[0], channels, *spatial[4 - len(x.shape) :]), x.dtype, x.quantization)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        code = fill_code(self.value if self.mode == "constant" else 0.0, inputs[0], output)
        return None if code is None else replace(self, value=code)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        top, left, bottom, right = self.padding
        pads = (
            ((0, 0), (0, 0), (top, bottom), (left, right)) if values[0].ndim == 4 else ((0, 0), (0, 0), (left, right))
        )
        extra = {"constant_values": self.value} if self.mode == "constant" else {}
        return np.pad(values[0], pads, self.mode, **extra).astype(output.dtype)  # type: ignore[call-overload]

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS[:1], layer, "u8")
        top, left, _, right = self.padding
        value = int(self.value) if layer.output.dtype != "float32" else self.value
        window = Window(1, 1, 1, top, left, right, self.mode, value)
        _, width, channels = layer.output.layout
        struct = Struct("btw_pad_u8", dict(bytes=width * channels * np.dtype(layer.output.dtype).itemsize))
        return Call(kernel, struct, window, f"{self.mode} padding", refused)


KERNELS = (Kernel("btw_pad_u8_scalar", "rows", "u8", "scalar", "pad"), *move.KERNELS)


def read_pad(node: OnnxNode) -> list[Node]:
    """ONNX Pad with constant pads, on any axes; negative ones crop."""
    rank = node.rank()
    mode = node.attribute("mode", "constant")
    pads = node.attribute("pads")
    value = node.attribute("value", 0.0)
    axes = list(range(rank))
    if pads is None:
        pads = [int(pad) for pad in node.constant(1, "pads").reshape(-1)]
        if node.has(2):
            value = node.constant(2, "value").reshape(-1)[0].item()
            held = node.types[node.activation(0)].quantization
            value -= held.offset if held is not None else 0  # of a uint8 code
        if node.has(3):
            axes = [node.axis(int(axis), rank) for axis in node.constant(3, "axes").reshape(-1)]
    if mode not in ("constant", "reflect", "edge", "wrap") or len(pads) != 2 * len(axes) or not np.isfinite(value):
        raise node.refuse(f"mode {mode!r}, pads {list(pads)}, value {value}", "Repair the model")
    if len(set(axes)) != len(axes):
        raise node.refuse(f"axes {axes} name one twice", "Repair the model")
    padded = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    around = [padded.get(axis, (0, 0)) for axis in range(rank)]
    if rank not in (3, 4) or any(any(pair) for pair in around[:2]) or min(pads, default=0) < 0:
        return read_any_pad(node, mode, padded, value)
    (top, bottom), (left, right) = ((0, 0), *around[2:]) if rank == 3 else around[2:]
    return node.node(Pad((top, left, bottom, right), mode, value), node.activation(0))
