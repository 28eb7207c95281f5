"""Instance-, Group- and LayerNormalization: one operator to mean 0 and deviation 1, then a scale and a bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Field, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import LARGEST_STEP, OnnxNode
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.broadcast import shape_of, steps_of
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.reduce import Axes, Reduce
from bittwin_cgen.ops.take import Take
from bittwin_cgen.ops.unary import Unary
from bittwin_cgen.ops.walk import walk


@dataclass(frozen=True)
class Normalize(Op):
    """(x - mean) / sqrt(variance + epsilon): of groups of channels of an image, or over the axes from `axis` on."""

    epsilon: float
    groups: int = 0
    axis: int = 0

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if self.groups and (len(x.shape) < 3 or x.shape[1] % self.groups):
            raise ValueError(f"{self.groups} groups for an input of shape {x.shape}")
        return TensorType(x.shape, x.dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return bool(self.groups) or self.axis > 0

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x = values[0].astype(np.float64)
        shape = (len(x), self.groups, -1) if self.groups else (math.prod(x.shape[: self.axis]), -1)
        grouped = x.reshape(shape)
        mean, variance = (f(grouped, axis=-1, keepdims=True) for f in (np.mean, np.var))
        return ((grouped - mean) / np.sqrt(variance + self.epsilon)).reshape(x.shape).astype(output.dtype)

    def lower(self, layer: Layer) -> Call:
        x = layer.inputs[0]
        kernel, refused = select(KERNELS, layer)
        if self.groups:
            together = x.shape[1] // self.groups
            outside = [(x.shape[0], x.strides[0]), (self.groups, together * x.strides[1])]
            inside = [
                (together, x.strides[1]) if axis == 1 else (x.shape[axis], x.strides[axis])
                for axis in x.memory_axes
                if axis > 0
            ]
        else:
            outside = [(x.shape[axis], x.strides[axis]) for axis in x.memory_axes if axis < self.axis]
            inside = [(x.shape[axis], x.strides[axis]) for axis in x.memory_axes if axis >= self.axis]
        fields: dict[str, Field] = {
            "groups": walk([size for size, _ in outside], [stride for _, stride in outside]),
            "values": walk([size for size, _ in inside], [stride for _, stride in inside]),
            "epsilon": self.epsilon,
        }
        return Call(kernel, Struct("btw_normalize_f32", fields), summary="normalization", refused=refused)


KERNELS = (Kernel("btw_normalize_f32_scalar", "whole", "f32", "scalar", "normalize"),)


def _scaled(node: OnnxNode, op: Normalize, scale: Array | None, bias: Array | None) -> list[Node]:
    """Normalize, then the scale and the bias where they do something."""
    x, y, shape = node.activation(0), node.outputs[0], node.shape()
    for value in (scale, bias):
        if value is not None and shape_of([TensorType(value.shape, "any"), TensorType(shape, "any")]) != shape:
            raise node.refuse(f"parameters of shape {value.shape} for an input of {shape}", "Repair the model")
    steps: list[tuple[str, Array]] = []
    if scale is not None and (scale != 1).any():
        steps.append(("Mul", scale))
    if bias is not None and (bias != 0).any():
        steps.append(("Add", bias))
    names = [f"{y}/{i}" for i in range(len(steps))] + [y]
    nodes = [Node(node.name, op, (x,), names[0])]
    for index, (function, value) in enumerate(steps):
        even = steps_of(TensorType(value.shape, "any"), TensorType(shape, "any")) is not None
        value = np.ascontiguousarray(value if even else np.broadcast_to(value, shape))
        constant = f"{names[index]}/{function.lower()}"
        nodes.append(Node(constant, Known(value), (), constant))
        nodes.append(Node(constant, Binary(function), (names[index], constant), names[index + 1]))
    return nodes


def _epsilon(node: OnnxNode) -> float:
    epsilon = float(np.float32(node.attribute("epsilon", 1e-5)))
    if not (epsilon >= 0 and math.isfinite(epsilon)):
        raise node.refuse(f"epsilon is {epsilon}", "Repair the model")
    return epsilon


def _by_channel(node: OnnxNode, index: int, role: str, groups: int) -> Array:
    """A constant for each channel (or each group, opset 18) as [1, C, 1...]."""
    value, rank, channels = node.weight(index, role).reshape(-1), node.rank(), node.shape()[1]
    if value.size == groups != channels and channels % groups == 0:
        value = np.repeat(value, channels // groups)
    if value.size != channels:
        raise node.refuse(f"{value.size} values of {role} for {channels} channels", "Repair the model")
    return value.reshape(1, -1, *[1] * (rank - 2))


def read_instance_normalization(node: OnnxNode) -> list[Node]:
    """ONNX InstanceNormalization and GroupNormalization."""
    if node.rank() < 3:
        raise node.refuse(f"an input of rank {node.rank()}", "Repair the model")
    groups = node.attribute("num_groups") if node.op_type == "GroupNormalization" else node.shape()[1]
    if not isinstance(groups, int) or groups < 1:
        raise node.refuse(f"num_groups is {groups}", "Repair the model")
    scale, bias = (_by_channel(node, i, role, groups) for i, role in ((1, "scale"), (2, "bias")))
    return _scaled(node, Normalize(_epsilon(node), groups=groups), scale, bias)


def read_layer_normalization(node: OnnxNode) -> list[Node]:
    """ONNX LayerNormalization; mean and inverse deviation are computed by themselves where they are used."""
    rank = node.rank()
    axis = node.axis(node.attribute("axis", -1), rank)
    given = [node.weight(i, role) if node.has(i) else None for i, role in ((1, "scale"), (2, "bias"))]
    scale, bias = (None if v is None else v.reshape((1,) * (rank - v.ndim) + v.shape) for v in given)
    nodes = _scaled(node, Normalize(_epsilon(node), axis=axis), scale, bias)
    return nodes + (_statistics(node, Axes(tuple(range(axis, rank)), True)) if any(node.outputs[1:]) else [])


def _statistics(node: OnnxNode, over: Axes) -> list[Node]:
    """The second and third output: mean, and one over the deviation."""
    x, y = node.activation(0), node.outputs[0]
    mean, inverse = (*node.outputs[1:], "", "")[:2]
    repeated = tuple((0,) * size if axis in over.axes else None for axis, size in enumerate(node.shape()))
    names = [mean or f"{y}/mean", *(f"{y}/{name}" for name in ("from mean", "squares", "variance", "raised", "root"))]
    epsilon = np.full((1,) * node.rank(), _epsilon(node), np.float32)
    made = [
        Node(names[0], Reduce("mean", over), (x,), names[0]),
        Node(f"{y}/means", Take(repeated, "Expand"), (names[0],), f"{y}/means"),
        Node(names[1], Binary("Sub"), (x, f"{y}/means"), names[1]),
        Node(names[2], Binary("Mul"), (names[1], names[1]), names[2]),
        Node(names[3], Reduce("mean", over), (names[2],), names[3]),
        Node(f"{y}/epsilon", Known(epsilon), (), f"{y}/epsilon"),
        Node(names[4], Binary("Add"), (names[3], f"{y}/epsilon"), names[4]),
        Node(names[5], Unary("Sqrt"), (names[4],), names[5]),
        Node(f"{y}/inverse", Unary("Reciprocal"), (names[5],), inverse or f"{y}/inverse"),
    ]
    return made if inverse else made[:1]


def read_lp_normalization(node: OnnxNode) -> list[Node]:
    """ONNX LpNormalization: values over their length along an axis."""
    x, y, shape = node.activation(0), node.outputs[0], node.shape()
    axis, order = node.axis(node.attribute("axis", -1), len(shape)), node.attribute("p", 2)
    if order not in (1, 2):
        raise node.refuse(f"p is {order}", "Use 1 or 2")
    each, total, root, least, some, wide = (
        f"{y}/{name}" for name in ("each", "sum", "length", "least", "some length", "lengths")
    )
    first = Node(each, Unary("Abs"), (x,), each) if order == 1 else Node(each, Binary("Mul"), (x, x), each)
    repeated = tuple((0,) * size if i == axis else None for i, size in enumerate(shape))
    length = total if order == 1 else root
    tiny = np.full((1,) * len(shape), np.finfo(np.float32).tiny)  # values of length 0 stay 0
    return [
        first,
        Node(total, Reduce("sum", Axes((axis,), True)), (each,), total),
        *([Node(root, Unary("Sqrt"), (total,), root)] if order == 2 else []),
        Node(least, Known(tiny), (), least),
        Node(some, Binary("Max"), (length, least), some),
        Node(wide, Take(repeated, "Expand"), (some,), wide),
        Node(node.name, Binary("Div"), (x, wide), y),
    ]


def read_lrn(node: OnnxNode) -> list[Node]:
    """ONNX LRN (AlexNet): the sum of squares of neighbouring channels is a 1x1 convolution."""
    x, y, shape = node.activation(0), node.outputs[0], node.shape()
    size = node.attribute("size", 0)
    if len(shape) not in (3, 4) or not isinstance(size, int) or not 1 <= size <= LARGEST_STEP:
        raise node.refuse(f"size {size} for an input of shape {shape}", "Use a positive size, and images")
    alpha, beta, bias = (float(node.attribute(k, v)) for k, v in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    channel = np.arange(shape[1])
    distance = channel[None, :] - channel[:, None]
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    weight = (near * np.float32(alpha / size)).astype(np.float32)[:, :, None, None]
    squares, sums, power = (f"{y}/{name}" for name in ("squares", "sums", "power"))
    return [
        Node(squares, Binary("Mul"), (x, x), squares),
        Node(sums, Conv2d(weight=weight, bias=np.full(shape[1], bias, np.float32)), (squares,), sums),
        Node(power, Unary("Pow", float(np.float32(-beta))), (sums,), power),
        Node(node.name, Binary("Mul"), (x, power), y),
    ]
