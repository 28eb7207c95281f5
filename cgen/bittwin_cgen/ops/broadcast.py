"""Operands of different shapes: how a kernel steps through the smaller one, and how it is made larger elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bittwin_cgen.ir import Array, Call, Field, Kernel, Layer, Node, Quantization, Struct, TensorType
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.quantize_linear import DequantizeLinear
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.take import Take


def steps_of(x: TensorType, y: TensorType) -> tuple[int, int] | None:
    """Elements of x from one pixel of y to the next, and from one channel to the next; None where they are not even.

    x has y's rank, and 1 where it is repeated: (channels, 1) of one shape, (0, 1) a value a channel, (1, 0) a value a
    pixel, (0, 0) one value. With one channel the two are equal.
    """
    channels, rank = y.layout[2], len(y.shape)
    channel_axes = {1} if rank in (2, 3, 4) else set(range(rank))
    steps: tuple[set[float], set[float]] = (set(), set())
    for axis, size in enumerate(y.shape):
        if size > 1:
            unit = y.strides[axis] if axis in channel_axes else y.strides[axis] // channels
            step = 0 if x.shape[axis] == 1 else x.strides[axis]
            steps[axis in channel_axes].add(step / unit)
    if any(len(found) > 1 or not all(step.is_integer() for step in found) for found in steps):
        return None
    pixel, channel = (int(next(iter(found), 0)) for found in steps)
    return pixel, pixel if channels == 1 else channel


def fields_of(inputs: Sequence[TensorType], y: TensorType, sides: Sequence[str] = "ab") -> dict[str, Field]:
    """The fields that structs of operands begin with, which are named `sides`."""
    fields: dict[str, Field] = dict(channels=y.layout[2])
    for side, x in zip(sides, inputs, strict=True):
        steps = steps_of(x, y)
        assert steps is not None, "the reader makes such an operand larger"
        fields |= {f"{side}_pixel": steps[0], f"{side}_channel": steps[1]}
    return fields


def repeats_second(inputs: Sequence[TensorType], y: TensorType) -> bool:
    """True where the first operand has the shape of y."""
    first, second = (steps_of(x, y) or (0, 0) for x in inputs)
    return first[0] >= second[0] and first[1] >= second[1]


def one_repeats(layer: Layer) -> str | None:
    """Why not, for kernels that take vectors of one operand and repeat the other."""
    if repeats_second(layer.inputs, layer.output) or repeats_second(layer.inputs[::-1], layer.output):
        return None
    return "no operand has the shape of the output"


def few_values(layer: Layer, least: int) -> str | None:
    """Why not, for kernels of vectors, where the output has fewer values than `least`."""
    size = math.prod(layer.output.shape)
    return f"{size} values; portable C takes fewer instructions" if size < least else None


def few_channels(layer: Layer, least: int) -> str | None:
    """Why not, where so few channels repeat an operand that the compiler's vectors of pixels are better."""
    channels = layer.output.layout[2]
    repeated = any(steps_of(x, layer.output) not in ((channels, 1), (0, 0)) for x in layer.inputs)
    if repeated and 1 < channels < least:
        return f"an operand repeats along {channels} channels; portable C takes fewer instructions"
    return None


def call_of(
    kernel: Kernel, struct: Struct, inputs: Sequence[TensorType], y: TensorType, summary: str, refused: dict[str, str]
) -> Call:
    """A call row by row where each operand has y's rows, or one that all rows share."""
    height, width, _ = y.layout
    rows = all(x.layout[0] == height or (x.layout[0] == 1 and (steps_of(x, y) or (1, 1))[0] == 0) for x in inputs)
    return Call(kernel, struct, summary=summary, refused=refused, pixels=None if rows else height * width)


def shape_of(inputs: Sequence[TensorType]) -> tuple[int, ...]:
    """The shape of the result; raises ValueError for shapes that do not fit."""
    try:
        return np.broadcast_shapes(*(x.shape for x in inputs))
    except ValueError:
        raise ValueError(f"shapes {' and '.join(str(x.shape) for x in inputs)} do not fit each other") from None


def keep_images(inputs: Sequence[TensorType], output: TensorType) -> bool:
    """True where every operand has the images of the output, or the same for all of them."""
    return len(output.shape) > 1 or all(x.shape == output.shape for x in inputs)


def operands(node: OnnxNode, count: int = 2) -> tuple[list[Node], list[str]]:
    """(nodes to put before, tensors of the output's rank that a kernel can step through) for the node's inputs."""
    shape = shape_of([TensorType(node.shape(i), "any") for i in range(count)])
    before: list[Node] = []
    names = []
    for index in range(count):
        made, name = _operand(node, index, shape)
        before += made
        names.append(name)
    return before, names


def _operand(node: OnnxNode, index: int, shape: tuple[int, ...]) -> tuple[list[Node], str]:
    name, own = node.activation(index), node.shape(index)
    wide = (1,) * (len(shape) - len(own)) + own
    even = steps_of(TensorType(wide, "any"), TensorType(shape, "any")) is not None
    value = node.known(index)
    if value is not None and name not in node.types:
        return _constant(node, index, wide if even else shape)
    before = []
    if wide != own:
        before.append(Node(node.name, Reshape(wide), (name,), f"{node.outputs[0]}/rank of {index}"))
        name = before[-1].output
    if not even:
        indices = tuple(None if a == b else (0,) * b for a, b in zip(wide, shape, strict=True))
        before.append(Node(node.name, Take(indices, "Expand"), (name,), f"{node.outputs[0]}/expanded {index}"))
        name = before[-1].output
    return before, name


def _constant(node: OnnxNode, index: int, shape: tuple[int, ...]) -> tuple[list[Node], str]:
    """A constant as a tensor of that shape; codes stay codes."""
    value, codes = node.constant(index, "operand"), node.codes.get(node.inputs[index])
    name = f"{node.outputs[0]}/constant {index}"
    wide = (1,) * (len(shape) - value.ndim) + value.shape

    def shaped(values: Array) -> Array:
        return np.ascontiguousarray(np.broadcast_to(values.reshape(wide), shape))

    if codes is None or codes.scale.size != 1 or codes.codes.dtype not in (np.int8, np.uint8):
        return [Node(name, Known(shaped(value)), (), name)], name
    offset = 128 if codes.codes.dtype == np.uint8 else 0
    meaning = Quantization(float(codes.scale.reshape(-1)[0]), int(codes.zero_point.reshape(-1)[0]) - offset, offset)
    held = shaped((codes.codes.astype(np.int16) - offset).astype(np.int8))
    return [
        Node(f"{name}/codes", Known(held, meaning), (), f"{name}/codes"),
        Node(name, DequantizeLinear(meaning), (f"{name}/codes",), name),
    ], name
