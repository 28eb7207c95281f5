"""Sums, means, products and extremes over any axes; global max pooling is one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.global_average_pool import KERNELS as MEAN_KERNELS
from bittwin_cgen.ops.recentre import Recentre
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.unary import Unary
from bittwin_cgen.ops.walk import walk


@dataclass(frozen=True)
class Axes:
    """The axes (from 0 on) that go, or stay with a size of 1."""

    axes: tuple[int, ...]
    keep: bool

    def shape(self, x: TensorType) -> tuple[int, ...]:
        return tuple(1 if i in self.axes else n for i, n in enumerate(x.shape) if self.keep or i not in self.axes)

    def spatial(self, x: TensorType) -> bool:
        """All pixels of one image, so that its rows can come one after the other."""
        return len(x.shape) in (3, 4) and x.shape[0] == 1 and self.axes == tuple(range(2, len(x.shape)))

    def keeps_rows(self, x: TensorType) -> bool:
        """Channels and columns go, rows stay."""
        return len(x.shape) == 4 and self.keep and not set(self.axes) & {0, 2}

    def struct(self, x: TensorType, y: TensorType, **fields: float) -> Struct:
        """Which elements of x stand for each element of y, in the order of y in C."""
        kept = [i for i in range(len(x.shape)) if self.keep or i not in self.axes]  # of x, one for each axis of y
        stays = [kept[axis] for axis in y.memory_axes]
        sizes = [y.shape[axis] for axis in y.memory_axes]
        goes = [axis for axis in x.memory_axes if axis in self.axes]
        return Struct(
            "btw_reduce",
            {
                "kept": walk(sizes, [x.strides[axis] for axis in stays]),
                "reduced": walk([x.shape[axis] for axis in goes], [x.strides[axis] for axis in goes]),
                **fields,
            },
        )


@dataclass(frozen=True)
class Reduce(Op):
    """`function` sum, mean or prod."""

    function: str
    over: Axes

    @property
    def title(self) -> str:
        return f"Reduce{self.function.capitalize()}"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(self.over.shape(inputs[0]), inputs[0].dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return 0 not in self.over.axes

    def keeps_rows(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return self.over.keeps_rows(inputs[0])

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        compute: Any = {"sum": np.sum, "mean": np.mean, "prod": np.prod}[self.function]
        y = compute(values[0].astype(np.float64), axis=self.over.axes, keepdims=self.over.keep)
        return np.asarray(y).astype(output.dtype)

    def lower(self, layer: Layer) -> Call:
        x, y = layer.inputs[0], layer.output
        if self.function == "mean" and self.over.spatial(x):
            kernel, refused = select(MEAN_KERNELS, layer)
            height, width, channels = x.layout
            fields = dict(channels=channels, height=height, width=width)
            return Call(kernel, Struct(f"btw_global_average_pool_{kernel.dtype}", fields), None, "mean", refused)
        name = "prod" if self.function == "prod" else "sum"
        kernel, refused = select([row for row in KERNELS if f"_{name}_" in row.symbol], layer)
        count = math.prod(x.shape[axis] for axis in self.over.axes) if self.function == "mean" else 1
        return Call(kernel, self.over.struct(x, y, divisor=float(count)), summary=self.function, refused=refused)


@dataclass(frozen=True)
class Extreme(Op):
    """`function` max or min: one of the values, so that int8 works on codes."""

    function: str
    over: Axes
    moves = True

    @property
    def title(self) -> str:
        return f"Reduce{self.function.capitalize()}"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(self.over.shape(inputs[0]), inputs[0].dtype, inputs[0].quantization)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return 0 not in self.over.axes

    def keeps_rows(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return self.over.keeps_rows(inputs[0])

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        compute = np.max if self.function == "max" else np.min
        return np.asarray(compute(values[0], axis=self.over.axes, keepdims=self.over.keep))

    def lower(self, layer: Layer) -> Call:
        x, y = layer.inputs[0], layer.output
        if self.function == "max" and self.over.spatial(x):
            kernel, refused = select([row for row in KERNELS if row.form == "reduce"], layer)
            fields = dict(channels=x.layout[2], width=x.layout[1])
            return Call(kernel, Struct("btw_reduce_rows", fields), None, "global max", refused)
        wanted = [row for row in KERNELS if f"_{self.function}_" in row.symbol and row.form == "whole"]
        kernel, refused = select(wanted, layer)
        return Call(kernel, self.over.struct(x, y, divisor=1.0), summary=self.function, refused=refused)


def _neighbours(layer: Layer) -> str | None:
    """Why not, for kernels that take the values of each result in vectors."""
    over, x = cast(Reduce | Extreme, layer.node.op).over, layer.inputs[0]
    size = math.prod(x.shape[axis] for axis in over.axes)
    if size < 4:
        return f"{size} values for each result; vectors pay from 4 on"
    struct = over.struct(x, layer.output)
    kept, reduced = (
        np.asarray(cast(Constant, cast(Struct, struct.fields[name]).fields["strides"]).values).tolist()
        for name in ("kept", "reduced")
    )
    if reduced == [1] and (kept == [size] or layer.output.size == 1):
        return None
    return "the values of a result do not lie one behind the other"


def _wide_rows(layer: Layer) -> str | None:
    _, width, channels = layer.inputs[0].layout
    return None if width * channels >= 16 else f"{width * channels} values a row; vectors pay from 16 on"


KERNELS = (
    Kernel("btw_reduce_max_f32_mve", "whole", "f32", "mve", "reduce", _neighbours),
    Kernel("btw_reduce_max_s8_mve", "whole", "s8", "mve", "reduce", _neighbours),
    Kernel("btw_reduce_rows_max_f32_mve", "reduce", "f32", "mve", "reduce", _wide_rows),
    Kernel("btw_reduce_rows_max_s8_mve", "reduce", "s8", "mve", "reduce", _wide_rows),
    Kernel("btw_reduce_sum_f32_mve", "whole", "f32", "mve", "reduce", _neighbours),
    Kernel("btw_reduce_max_f32_scalar", "whole", "f32", "scalar", "reduce"),
    Kernel("btw_reduce_max_s8_scalar", "whole", "s8", "scalar", "reduce"),
    Kernel("btw_reduce_min_f32_scalar", "whole", "f32", "scalar", "reduce"),
    Kernel("btw_reduce_min_s8_scalar", "whole", "s8", "scalar", "reduce"),
    Kernel("btw_reduce_prod_f32_scalar", "whole", "f32", "scalar", "reduce"),
    Kernel("btw_reduce_rows_max_f32_scalar", "reduce", "f32", "scalar", "reduce"),
    Kernel("btw_reduce_rows_max_s8_scalar", "reduce", "s8", "scalar", "reduce"),
    Kernel("btw_reduce_sum_f32_scalar", "whole", "f32", "scalar", "reduce"),
)


def axes_of(node: OnnxNode) -> Axes | None:
    """From an attribute or a constant input; all where there are none; None: nothing is reduced."""
    rank = node.rank()
    given = node.attribute("axes")
    if given is None and node.has(1):
        given = [int(axis) for axis in node.constant(1, "axes").reshape(-1)]
    if not given and node.attribute("noop_with_empty_axes", 0):
        return None
    axes = sorted({node.axis(int(axis), rank) for axis in given}) if given else list(range(rank))
    return Axes(tuple(axes), bool(node.attribute("keepdims", 1)))


def read_reduce(node: OnnxNode) -> list[Node]:
    """ONNX ReduceMean, ReduceSum, ReduceProd, and those that begin or end with a function of each value."""
    over, x, y = axes_of(node), node.activation(0), node.outputs[0]
    first, second = f"{y}/each", f"{y}/reduced"
    if over is None:
        return node.node(Reshape(node.shape()), x)
    name = node.op_type.removeprefix("Reduce")
    if name in ("Mean", "Sum", "Prod"):
        return node.node(Reduce(name.lower(), over), x)
    if name == "L1":
        return [Node(first, Unary("Abs"), (x,), first), Node(node.name, Reduce("sum", over), (first,), y)]
    if name == "LogSum":
        return [Node(second, Reduce("sum", over), (x,), second), Node(node.name, Unary("Log"), (second,), y)]
    squares = Node(first, Binary("Mul"), (x, x), first)
    if name == "SumSquare":
        return [squares, Node(node.name, Reduce("sum", over), (first,), y)]
    total = Node(second, Reduce("sum", over), (first,), second)
    return [squares, total, Node(node.name, Unary("Sqrt"), (second,), y)]


def read_extreme_over(node: OnnxNode) -> list[Node]:
    """ONNX ReduceMax, ReduceMin and GlobalMaxPool; uint8 numbers are compared as int8."""
    x, y = node.activation(0), node.outputs[0]
    if node.op_type == "GlobalMaxPool":
        if node.rank() < 3:
            raise node.refuse(f"an input of rank {node.rank()}", "Repair the model")
        over: Axes | None = Axes(tuple(range(2, node.rank())), True)
    else:
        over = axes_of(node)
    if over is None:
        return node.node(Reshape(node.shape()), x)
    op = Extreme("min" if node.op_type == "ReduceMin" else "max", over)
    if node.types[x].dtype != "uint8":
        return node.node(op, x)
    codes, found = f"{y}/from", f"{y}/int8"
    before, after = Node(codes, Recentre(), (x,), codes), Node(node.name, Recentre(), (found,), y)
    return [before, Node(found, op, (codes,), found), after]


def read_global_lp_pool(node: OnnxNode) -> list[Node]:
    """ONNX GlobalLpPool: ReduceL1 or ReduceL2 of an image."""
    order = node.attribute("p", 2)
    if order not in (1, 2) or node.rank() < 3:
        raise node.refuse(f"p is {order} on an input of rank {node.rank()}", "Use 1 or 2, and images")
    axes = {"axes": list(range(2, node.rank())), "keepdims": 1}
    return read_reduce(replace(node, op_type=f"ReduceL{order}", attributes=axes))
