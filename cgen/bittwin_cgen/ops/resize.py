"""Resize and Upsample: nearest moves values; linear and cubic weigh some of them, along height and width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import ResizeForm, prove_resize
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Struct, TensorType, Window
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import move
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.quantize_linear import by_reciprocal, reciprocal_fields
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.take import LARGEST_AXIS, Take

MOST_TAPS = 1 << 10  # input values that an output value is made from, along one axis


@dataclass(frozen=True, eq=False)
class Taps:
    """Along one axis: input indices int32 [outputs, taps] and float32 weights of each output; index -1: outside."""

    indices: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class Resize(Op):
    """y = the sum over rows, in each over columns, of f32(row weight * column weight) * x; outside: `extrapolated`.

    In int8 onnxruntime computes this in float32 between DequantizeLinear and QuantizeLinear, in that order.
    """

    rows: Taps
    columns: Taps
    mode: str
    extrapolated: float = 0.0
    one_image = True

    @property
    def title(self) -> str:
        return f"{self.mode} resize"

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        x = inputs[0]
        if len(x.shape) not in (3, 4):
            raise ValueError(f"input of rank {len(x.shape)}; 3 or 4 is supported")
        spatial = (len(self.rows.indices), len(self.columns.indices))[4 - len(x.shape) :]
        return TensorType((*x.shape[:2], *spatial), x.dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        """Of [N, C, L] onnxruntime rounds the last image otherwise, as `split_resizes` says."""
        return len(output.shape) == 4 or self.mode != "linear"

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        if self.mode != "linear" or any((taps.indices < 0).any() for taps in (self.rows, self.columns)):
            return None
        rows, columns = (_with_a_next(taps) for taps in (self.rows, self.columns))
        return replace(self, rows=rows, columns=columns)

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x, quantization = values[0], inputs[0].quantization
        real = np.dtype("float64") if output.dtype == "float64" else np.dtype("float32")
        if output.quantization and quantization:
            x = np.float32(quantization.scale) * (x.astype(np.int32) - quantization.zero_point).astype(np.float32)
        x = (x if x.ndim == 4 else x[:, :, None, :]).astype(real)
        total = np.zeros((*x.shape[:2], len(self.rows.indices), len(self.columns.indices)), real)
        for ky in range(self.rows.indices.shape[1]):
            lines = x[:, :, np.maximum(self.rows.indices[:, ky], 0)]
            for kx in range(self.columns.indices.shape[1]):
                weight = self.rows.weights[:, ky][:, None] * self.columns.weights[:, kx]
                total = total + weight.astype(real) * lines[..., np.maximum(self.columns.indices[:, kx], 0)]
        outside = (self.rows.indices[:, 0] < 0)[:, None] | (self.columns.indices[:, 0] < 0)
        total = np.where(outside, real.type(self.extrapolated), total)
        if output.quantization:
            codes = np.rint(total / np.float32(output.quantization.scale)) + output.quantization.zero_point
            total = np.clip(codes, -128, 127)
        return total.astype(output.dtype).reshape(len(values[0]), *output.shape[1:])

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        _, output_width, channels = layer.output.layout
        fields: dict[str, int | float | Constant] = dict(
            channels=channels,
            output_width=output_width,
            row_taps=self.rows.indices.shape[1],
            column_taps=self.columns.indices.shape[1],
            columns=Constant(self.columns.indices),
            row_weights=Constant(self.rows.weights),
            column_weights=Constant(self.columns.weights),
        )
        x, y = layer.inputs[0].quantization, layer.output.quantization
        if x and y:
            fields |= dict(
                input_scale=x.scale,
                input_zero_point=x.zero_point,
                output_scale=y.scale,
                output_zero_point=y.zero_point,
            )
        else:
            fields |= dict(extrapolated=float(self.extrapolated))
        struct = Struct(f"btw_resize_{kernel.dtype}", fields)
        if kernel.symbol == "btw_resize_s8_mve" and y:
            struct = Struct("btw_resize_s8_by_reciprocal", {"plain": struct} | reciprocal_fields(y))
        notes: tuple[str, ...] = ()
        if "_sums_" in kernel.symbol:
            form = sums_form(layer)
            assert form is not None
            if kernel.isa == "mve":
                fields |= dict(columns=Constant(self.columns.indices * channels))
                struct = Struct("btw_resize_s8", fields)
            sums: dict[str, Field] = dict(plain=struct, shift=form.shift, guard=form.guard, offset=form.offset)
            factors = dict(row_factors=Constant(form.rows), column_factors=Constant(form.columns))
            struct = Struct("btw_resize_sums_s8", sums | factors)
            if kernel.isa == "mve":
                assert y
                struct = Struct("btw_resize_sums_s8_by_reciprocal", {"sums": struct} | reciprocal_fields(y))
            notes = ("sums near ties are computed again, in float32",)
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        window = Window.of_table(self.rows.indices)
        return Call(kernel, struct, window, self.title, refused, notes, scratch)


def sums_form(layer: Layer) -> ResizeForm | None:
    """How the codes of an int8 layer follow from sums in integers; None where they do not."""
    op, x, y = cast(Resize, layer.node.op), layer.inputs[0].quantization, layer.output.quantization
    assert x and y
    if max(op.rows.weights.shape[1], op.columns.weights.shape[1]) > 2:
        return None
    return prove_resize(op.rows.weights, op.columns.weights, x.scale, x.zero_point, y.scale, y.zero_point)


def _no_sums(layer: Layer) -> str | None:
    return None if sums_form(layer) else "no integer form of 2 taps along each axis decides enough codes"


def _sums_in_vectors(layer: Layer) -> str | None:
    op = cast(Resize, layer.node.op)
    if (op.rows.weights.shape[1], op.columns.weights.shape[1]) != (2, 2):
        return "it takes 2 taps along each axis"
    x, y = layer.inputs[0].quantization, layer.output.quantization
    if x and y and x.scale == y.scale:
        return "between codes of one scale too many results are ties"
    return _no_sums(layer) or by_reciprocal(layer)


def _taps_of_a_pixel(layer: Layer) -> int:
    """Bytes of a pointer and a weight for each; on hosts 16."""
    op = cast(Resize, layer.node.op)
    return 16 * op.rows.indices.shape[1] * op.columns.indices.shape[1]


def _vectors(layer: Layer) -> str | None:
    channels, least = layer.output.layout[2], 5 if layer.output.quantization else 4
    if channels < least:
        return f"{channels} channels; vectors pay from {least} on"
    return needs_aarch64(layer) if layer.output.quantization else None


KERNELS = (
    Kernel("btw_resize_s8_neon", "rows", "s8", "neon", "resize", _vectors, numbered=True),
    Kernel("btw_resize_f32_neon", "rows", "f32", "neon", "resize", _vectors, numbered=True),
    Kernel(
        "btw_resize_sums_s8_mve",
        "rows",
        "s8",
        "mve",
        "resize",
        _sums_in_vectors,
        scratch=_taps_of_a_pixel,
        numbered=True,
    ),
    Kernel("btw_resize_s8_mve", "rows", "s8", "mve", "resize", by_reciprocal, scratch=_taps_of_a_pixel, numbered=True),
    Kernel("btw_resize_f32_mve", "rows", "f32", "mve", "resize", scratch=_taps_of_a_pixel, numbered=True),
    Kernel("btw_resize_sums_s8_scalar", "rows", "s8", "scalar", "resize", _no_sums, numbered=True),
    Kernel("btw_resize_s8_scalar", "rows", "s8", "scalar", "resize", numbered=True),
    Kernel("btw_resize_f32_scalar", "rows", "f32", "scalar", "resize", numbered=True),
    *move.KERNELS,
)


# ---------------------------------------------------------------- where output values come from

Coordinate = Callable[[Array], Array]  # of output indices: float32 places in the input


@dataclass(frozen=True)
class Along:
    """One axis: sizes, the scale as given, the region of tf_crop_and_resize."""

    size: int
    outputs: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)

    def places(self, mode: str) -> Array:
        """float32 coordinates in the input of each output value, as onnxruntime computes them."""
        x = np.arange(self.outputs, dtype=np.float32)
        scale, half = np.float32(self.scale), np.float32(0.5)
        if mode == "tf_crop_and_resize":
            start, end = (np.float32(value) for value in self.roi)
            last = np.float32(self.size - 1)
            if self.outputs > 1:
                return start * last + x * (end - start) * last / np.float32(self.outputs - 1)
            return np.float32(0.5) * (start + end) * last + 0 * x
        if scale == 1:
            return x
        if mode == "align_corners":
            return x * np.float32(self.size - 1) / np.float32(self.outputs - 1) if self.outputs > 1 else 0 * x
        if mode == "asymmetric":
            return x / scale
        if mode == "tf_half_pixel_for_nn":
            return (x + half) / scale
        if mode == "pytorch_half_pixel" and self.outputs == 1:
            return 0 * x
        if mode == "half_pixel_symmetric":
            adjustment = np.float32(self.outputs) / (scale * np.float32(self.size))
            offset = float(np.float32(self.size) * half * (np.float32(1) - adjustment))
            sums = offset + (x.astype(np.float64) + 0.5) / float(scale) - 0.5  # onnxruntime adds doubles here
            return np.asarray(sums, np.float32)
        return (x + half) / scale - half


COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)
TIE = 1e-6  # so far from a half onnxruntime takes a place for one
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple")


def nearest(along: Along, coordinates: str, rounding: str) -> list[int]:
    """The input index of each output value, -1 where that is `extrapolation_value`."""
    if along.scale == 1:  # onnxruntime crops no such axis
        return list(range(along.outputs))
    places = along.places(coordinates)
    floor = np.floor(places)
    above = places - floor  # exact
    tie = np.abs(above - np.float32(0.5)) < TIE
    rounded = {
        "round_prefer_floor": np.where(tie | (above < 0.5), floor, floor + 1),
        "round_prefer_ceil": np.where(tie | (above > 0.5), floor + 1, floor),
        "floor": np.floor(places),
        "ceil": np.ceil(places),
        "simple": np.ceil(places) if along.scale < 1 else np.trunc(places),
    }[rounding]
    inside = np.clip(rounded, 0, along.size - 1)
    if coordinates == "tf_crop_and_resize":
        inside = np.where((places < 0) | (places > along.size - 1), -1, inside)
    return [int(index) for index in inside]


def linear(along: Along, coordinates: str) -> Taps:
    """Two neighbours, weighed by their distance."""
    given = along.places(coordinates)
    places = np.clip(given, np.float32(0), np.float32(along.size - 1))
    first = np.minimum(places.astype(np.int32), along.size - 1)
    second = np.minimum(first + 1, along.size - 1)
    to_first, to_second = np.abs(places - first.astype(np.float32)), np.abs(places - second.astype(np.float32))
    half = np.float32(0.5)
    same = first == second
    indices = np.stack([first, second], 1).astype(np.int32)
    weights = np.stack([np.where(same, half, to_second), np.where(same, half, to_first)], 1).astype(np.float32)
    if coordinates == "tf_crop_and_resize":
        indices[(given < 0) | (given > along.size - 1)] = -1
    return Taps(indices, weights)


def _with_a_next(taps: Taps) -> Taps:
    """An axis that is kept, as onnxruntime weighs it: halves of the last value round otherwise than all of it."""
    size, count = taps.indices.shape
    return taps if count > 1 else linear(Along(size, size, 1.0), "half_pixel")


def filtered(along: Along, coordinates: str, mode: str, a: float, antialias: bool, exclude_outside: bool) -> Taps:
    """Cubic, and linear or cubic with antialiasing, where the filter widens as the image shrinks."""
    places = along.places(coordinates).astype(np.float64)
    reach = 2 if mode == "cubic" else 1
    narrow = min(along.scale, 1.0) if antialias else 1.0
    start = math.floor(-reach / narrow) + 1
    count = 2 - 2 * start
    left = np.floor(places)
    ratio = places - left
    if antialias:  # of two equally near pixels the left one is the first
        left, ratio = np.where(ratio == 0, left - 1, left), np.where(ratio == 0, 1.0, ratio)
    steps = np.arange(start, start + count)
    weights = _kernel(np.abs(steps[None, :] - ratio[:, None]) * narrow, mode, a)
    indices = left[:, None].astype(np.int64) + steps[None, :]
    if exclude_outside:
        weights = np.where((indices < 0) | (indices >= along.size), 0.0, weights)
    if antialias or exclude_outside:
        weights = weights / weights.sum(1, keepdims=True)
    indices = np.clip(indices, 0, along.size - 1).astype(np.int32)
    if coordinates == "tf_crop_and_resize":
        indices[(places < 0) | (places > along.size - 1)] = -1
    return Taps(indices, weights.astype(np.float32))


def _kernel(distance: Array, mode: str, a: float) -> Array:
    if mode == "linear":
        return np.clip(1 - distance, 0, 1)
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


# ---------------------------------------------------------------- readers


def read_resize(node: OnnxNode) -> list[Node]:
    """ONNX Resize and Upsample with constant scales or sizes."""
    shape = node.shape(0)
    rank = len(shape)
    mode = node.attribute("mode", "nearest")
    old = node.op_type == "Upsample" or node.opset < 11
    coordinates = node.attribute("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    rounding = node.attribute("nearest_mode", "floor" if old else "round_prefer_floor")
    if mode not in ("nearest", "linear", "cubic") or coordinates not in COORDINATES or rounding not in NEAREST:
        raise node.refuse(f"mode {mode!r}, {coordinates!r}, {rounding!r}", "Use a mode of ONNX")
    axes = [node.axis(axis, rank) for axis in node.attribute("axes", range(rank))]
    if len(set(axes)) != len(axes):
        raise node.refuse(f"axes {axes} name one twice", "Repair the model")
    alongs = _alongs(node, axes, 1 if old else 2)
    if max((along.outputs for along in alongs.values()), default=1) > LARGEST_AXIS:
        raise node.refuse(f"an output of {[along.outputs for along in alongs.values()]}", "Use a smaller scale")
    crop = coordinates == "tf_crop_and_resize"
    if not crop and all(along.outputs == along.size for along in alongs.values()):
        return node.node(Reshape(shape), node.activation(0))  # onnxruntime copies then, whatever the scales
    if mode == "nearest":
        return node.node(_nearest(node, alongs, coordinates, rounding), node.activation(0))
    changed = {axis for axis, along in alongs.items() if along.scale != 1 or along.outputs != along.size or crop}
    if rank not in (3, 4) or not changed <= set(range(2, rank)) | ({0, 1} if crop else set()):
        raise node.refuse(f"mode {mode!r} along axes {sorted(changed)}", "Only height and width are supported")
    cut = node.dtype() in ("int8", "uint8")
    antialias, outside = bool(node.attribute("antialias", 0)), bool(node.attribute("exclude_outside", 0))

    def taps(axis: int) -> Taps:
        size = shape[axis] if axis < rank else 1
        along = alongs.get(axis, Along(size, size, 1.0))
        kept = along.scale == 1 and along.outputs == size and not crop
        if axis >= rank or (kept and not cut):  # a cut shows how onnxruntime adds halves of the last value
            return Taps(np.arange(along.outputs, dtype=np.int32)[:, None], np.ones((along.outputs, 1), np.float32))
        if min(along.scale, 1.0) * MOST_TAPS < 8:
            raise node.refuse(f"scale {along.scale}", f"Use a scale of more than {8 / MOST_TAPS}")
        if mode == "linear" and not (antialias or outside):
            return linear(along, coordinates)
        return filtered(along, coordinates, mode, node.attribute("cubic_coeff_a", -0.75), antialias, outside)

    height, width = (taps(2), taps(3)) if rank == 4 else (taps(4), taps(2))
    name = f"{mode} antialiased" if antialias else mode
    op = Resize(height, width, name, float(node.attribute("extrapolation_value", 0.0)))
    if not cut:
        return node.node(op, node.activation(0))
    if name != "linear" or outside or rank != 4 or crop or coordinates == "tf_half_pixel_for_nn":
        what = f"mode {name!r}, {coordinates!r} of {node.dtype()} at rank {rank}"
        raise node.refuse(what, "Use float32 here, or DequantizeLinear before and QuantizeLinear behind it")
    return _cut(node, op)


def _cut(node: OnnxNode, op: Resize) -> list[Node]:
    """Numbers of a byte, as QOperator files resize codes: onnxruntime computes them in float32 and cuts the result."""
    x, y = node.activation(0), node.outputs[0]
    quantization = node.types[x].quantization
    dtype = "uint8" if quantization and quantization.offset else node.dtype()
    wide, made = f"{y}/from", f"{y}/float32"
    return [
        Node(wide, Cast("float32"), (x,), wide),
        Node(node.name, op, (wide,), made),
        Node(f"{node.name}/cut", Cast(dtype), (made,), y),
    ]


def _nearest(node: OnnxNode, alongs: dict[int, Along], coordinates: str, rounding: str) -> Take:
    chosen: list[tuple[int, ...] | None] = []
    for axis, size in enumerate(node.shape(0)):
        indices = nearest(alongs[axis], coordinates, rounding) if axis in alongs else list(range(size))
        chosen.append(None if indices == list(range(size)) else tuple(indices))
    return Take(tuple(chosen), node.op_type, float(node.attribute("extrapolation_value", 0.0)))


def _alongs(node: OnnxNode, axes: list[int], scales_index: int) -> dict[int, Along]:
    """What happens along each axis."""
    shape = [node.shape(0)[axis] for axis in axes]
    scales = node.attribute("scales") if node.op_type == "Upsample" else None
    if scales is None and node.has(scales_index):
        values = node.constant(scales_index, "scales")
        scales = [float(scale) for scale in values.astype(np.float64).reshape(-1)] or None
    roi = [0.0] * len(axes) + [1.0] * len(axes)
    if node.has(1) and scales_index == 2 and node.constant(1, "roi").size:
        roi = [float(value) for value in node.constant(1, "roi").astype(np.float64).reshape(-1)]
    if scales is not None:
        if len(scales) != len(axes) or not all(0 < scale < 1 << 20 for scale in scales):
            raise node.refuse(f"scales {scales}", "Give a positive scale an axis")
        sizes = [math.floor(np.float32(scale) * np.float32(size)) for scale, size in zip(scales, shape, strict=True)]
    else:
        if not node.has(3):
            raise node.refuse("it has neither scales nor sizes", "Repair the model")
        sizes = [int(size) for size in node.constant(3, "sizes").reshape(-1)]
        policy = node.attribute("keep_aspect_ratio_policy", "stretch")
        if len(sizes) != len(axes) or policy not in ("stretch", "not_larger", "not_smaller"):
            raise node.refuse(f"sizes {sizes}, policy {policy!r}", "Give a size an axis")
        scales = [float(np.float32(want) / np.float32(size)) for want, size in zip(sizes, shape, strict=True)]
        if policy != "stretch":
            one = min(scales) if policy == "not_larger" else max(scales)
            scales = [one] * len(axes)
            sizes = [math.floor(one * size + 0.5) for size in shape]
    if min(sizes, default=1) < 1 or len(roi) != 2 * len(axes) or not np.isfinite(roi).all():
        raise node.refuse(f"sizes {sizes}, roi {roi}", "Leave at least one value an axis")
    ends = zip(roi[: len(axes)], roi[len(axes) :], strict=True)
    return {
        axis: Along(size, want, float(np.float32(scale)), bounds)
        for axis, size, want, scale, bounds in zip(axes, shape, sizes, scales, ends, strict=True)
    }
