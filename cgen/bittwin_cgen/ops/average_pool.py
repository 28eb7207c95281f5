"""Average pooling; int8 as onnxruntime computes it, by a float32 sum in row order, or by integers that equal it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import (
    CODE_HIGH,
    CODE_LOW,
    AverageForm,
    average_least_errors,
    check_ratio,
    prove_average,
    scale_significand,
)
from bittwin_cgen.ir import (
    Array,
    Call,
    Constant,
    Field,
    Kernel,
    Layer,
    Node,
    Op,
    Quantization,
    Struct,
    TensorType,
    Window,
)
from bittwin_cgen.kernels import needs_aarch64, select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.ops.max_pool import Pooling, by_taps, four_channels, read_pooling
from bittwin_cgen.ops.reshape import Reshape

MANY_DOUBTS = 0.01  # of the sums of a window: a quarter are exact ties for 2x2 windows, a sixteenth for 4x4


@dataclass(frozen=True)
class AveragePool(Op):
    """The mean of each window; padding counts as zeros where `count_include_pad`, else it does not count."""

    pooling: Pooling
    count_include_pad: bool = False
    one_image = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(self.pooling.infer(inputs[0]).shape, inputs[0].dtype)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        """onnxruntime takes its global pool, which rounds otherwise, where the window is the whole image."""
        pool = self.pooling
        whole = pool.kernel == inputs[0].image[:2] and not any(pool.padding)
        if whole:
            return GlobalAveragePool().quantized(inputs, output)
        if inputs[0].quantization and output.quantization:
            x, y, count = inputs[0].quantization.scale, output.quantization.scale, math.prod(self.pooling.kernel)
            check_ratio(x / y, f"{x:g} / {y:g}", 2.0**31 / 256)
            check_ratio(255 * count * x, f"{count} * {x:g}", 2.0**127)
        return self

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        x, quantization = values[0], inputs[0].quantization
        if quantization:
            centred = x.astype(np.int32) - quantization.zero_point
            x = np.float32(quantization.scale) * centred.astype(np.float32)
        height, width, _ = inputs[0].layout
        oh, ow, _ = output.layout
        after = self.pooling.reach(0, height, oh), self.pooling.reach(1, width, ow)
        real = np.dtype("float32") if output.quantization else np.dtype(output.dtype)
        taps = self.pooling.taps(x, output, 0.0, after).astype(real)
        counted = np.ones((1, 1, height, width))
        if self.count_include_pad and quantization:
            count = np.full((1, 1, 1, 1), math.prod(self.pooling.kernel))
        elif self.count_include_pad:
            top, left, bottom, right = self.pooling.padding
            inner = Pooling(self.pooling.kernel, self.pooling.stride, self.pooling.dilation, (0, 0, 0, 0))
            counted = np.ones((1, 1, height + top + bottom, width + left + right))
            beyond = max(0, after[0] - bottom), max(0, after[1] - right)
            count = inner.taps(counted, TensorType((1, 1, oh, ow), "float64"), 0.0, beyond).sum(0)
        else:
            count = self.pooling.taps(counted, TensorType((1, 1, oh, ow), "float32"), 0.0, after).sum(0)
        total = np.zeros(taps.shape[1:], real)
        for tap in taps:
            total = total + tap
        mean = total / count.astype(real)
        if output.quantization:
            zero_point = output.quantization.zero_point + output.quantization.offset
            shifted = mean / np.float32(output.quantization.scale) + np.float32(zero_point)
            mean = np.clip(np.rint(shifted) - output.quantization.offset, -128, 127)
        return mean.astype(output.dtype).reshape(len(x), *output.shape[1:])

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        pool, (x, y) = self.pooling, (layer.inputs[0], layer.output)
        _, width, channels = x.layout
        top, left, bottom, right = pool.padding
        fields: dict[str, Field] = dict(pool.fields(channels))
        if self.count_include_pad:
            value = x.quantization.zero_point if x.quantization else 0
            beside, below = pool.reach(1, width, y.layout[1]), None
            if x.quantization is None:  # int8 divides by the whole window, also where ceil_mode lets it overhang
                beside, below = min(right, beside), bottom
            window = Window(
                pool.kernel[0], pool.stride[0], pool.dilation[0], top, left, beside, "constant", value, below
            )
            fields |= dict(pad_left=0, input_width=left + width + beside)
        else:
            window = Window(pool.kernel[0], pool.stride[0], pool.dilation[0], top, 0, 0, "absent")
            fields |= dict(pad_left=left, input_width=width)
        fields |= dict(output_width=y.layout[1])
        if x.quantization and y.quantization:
            fields |= dict(
                input_scale=x.quantization.scale,
                input_zero_point=x.quantization.zero_point,
                output_scale=y.quantization.scale,
                output_zero_point=y.quantization.zero_point + y.quantization.offset,
                offset=y.quantization.offset,
            )
        struct = Struct(f"btw_average_pool_{kernel.dtype}", fields)
        notes: tuple[str, ...] = ()
        if "_sums_" in kernel.symbol:
            form = sums_form(layer)
            assert form is not None and x.quantization
            errors = _least_errors(layer, form)
            sums: dict[str, Field] = dict(
                layer=struct,
                least=form.least,
                shift=form.shift,
                guard=form.guard,
                multiplier=Constant(form.multiplier),
                constant=Constant(form.constant),
                significand=scale_significand(x.quantization.scale),
                least_error=None if errors is None else Constant(errors),
            )
            struct = Struct("btw_average_pool_sums_s8", sums)
            how = "float32" if errors is None else "integers"
            notes = (f"sums at ties are computed again, in {how}",) if form.guard else ()
        scratch = kernel.scratch(layer) if kernel.scratch else 0
        return Call(kernel, struct, window, f"average pool {pool.text}", refused, notes, scratch)


def sums_form(layer: Layer) -> AverageForm | None:
    """How the codes of an int8 layer follow from sums in integers; None where they do not."""
    op, x, y = cast(AveragePool, layer.node.op), layer.inputs[0], layer.output
    assert x.quantization and y.quantization
    return _form(_counts(op, x, y), x.quantization, y.quantization)


def _least_errors(layer: Layer, form: AverageForm) -> Array | None:
    """What decides sums in doubt; only for windows of one size, many doubts (it is a table), and no FPU."""
    x, y = layer.inputs[0].quantization, layer.output.quantization
    assert x and y
    if layer.target.has_fpu or len(form.multiplier) > 1:
        return None
    if not _many_doubts(form):
        return None
    return average_least_errors(form, x.scale, x.zero_point, y.scale, y.zero_point, y.offset)


def _many_doubts(form: AverageForm, count: int | None = None) -> bool:
    """Of windows of `count` pixels; without it, of the least number."""
    count = form.least if count is None else count
    sums = np.arange(CODE_LOW * count, CODE_HIGH * count + 1)
    return bool(form.apply(sums, count)[1].mean() >= MANY_DOUBTS)


@cache
def _form(counts: frozenset[int], x: Quantization, y: Quantization) -> AverageForm | None:
    return prove_average(counts, x.scale, x.zero_point, y.scale, y.zero_point, y.offset) if min(counts) else None


def _counts(op: AveragePool, x: TensorType, y: TensorType) -> frozenset[int]:
    """The numbers of pixels that int8 windows divide by."""
    pool = op.pooling
    if op.count_include_pad:
        return frozenset({math.prod(pool.kernel)})
    inside: list[set[int]] = []
    for axis in (0, 1):
        first = [o * pool.stride[axis] - pool.padding[axis] for o in range(y.layout[axis])]
        steps = range(0, pool.kernel[axis] * pool.dilation[axis], pool.dilation[axis])
        inside.append({sum(0 <= start + step < x.layout[axis] for step in steps) for start in first})
    return frozenset(rows * columns for rows in inside[0] for columns in inside[1])


def _no_sums(layer: Layer) -> str | None:
    return None if sums_form(layer) else "no integer form is right for all sums of a window"


def _four_channels_of_sums(layer: Layer) -> str | None:
    taps = math.prod(cast(AveragePool, layer.node.op).pooling.kernel)
    if taps > 257:
        return f"a window of {taps} pixels; their sum fits 16 bits up to 257"
    return four_channels(layer) or _no_sums(layer)


def _eight_int8_channels(layer: Layer) -> str | None:
    channels, quantization = layer.output.layout[2], layer.output.quantization
    if channels < 8:
        return f"{channels} channels; a vector takes 8"
    if cast(AveragePool, layer.node.op).pooling.reaches_nothing(layer.inputs[0], layer.output):
        return "a window has no pixel of the image"
    return "uint8 codes" if quantization is not None and quantization.offset else needs_aarch64(layer)


_TAPS = by_taps("btw_average_pool_s8_mve", 2)


def _float_sums(layer: Layer) -> str | None:
    channels, form = layer.output.layout[2], sums_form(layer)
    if channels <= 4 and form and not _many_doubts(form):
        return f"{channels} channels; vectors of float32 sums take 8, those of integers decide nearly all codes"
    return _TAPS.accepts(layer)


def _sums_in_vectors(layer: Layer) -> str | None:
    form, taps = sums_form(layer), math.prod(cast(AveragePool, layer.node.op).pooling.kernel)
    if taps > 255:
        return f"a window of {taps} pixels; their sum fits 16 bits up to 255"
    if form is None or _many_doubts(form, max(_counts_of(layer))):  # of most windows
        return "no integer form decides nearly all codes"
    if any(form.apply(np.zeros(1, np.int64), count)[1].any() for count in _counts_of(layer)):
        return "a sum of 0, which lanes without a channel have, is in doubt"
    return _TAPS.accepts(layer)


def _counts_of(layer: Layer) -> frozenset[int]:
    return _counts(cast(AveragePool, layer.node.op), layer.inputs[0], layer.output)


KERNELS = (
    replace(_TAPS, symbol="btw_average_pool_sums_s8_mve", accepts=_sums_in_vectors),
    by_taps("btw_average_pool_f32_mve", 2),
    by_taps("btw_average_pool_f32_fpu", 8),
    replace(_TAPS, accepts=_float_sums),
    Kernel("btw_average_pool_s8_neon", "rows", "s8", "neon", "average_pool", _eight_int8_channels),
    Kernel("btw_average_pool_sums_s8_armv7m", "rows", "s8", "armv7m", "average_pool", _four_channels_of_sums),
    Kernel("btw_average_pool_sums_s8_scalar", "rows", "s8", "scalar", "average_pool", _no_sums),
    Kernel("btw_average_pool_s8_scalar", "rows", "s8", "scalar", "average_pool"),
    Kernel("btw_average_pool_f32_neon", "rows", "f32", "neon", "average_pool", four_channels),
    Kernel("btw_average_pool_f32_scalar", "rows", "f32", "scalar", "average_pool"),
)


def read_average_pool(node: OnnxNode) -> list[Node]:
    """ONNX AveragePool."""
    if node.rank() == 5:
        return _read_flat_pool(node)
    op = AveragePool(read_pooling(node), bool(node.attribute("count_include_pad", 0)))
    return node.node(op, node.activation(0))


def _read_flat_pool(node: OnnxNode) -> list[Node]:
    """A pool of three spatial dimensions, two or the first of which it leaves alone, as one of two dimensions.

    PyTorch writes LocalResponseNorm with one over the channels.
    """
    x, y, (n, c, depth, height, width) = node.activation(0), node.outputs[0], node.shape()
    windows = [node.sizes(name, 3) for name in ("kernel_shape", "strides", "dilations")]
    pads = tuple(node.attribute("pads", (0,) * 6))
    kept = [{window[axis] for window in windows} == {1} and not any(pads[axis::3]) for axis in range(3)]
    if len(pads) != 6 or node.attribute("auto_pad", "NOTSET") != "NOTSET" or not (kept[0] or (kept[1] and kept[2])):
        raise node.refuse(
            f"a window of {list(windows[0])} on an input of rank 5", "Only 1-D and 2-D pools are supported"
        )
    first = 1 if kept[0] else 0  # of the two axes of the pool
    given = (n, c * depth, height, width) if kept[0] else (n, c, depth, height * width)
    sizes = {
        name: list(window[first : first + 2])
        for name, window in zip(("kernel_shape", "strides", "dilations"), windows, strict=True)
    }
    sizes["pads"] = [pads[axis] for axis in (first, first + 1, first + 3, first + 4)]
    flat, made = f"{y}/flat", f"{y}/pooled"
    types = {**node.types, flat: replace(node.types[x], shape=given)}
    inner = replace(node, inputs=(flat,), outputs=(made,), types=types, attributes={**node.attributes, **sizes})
    pooled = read_average_pool(inner)
    oh, ow = pooled[-1].op.infer((types[flat],)).shape[2:]
    result = (n, c, depth, oh, ow) if kept[0] else (n, c, oh, height, width)
    return [
        Node(flat, Reshape(given), (x,), flat),
        *pooled,
        Node(f"{node.name}/shape", Reshape(result), (made,), y),
    ]
