"""Relu, Relu6, Clip: values clipped to a range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.fixed_point import CODES
from bittwin_cgen.ir import Array, Call, Kernel, Layer, Node, OnnxForm, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.table import Table


@dataclass(frozen=True)
class Clip(Op):
    """min(max(x, low), high)."""

    low: float = -math.inf
    high: float = math.inf
    elementwise = True

    @property
    def title(self) -> str:
        return "Relu" if (self.low, self.high) == (0.0, math.inf) else f"Clip {self.low:g} .. {self.high:g}"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, inputs[0].dtype)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return np.minimum(np.maximum(values[0], np.float32(self.low)), np.float32(self.high)).astype(output.dtype)

    @property
    def onnx(self) -> OnnxForm:
        if self.title == "Relu":
            return OnnxForm("Relu")
        bounds = (None if math.isinf(bound) else np.array(bound, np.float32) for bound in (self.low, self.high))
        return OnnxForm("Clip", {}, tuple(bounds))

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        struct = Struct("btw_clip_f32", dict(channels=layer.output.layout[2], low=self.low, high=self.high))
        return Call(kernel, struct, summary=self.title, refused=refused)


KERNELS = (
    Kernel("btw_clip_f32_neon", "pixels", "f32", "neon", "clip", in_place=True),
    Kernel("btw_clip_f32_scalar", "pixels", "f32", "scalar", "clip", in_place=True),
)


def read_relu(node: OnnxNode) -> list[Node]:
    """ONNX Relu."""
    return node.node(Clip(low=0.0), node.activation(0))


def read_clip(node: OnnxNode) -> list[Node]:
    """ONNX Clip, bounds as attributes (opset 6) or constant inputs."""
    if node.dtype() in ("int8", "uint8", "int32"):
        return _clip_integers(node)
    bounds = {"min": -math.inf, "max": math.inf}
    for index, name in enumerate(bounds, 1):
        if node.has(index):
            bound = node.constant(index, name)
            if bound.size != 1 or bound.dtype != np.float32:
                raise node.refuse(f"its bound {name} is {bound.dtype} of shape {bound.shape}", "Use one float32 number")
            bounds[name] = float(bound.reshape(-1)[0])
        elif name in node.attributes:
            bounds[name] = float(node.attribute(name))
    if any(math.isnan(bound) for bound in bounds.values()):
        raise node.refuse("a bound is NaN", "Repair the model")
    low, high = min(bounds["min"], bounds["max"]), bounds["max"]
    return node.node(Clip(low, high), node.activation(0))


def _clip_integers(node: OnnxNode) -> list[Node]:
    """Codes as a table, plain integers as int32."""
    quantization = node.types[node.activation(0)].quantization
    if quantization is not None:
        return _clip_codes(node, quantization)
    x, y, dtype, rank = node.activation(0), node.outputs[0], node.dtype(), node.rank()
    wide = f"{y}/int32"
    nodes = [Node(wide, Cast("int32"), (x,), wide)]
    for index, function in ((1, "Max"), (2, "Min")):
        if node.has(index):
            bound = node.constant(index, "bound")
            if bound.size != 1 or str(bound.dtype) != dtype:
                raise node.refuse(f"a bound is {bound.dtype} of shape {bound.shape}", f"Use one {dtype} number")
            constant, made = f"{y}/{function} bound", f"{y}/{function}"
            value = bound.astype(np.int32).reshape((1,) * rank)
            nodes.append(Node(constant, Known(value), (), constant))
            nodes.append(Node(made, Binary(function), (wide, constant), made))
            wide = made
    return [*nodes, Node(node.name, Cast(dtype), (wide,), y)]


class ClippedCodes(Table):
    """A table whose results mean what its codes mean."""

    moves = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "int8", inputs[0].quantization)


def _clip_codes(node: OnnxNode, quantization: Quantization) -> list[Node]:
    """Between QuantizeLinear and DequantizeLinear, where some exporters say that the range of codes is narrower."""
    dtype = "uint8" if quantization.offset else "int8"
    bounds = [-128, 127]
    for index in (1, 2):
        if node.has(index):
            bound = node.constant(index, "bound")
            if bound.size != 1 or str(bound.dtype) != dtype:
                raise node.refuse(f"a bound is {bound.dtype} of shape {bound.shape}", f"Use one {dtype} number")
            bounds[index - 1] = int(bound.reshape(-1)[0]) - quantization.offset
    codes = np.minimum(np.maximum(CODES, bounds[0]), bounds[1]).astype(np.int8)
    return node.node(ClippedCodes(codes, f"clip {bounds[0]} .. {bounds[1]}"), node.activation(0))
