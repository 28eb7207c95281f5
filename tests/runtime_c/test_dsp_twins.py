"""Kernels for Armv7E-M, Armv7-M and Armv6-M against the float32 formula: their plain C twins, on the packed layers."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx.parser
import pytest

from bittwin.emulation import host_files
from bittwin_cgen import generate
from bittwin_cgen.emit.literals import C_TYPES, Initializers, array_body
from bittwin_cgen.fixed_point import accumulator_range, add_reference, move_scales, requantize, requantize_scale
from bittwin_cgen.ir import Array, Call, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.ops import conv2d
from bittwin_cgen.ops.add import Add, _scales
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import TARGETS

GUARD = 64
MEMORY = 1 << 16  # bytes of input of one case, at most
CORES = {
    "dsp": "cortex-m4",
    "armv7m": "cortex-m3",
    "armv6m": "cortex-m0",
}  # that the cases of an instruction set are for
TARGET = TARGETS["cortex-m4"]


@dataclass(frozen=True, eq=False)
class DspCase:
    """A layer, its input as the kernel reads it (rows with their padding), and what has to come out."""

    title: str
    call: Call
    inputs: tuple[Array, ...]  # int8 [rows, bytes of a row]
    expected: Array  # int8 [rows, bytes of a row]


def lowered(op: Op, inputs: tuple[TensorType, ...], output: TensorType, symbol: str) -> Call:
    names = tuple(f"x{i}" for i in range(len(inputs)))
    # by the kernel of that name, also where another one comes first or is faster
    rows = [replace(row, accepts=lambda layer: None) for row in conv2d.KERNELS if row.symbol == symbol]
    target = TARGETS[CORES[rows[0].isa]] if rows else TARGET
    rows = rows or conv2d.KERNELS
    with patch.object(conv2d, "KERNELS", rows):
        call = op.lower(Layer(Node("case", op, names, "y"), inputs, output, target, whole=True))
    assert call.kernel.symbol == symbol, (call.kernel.symbol, call.refused)
    return call


@dataclass(frozen=True)
class Shape:
    """Of a random convolution."""

    channels: int
    outputs: int
    kernel: tuple[int, int]
    width: int
    height: int = 2
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    largest: int = 127  # weight


def random_codes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Any codes, mostly at the ends, or all the same."""
    values = rng.integers(-128, 128, shape)
    kind = rng.integers(4)
    if kind == 0:
        values = rng.choice([-128, 127], shape)
    if kind == 1:
        values = np.full(shape, rng.choice([-128, 127]))
    return values.astype(np.int8)


def output_scale(acc: Array, weight: Array, rng: np.random.Generator) -> float:
    """So that codes spread over the range and saturate at times."""
    usual = 70 * float(np.sqrt((weight.astype(np.float64) ** 2).sum(axis=(1, 2, 3)).max()))
    return float(np.float32(max(usual, float(acc.std())) / rng.uniform(10, 120)))


def convolution(rng: np.random.Generator, shape: Shape, symbol: str, spoil: Callable[[Array], Array] | None) -> DspCase:
    """A convolution with random weights; `spoil` changes the scales, which otherwise all have proofs."""
    while True:
        try:
            case = _convolution(rng, shape, symbol, spoil)
        except ValueError:  # a shift above that of the assembler, which selection refuses
            assert spoil or "winograd" in symbol
            continue
        unproved = spoil is None and case.call.notes  # few large scales cannot be moved to where there is a proof
        other_shift = ("armv7m_compact" in symbol or "3x3_s8_armv6m" in symbol) and shift_of(
            case.call.layer
        ) != 3  # selection refuses these
        if not unproved and not other_shift:
            return case


def shift_of(layer: Struct | None) -> int:
    """The shift in the struct of a layer, or in its taps."""
    assert layer is not None
    taps = layer.fields.get("taps", layer)
    assert isinstance(taps, Struct)
    shift = taps.fields["shift"]
    assert isinstance(shift, int)
    return shift


def _convolution(
    rng: np.random.Generator, shape: Shape, symbol: str, spoil: Callable[[Array], Array] | None
) -> DspCase:
    weight = random_codes(rng, (shape.outputs, shape.channels // shape.groups, *shape.kernel))
    weight = np.clip(weight, -shape.largest, shape.largest)
    if "_dsp" not in symbol and "_compact" not in symbol:  # blocks of small weights, and so other shifts
        quiet = np.repeat(rng.choice([1, 3], -(-shape.outputs // 4)), 4)[: shape.outputs]
        weight = (weight / quiet[:, None, None, None]).astype(np.int8)
    if spoil:  # sums so small that many are ties
        weight[1::2] = np.clip(weight[1::2], -1, 1)
    x = random_codes(rng, (shape.channels, shape.height, shape.width))
    zero, output_zero = (int(v) for v in rng.choice([-128, 127, 0, -3, 77], 2))
    top, left, bottom, right = shape.padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right)), constant_values=zero).astype(np.int64) - zero
    reach = [(k - 1) * d + 1 for k, d in zip(shape.kernel, shape.dilation, strict=True)]
    oh, ow = ((padded.shape[1 + i] - reach[i]) // shape.stride[i] + 1 for i in (0, 1))
    acc = np.zeros((shape.outputs, oh, ow), np.int64)
    bias = rng.integers(-2000, 2000, shape.outputs)
    size = shape.channels // shape.groups
    for oc in range(shape.outputs):
        first = oc // (shape.outputs // shape.groups) * size
        for ky in range(shape.kernel[0]):
            for kx in range(shape.kernel[1]):
                y0, x0 = ky * shape.dilation[0], kx * shape.dilation[1]
                rows = slice(y0, y0 + (oh - 1) * shape.stride[0] + 1, shape.stride[0])
                columns = slice(x0, x0 + (ow - 1) * shape.stride[1] + 1, shape.stride[1])
                tap = padded[first : first + size, rows, columns]
                acc[oc] += (tap * weight[oc, :, ky, kx].astype(np.int64)[:, None, None]).sum(0)
        acc[oc] += bias[oc]
    scale = (rng.uniform(0.5, 1.5, shape.outputs) / 64).astype(np.float32)
    y_scale = output_scale(acc, weight, rng) / 64
    y_scale = float(2.0 ** np.round(np.log2(y_scale))) if spoil else y_scale
    flat = weight.reshape(len(weight), -1)
    low, high, _ = accumulator_range(flat, bias - zero * flat.astype(np.int64).sum(1))
    scale = move_scales(1.0, scale, y_scale, output_zero, low, high).weight_scale
    if spoil:
        scale = spoil(scale)
    factor = requantize_scale(1.0, scale, y_scale)
    expected = requantize(acc, factor[:, None, None], output_zero)
    x_type = TensorType((1, *x.shape), "int8", Quantization(1.0, zero))
    y_type = TensorType((1, *acc.shape), "int8", Quantization(y_scale, output_zero))
    op = Conv2d(
        weight, bias.astype(np.int32), shape.stride, shape.dilation, shape.padding, shape.groups,
        outside=float(zero), weight_scale=scale,
    )  # fmt: skip
    call = lowered(op, (x_type,), y_type, symbol)
    image = (padded + zero).astype(np.int8).transpose(1, 2, 0)
    used = (ow - 1) * shape.stride[1] + reach[1]  # columns that a kernel may read
    rows = np.ascontiguousarray(image if call.kernel.form == "pixels" else image[:, :used])
    return DspCase(
        f"{symbol} {shape}", call, (rows.reshape(len(rows), -1),), expected.transpose(1, 2, 0).reshape(oh, -1)
    )


def spoiled(scale: Array) -> Array:
    """One scale so small that no multiplier gives it back, and every other a power of two: exact ties."""
    scale = scale.copy()
    scale[0] *= np.float32(2.0**-19)
    scale[1::2] = 2.0 ** np.round(np.log2(16 * scale[1::2]))
    return scale


def addition(rng: np.random.Generator, channels: int, pixels: int) -> DspCase:
    while True:
        a, b, y = (float(np.float32(v)) for v in rng.uniform(0.01, 0.05, 3))
        zeros = [int(v) for v in rng.integers(-128, 128, 3)]
        types = [
            TensorType((1, channels, 1, pixels), "int8", Quantization(s, z))
            for s, z in zip((a, b, y), zeros, strict=True)
        ]
        values = [random_codes(rng, (pixels, channels)) for _ in range(2)]
        expected = add_reference(*values, _scales(types[:2], types[2]))
        call = Add().lower(Layer(Node("case", Add(), ("a", "b"), "y"), tuple(types[:2]), types[2], TARGET))
        if call.kernel.symbol == "btw_add_s8_armv7m":
            ordered = tuple(values[i].reshape(1, -1) for i in call.order or (0, 1))
            return DspCase(f"add {channels} x {pixels}", call, ordered, expected.reshape(1, -1))


def pool(rng: np.random.Generator, channels: int, height: int, width: int) -> DspCase:
    x = random_codes(rng, (height, width, channels))
    x_type = TensorType(
        (1, channels, height, width), "int8", Quantization(float(np.float32(0.02)), int(rng.integers(-128, 128)))
    )
    y_scale = float(np.float32(rng.uniform(0.002, 0.02)))
    y_type = TensorType((1, channels, 1, 1), "int8", Quantization(y_scale, int(rng.integers(-128, 128))))
    op = GlobalAveragePool()
    call = lowered(op, (x_type,), y_type, "btw_global_average_pool_s8_dsp")
    expected = op.interpret([x.transpose(2, 0, 1)[None]], [x_type], y_type)
    return DspCase(f"pool {x.shape}", call, (x.reshape(height, -1),), expected.reshape(1, -1))


@cache
def cases(kind: str) -> tuple[DspCase, ...]:
    """Random layers; the same in every run. A kind may begin with an instruction set other than dsp."""
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    isa = isa_of(kind)
    kind = kind.removeprefix(f"{isa}_")
    compact = "_compact" if kind.endswith("_compact") else ""
    one = (1, 1)

    def pick(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    def spoil_some(number: int) -> Callable[[Array], Array] | None:
        """Some layers have channels without a proof."""
        return spoiled if number % 3 == 0 else None

    if kind in ("linear", "linear_compact"):
        sizes = [(1, 1, 1), (3, 4, 2), (4, 1, 3), (37, 37, 1), (128, 3, 5), (33, 9, 2), (68, 12, 1), (130, 5, 4)]
        sizes += [(pick(1, 70), pick(1, 37), pick(1, 9)) for _ in range(30)]
        shapes = [Shape(ic, oc, one, ow, 1) for ic, oc, ow in sizes]
        if not compact:
            shapes += [Shape(ic, 5, one, 2, 1, largest=3) for ic in (1, 2, 4)]  # of large scales
        symbol = f"btw_linear_s8_{isa}{compact}"
        return tuple(convolution(rng, shape, symbol, spoil_some(i)) for i, shape in enumerate(shapes))
    if kind in ("conv2d", "conv2d_compact", "conv2d_float"):
        symbol = "btw_conv2d_s8_dsp_float" if kind == "conv2d_float" else f"btw_conv2d_s8_{isa}{compact}"
        shapes = [
            Shape(1, 8, (10, 4), 12, 12, (2, 2)),
            Shape(16, 16, (3, 3), 7, 4, padding=(1, 1, 1, 1)),
            Shape(5, 6, (5, 5), 9, 6, (2, 1), (1, 1), (2, 2, 2, 2)),
            Shape(3, 2, (3, 3), 5, 5),
            Shape(4, 3, (3, 3), 9, 9, one, (2, 3), (1, 2, 1, 2)),
            Shape(2, 5, (1, 7), 8, 1),
            Shape(17, 4, (2, 2), 2, 2),
            Shape(6, 9, one, 5, 3, (2, 2)),
        ]
        while len(shapes) < 30:
            kernel, dilation = (pick(1, 4), pick(1, 5)), (pick(1, 2), pick(1, 3))
            if kernel == one:
                continue
            reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
            pads = (pick(0, 1), pick(0, 2), pick(0, 1), pick(0, 2))
            height, width = reach[0] + pick(0, 2), reach[1] + pick(0, 5)
            shape = Shape(pick(1, 37), pick(1, 37), kernel, width, height, (pick(1, 2), pick(1, 3)), dilation, pads)
            if (shape.channels, *kernel) != (3, 3, 3):
                shapes.append(shape)
        spoil = (lambda i: spoiled) if kind == "conv2d_float" else spoil_some
        return tuple(convolution(rng, shape, symbol, spoil(i)) for i, shape in enumerate(shapes))
    if kind in ("conv2d_winograd", "conv2d_winograd_float"):
        pads, symbol = (1, 1, 1, 1), kind.replace("winograd", "winograd_s8_dsp")
        spoil = (lambda i: spoiled) if "float" in kind else spoil_some
        shapes = [
            Shape(16, 16, (3, 3), 16, 4, padding=pads),
            Shape(4, 4, (3, 3), 6, 4),
            Shape(5, 6, (3, 3), 5, 3, padding=pads),
            Shape(32, 8, (3, 3), 4, 2, padding=pads),
            Shape(36, 5, (3, 3), 7, 5),
            Shape(67, 9, (3, 3), 9, 4, padding=(0, 1, 1, 0)),
            Shape(84, 4, (3, 3), 7, 4, padding=pads),
        ]
        shapes += [
            Shape(pick(4, 70), pick(4, 20), (3, 3), pick(4, 12), pick(3, 6), padding=(pick(0, 1), pick(1, 2), 1, 1))
            for _ in range(3 if "float" in kind else 6)
        ]
        return tuple(convolution(rng, shape, f"btw_{symbol}", spoil(i + 1)) for i, shape in enumerate(shapes))
    if kind == "linear_float":
        sizes = [(pick(1, 70), pick(1, 37), pick(1, 9)) for _ in range(20)]
        symbol = "btw_linear_s8_dsp_float"
        return tuple(convolution(rng, Shape(ic, oc, one, ow, 1), symbol, spoiled) for ic, oc, ow in sizes)
    if kind == "conv2d_3x3x3":
        shapes = [
            Shape(3, 4 * pick(1, 6), (3, 3), pick(3, 11), 4, (pick(1, 2), s), padding=(1, 1, 1, 1))
            for s in (1, 2, 1, 2, 3, 1, 2)
        ]
        shapes.append(Shape(3, 8, (3, 3), 5, 6, one, (2, 1)))
        shapes.append(Shape(3, 24, (3, 3), 21, 9, padding=(1, 1, 1, 1)))  # so many codes that some are ties
        return tuple(
            convolution(rng, shape, "btw_conv2d_3x3x3_s8_dsp", spoil_some(i + 1)) for i, shape in enumerate(shapes)
        )
    if kind == "depthwise_3x3":
        symbol, found, fewest = f"btw_depthwise_conv2d_3x3_s8_{isa}", [], 4 if isa == "dsp" else 2
        for channels in (fewest, 5, 6, 7, 8, 13, 16, 37, *(pick(fewest, 37) for _ in range(18))):
            stride, dilation = (pick(1, 2), pick(1, 3)), (pick(1, 2), (1, 1, 1, 2)[pick(0, 3)])
            height, width = 2 * dilation[0] + pick(1, 3), 2 * dilation[1] + pick(1, 8) * (1 if isa == "dsp" else 2)
            pads = (pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 1))
            shape = Shape(channels, channels, (3, 3), width, height, stride, dilation, pads, channels)
            found.append(convolution(rng, shape, symbol, spoil_some(len(found))))
        return tuple(found)
    if kind in ("depthwise", "depthwise_float"):
        symbol, found = f"btw_depthwise_conv2d_s8_{isa}", []
        if kind == "depthwise_float":
            symbol += "_float"
        kernels = [(1, 1), (5, 5), (3, 3), (1, 3), (7, 1), (2, 2), (4, 3)] + [
            (pick(1, 5), pick(1, 5)) for _ in range(14)
        ]
        for kernel in kernels:
            channels, stride, dilation = pick(4, 37), (pick(1, 2), pick(1, 3)), (pick(1, 2), pick(1, 2))
            reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
            pads = (pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 1))
            height, width = reach[0] + pick(0, 2), reach[1] + pick(0, 5)
            shape = Shape(channels, channels, kernel, width, height, stride, dilation, pads, channels)
            found.append(convolution(rng, shape, symbol, spoiled if "float" in kind else spoil_some(len(found))))
        return tuple(found)
    if kind == "add":
        return tuple(addition(rng, pick(1, 37), pick(1, 20)) for _ in range(16))
    assert kind == "global_average_pool"
    return tuple(pool(rng, pick(1, 37), pick(1, 6), pick(1, 9)) for _ in range(16))


KINDS = (
    "linear",
    "linear_float",
    "conv2d",
    "conv2d_float",
    "conv2d_3x3x3",
    "conv2d_winograd",
    "conv2d_winograd_float",
    "depthwise",
    "depthwise_3x3",
    "depthwise_float",
    "global_average_pool",
    "linear_compact",
    "conv2d_compact",
    "armv7m_add",
    "armv7m_linear",
    "armv7m_conv2d",
    "armv7m_depthwise",
    "armv7m_depthwise_3x3",
    "armv7m_linear_compact",
    "armv7m_conv2d_compact",
    "armv6m_linear",
    "armv6m_conv2d",
    "armv6m_depthwise",
    "armv6m_depthwise_3x3",
)


def isa_of(kind: str) -> str:
    """The instruction set of the kernels of a kind."""
    return next((isa for isa in CORES if kind.startswith(f"{isa}_")), "dsp")


# What is checked: the result, and the bytes around it and around the scratch memory. `edge`, where there is one, is an
# address behind which nothing may be read: the input ends there.
CHECK = """
#define GUARD 64
uint8_t *edge;
static _Alignas(16) uint8_t inputs[2][%(memory)d], made[%(memory)d], memory[%(memory)d];

static int guarded(const uint8_t *block, int bytes)
{
    int same = 1;
    for (int i = 0; i < GUARD; i++)
        same &= block[i] == 0xa5 && block[GUARD + bytes + i] == 0xa5;
    return same;
}

static const void *given(int number, const int8_t *values, int bytes, int last)
{
    uint8_t *const at = last && edge ? edge - bytes : inputs[number] + sizeof inputs[number] - bytes;
    return memcpy(at, values, (size_t)bytes);
}

typedef void run_case(const void *a, const void *b, int8_t *y, void *scratch);

static int wrong(run_case *run, const int8_t *a, int a_bytes, const int8_t *b, int b_bytes, const int8_t *expected,
                 int bytes, int scratch_bytes)
{
    memset(made, 0xa5, sizeof made);
    memset(memory, 0xa5, sizeof memory);
    run(given(0, a, a_bytes, 1), b ? given(1, b, b_bytes, 0) : NULL, (int8_t *)made + GUARD, memory + GUARD);
    if (!guarded(made, bytes) || !guarded(memory, scratch_bytes))
        return 1;
    return memcmp(made + GUARD, expected, (size_t)bytes) != 0;
}

/* -1, or the number of the case that is wrong */
int run_cases(void);
int run_cases(void)
{
%(calls)s
    return -1;
}
"""


def write_sources(folder: Path, chosen: tuple[DspCase, ...], shared: bool, twins: bool) -> list[str]:
    """Writes run_cases for these cases with the runtime files, or twins of kernels; returns the files to compile."""
    runtime = runtime_files()
    replaced = {path.rsplit("/", 1)[1]: text for path, text in runtime.items() if path.startswith("emulate/")}
    for path, text in runtime.items():
        name = path.rsplit("/", 1)[1]
        if path.startswith("emulate/") and not (twins and path.endswith(".h")):
            continue
        target = folder / "btw" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(replaced.get(name, text) if twins else text)
    kernels = {case.call.kernel.symbol: case.call.kernel for case in chosen}
    sources = sorted(f"btw/{kernel.source.rsplit('/', 1)[1]}" for kernel in kernels.values())
    headers = sorted(f"btw/{kernel.header.rsplit('/', 1)[1]}" for kernel in kernels.values())
    arrays, functions, calls = Initializers("data"), [], []
    constants: list[str] = []
    for number, case in enumerate(chosen):
        layer = case.call.layer
        assert layer is not None
        constants.append(f"static const {layer.type} layer_{number} = {arrays.struct(f'layer_{number}', layer)};")
        functions.append(function(case, number))
        for i, values in enumerate((*case.inputs, case.expected)):
            arrays.arrays[f"values_{number}_{i}"] = np.ascontiguousarray(values).reshape(-1)
        a, b = case.inputs[0], case.inputs[1] if len(case.inputs) > 1 else None
        second = f"values_{number}_1, {b.size}" if b is not None else "NULL, 0"
        calls.append(
            f"    if (wrong(case_{number}, values_{number}_0, {a.size}, {second}, values_{number}_{len(case.inputs)}, "
            f"{case.expected.size}, {case.call.scratch}))\n        return {number};"
        )
        assert max(a.size, case.expected.size + 2 * GUARD, case.call.scratch + 2 * GUARD) <= MEMORY
    data = [
        f"static const {C_TYPES[str(values.dtype)]} {name}[{values.size}] = {{\n{array_body(values)}\n}};"
        for name, values in arrays.arrays.items()
    ]
    text = [
        "#include <stddef.h>",
        "#include <stdint.h>",
        "#include <string.h>",
        *([] if shared else ["#define BTW_INLINE_KERNELS"]),
        *[f'#include "{name}"' for name in (headers if shared else sources)],
        *data,
        *constants,
        *functions,
        CHECK % {"memory": MEMORY, "calls": "\n".join(calls)},
    ]
    (folder / "cases.c").write_text("\n".join(text))
    return ["cases.c", *(sources if shared else [])]


def function(case: DspCase, number: int) -> str:
    """The C function that runs a case."""
    kernel, window = case.call.kernel, case.call.window
    scratch = ", scratch" if kernel.scratch else ""
    a, row = case.inputs[0], case.expected.shape[1]
    head = f"static void case_{number}(const void *a, const void *b, int8_t *y, void *scratch)\n{{\n    (void)b;\n"
    head += "    (void)scratch;\n"
    if kernel.form == "rows":
        assert window is not None
        at = f"(oy * {window.stride} + ky * {window.dilation}) * {a.shape[1]}"
        body = (
            f"    const void *rows[{window.height}];\n    for (int oy = 0; oy < {len(case.expected)}; oy++) {{\n"
            f"        for (int ky = 0; ky < {window.height}; ky++)\n"
            f"            rows[ky] = (const int8_t *)a + {at};\n"
            f"        {kernel.symbol}(&layer_{number}, rows, y + oy * {row}{scratch});\n    }}\n"
        )
    elif kernel.form == "row_pairs":
        last = len(case.expected) - 2
        body = (
            f"    for (int oy = 0; oy <= {last + 1}; oy += 2) {{\n        oy = oy < {last} ? oy : {last};\n"
            f"        const void *rows[4];\n        int8_t *const two[] = {{y + oy * {row}, y + (oy + 1) * {row}}};\n"
            f"        for (int ky = 0; ky < 4; ky++)\n"
            f"            rows[ky] = (const int8_t *)a + (oy + ky) * {a.shape[1]};\n"
            f"        {kernel.symbol}(&layer_{number}, rows, two{scratch});\n    }}\n"
        )
    elif kernel.form == "reduce":
        body = (
            f"    for (int row = 0; row < {len(a)}; row++)\n"
            f"        {kernel.symbol}(&layer_{number}, (const int8_t *)a + row * {a.shape[1]}, y, row{scratch});\n"
        )
    else:
        assert case.call.layer is not None
        channels: Any = next(
            case.call.layer.fields[key]
            for key in ("output_channels", "outputs", "channels")
            if key in case.call.layer.fields
        )
        both = "a, b" if len(case.inputs) > 1 else "a"
        body = f"    {kernel.symbol}(&layer_{number}, {both}, y, {case.expected.size // channels}{scratch});\n"
    return head + body + "}\n"


@pytest.mark.parametrize("shared", [False, True], ids=["inlined", "shared"])
@pytest.mark.parametrize("kind", KINDS)
def test_twins_equal_the_float32_formula(kind: str, shared: bool, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    assert compiler
    names = write_sources(tmp_path, cases(kind), shared, twins=True)
    (tmp_path / "main.c").write_text("int run_cases(void);\nint main(void)\n{\n    return run_cases() + 1;\n}\n")
    flags = ["-std=c11", "-O1", "-g", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow"]
    flags += ["-Wundef", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags += ["-DBTW_SHARED_KERNELS"] if shared else []
    subprocess.run([compiler, *flags, *names, "main.c", "-o", "cases"], cwd=tmp_path, check=True)
    done = subprocess.run([str(tmp_path / "cases")], capture_output=True, text=True)
    assert not done.stderr, done.stderr[:3000]
    assert done.returncode == 0, cases(kind)[done.returncode - 1].title


def chosen(op: Op, inputs: tuple[TensorType, ...], output: TensorType, target: str) -> Call:
    return op.lower(Layer(Node("case", op, ("x",), "y"), inputs, output, TARGETS[target]))


def test_selection_says_why_a_kernel_does_not_serve() -> None:
    x = TensorType((1, 8, 1, 6), "int8", Quantization(1.0, 0))

    def call(outputs: int, scale: float, target: str = "cortex-m4", code: int = 100) -> Call:
        y = TensorType((1, outputs, 1, 6), "int8", Quantization(1.0, 0))
        weight = np.full((outputs, 8, 1, 1), code, np.int8)
        op = Conv2d(weight, np.zeros(outputs, np.int32), weight_scale=np.full(outputs, scale, np.float32))
        return chosen(op, (x,), y, target)

    low, high = [np.array([code * 800]) for code in (-128, 127)]
    proved = float(move_scales(1.0, [0.003], 1.0, 0, low, high).weight_scale[0])
    assert call(8, proved).kernel.symbol == "btw_linear_s8_dsp"
    assert call(8, proved, "cortex-m3").kernel.symbol == "btw_linear_s8_armv7m"
    assert call(8, proved, "cortex-m0").kernel.symbol == "btw_linear_s8_armv6m"
    low, high = [np.array([code * 1024]) for code in (-127, 128)]
    least = call(8, float(move_scales(1.0, [0.003], 1.0, 0, low, high).weight_scale[0]), "cortex-m3", -128)
    assert least.kernel.symbol == "btw_linear_s8_armv7m_compact"
    assert "weights of -128" in least.refused["btw_linear_s8_armv7m"]
    tiny = call(1, proved)
    assert tiny.kernel.symbol == "btw_linear_s8_scalar"
    assert "the scalar kernel takes about" in tiny.refused["btw_linear_s8_dsp"]
    unproved = call(8, 2.0)  # no multiplier below 2**31
    assert unproved.kernel.symbol == "btw_linear_s8_dsp_float"
    slower = "8 of 8 channels requantize without a proof; float32 is faster"
    assert unproved.refused["btw_linear_s8_dsp"] == slower
    without = call(8, 2.0, "cortex-m4+nofp")
    assert without.kernel.symbol == "btw_linear_s8_dsp"
    assert without.notes == ("8 of 8 channels requantize without a proof, by the exact form",)


def test_host_files_of_a_model_are_its_own_with_twins() -> None:
    program = """<ir_version: 10, opset_import: ["" : 20]>
g (float[1, 8, 4, 4] x) => (float[1, 8, 4, 4] y) { y = Relu(x) }"""
    model = generate(onnx.parser.parse_model(program), name="net", target="cortex-m4")
    kernels = ("kernels/conv2d/conv2d_s8_dsp.c", "kernels/add/add_s8_armv7m.c", "include/btw_dsp.h")
    used = {f"btw/{path.rsplit('/', 1)[1]}": runtime_files()[path] for path in kernels}
    made = host_files(replace(model, files={**model.files, **used}))
    assert made["net.c"] == model.files["net.c"]
    assert made["btw/add_s8_armv7m.c"] == runtime_files()["emulate/add_s8_armv7m.c"]
    assert made["btw/conv2d_s8_dsp.c"] == used["btw/conv2d_s8_dsp.c"]  # C around loops that are twins in a header
    assert made["btw/btw_dsp_twin.h"] == runtime_files()["emulate/btw_dsp_twin.h"]
