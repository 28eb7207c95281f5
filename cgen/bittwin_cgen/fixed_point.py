"""Arithmetic of quantized operators: onnxruntime's float32 formulas, and integer forms proved equal to them.

The formulas are those of onnxruntime's fused int8 session on x86-64, bit for bit; float32 steps are written out one by
one. A proof covers every value that can occur, so generated C may use the integers without a doubt.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]

CODE_LOW, CODE_HIGH = -128, 127
CODES = np.arange(CODE_LOW, CODE_HIGH + 1)
SHIFTS = (3, 4, 2, 5, 1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)  # in order of preference: kernels may be fixed to 3
MULTIPLIER_END = 1 << 31
ACCUMULATOR_END = 1 << 31
BATCH = 1 << 17  # thresholds searched at once
MOST_TRIES = 1 << 16  # weight scales tried for one layer, so that hopeless layers end soon


# ---------------------------------------------------------------- formulas of onnxruntime


def saturate(rounded: ArrayLike, zero_point: int) -> Int8:
    """clamp(rounded + zero_point) to int8; `rounded` holds whole numbers of any size, or infinities."""
    clipped = np.clip(rounded, CODE_LOW - zero_point, CODE_HIGH - zero_point)
    return np.asarray(np.asarray(clipped).astype(np.int32) + zero_point).astype(np.int8)


def quantize_linear(x: ArrayLike, scale: ArrayLike, zero_point: int) -> Int8:
    """QuantizeLinear, float32 to int8: clamp(round_half_even(x / scale) + zero_point), a true division; NaN is -128."""
    with np.errstate(over="ignore", invalid="ignore"):
        codes = np.rint(np.asarray(x, np.float32) / np.asarray(scale, np.float32))
    return saturate(np.where(np.isnan(codes), -np.inf, codes), zero_point)


def dequantize_linear(codes: ArrayLike, scale: ArrayLike, zero_point: int) -> Float32:
    """DequantizeLinear, int8 to float32: (code - zero_point) * scale."""
    with np.errstate(over="ignore"):
        return (np.asarray(codes).astype(np.int32) - zero_point).astype(np.float32) * np.asarray(scale, np.float32)


def requantize_scale(input_scale: ArrayLike, weight_scale: ArrayLike, output_scale: ArrayLike) -> Float32:
    """float32(float32(sx * sw) / sy), in this order."""
    with np.errstate(over="ignore", under="ignore"):
        product = np.asarray(input_scale, np.float32) * np.asarray(weight_scale, np.float32)
        return np.asarray(product / np.asarray(output_scale, np.float32), np.float32)


def requantize(accumulator: ArrayLike, scale: ArrayLike, zero_point: int) -> Int8:
    """clamp(round_half_even(float32(acc) * scale) + zero_point): QLinearConv, QGemm, QLinearMatMul. They broadcast."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        product = np.asarray(accumulator).astype(np.float32) * np.asarray(scale, np.float32)
    return saturate(np.rint(product), zero_point)


def check_ratio(ratio: ArrayLike, scales: str, end: float = np.inf) -> None:
    """Raises ValueError where a ratio of scales is `end` or more: codes would be NaN, or not what onnxruntime computes.

    Its Add, Mul and AveragePool convert to int32 before they saturate, so that 2**31 becomes the lowest code.
    """
    if not (np.abs(ratio) < end).all():
        raise ValueError(f"scales {scales} give codes that do not fit into int32")


def bias_codes(bias: ArrayLike, input_scale: ArrayLike, weight_scale: ArrayLike) -> Int32:
    """int32 bias of a float one: round_half_even(bias / float32(sx * sw)), saturated."""
    unit = np.asarray(input_scale, np.float32) * np.asarray(weight_scale, np.float32)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        codes = np.rint(np.asarray(bias, np.float32) / unit).astype(np.float64)
    info = np.iinfo(np.int32)
    return np.asarray(np.clip(np.nan_to_num(codes, nan=0.0), info.min, info.max).astype(np.int32))


def global_average_scale(input_scale: ArrayLike, output_scale: ArrayLike, count: int) -> Float32:
    """Requantization scale of sum(x - zx) in QLinearGlobalAveragePool over `count` pixels: sx / float32(sy * count)."""
    with np.errstate(over="ignore", under="ignore"):
        whole = np.asarray(output_scale, np.float32) * np.float32(count)
        return np.asarray(np.asarray(input_scale, np.float32) / whole, np.float32)


def average_code(
    total: ArrayLike, count: ArrayLike, output_scale: ArrayLike, output_zero_point: int, offset: int = 0
) -> Int8:
    """QLinearAveragePool from a float32 sum on: two divisions, and the zero point added before rounding."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        mean = np.asarray(total, np.float32) / np.asarray(count).astype(np.float32)
        shifted = mean / np.asarray(output_scale, np.float32) + np.float32(output_zero_point + offset)
    return saturate(np.rint(shifted), -offset)


def softmax_exponentials(input_scale: float, size: int) -> Float32:
    """[256]: exp of codes 255, 254, ... 0 below the largest of `size`, with QLinearSoftmax's common factor.

    The factor, exp of log(largest float32 / size) - 5, keeps their float32 sum finite; that logarithm is a float32.
    """
    scale = float(np.float32(input_scale))
    factor = max(0.0, float(np.float32(math.log(np.finfo(np.float32).max / np.float32(size)))) - 5) / scale
    return np.array([math.exp((code - 255 + factor) * scale) for code in range(256)]).astype(np.float32)


def softmax_levels(output_scale: float) -> Float32:
    """Codes from 0 to 1 as QLinearSoftmax counts them: 1 / scale without its fraction."""
    return np.floor(np.float32(1) / np.float32(output_scale)).astype(np.float32)


def softmax_codes(codes: ArrayLike, exponentials: Float32, levels: Float32, zero_point: int) -> Int64:
    """QLinearSoftmax over the last axis: a float32 sum in order; product and division in float64, rounding, zero point.

    A product has at most 48 bits, so that a float64 quotient is a half only if the exact one is.
    """
    shifted = np.asarray(codes, np.int64)
    taken = exponentials[shifted - shifted.max(-1, keepdims=True) + 255]
    total = np.zeros(taken.shape[:-1], np.float32)
    for index in range(taken.shape[-1]):
        total = total + taken[..., index]
    share = taken.astype(np.float64) * levels / total[..., None]
    return np.clip(np.rint(np.minimum(share, 512)).astype(np.int64) + zero_point, -128, 127)


class SoftmaxParts(NamedTuple):
    """Exponentials in integers: how `softmax_codes` is computed without an FPU, where the error does not matter.

    (levels << (32 + fraction)) // sum(values) is a factor; values * factor >> 32 is the share times 2**fraction, but
    for an error of at most 6 and that number >> relative.
    """

    values: NDArray[np.uint32]
    fraction: int
    relative: int


def softmax_parts(exponentials: Float32, levels: Float32, size: int) -> SoftmaxParts | None:
    """None where the error would tell too few codes apart.

    Relative to the largest, parts are whole 2**-bits, rounded: `size` of them shift their sum by size / 2**(bits + 1)
    at most, and one share by levels / 2**(bits + 1), half a unit. float32 rounds the sum by (size - 1) / 2**24 at most.
    Factor and product are rounded down: 2 units.
    """
    bits = 32 - size.bit_length()
    fraction = bits - int(levels).bit_length()
    relative = math.floor(-math.log2(1.01 * (size / 2**24 + size / 2 ** (bits + 1))))
    if fraction < 10 or relative < 10:
        return None
    values = np.rint(exponentials.astype(np.float64) / np.float64(exponentials[-1]) * 2.0**bits)
    return SoftmaxParts(values.astype(np.uint32), fraction, relative)


def average_pool_reference(
    codes: ArrayLike,
    count: ArrayLike,
    input_scale: ArrayLike,
    input_zero_point: int,
    output_scale: ArrayLike,
    output_zero_point: int,
) -> Int8:
    """QLinearAveragePool of windows [..., K], row-major, the zero point where outside; count [...] is the divisor.

    A sequential float32 sum of sx * (x - zx), then `average_code`.
    """
    windows = np.asarray(codes)
    values = dequantize_linear(windows, input_scale, input_zero_point)
    total = np.zeros(windows.shape[:-1], np.float32)
    for i in range(windows.shape[-1]):
        total = total + values[..., i]
    return average_code(total, count, output_scale, output_zero_point)


def multiply_reference(
    a: ArrayLike,
    b: ArrayLike,
    a_scale: ArrayLike,
    a_zero_point: int,
    b_scale: ArrayLike,
    b_zero_point: int,
    output_scale: ArrayLike,
    output_zero_point: int,
    offset: int = 0,
) -> Int8:
    """QLinearMul: the zero point (that of uint8 is `offset` more) is added in float32, before rounding."""
    ratio = requantize_scale(a_scale, b_scale, output_scale)
    product = (np.asarray(a).astype(np.int32) - a_zero_point) * (np.asarray(b).astype(np.int32) - b_zero_point)
    return saturate(np.rint(product.astype(np.float32) * ratio + np.float32(output_zero_point + offset)), -offset)


def prove_multiply(
    ratio: ArrayLike, a_zero_point: int, b_zero_point: int, output_zero_point: int, offset: int = 0
) -> "ProvedRequantization | None":
    """The requantization of (a - za) * (b - zb) that equals `multiply_reference` for every product; None if none does.

    The formula is evaluated on every product from the lowest to the highest: it never falls, so its steps are found.
    """
    ends = [(CODE_LOW - zero_point, CODE_HIGH - zero_point) for zero_point in (a_zero_point, b_zero_point)]
    corners = [a * b for a in ends[0] for b in ends[1]]
    low, high = np.array([min(corners)], np.int64), np.array([max(corners)], np.int64)
    products = np.arange(low[0], high[0] + 1)
    factor = np.asarray(ratio, np.float32).reshape(1)
    with np.errstate(over="ignore"):
        shifted = products.astype(np.float32) * factor + np.float32(output_zero_point + offset)
    codes = saturate(np.rint(shifted), -offset)
    steps = low[:, None] + np.searchsorted(codes, CODES[1:])[None, :]
    for shift in SHIFTS:
        found = multipliers(steps, output_zero_point, low, high, shift)
        if found[0]:
            return proved(found, factor, output_zero_point, shift)
    return None


def fma32(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Float32:
    """float32 a * b + c with one rounding: exact product and two-sum in float64, rounded to odd, then to float32.

    Boldo and Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd, 2008.
    """
    x, y, z = (np.asarray(v, np.float32).astype(np.float64) for v in (a, b, c))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        product = x * y
        total = np.asarray(product + z)
        z_part = total - product
        error = (product - (total - z_part)) + (z - z_part)
        even = total.view(np.int64) & 1 == 0
        towards = np.where(error > 0, np.inf, -np.inf)
        odd = np.where(even & ((error > 0) | (error < 0)), np.nextafter(total, towards), total)
        return odd.astype(np.float32)


def prove_reciprocal(scale: float) -> bool:
    """True where x * f32(1 / scale), corrected once by its remainder, rounds to the integer that x / scale rounds to.

    about = f32(x * r), about = fma(fma(about, -scale, x), r, about) is at most a unit in the last place from the
    quotient. So only an x near half of an odd multiple of the scale can round otherwise, and all those are tried.
    Markstein, Computation of elementary functions on the IBM RISC System/6000, 1990.
    """
    divisor = np.float32(scale)
    if not 2.0**-60 < divisor < 2.0**60:
        return False
    reciprocal = np.float32(1) / divisor
    halves = ((np.arange(-256, 256) + 0.5) * np.float64(divisor)).astype(np.float32)
    x = (halves.view(np.int32)[:, None] + np.arange(-32, 33, dtype=np.int32)).view(np.float32)
    about = x * reciprocal
    about = fma32(fma32(about, -divisor, x), reciprocal, about)
    return bool((np.rint(about) == np.rint(x / divisor)).all())


# ---------------------------------------------------------------- accumulators


class AccumulatorRange(NamedTuple):
    """int64[C] each: low <= final sum <= high, and |partial sum| <= magnitude in any order of summation."""

    low: Int64
    high: Int64
    magnitude: Int64


def accumulator_range(
    weight_codes: ArrayLike, bias: ArrayLike, x_low: int = CODE_LOW, x_high: int = CODE_HIGH
) -> AccumulatorRange:
    """Of sum(x * w) + bias for weights [C, K], the input offset already folded into bias [C]: b - zx * sum(w)."""
    weights = np.asarray(weight_codes).astype(np.int64)
    start = np.asarray(bias).astype(np.int64)
    positive = np.maximum(weights, 0).sum(axis=1)
    negative = np.minimum(weights, 0).sum(axis=1)
    return AccumulatorRange(
        low=start + positive * x_low + negative * x_high,
        high=start + positive * x_high + negative * x_low,
        magnitude=np.abs(start) + (positive - negative) * max(abs(x_low), abs(x_high)),
    )


# ---------------------------------------------------------------- proved requantization


@dataclass(frozen=True, eq=False)
class ProvedRequantization:
    """clamp((offset + ((acc * multiplier) >> 32)) >> shift) equals `requantize` wherever multiplier is not 0.

    For every accumulator of the range the proof was made for; |offset + ((acc * multiplier) >> 32)| < 2**31.
    """

    multiplier: Int32  # [C], 0: no proof for this channel
    offset: int
    shift: int
    scale: Float32  # [C]
    zero_point: int

    @property
    def unproved(self) -> int:
        """Channels without a proof."""
        return int(np.count_nonzero(self.multiplier == 0))

    def apply(self, accumulator: ArrayLike) -> Int8:
        """int[..., C] to int8 as C does it: the proved integers, the float32 formula where there is no proof."""
        acc = np.asarray(accumulator).astype(np.int64)
        high = self.offset + ((acc * self.multiplier.astype(np.int64)) >> 32)
        proved = np.clip(high >> self.shift, CODE_LOW, CODE_HIGH).astype(np.int8)
        return np.where(self.multiplier != 0, proved, requantize(acc, self.scale, self.zero_point)).astype(np.int8)


def layer_offset(zero_point: int, shift: int) -> int:
    """The zero point and one half, in units of 2**-shift."""
    return (zero_point << shift) + (1 << (shift - 1))


def thresholds(scale: Float32, zero_point: int, low: Int64, high: Int64) -> Int64:
    """[C, 255]: smallest accumulator of [low, high] that `requantize` takes to code -127..127 or above, else high + 1.

    Bisection on the formula itself, around the quotient of the real numbers: the float32 steps move a threshold by at
    most 2**-22 of its value.
    """
    first, last = low[:, None], high[:, None] + 1
    level = (CODES[1:] - zero_point).astype(np.float32)
    factor = scale[:, None]
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        ideal = (level.astype(np.float64) - 0.5) / factor.astype(np.float64)
        near = np.clip(ideal, first, last).astype(np.int64)
        reach = (np.abs(near) >> 22) + 2
        below, above = np.maximum(near - reach, first), np.minimum(near + reach, last)
        while (below < above).any():
            middle = (below + above) >> 1
            reached = np.rint(middle.astype(np.float32) * factor) >= level
            above = np.where(reached, middle, above)
            below = np.where(reached, below, np.minimum(middle + 1, above))
    return above


def bounds(
    threshold: Int64, zero_point: int, low: Int64, high: Int64, shift: int
) -> Iterator[tuple[bool, Int64, Int64]]:
    """(True, least, most): of a multiplier, each [C, 255], so that codes are reached; (False, ...): none too early.

    With need = (code << shift) - offset << 32: code is reached at acc if and only if acc * multiplier >= need, so each
    threshold T gives T * m >= need and (T - 1) * m < need. Thresholds are clipped to the range, which makes these the
    conditions at its two ends as well. An accumulator of 0 is the zero point whatever m is.
    """
    need = needs(zero_point, shift)
    for acc, bound, applies, at_least in (
        (threshold, need, threshold <= high[:, None], True),
        (threshold - 1, need - 1, threshold > low[:, None], False),
    ):
        divisor = np.where(acc == 0, 1, acc)
        floor = bound // divisor
        ceiling = floor + (floor * divisor != bound)
        from_below = applies & ((acc > 0) if at_least else (acc < 0))
        from_above = applies & ((acc < 0) if at_least else (acc > 0))
        yield at_least, np.where(from_below, ceiling, 1), np.where(from_above, floor, MULTIPLIER_END - 1)


def needs(zero_point: int, shift: int) -> Int64:
    """[255]: the products of accumulator and multiplier from which on the codes -127..127 are reached."""
    return np.asarray((2 * (CODES[1:].astype(np.int64) - zero_point) - 1) << (31 + shift))


def multipliers(threshold: Int64, zero_point: int, low: Int64, high: Int64, shift: int) -> Int64:
    """[C]: the middle of the multipliers that put every threshold [C, 255] where it is; 0 if there are none."""
    least, most = np.ones(len(threshold), np.int64), np.full(len(threshold), MULTIPLIER_END - 1, np.int64)
    for _, lower, upper in bounds(threshold, zero_point, low, high, shift):
        least, most = np.maximum(least, lower.max(axis=1)), np.minimum(most, upper.min(axis=1))
    return np.where(least <= most, (least + most) >> 1, 0)


def prove_requantization(
    scale: ArrayLike, zero_point: int, low: ArrayLike, high: ArrayLike, shift: int | None = None
) -> ProvedRequantization:
    """A multiplier for each channel whose integer form equals `requantize` on all of [low, high], scale float32[C].

    Without a shift, the one that leaves the fewest channels without proof; 3 where several do.
    """
    factor, first, last = channels(scale, low, high)
    steps = thresholds(factor, zero_point, first, last)
    best = None
    for candidate in SHIFTS if shift is None else (shift,):
        found = multipliers(steps, zero_point, first, last, candidate)
        proof = proved(found, factor, zero_point, candidate)
        if best is None or proof.unproved < best.unproved:
            best = proof
        if best.unproved == 0:
            break
    assert best is not None
    return best


def channels(scale: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Float32, Int64, Int64]:
    """Scale, low and high as arrays [C]; raises ValueError for what no int32 accumulator and no scale can be."""
    factor, first, last = np.broadcast_arrays(
        np.atleast_1d(np.asarray(scale, np.float32)), np.asarray(low, np.int64), np.asarray(high, np.int64)
    )
    if (first > last).any() or first.min() <= -ACCUMULATOR_END or last.max() >= ACCUMULATOR_END:
        raise ValueError(f"accumulators from {first.min()} to {last.max()} do not fit into int32")
    if not (np.isfinite(factor) & (factor >= 0)).all():
        raise ValueError(f"a scale is not a positive number: {factor[~(np.isfinite(factor) & (factor >= 0))][0]}")
    return np.array(factor), np.array(first), np.array(last)


def proved(multiplier: Int64, scale: Float32, zero_point: int, shift: int) -> ProvedRequantization:
    return ProvedRequantization(multiplier.astype(np.int32), layer_offset(zero_point, shift), shift, scale, zero_point)


class Suspects(NamedTuple):
    """A multiplier for channels [C] without a proof, and bool[C, 256] the codes (+ 128) it gives that may be wrong."""

    multiplier: Int64
    codes: NDArray[np.bool_]


def suspects(proof: ProvedRequantization, low: ArrayLike, high: ArrayLike) -> Suspects:
    """For the channels of `proof` without a proof, accumulators of all channels in [low, high] as it was made for.

    Most fail by one or two accumulators beside exact halves. The multiplier is one that leaves few wrong; the codes are
    those that the integer form gives for the wrong ones. Any other code that it gives is right.
    """
    unproved = np.flatnonzero(proof.multiplier == 0)
    factor, first, last = channels(proof.scale, low, high)
    factor, first, last = factor[unproved], first[unproved], last[unproved]
    step = thresholds(factor, proof.zero_point, first, last)
    found = fewest_wrong(step, proof.zero_point, first, last, proof.shift)
    reached = -(-needs(proof.zero_point, proof.shift) // found[:, None])
    reached = np.clip(reached, first[:, None], last[:, None] + 1)
    codes = np.zeros((len(unproved), len(CODES)), np.bool_)
    for channel, level in np.argwhere(step != reached):
        ends = np.sort([step[channel, level], reached[channel, level]]) - (0, 1)  # the accumulators between
        offset = layer_offset(proof.zero_point, proof.shift)
        wrong = np.clip((offset + (ends * found[channel] >> 32)) >> proof.shift, CODE_LOW, CODE_HIGH) - CODE_LOW
        codes[channel, wrong[0] : wrong[1] + 1] = True
    return Suspects(found, codes)


def fewest_wrong(threshold: Int64, zero_point: int, low: Int64, high: Int64, shift: int) -> Int64:
    """[C]: a multiplier that violates few of the conditions of `bounds`.

    A violated one makes a code suspect, -128 and 127 more often than others: saturated codes are common.
    """
    least, most, weight = [], [], []
    for at_least, lower, upper in bounds(threshold, zero_point, low, high, shift):
        least.append(lower)
        most.append(upper)
        wrong = CODES[1:] - at_least
        weight.append(np.where((wrong == CODE_LOW) | (wrong == CODE_HIGH), 16, 1))
    weights = np.concatenate(weight)
    found = []
    for lower, upper in zip(np.concatenate(least, axis=1), np.concatenate(most, axis=1), strict=True):
        candidates = np.unique(np.clip(np.concatenate([lower, upper]), 1, MULTIPLIER_END - 1))
        up, down = np.argsort(lower), np.argsort(upper)
        below = np.append(0, np.cumsum(weights[up]))[np.searchsorted(lower[up], candidates, "right")]
        above = np.append(0, np.cumsum(weights[down]))[np.searchsorted(upper[down], candidates, "left")]
        found.append(candidates[np.argmin(above - below)])
    return np.array(found, np.int64)


# ---------------------------------------------------------------- moving scales


class MovedScales(NamedTuple):
    """weight_scale float32[C]; moved int64[C] in units in the last place; the proof for the moved scales."""

    weight_scale: Float32
    moved: Int64
    proof: ProvedRequantization


@dataclass(frozen=True, eq=False)
class Movable:
    """A layer's weight scales [C], the accumulators its proofs must hold for, and the scales around it."""

    input_scale: Float32
    weight_scale: Float32
    output_scale: Float32
    zero_point: int
    low: Int64
    high: Int64

    def only(self, these: NDArray[np.intp]) -> "Movable":
        """The layer with some of its channels."""
        weights, low, high = self.weight_scale[these], self.low[these], self.high[these]
        return Movable(self.input_scale, weights, self.output_scale, self.zero_point, low, high)

    def scale(self, weight_scale: Float32) -> Float32:
        return requantize_scale(self.input_scale, weight_scale, self.output_scale)

    def beyond(self, shift: int) -> NDArray[np.bool_]:
        """bool[C]: the multiplier, near scale * 2**(32 + shift), does not fit; no use in moving such a scale."""
        return np.asarray(self.scale(self.weight_scale).astype(np.float64) * 2.0 ** (32 + shift) >= MULTIPLIER_END)

    def moved(self, ulps: Int64, multiplier: Int64, shift: int) -> MovedScales:
        weights = np.where(ulps != 0, add_ulps(self.weight_scale, ulps), self.weight_scale)
        return MovedScales(weights, ulps, proved(multiplier, self.scale(weights), self.zero_point, shift))


def add_ulps(values: Float32, ulps: Int64) -> Float32:
    """Positive float32 numbers moved by that many units in the last place; they stay positive, normal and finite."""
    bits = values.view(np.int32).astype(np.int64) + ulps
    moved: Float32 = np.clip(bits, 0x00800000, 0x7F7FFFFF).astype(np.int32).view(np.float32)
    return moved


def move_scales(
    input_scale: ArrayLike,
    weight_scale: ArrayLike,
    output_scale: ArrayLike,
    zero_point: int,
    low: ArrayLike,
    high: ArrayLike,
    limit: int = 1000,
    shift: int | None = None,
) -> MovedScales:
    """For each channel the float32 weight scale nearest to weight_scale [C] that has a proof on [low, high].

    One shift for the layer: 3, unless another leaves fewer channels without proof. Those keep their scale. The range
    belongs to a bias, and the bias code to the scale: who moves scales makes the bias anew, and asks again.
    """
    weights, first, last = channels(weight_scale, low, high)
    sx, sy = np.asarray(input_scale, np.float32), np.asarray(output_scale, np.float32)
    layer = Movable(sx, weights, sy, zero_point, first, last)
    preferred = SHIFTS[0] if shift is None else shift
    multiplier, ulps = search(layer, (preferred,), limit)
    best = layer.moved(ulps[0], multiplier[0], preferred)
    if best.proof.unproved and shift is None:
        unproved = np.flatnonzero(multiplier[0] == 0)
        found, _ = search(layer.only(unproved), SHIFTS[1:], limit)
        lost = [int(np.count_nonzero(layer.beyond(other) & (multiplier[0] != 0))) for other in SHIFTS[1:]]
        gain = np.count_nonzero(found, axis=1) - np.array(lost)
        for i in np.argsort(-gain, kind="stable"):
            if gain[i] <= 0 or best.proof.unproved == 0:
                break
            other = SHIFTS[1:][i]
            multipliers_found, ulps = search(layer, (other,), limit)
            tried = layer.moved(ulps[0], multipliers_found[0], other)
            if tried.proof.unproved < best.proof.unproved:
                best = tried
    return best


def search(layer: Movable, shifts: tuple[int, ...], limit: int) -> tuple[Int64, Int64]:
    """(multiplier, ulps), int64[shifts, C] each: the nearest scale with a proof, many tried at once; 0, 0 for none."""
    size = len(shifts), len(layer.weight_scale)
    multiplier, ulps = np.zeros(size, np.int64), np.zeros(size, np.int64)
    beyond = np.stack([layer.beyond(shift) for shift in shifts])
    order = np.array([0] + [side * step for step in range(1, limit + 1) for side in (1, -1)], np.int64)
    tried, count, tries = 0, 1, MOST_TRIES // len(shifts)
    while tried < len(order):
        unproved = np.flatnonzero(((multiplier == 0) & ~(beyond & (tried > 0))).any(axis=0))
        if tried and len(unproved):
            count = min(count, tries // len(unproved))
            tries -= count * len(unproved)
        if count == 0 or not len(unproved):
            break
        block = order[tried : tried + count]
        tried, count = tried + count, 8 if tried == 0 else count * 4
        per_batch = max(1, BATCH // (len(block) * 255))
        for start in range(0, len(unproved), per_batch):
            these = unproved[start : start + per_batch]
            weights = np.repeat(layer.weight_scale[these], len(block))
            moves = np.tile(block, len(these))
            scale = layer.scale(np.where(moves != 0, add_ulps(weights, moves), weights))
            low, high = np.repeat(layer.low[these], len(block)), np.repeat(layer.high[these], len(block))
            steps = thresholds(scale, layer.zero_point, low, high)
            for i, shift in enumerate(shifts):
                found = multipliers(steps, layer.zero_point, low, high, shift).reshape(len(these), len(block))
                nearest = (found != 0).argmax(axis=1)
                value = found[np.arange(len(these)), nearest]
                new = (multiplier[i, these] == 0) & (value != 0)
                multiplier[i, these[new]] = value[new]
                ulps[i, these[new]] = block[nearest[new]]
    return multiplier, ulps


# ---------------------------------------------------------------- average


@dataclass(frozen=True, eq=False)
class AverageForm:
    """The mean of `count` codes by their sum: v = sum * multiplier + constant, the code is clamp(v >> shift).

    Multiplier and constant are those of count - least. For sums with v within `guard` of a multiple of 2**shift another
    code may be right; with a guard of 0 there are none.
    """

    least: int
    multiplier: Int32  # [counts]
    constant: Int32  # [counts]
    shift: int
    guard: int

    def apply(self, total: ArrayLike, count: int) -> tuple[Int8, NDArray[np.bool_]]:
        """(codes, which of them are in doubt) of sums of `count` codes."""
        i = count - self.least
        v = np.asarray(total).astype(np.int64) * int(self.multiplier[i]) + int(self.constant[i])
        doubt = ((v + self.guard) & ((1 << self.shift) - 1)) < 2 * self.guard
        return saturate(v >> self.shift, 0), np.asarray(doubt)


MOST_AVERAGED = 10_000  # codes of a mean whose sums are all tried


def prove_average(
    counts: frozenset[int],
    input_scale: float,
    input_zero_point: int,
    output_scale: float,
    output_zero_point: int,
    offset: int = 0,
) -> AverageForm | None:
    """A form that equals onnxruntime's float32 steps for every sum of each number of codes in `counts`, or None.

    onnxruntime's sum depends on the order of the codes. It lies within `average_error` of the exact one; where both
    ends of that interval have one code, that is the code.
    """
    least, most = min(counts), max(counts)
    ratio = float(np.float32(input_scale)) / float(np.float32(output_scale))
    biggest = 256 * ratio + abs(output_zero_point) + 3
    shift = min(24, math.floor(math.log2((2**31 - 2) / biggest))) if ratio > 0 else 0
    if least < 1 or most > MOST_AVERAGED or shift < 8 or not 2.0**-60 < input_scale < 2.0**60:
        return None
    half = 1 << (shift - 1)
    multiplier = np.array([round(ratio / count * 2.0**shift) for count in range(least, most + 1)])
    trials, least_constant, most_constant, certain = [], [], [], True
    for count in sorted(counts):
        total = np.arange(count * (CODE_LOW - input_zero_point), count * (CODE_HIGH - input_zero_point) + 1)
        error = average_error(count, input_scale, input_zero_point)
        below, above = (
            average_code(np.float32(input_scale) * (total + side), count, output_scale, output_zero_point, offset)
            for side in (-error, error)
        )
        products, codes, sure = total * multiplier[count - least], below.astype(np.int64), below == above
        low, high = limits(codes, shift, False)
        least_constant.append((low - products).max())
        most_constant.append((high - products).min())
        trials.append((products, codes, sure))
        certain = certain and bool(sure.all())
    lowest, highest = np.max(least_constant), np.min(most_constant)
    middle, guard = int(between(np.asarray(lowest), np.asarray(highest))), 0
    if lowest > highest or not certain:
        middle, guard = (output_zero_point << shift) + half, 1
        for products, codes, sure in trials:
            v = products + middle
            wrong = ~sure | (np.clip(v >> shift, CODE_LOW, CODE_HIGH) != codes)
            beyond = v[wrong] & ((1 << shift) - 1)
            guard = max(guard, int(np.minimum(beyond + 1, (1 << shift) - beyond).max(initial=1)))
    constant = middle - np.arange(least, most + 1) * input_zero_point * multiplier
    largest = 128 * np.arange(least, most + 1) * multiplier + np.abs(constant) + guard
    if guard > half // 2 or largest.max() >= ACCUMULATOR_END:
        return None
    return AverageForm(least, multiplier.astype(np.int32), constant.astype(np.int32), shift, guard)


def average_least_errors(
    form: AverageForm,
    input_scale: float,
    input_zero_point: int,
    output_scale: float,
    output_zero_point: int,
    offset: int = 0,
) -> NDArray[np.int16] | None:
    """[255]: a sum of `form.least` codes in doubt is code k, from -127 on, where float32 adds that much, else k - 1.

    What float32 adds to an exact sum is counted in units of the last of the 24 bits of the scale. For each sum in
    doubt, bisection on `average_code` finds the least float32 sum with code k. None where one code has several such
    sums, or another code may come out, by the most that all roundings can add.
    """
    count, scale = form.least, float(np.float32(input_scale))
    significand = scale_significand(scale)
    reach = max(CODE_HIGH - input_zero_point, input_zero_point - CODE_LOW)
    gone = [(j * reach * significand + (1 << 15) >> 24).bit_length() for j in range(count + 1)]  # bits of sums of j
    most = sum(1 << bits >> 1 for bits in (*gone, *[gone[1]] * count))  # half of the last bit each
    total = np.arange(count * CODE_LOW, count * CODE_HIGH + 1)
    v = total * int(form.multiplier[0]) + int(form.constant[0])
    codes = (v + form.guard) >> form.shift
    wanted = form.apply(total, count)[1] & (codes > CODE_LOW) & (codes <= CODE_HIGH)
    exact, codes = (total[wanted] - count * input_zero_point) * significand, codes[wanted]
    if len(np.unique(codes)) < len(codes) or most >= (1 << 15) - 1:
        return None

    def code_of(error: Int64) -> Int64:
        sums = (exact + error) * (scale / significand)
        return average_code(sums, count, output_scale, output_zero_point, offset).astype(np.int64)

    low, high = np.full(len(codes), -most - 1), np.full(len(codes), most + 1)
    if (code_of(low) < codes - 1).any() or (code_of(high) > codes).any():
        return None
    while (high - low > 1).any():
        middle = (low + high) >> 1
        reached = code_of(middle) >= codes
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    found = np.zeros(CODE_HIGH - CODE_LOW, np.int16)
    found[codes + CODE_HIGH] = high
    return found


def scale_significand(scale: float) -> int:
    """The 24 bits of a float32."""
    return int(math.frexp(float(np.float32(scale)))[0] * 2.0**24)


def average_error(count: int, input_scale: float, input_zero_point: int) -> float:
    """How far a float32 sum of `count` dequantized codes is from the exact one at most, in units of the scale.

    Rounding errors of at most 2**-24 of each product and of each partial sum; none where all of them are exact.
    """
    reach = max(CODE_HIGH - input_zero_point, input_zero_point - CODE_LOW)
    significand = scale_significand(input_scale)
    if significand // (significand & -significand) * reach * count < 1 << 24:
        return 0.0
    return 1.001 * 2.0**-24 * reach * (count + count * (count + 1) / 2)


# ---------------------------------------------------------------- resize


@dataclass(frozen=True, eq=False)
class ResizeForm:
    """Linear resizing by integers: v = offset + the sum of ((row * column) >> 32) * (x - zx), the code v >> shift.

    Where v is within `guard` of a multiple of 2**shift another code may be right.
    """

    rows: Int32  # [outputs, 2]
    columns: Int32  # [outputs, 2]
    shift: int
    guard: int
    offset: int


ROW_BITS = 30  # of the factors of rows: weights are at most 1


def prove_resize(
    row_weights: ArrayLike,
    column_weights: ArrayLike,
    input_scale: float,
    input_zero_point: int,
    output_scale: float,
    output_zero_point: int,
) -> ResizeForm | None:
    """The form for weights [outputs, 1 or 2] along each axis, between 0 and 1; None where too many codes are in doubt.

    The exact result in codes differs from v / 2**shift by what rounding and >> take from each weight, and from
    onnxruntime's by a rounding of 2**-24 for each product of weights, code times scale, product of both, partial sum,
    and the division. The guard is the sum of both.
    """
    rows, columns = (np.asarray(weights, np.float64) for weights in (row_weights, column_weights))
    ratio = float(np.float32(input_scale)) / float(np.float32(output_scale))
    if min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) > 1:
        return None
    if not all(2.0**-60 < scale < 2.0**60 for scale in (input_scale, output_scale)):
        return None
    reach = max(CODE_HIGH - input_zero_point, input_zero_point - CODE_LOW)
    most = float(rows.sum(1).max() * columns.sum(1).max())  # the weights of an output value
    largest = (1.01 * reach + 128) * ratio * most + abs(output_zero_point) + 2
    shift = min(22, math.floor(math.log2((2**31 - 2) / largest)), math.floor(math.log2(2**31 / ratio)) - 3)
    if shift < 8:
        return None
    taps = rows.shape[1] * columns.shape[1]
    integers = taps * reach * 1.5
    floats = 1.01 * 2.0**-24 * (3 + taps) * most * reach * ratio
    guard = math.ceil(integers + floats * 2.0**shift) + 1
    if guard > 1 << (shift - 4):
        return None
    offset = (output_zero_point << shift) + (1 << (shift - 1))
    factors = np.rint(rows * 2.0**ROW_BITS), np.rint(columns * ratio * 2.0 ** (shift + 32 - ROW_BITS))
    both = [np.pad(values, ((0, 0), (0, 2 - values.shape[1]))).astype(np.int32) for values in factors]
    return ResizeForm(both[0], both[1], shift, guard, offset)


# ---------------------------------------------------------------- addition


@dataclass(frozen=True)
class AddScales:
    """Scales and zero points of a QLinearAdd: a, b and its output."""

    a_scale: float
    a_zero_point: int
    b_scale: float
    b_zero_point: int
    output_scale: float
    output_zero_point: int
    offset: int = 0  # what the codes and zero points of the formula are more than these: 128 for uint8

    def swapped(self) -> "AddScales":
        """Of b + a."""
        return AddScales(
            self.b_scale,
            self.b_zero_point,
            self.a_scale,
            self.a_zero_point,
            self.output_scale,
            self.output_zero_point,
            self.offset,
        )

    @property
    def ratios(self) -> tuple[np.float32, np.float32, np.float32]:
        """(a_ratio, b_ratio, fixed_part): sa / sy, sb / sy, and zy - fma(za, sa / sy, float32(sb / sy * zb))."""
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            a_ratio = np.float32(self.a_scale) / np.float32(self.output_scale)
            b_ratio = np.float32(self.b_scale) / np.float32(self.output_scale)
            a_zero, b_zero, zero = (
                np.float32(zero_point + self.offset)
                for zero_point in (self.a_zero_point, self.b_zero_point, self.output_zero_point)
            )
            fixed_part = np.float32(zero - fma32(a_zero, a_ratio, b_ratio * b_zero))
            largest = 255 * (a_ratio + b_ratio) + abs(fixed_part)
        check_ratio(largest, f"({self.a_scale:g}, {self.b_scale:g}) / {self.output_scale:g}", ACCUMULATOR_END)
        return a_ratio, b_ratio, fixed_part


def add_swaps(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> bool:
    """True where onnxruntime computes b + a: where a has one element for a whole row of b, or both are one element.

    The innermost axis that is longer than 1 decides. The two differ, rarely, in float32 rounding.
    """
    rank = max(len(a_shape), len(b_shape))
    a, b = (1,) * (rank - len(a_shape)) + a_shape, (1,) * (rank - len(b_shape)) + b_shape
    for a_size, b_size in zip(reversed(a), reversed(b), strict=True):
        if a_size > 1 or b_size > 1:
            return a_size == 1
    return True


def add_reference(a: ArrayLike, b: ArrayLike, scales: AddScales) -> Int8:
    """QLinearAdd of codes that broadcast: fma(a, sa / sy, fma(b, sb / sy, fixed part)), rounded half to even.

    Where `add_swaps` says so, swap the operands and the scales first.
    """
    a_ratio, b_ratio, fixed_part = scales.ratios
    first, second = ((np.asarray(v).astype(np.int32) + scales.offset).astype(np.float32) for v in (a, b))
    total = fma32(first, a_ratio, fma32(second, b_ratio, fixed_part))
    return saturate(np.rint(total), -scales.offset)


@dataclass(frozen=True, eq=False)
class AddForm:
    """An addition of codes that equals `add_reference` for all 65,536 pairs; where `swapped`, call it with (b, a).

    linear  v = a * a_multiplier + b * b_multiplier + constant    in int32, nothing overflows in any order of summing
    table   v = a * a_multiplier + table[b + 128]                 likewise, int32[256]
            code = clamp(v >> shift), and with half_even: clamp((v + ((v >> shift) & 1)) >> shift)
    float   code = clamp(round_half_even((float)((double)(a + offset) * a_ratio + partial[b + 128])) - offset)
            float32[256]; plain double arithmetic stands for fma; `exact` is False should that not hold for all pairs
    """

    kind: Literal["linear", "table", "float"]
    a_multiplier: int = 0
    b_multiplier: int = 0
    constant: int = 0
    shift: int = 0
    half_even: bool = False
    swapped: bool = False
    table: Int32 | None = None
    a_ratio: float = 0.0
    partial: Float32 | None = None
    offset: int = 0
    exact: bool = True

    def apply(self, a: ArrayLike, b: ArrayLike) -> Int8:
        """Codes to codes as C does it; they broadcast."""
        first, second = (np.asarray(v).astype(np.int64) for v in ((b, a) if self.swapped else (a, b)))
        if self.kind == "float":
            assert self.partial is not None
            total = (first + self.offset) * self.a_ratio + self.partial.astype(np.float64)[second - CODE_LOW]
            return saturate(np.rint(total.astype(np.float32)), -self.offset)
        if self.kind == "table":
            assert self.table is not None
            value = first * self.a_multiplier + self.table.astype(np.int64)[second - CODE_LOW]
        else:
            value = first * self.a_multiplier + second * self.b_multiplier + self.constant
        if self.half_even:
            value = value + ((value >> self.shift) & 1)
        return saturate(value >> self.shift, 0)


def prove_add(scales: AddScales) -> AddForm:
    """The cheapest form that equals `add_reference` for all 65,536 pairs: linear, then a table, then float."""
    codes = add_reference(CODES[:, None], CODES[None, :], scales).astype(np.int64)  # [a, b]
    a_ratio, b_ratio, fixed_part = (float(v) for v in scales.ratios)
    of_file, offset = (CODES + scales.offset).astype(np.float32), scales.offset
    partial = fma32(of_file, np.float32(b_ratio), np.float32(fixed_part))
    fixed_part += offset * (a_ratio + b_ratio - 1)
    biggest = 128 * (a_ratio + b_ratio) + abs(fixed_part) + 2
    shift = min(24, math.floor(math.log2((2**31 - 2) / biggest)))
    for form in integer_forms(codes, a_ratio, b_ratio, fixed_part, shift) if shift >= 1 else ():
        if (form.apply(CODES[:, None], CODES[None, :]) == codes).all():
            return form
    form = AddForm("float", a_ratio=a_ratio, partial=partial, offset=offset)
    exact = bool((form.apply(CODES[:, None], CODES[None, :]) == codes).all())
    return replace(form, exact=exact)


def integer_forms(codes: Int64, a_ratio: float, b_ratio: float, fixed_part: float, shift: int) -> Iterator[AddForm]:
    """Forms whose intervals of constants are not empty, cheapest first."""
    for search_slopes in (False, True):
        slopes = best_slopes(codes, a_ratio, b_ratio, fixed_part) if search_slopes else (a_ratio, b_ratio)
        for half_even in (False, True):
            form = linear_form(codes, *slopes, shift, half_even)
            if form is not None:
                yield form
    for half_even in (False, True):
        for swapped, slope in ((False, a_ratio), (True, b_ratio)):
            form = table_form(codes.T if swapped else codes, slope, shift, half_even, swapped)
            if form is not None:
                yield form


def limits(codes: Int64, shift: int, half_even: bool) -> tuple[Int64, Int64]:
    """[..., ...]: least and greatest v that an AddForm takes to each code; -128 has no least, 127 no greatest.

    With half_even the last v before an odd code's end goes up: to the even code above.
    """
    none = np.int64(1) << 50
    odd = codes & 1
    least = (codes << shift) - (half_even * (1 - odd))
    greatest = ((codes + 1) << shift) - 1 - half_even * odd
    return np.where(codes > CODE_LOW, least, -none), np.where(codes < CODE_HIGH, greatest, none)


def between(least: Int64, greatest: Int64) -> Int64:
    """The middle, or the finite end where the other is none."""
    middle = (least + greatest) >> 1
    return np.where(np.abs(least) >> 45 != 0, greatest, np.where(np.abs(greatest) >> 45 != 0, least, middle))


def linear_form(codes: Int64, a_slope: float, b_slope: float, shift: int, half_even: bool) -> AddForm | None:
    """Multipliers next to the slopes, the middle of the constants that all pairs [a, b] allow; None if none does."""
    least, greatest = limits(codes, shift, half_even)
    a_near, b_near = round(a_slope * 2.0**shift), round(b_slope * 2.0**shift)
    for a_step, b_step in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, -1), (-1, 1), (1, 1), (-1, -1)):
        a_multiplier, b_multiplier = a_near + a_step, b_near + b_step
        sums = CODES[:, None] * a_multiplier + CODES[None, :] * b_multiplier
        low, high = (least - sums).max(), (greatest - sums).min()
        constant = int(between(low, high))
        biggest = 128 * (abs(a_multiplier) + abs(b_multiplier)) + abs(constant) + 1
        if low <= high and biggest < ACCUMULATOR_END:
            return AddForm("linear", a_multiplier, b_multiplier, constant, shift, half_even)
    return None


def table_form(codes: Int64, slope: float, shift: int, half_even: bool, swapped: bool) -> AddForm | None:
    """A multiplier near the slope, and for each b the middle of the constants that all a allow; None if none does.

    The narrowest of the 256 intervals is a concave function of the multiplier, so bisection finds its best.
    """
    least, greatest = limits(codes, shift, half_even)

    def intervals(multiplier: int) -> tuple[Int64, Int64]:
        products = CODES[:, None] * multiplier
        return (least - products).max(axis=0), (greatest - products).min(axis=0)

    def narrowest(multiplier: int) -> int:
        low, high = intervals(multiplier)
        return int((high - low).min())

    first, last = round(slope * 2.0**shift) - 256, round(slope * 2.0**shift) + 256
    while first < last:
        middle = (first + last) >> 1
        if narrowest(middle) < narrowest(middle + 1):
            first = middle + 1
        else:
            last = middle
    low, high = intervals(first)
    table = between(low, high)
    biggest = 128 * abs(first) + int(np.abs(table).max()) + 1
    if (low > high).any() or biggest >= ACCUMULATOR_END:
        return None
    return AddForm("table", first, 0, 0, shift, half_even, swapped, table.astype(np.int32))


def best_slopes(codes: Int64, a_ratio: float, b_ratio: float, fixed_part: float) -> tuple[float, float]:
    """Real slopes near the ratios that leave the widest interval of constants, from the pairs next to a step.

    That width is a concave function of the slopes: two nested searches.
    """
    a, b = (v.ravel().astype(np.float64) for v in np.meshgrid(CODES, CODES, indexing="ij"))
    code = codes.ravel().astype(np.float64)
    distance = np.abs(a * a_ratio + b * b_ratio + fixed_part - code)
    near = np.abs(distance - 0.5) < 2.0**-6
    above, below = near & (code > CODE_LOW), near & (code < CODE_HIGH)
    if not above.any() or not below.any():
        return a_ratio, b_ratio
    a_low, b_low, low = a[above], b[above], code[above] - 0.5
    a_high, b_high, high = a[below], b[below], code[below] + 0.5

    def best_b(a_slope: float) -> tuple[float, float]:
        least, greatest = low - a_low * a_slope, high - a_high * a_slope
        start, end = b_ratio - 2.0**-15, b_ratio + 2.0**-15
        for _ in range(24):
            left, right = start + (end - start) / 3, end - (end - start) / 3
            left_width = (greatest - b_high * left).min() - (least - b_low * left).max()
            right_width = (greatest - b_high * right).min() - (least - b_low * right).max()
            start, end = (left, end) if left_width < right_width else (start, right)
        return float(max(left_width, right_width)), start

    start, end = a_ratio - 2.0**-15, a_ratio + 2.0**-15
    for _ in range(24):
        left, right = start + (end - start) / 3, end - (end - start) / 3
        start, end = (left, end) if best_b(left)[0] < best_b(right)[0] else (start, right)
    return start, best_b(start)[1]
