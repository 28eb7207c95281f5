"""Helium kernels on random odd shapes: layers, values, and what has to come out; here by their plain C twins.

tests/arm/test_mve_kernels.py runs the same cases on the real instructions.
"""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bittwin_cgen.emit.literals import C_TYPES, Initializers, array_body
from bittwin_cgen.fixed_point import accumulator_range, add_reference, move_scales
from bittwin_cgen.ir import Array, Call, Layer, Node, Op, Quantization, TensorType
from bittwin_cgen.ops.add import Add, _scales
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.ops.linear import Linear
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import TARGETS

Random = np.random.Generator
GUARD = 32  # bytes on both sides of every output row
GUARD_BYTE = 0xA5
CASES = 40  # of each kind


@dataclass(frozen=True, eq=False)
class Case:
    """A layer, its input values and what has to come out, in ONNX order."""

    title: str
    op: Op
    inputs: tuple[TensorType, ...]
    output: TensorType
    values: tuple[Array, ...]
    expected: Array

    def call(self) -> Call:
        names = tuple(f"x{i}" for i in range(len(self.inputs)))
        node = Node("case", self.op, names, "y")
        return self.op.lower(Layer(node, self.inputs, self.output, TARGETS["cortex-m55"]))


# ---------------------------------------------------------------- expected values: int64 sums, the float32 formula


def requantized(sums: Array, scale: Array, zero_point: int) -> Array:
    """int64 [..., C] to int8: float32(sum) * scale, halves to even, plus the zero point."""
    product = sums.astype(np.float32) * scale.astype(np.float32)
    return np.clip(np.rint(product).astype(np.float64) + zero_point, -128, 127).astype(np.int8)


def convolved(x: Array, op: Conv2d, zero_point: int) -> Array:
    """int64 [OH, OW, OC] sums of (x - zero_point) * w + bias over x [C, H, W]."""
    top, left, bottom, right = op.padding
    centred = np.pad(x.astype(np.int64) - zero_point, ((0, 0), (top, bottom), (left, right)))
    oc, group_channels, kernel_height, kernel_width = op.weight.shape
    span = [(size - 1) * op.dilation[i] + 1 for i, size in enumerate((kernel_height, kernel_width))]
    windows = np.lib.stride_tricks.sliding_window_view(centred, tuple(span), (1, 2))[  # type: ignore[call-overload]
        :, :: op.stride[0], :: op.stride[1], :: op.dilation[0], :: op.dilation[1]
    ]
    sums = np.zeros((windows.shape[1], windows.shape[2], oc), np.int64)
    size = oc // op.groups
    for group in range(op.groups):
        part = windows[group * group_channels : (group + 1) * group_channels]
        weight = op.weight[group * size : (group + 1) * size].astype(np.int64)
        sums[:, :, group * size : (group + 1) * size] = np.einsum("chwyx,ocyx->hwo", part, weight)
    return sums + op.bias.astype(np.int64)


# ---------------------------------------------------------------- random layers


def random_weights(random: Random, shape: tuple[int, ...]) -> Array:
    """int8 weights of one of several kinds: spread, small, or only the two ends."""
    kind = random.integers(5)
    if kind == 0:
        return random.choice(np.array([-128, -127, 127], np.int8), shape)
    if kind == 1:
        return random.integers(-12, 13, shape).astype(np.int8)
    if kind == 2:
        return np.clip(np.rint(random.normal(0, 30, shape)), -127, 127).astype(np.int8)
    return random.integers(-127, 128, shape).astype(np.int8)


def random_codes(random: Random, shape: tuple[int, ...]) -> Array:
    if random.integers(4) == 0:
        return random.choice(np.array([-128, 127], np.int8), shape)
    return random.integers(-128, 128, shape).astype(np.int8)


def random_quantization(random: Random) -> Quantization:
    zero_point = int(random.choice([-128, 127, 0, int(random.integers(-128, 128))]))
    return Quantization(float(np.float32(2.0 ** random.uniform(-8, -4))), zero_point)


def random_scales(random: Random, weight: Array, bias: Array, x: Quantization, y: Quantization, proved: bool) -> Array:
    """float32 weight scales that spread the results over the codes; moved until all channels have a proof."""
    taps = weight.reshape(len(weight), -1)
    typical = 74.0 * np.sqrt((taps.astype(np.float64) ** 2).sum(1)) + 1
    spread = 2.0 ** random.uniform(-3, 1, len(taps))
    scale = (60.0 * spread / typical * y.scale / x.scale).astype(np.float32)
    if not proved:
        return scale
    folded = bias.astype(np.int64) - x.zero_point * taps.astype(np.int64).sum(1)
    low, high, _ = accumulator_range(taps, folded)
    return move_scales(np.float32(x.scale), scale, np.float32(y.scale), y.zero_point, low, high, shift=3).weight_scale


def linear_case(random: Random, number: int) -> Case:
    inputs, outputs = int(random.integers(1, 38)), int(random.integers(1, 38))
    if number % 6 == 0:
        inputs = int(random.choice([112, 113, 128, 129, 144, 256, 257, 300, 400]))
    weight = random_weights(random, (outputs, inputs))
    bias = random.integers(-3000, 3000, outputs).astype(np.int32)
    x, y = random_quantization(random), random_quantization(random)
    scale = random_scales(random, weight, bias, x, y, number % 3 != 0)
    op = Linear(weight=weight, bias=bias, weight_scale=scale)
    values = random_codes(random, (1, inputs))
    sums = (values.astype(np.int64) - x.zero_point) @ weight.T.astype(np.int64) + bias
    expected = requantized(sums, (np.float32(x.scale) * scale) / np.float32(y.scale), y.zero_point)
    types = TensorType((1, inputs), "int8", x), TensorType((1, outputs), "int8", y)
    return Case(f"linear {inputs} to {outputs}", op, types[:1], types[1], (values,), expected)


def conv_case(
    random: Random,
    number: int,
    channels: int,
    outputs: int,
    kernel: tuple[int, int],
    image: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    groups: int = 1,
) -> Case:
    weight = random_weights(random, (outputs, channels // groups, *kernel))
    bias = random.integers(-3000, 3000, outputs).astype(np.int32)
    x, y = random_quantization(random), random_quantization(random)
    scale = random_scales(random, weight, bias, x, y, number % 3 != 0)
    op = Conv2d(weight, bias, stride, dilation, padding, groups, outside=float(x.zero_point), weight_scale=scale)
    source = TensorType((1, channels, *image), "int8", x)
    target = TensorType(op.infer([source]).shape, "int8", y)
    values = random_codes(random, source.shape)
    sums = convolved(values[0], op, x.zero_point)
    expected = requantized(sums, (np.float32(x.scale) * scale) / np.float32(y.scale), y.zero_point)
    title = (
        f"conv {channels} to {outputs}, {kernel}, image {image}, stride {stride}, dilation {dilation}, pads {padding}"
    )
    return Case(title, op, (source,), target, (values,), expected.transpose(2, 0, 1)[None])


def pointwise_case(random: Random, number: int) -> Case:
    channels, outputs = int(random.integers(1, 38)), int(random.integers(1, 38))
    if number % 5 == 0:
        channels = int(random.choice([64, 112, 128, 130, 160, 256]))
    image = int(random.integers(1, 4)), int(random.integers(1, 8))
    if number % 2 == 0:  # the last channels apart, pixels together
        outputs, image = int(random.choice([1, 2, 3, 4, 9, 11])), (image[0], int(random.integers(1, 24)))
    return conv_case(random, number, channels, outputs, (1, 1), image)


def spatial_case(
    random: Random, number: int, channels: int, outputs: int, kernel: tuple[int, int], groups: int
) -> Case:
    """A window anywhere: strides, dilations, pads, at least one output pixel."""
    stride = int(random.integers(1, 4)), int(random.integers(1, 4))
    dilation = (1, 1) if number % 3 else (int(random.integers(1, 4)), int(random.integers(1, 4)))
    padding = tuple(int(v) for v in random.integers(0, 3, 4)) if number % 4 else (0, 0, 0, 0)
    span = [(size - 1) * dilation[i] + 1 for i, size in enumerate(kernel)]
    least = [max(1, span[i] - padding[i] - padding[i + 2]) for i in range(2)]
    image = least[0] + int(random.integers(0, 4)), least[1] + int(random.integers(0, 12))
    return conv_case(
        random,
        number,
        channels,
        outputs,
        kernel,
        image,
        stride,
        dilation,
        padding,
        groups,  # type: ignore[arg-type]
    )


def convolution_case(random: Random, number: int) -> Case:
    kernel = int(random.integers(1, 6)), int(random.integers(1, 6))
    if number % 3 == 0:
        kernel = (3, 3)
    channels = int(random.integers(1, 38)) if number % 8 else int(random.choice([16, 32, 48, 64, 130]))
    return spatial_case(random, number, channels, few_or_more(random), kernel, 1)


def few_or_more(random: Random) -> int:
    """Output channels: the last one to four are computed apart from blocks of eight."""
    return int(random.integers(1, 5)) if random.integers(2) else int(random.integers(5, 20))


def few_channels_case(random: Random, number: int) -> Case:
    kernel = (3, 3) if number % 2 else (int(random.integers(1, 11)), int(random.integers(1, 6)))
    channels = int(random.integers(1, 5))
    if number % 4 == 0:  # words are copied where a row of the window has 4 bytes
        kernel, channels = (2 * int(random.integers(1, 6)), 4), 1
    return spatial_case(random, number, channels, few_or_more(random), kernel, 1)


def depthwise_case(random: Random, number: int) -> Case:
    channels = int(random.integers(2, 38)) if number % 4 else int(random.choice([8, 16, 24, 32, 48]))
    return spatial_case(random, number, channels, channels, (3, 3), channels)


def general_depthwise_case(random: Random, number: int) -> Case:
    kernel = int(random.integers(1, 6)), int(random.integers(1, 6))
    channels = int(random.integers(2, 38))
    return spatial_case(random, number, channels, channels, kernel, channels)


def add_case(random: Random, number: int) -> Case:
    shape = 1, int(random.integers(1, 38)), int(random.integers(1, 4)), int(random.integers(1, 6))
    a, b, y = (random_quantization(random) for _ in range(3))
    y = Quantization(float(np.float32(max(a.scale, b.scale) * random.uniform(0.6, 2.2))), y.zero_point)
    types = tuple(TensorType(shape, "int8", q) for q in (a, b, y))
    values = random_codes(random, shape), random_codes(random, shape)
    expected = add_reference(*values, _scales(types[:2], types[2]))
    return Case(f"add {shape}", Add(), types[:2], types[2], values, expected)


def mean_case(random: Random, number: int) -> Case:
    shape = 1, int(random.integers(1, 38)), int(random.integers(1, 9)), int(random.integers(1, 9))
    x, y = random_quantization(random), random_quantization(random)
    y = Quantization(float(np.float32(x.scale * random.uniform(0.3, 1.5))), y.zero_point)
    values = random_codes(random, shape)
    count = shape[2] * shape[3]
    sums = (values.astype(np.int64) - x.zero_point).sum((2, 3))
    scale = np.float32(x.scale) / np.float32(np.float32(y.scale) * np.float32(count))
    expected = requantized(sums, np.atleast_1d(scale), y.zero_point).reshape(*shape[:2], 1, 1)
    types = TensorType(shape, "int8", x), TensorType((*shape[:2], 1, 1), "int8", y)
    return Case(f"mean of {shape}", GlobalAveragePool(), types[:1], types[1], (values,), expected)


KINDS: dict[str, Callable[[Random, int], Case]] = {
    "linear": linear_case,
    "pointwise": pointwise_case,
    "convolution": convolution_case,
    "few channels": few_channels_case,
    "depthwise 3x3": depthwise_case,
    "depthwise": general_depthwise_case,
    "add": add_case,
    "mean": mean_case,
}


@cache
def cases(kind: str, count: int = CASES) -> tuple[Case, ...]:
    """Those that Helium kernels take."""
    made = (KINDS[kind](np.random.default_rng([7, number, len(kind)]), number) for number in range(count))
    return tuple(case for case in made if case.call().kernel.isa == "mve")


# ---------------------------------------------------------------- the cases as C


def in_memory(values: Array) -> Array:
    """[1,C,H,W] to [H][W][C], others flat."""
    return values[0].transpose(1, 2, 0) if values.ndim == 4 else values.reshape(1, 1, -1)


def window_offsets(case: Case, call: Call, random: Random) -> tuple[bytes, list[int]]:
    """(rows with their pads, each followed by garbage of its own; offset of the row for each [oy][ky], -1 for null)."""
    window = call.window
    assert window is not None
    x = in_memory(case.values[0])
    data, places, offsets = b"", {}, []
    for oy in range(case.output.layout[0]):
        for ky in range(window.height):
            y = oy * window.stride + ky * window.dilation - window.top
            inside = 0 <= y < len(x)
            if window.mode == "absent" and not inside:
                offsets.append(-1)
                continue
            if y not in places:
                row = x[y] if inside else np.full_like(x[0], window.value)
                row = np.pad(row, ((window.left, window.right), (0, 0)), constant_values=int(window.value))
                places[y] = len(data)
                data += row.tobytes() + random.integers(-128, 128, call.kernel.slack).astype(np.int8).tobytes()
            offsets.append(places[y])
    return data, offsets


def case_source(number: int, case: Case, arrays: Initializers) -> tuple[str, int]:
    """(definition of `case_<number>`, bytes of scratch)."""
    call, random = case.call(), np.random.default_rng(number)
    assert call.layer is not None
    height, width, channels = case.output.layout
    expected = in_memory(case.expected).reshape(height, -1)
    kernel, lines = call.kernel, []
    scratch = ", SCRATCH" if kernel.scratch else ""
    if kernel.form == "rows":
        assert call.window is not None
        data, offsets = window_offsets(case, call, random)
        blocks = [data]
        table = ", ".join(str(offset) for offset in offsets)
        lines += [
            f"static const int offsets[] = {{{table}}};",
            f"for (int oy = 0; oy < {height}; oy++) {{",
            f"    const void *rows[{call.window.height}];",
            f"    for (int ky = 0; ky < {call.window.height}; ky++)",
            f"        rows[ky] = offsets[oy * {call.window.height} + ky] < 0 ? NULL"
            f" : x0 + offsets[oy * {call.window.height} + ky];",
            f"    {kernel.symbol}(&layer_{number}, rows, out{scratch});",
            f"    bad += check(expected + oy * {width * channels}, {width * channels}, {call.scratch});",
            "}",
        ]
    else:
        order = call.order or tuple(range(len(case.values)))
        slack = random.integers(-128, 128, kernel.slack).astype(np.int8).tobytes()
        blocks = [in_memory(case.values[i]).tobytes() + slack for i in order]
        xs = "".join(f"x{i}, " for i in range(len(order)))
        size = height * width * channels
        if kernel.form == "reduce":
            rows, columns, depth = case.inputs[0].layout
            lines.append(f"for (int row = 0; row < {rows}; row++)")
            scratch = ", (int32_t *)(void *)SCRATCH" if scratch else ""
            lines.append(f"    {kernel.symbol}(&layer_{number}, x0 + row * {columns * depth}, out, row{scratch});")
        else:
            last = "" if kernel.form == "whole" else f", {height * width}"
            lines.append(f"{kernel.symbol}(&layer_{number}, {xs}out{last}{scratch});")
        lines.append(f"bad += check(expected, {size}, {call.scratch});")
    named = [(f"x{i}", np.frombuffer(block, np.int8)) for i, block in enumerate(blocks)]
    named.append(("expected", np.ascontiguousarray(expected)))
    data_lines = [
        f"static const int8_t {name}[{values.size}] = {{\n{array_body(values)}\n}};" for name, values in named
    ]
    layer = arrays.struct(f"layer_{number}", call.layer)
    text = "\n    ".join(["int bad = 0;", *data_lines, "prepare();", *lines, "return bad;"])
    struct = f"static const {call.layer.type} layer_{number} = {layer};\n"
    return f"{struct}static int case_{number}(void)\n{{\n    {text}\n}}\n", call.scratch


def source(chosen: Sequence[Case], shared: bool) -> str:
    """`run_cases`: the number of the first case that is wrong, or -1."""
    kernels = {case.call().kernel.symbol: case.call().kernel for case in chosen}
    arrays = Initializers("data")
    made = [case_source(number, case, arrays) for number, case in enumerate(chosen)]
    largest = max(math.prod(case.output.shape) for case in chosen)
    if shared:
        includes = [f'#include "{kernel.header.rsplit("/", 1)[1]}"' for kernel in kernels.values()]
    else:
        includes = ["#define BTW_INLINE_KERNELS"]
        includes += [f'#include "{kernel.source.rsplit("/", 1)[1]}"' for kernel in kernels.values()]
    data = [
        f"static const {C_TYPES[str(values.dtype)]} {name}[{values.size}] = {{\n{array_body(values)}\n}};"
        for name, values in arrays.arrays.items()
    ]
    table = ", ".join(f"case_{number}" for number in range(len(chosen)))
    return "\n".join(
        [
            "#include <stddef.h>",
            *includes,
            "int run_cases(void);",
            f"static uint8_t memory[{largest + 2 * GUARD}];",
            f"static _Alignas(16) uint8_t between[{max(scratch for _, scratch in made) + 2 * GUARD}];",
            f"#define SCRATCH (between + {GUARD})",
            f"static int8_t *const out = (int8_t *)memory + {GUARD};",
            "static void prepare(void)",
            "{",
            f"    memset(memory, {GUARD_BYTE}, sizeof memory);",
            f"    memset(between, {GUARD_BYTE}, sizeof between);",
            "}",
            "static int guarded(const uint8_t *block, int count)",
            "{",
            "    int same = 1;",
            f"    for (int i = 0; i < {GUARD}; i++)",
            f"        same &= block[i] == {GUARD_BYTE} && block[{GUARD} + count + i] == {GUARD_BYTE};",
            "    return same;",
            "}",
            "static int check(const int8_t *expected, int count, int scratch_bytes)",
            "{",
            "    int bad = memcmp(out, expected, (size_t)count) != 0;",
            "    bad |= !guarded(memory, count) || !guarded(between, scratch_bytes);",
            "    prepare();",
            "    return bad;",
            "}",
            *data,
            *[text for text, _ in made],
            "int run_cases(void)",
            "{",
            f"    static int (*const all[])(void) = {{{table}}};",
            f"    for (int number = 0; number < {len(chosen)}; number++)",
            "        if (all[number]())",
            "            return number;",
            "    return -1;",
            "}",
            "",
        ]
    )


def write_sources(folder: Path, chosen: Sequence[Case], shared: bool, twins: bool) -> list[str]:
    """Files as a generated model has them, flat; the names of those to compile."""
    for path, text in runtime_files().items():
        name = path.rsplit("/", 1)[1]
        if path.startswith("emulate/") and not twins:
            continue
        if twins and not path.startswith("emulate/") and f"emulate/{name}" in runtime_files():
            continue
        (folder / name).write_text(text)
    (folder / "cases.c").write_text(source(chosen, shared))
    kernels = sorted({case.call().kernel.source.rsplit("/", 1)[1] for case in chosen})
    return ["cases.c", *(kernels if shared else [])]


MAIN = """#include <stdio.h>
int run_cases(void);
int main(void)
{
    printf("%d\\n", run_cases());
    return 0;
}
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler; apt install gcc")
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "inlined"])
@pytest.mark.parametrize("kind", KINDS)
def test_twins_equal_the_float32_formula(kind: str, shared: bool, tmp_path: Path) -> None:
    chosen = cases(kind)
    assert len(chosen) > CASES // 3, f"Helium takes {len(chosen)} of {CASES}"
    names = write_sources(tmp_path, chosen, shared, twins=True)
    (tmp_path / "main.c").write_text(MAIN)
    flags = [
        "-std=c11",
        "-O1",
        "-g",
        "-fsanitize=undefined",
        "-fno-sanitize-recover=all",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]
    flags += ["-ffp-contract=off", *(["-DBTW_SHARED_KERNELS"] if shared else []), "-I."]
    subprocess.run(["cc", *flags, *names, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    number = int(done.stdout)
    assert number < 0, chosen[number].title
