"""QuantizeLinear and DequantizeLinear with a scale for each channel or block, step by step in plain operators.

With one scale for the tensor they are the operators of `quantize_linear`, which int8 layers fuse with, or those of
`quantize_wide`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from bittwin_cgen.ir import Array, Node
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import quantize_linear, quantize_wide
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.broadcast import operands
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.clip import Clip
from bittwin_cgen.ops.unary import Unary

KERNELS = quantize_linear.KERNELS + quantize_wide.KERNELS


def read_quantize(node: OnnxNode) -> list[Node]:
    """ONNX QuantizeLinear to int8 or uint8, and of one scale to int16 or uint16."""
    made = _made(node)
    if made in quantize_wide.WIDE:
        return quantize_wide.read_quantize_wide(node, made)
    if made not in ("int8", "uint8"):
        raise node.refuse(f"codes are {made}", "Quantize activations to int8: activation_type=QuantType.QInt8")
    if node.constant(1, "scale").size == 1:
        return quantize_linear.read_quantize_linear(node)
    scale, zero_point = _parameters(node, np.dtype(made))
    y = node.outputs[0]
    limits = np.iinfo(zero_point.dtype)
    names = [f"{y}/{name}" for name in ("divided", "rounded", "shifted", "clipped")]
    nodes = _with_constant(node, "Div", node.activation(0), scale, names[0])
    nodes.append(Node(names[1], Unary("Round"), (names[0],), names[1]))
    nodes += _with_constant(node, "Add", names[1], zero_point.astype(np.float32), names[2])
    nodes.append(Node(names[3], Clip(float(limits.min), float(limits.max)), (names[2],), names[3]))
    return [*nodes, Node(node.name, Cast(str(zero_point.dtype)), (names[3],), y)]


def read_dequantize(node: OnnxNode) -> list[Node]:
    """ONNX DequantizeLinear of int8, uint8 and int32, and with one scale of int16 and uint16."""
    dtype = node.dtype()
    if dtype in quantize_wide.WIDE:
        return quantize_wide.read_dequantize_wide(node)
    if node.constant(1, "scale").size == 1 and dtype in ("int8", "uint8"):
        return quantize_linear.read_dequantize_linear(node)
    if dtype not in ("int8", "uint8", "int32"):
        raise node.refuse(f"its input is {dtype}", "Use int8, uint8 or int32 here")
    scale, zero_point = _parameters(node, np.dtype(dtype))
    y = node.outputs[0]
    real, centred = f"{y}/real", f"{y}/centred"
    nodes = [Node(real, Cast("float32"), (node.activation(0),), real)]
    nodes += _with_constant(node, "Sub", real, zero_point.astype(np.float32), centred)
    return nodes + _with_constant(node, "Mul", centred, scale, y)


def _made(node: OnnxNode) -> str:
    """The type of the codes that a QuantizeLinear makes."""
    if node.has(2):
        return str(node.constant(2, "zero point").dtype)
    return str(onnx.helper.tensor_dtype_to_np_dtype(node.attribute("output_dtype", 0) or onnx.TensorProto.UINT8))


def _parameters(node: OnnxNode, default: np.dtype[np.generic]) -> tuple[Array, Array]:
    """Scales and zero points that broadcast to the input: a tensor's, a channel's, or repeated over blocks."""
    scale = node.scales(1)
    zero_point = node.constant(2, "zero point") if node.has(2) else np.zeros(scale.shape, default)
    if zero_point.dtype not in (np.int8, np.uint8, np.int32) or zero_point.shape != scale.shape:
        raise node.refuse(f"zero points are {zero_point.dtype} of shape {zero_point.shape}", "Use int8 or uint8")
    shape, block = node.shape(), node.attribute("block_size", 0)
    axis = node.axis(node.attribute("axis", 1), len(shape)) if scale.size > 1 else 0
    if block:
        if not 1 <= block <= shape[axis] or scale.ndim != len(shape):
            raise node.refuse(f"scales of shape {scale.shape} in blocks of {block}", "Repair the model")
        both = [np.repeat(v, block, axis)[(slice(None),) * axis + (slice(shape[axis]),)] for v in (scale, zero_point)]
        if both[0].shape != shape:
            raise node.refuse(f"scales of shape {scale.shape} in blocks of {block} for {shape}", "Repair the model")
        return both[0], both[1]
    if scale.size > 1 and scale.shape != (shape[axis],):
        raise node.refuse(f"{scale.size} scales for an axis of {shape[axis]}", "Repair the model")
    along = [-1 if i == axis else 1 for i in range(len(shape))]
    return scale.reshape(along) if scale.size > 1 else scale.reshape(()), (
        zero_point.reshape(along) if scale.size > 1 else zero_point.reshape(())
    )


def _with_constant(node: OnnxNode, function: str, x: str, value: Array, y: str) -> list[Node]:
    """x and a constant of float32 that broadcasts to it."""
    constant = f"{y}/constant"
    types = {**node.types, x: replace(node.types[node.activation(0)], dtype="float32", quantization=None)}
    inner = replace(
        node, inputs=(x, constant), outputs=(y,), types=types, constants={**node.constants, constant: value}
    )
    before, names = operands(inner)
    return [*before, Node(y, Binary(function), (names[0], names[1]), y)]
