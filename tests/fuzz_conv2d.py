"""Random Conv2d cases: generated C against onnxruntime, every output. Run: python -m tests.fuzz_conv2d --cases 2000."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cffi
import numpy as np
import onnx
from onnx import helper, numpy_helper

from bittwin import golden
from bittwin.builder import WARNINGS, compile_files, from_c_order, to_c_order
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ir import Array, Constant, GeneratedModel, Struct

FLAGS = ("-std=c11", "-O1", "-ffp-contract=off", *WARNINGS, "-fPIC", "-shared")
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # torch's name to ONNX's
IMAGES = 3
GUARD, GUARD_BYTE = 64, 0xA5


@dataclass(frozen=True)
class Case:
    """The parameters of one convolution; pads are top, left, bottom, right."""

    number: int
    kind: str
    input_channels: int
    output_channels: int
    groups: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    mode: str
    padding: str
    pads: tuple[int, int, int, int]
    own_pads: bool  # zeros: pads of the Conv node, not of a Pad before it
    bias: str  # "", "float" or "codes"
    behind: str  # what the convolution reads: a graph "input", or the "layer" before it


@dataclass
class Count:
    """What was compared in one padding mode."""

    cases: int = 0
    compared: int = 0
    differ: int = 0
    channels: int = 0
    unproved: int = 0


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case as an ONNX model, its inputs [images, ...], and the generated C."""

    case: Case
    onnx: onnx.ModelProto
    inputs: Array
    model: GeneratedModel


@dataclass
class Tally:
    """Everything that the run prints."""

    by_mode: dict[str, Count] = field(default_factory=lambda: {mode: Count() for mode in MODES})
    arbitrated: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def differ(self) -> int:
        return sum(count.differ for count in self.by_mode.values())


# ---------------------------------------------------------------- cases


def draw_case(random: np.random.Generator, number: int) -> Case:
    """A convolution that onnxruntime accepts: the kernel fits into the padded image, pads where the mode can fill."""
    kind = str(random.choice(["plain", "plain", "depthwise", "multiplier", "grouped"]))
    if kind == "plain":
        groups, input_channels, output_channels = 1, int(random.integers(1, 34)), int(random.integers(1, 34))
    elif kind == "grouped":
        groups = int(random.integers(2, 5))
        input_channels = groups * int(random.integers(1, 33 // groups + 1))
        output_channels = groups * int(random.integers(1, 33 // groups + 1))
    else:
        groups = input_channels = int(random.integers(1, 34 if kind == "depthwise" else 12))
        output_channels = groups * (1 if kind == "depthwise" else int(random.integers(2, 4)))
    kernel, stride, dilation = (_pair(random, most) for most in (7, 3, 3))
    mode = str(random.choice(list(MODES)))
    padding = str(random.choice(["int", "pair", "uneven", "same", "valid", "auto"]))
    extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    sizes = (1, 1) if random.random() < 0.1 else tuple(int(v) for v in random.integers(1, 18, 2))
    if padding in ("same", "auto"):
        stride = (1, 1) if padding == "same" else stride
        mode, dilation = ("zeros", (1, 1)) if padding == "auto" else (mode, dilation)
        extent = kernel if padding == "auto" else extent
        before = [(reach - 1) // 2 for reach in extent]
        after = [reach - 1 - half for reach, half in zip(extent, before, strict=True)]
    elif padding == "valid":
        before, after = [0, 0], [0, 0]
    elif padding == "int":
        before = after = [int(random.integers(0, max(kernel) + 1))] * 2
    else:
        before = [int(random.integers(0, reach + 1)) for reach in extent]
        after = before if padding == "pair" else [int(random.integers(0, reach + 1)) for reach in extent]
    least = {"zeros": 1, "replicate": 1, "reflect": 1 + max(*before, *after), "circular": max(1, *before, *after)}[mode]
    fits = [max(1, reach - a - b) for reach, a, b in zip(extent, before, after, strict=True)]
    size = tuple(max(least, fit, drawn) for fit, drawn in zip(fits, sizes, strict=True))
    return Case(
        number,
        kind,
        input_channels,
        output_channels,
        groups,
        (size[0], size[1]),
        kernel,
        stride,
        dilation,
        mode,
        padding,
        (before[0], before[1], after[0], after[1]),
        mode == "zeros" and (padding == "auto" or random.random() < 0.8),
        str(random.choice(["", "float", "codes"])),
        str(random.choice(["input", "layer"])),
    )


def _pair(random: np.random.Generator, most: int) -> tuple[int, int]:
    first = int(random.integers(1, most + 1))
    return first, first if random.random() < 0.5 else int(random.integers(1, most + 1))


class ModelText:
    """Nodes and initializers of a model while it is written."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def quantize(self, name: str, scale: np.float32, zero_point: int) -> str:
        """The name of the dequantized value behind a QuantizeLinear and DequantizeLinear."""
        return self.dequantize(
            self.node("QuantizeLinear", [name, *self._of(name, scale, zero_point)], f"{name}_q"), name
        )

    def dequantize(self, codes: str, of: str) -> str:
        return self.node("DequantizeLinear", [codes, f"{of}_scale", f"{of}_zero"], f"{codes}_dq")

    def _of(self, name: str, scale: np.float32, zero_point: int) -> list[str]:
        return [self.constant(f"{name}_scale", scale), self.constant(f"{name}_zero", np.int8(zero_point))]

    def model(self, case: Case, dtype: str) -> onnx.ModelProto:
        element = onnx.TensorProto.INT8 if dtype == "int8" else onnx.TensorProto.FLOAT
        x = helper.make_tensor_value_info("x", element, [1, case.input_channels, *case.size])
        y = helper.make_tensor_value_info(self.nodes[-1].output[0], element, ["n", "c", "h", "w"])
        graph = helper.make_graph(self.nodes, "case", [x], [y], self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def draw_scale(random: np.random.Generator) -> np.float32:
    """Any scale, a power of two (exact ties) one time in four."""
    exponent = random.uniform(-8, 1)
    return np.float32(2.0 ** (round(exponent) if random.random() < 0.25 else exponent))


def draw_zero_point(random: np.random.Generator) -> int:
    return int(random.choice([-128, 127, 0, int(random.integers(-128, 128)), int(random.integers(-128, 128))]))


def draw_weights(random: np.random.Generator, shape: Sequence[int]) -> Array:
    """int8 codes: uniform, small, only extremes, or all of one sign at the end of the range."""
    style = random.integers(0, 6)
    if style == 0:
        return random.choice(np.array([-128, -127, 127], np.int8), shape)
    if style == 1:
        return np.full(shape, random.choice(np.array([-128, 127], np.int8)), np.int8)
    low, high = (-128, 128) if style < 4 else (-9, 10)
    return random.integers(low, high, shape, np.int8)


def int8_model(random: np.random.Generator, case: Case) -> onnx.ModelProto:
    """The case as onnxruntime's quantizer writes it: QDQ, Pad between pairs of one scale."""
    text = ModelText()
    scale, zero_point = draw_scale(random), draw_zero_point(random)
    text.constant("x_scale", scale)
    text.constant("x_zero", np.int8(zero_point))
    value = text.dequantize("x", "x")
    if case.behind == "layer":
        text.constant("before_weight", random.integers(-127, 128, (case.input_channels, 1, 1, 1), np.int8))
        text.constant("before_weight_scale", np.float32(1 / 64))
        text.constant("before_weight_zero", np.int8(0))
        weight = text.dequantize("before_weight", "before_weight")
        text.node("Conv", [value, weight], "before", group=case.input_channels)
        scale, zero_point = np.float32(scale * np.float32(random.uniform(0.5, 2))), draw_zero_point(random)
        value = text.quantize("before", scale, zero_point)
    if not case.own_pads and any(case.pads):
        value = text.quantize(_pad(text, case, value), scale, zero_point)
    shape = (case.output_channels, case.input_channels // case.groups, *case.kernel)
    codes = draw_weights(random, shape)
    per_channel = random.random() < 0.8
    spread = 2.0 ** random.uniform(
        *((-18, 0) if random.random() < 0.05 else (-3, 0)), len(codes) if per_channel else ()
    )
    weight_scale = (draw_scale(random) * spread).astype(np.float32)
    if random.random() < 0.2:
        weight_scale = np.exp2(np.rint(np.log2(weight_scale))).astype(np.float32)
    text.constant("weight_scale", weight_scale)
    text.constant("weight_zero", np.zeros(weight_scale.shape, np.int8))
    text.constant("weight", codes)
    inputs = [value, text.node("DequantizeLinear", ["weight", "weight_scale", "weight_zero"], "weight_dq", axis=0)]
    spread_of_sums = 74.0 * np.sqrt((codes.astype(np.float64) ** 2).reshape(len(codes), -1).sum(1)) + 1
    unit = np.broadcast_to(scale * weight_scale, len(codes)).astype(np.float32)
    if case.bias:
        bias = np.rint(random.uniform(-2, 2, len(codes)) * spread_of_sums).astype(np.int32)
        if random.random() < 0.05:
            bias = random.integers(-(1 << 29), 1 << 29, len(codes), np.int32)
        if case.bias == "float":
            inputs.append(
                text.constant("bias", ((bias + random.uniform(-0.5, 0.5, len(codes))) * unit).astype(np.float32))
            )
        else:
            text.constant("bias", bias)
            text.constant("bias_scale", unit if per_channel else np.float32(unit[0]))
            text.constant("bias_zero", np.zeros(unit.shape if per_channel else (), np.int32))
            inputs.append(text.node("DequantizeLinear", ["bias", "bias_scale", "bias_zero"], "bias_dq", axis=0))
    text.node("Conv", inputs, "conv", **_attributes(random, case))
    wanted = np.median(spread_of_sums * unit) / random.choice(
        [2.0, 30.0, 60.0, 120.0, 20000.0], p=[0.1, 0.3, 0.3, 0.2, 0.1]
    )
    output_scale = np.float32(2.0 ** (np.rint(np.log2(wanted)) if random.random() < 0.2 else np.log2(wanted)))
    text.node(
        "QuantizeLinear",
        ["conv", text.constant("y_scale", output_scale), text.constant("y_zero", np.int8(draw_zero_point(random)))],
        "y",
    )
    return text.model(case, "int8")


def float_model(random: np.random.Generator, case: Case) -> onnx.ModelProto:
    """The case in float32, as torch exports it."""
    text, value = ModelText(), "x"
    if case.behind == "layer":
        weight = random.standard_normal((case.input_channels, 1, 1, 1), np.float32)
        value = text.node("Conv", [value, text.constant("before_weight", weight)], "before", group=case.input_channels)
    if not case.own_pads and any(case.pads):
        value = _pad(text, case, value)
    shape = (case.output_channels, case.input_channels // case.groups, *case.kernel)
    inputs = [value, text.constant("weight", random.standard_normal(shape, np.float32))]
    if case.bias:
        inputs.append(text.constant("bias", random.standard_normal(case.output_channels, np.float32)))
    text.node("Conv", inputs, "y", **_attributes(random, case))
    return text.model(case, "float32")


def _pad(text: ModelText, case: Case, value: str) -> str:
    top, left, bottom, right = case.pads
    pads = text.constant("pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
    return text.node("Pad", [value, pads], "pad", mode=MODES[case.mode])


def _attributes(random: np.random.Generator, case: Case) -> dict[str, object]:
    found: dict[str, object] = {"group": case.groups, "strides": case.stride, "dilations": case.dilation}
    if case.padding == "auto":
        return found | {"auto_pad": str(random.choice(["SAME_UPPER", "SAME_LOWER"]))}
    if case.padding == "valid" and random.random() < 0.5:
        return found | {"auto_pad": "VALID"}
    return found | ({"pads": case.pads} if case.own_pads else {})


def prepare(seed: int, number: int, dtype: str) -> Prepared:
    """Case `number` of a run: the same for the same seed, whatever else is run."""
    random = np.random.default_rng((seed, number))
    case = draw_case(random, number)
    model = int8_model(random, case) if dtype == "int8" else float_model(random, case)
    shape = (IMAGES, case.input_channels, *case.size)
    if dtype == "int8":
        inputs = random.integers(-128, 128, shape, np.int8)
        inputs[-1] = random.choice(np.array([-128, 127], np.int8), shape[1:])
    else:
        inputs = random.standard_normal(shape, np.float32)
    try:
        return Prepared(case, model, inputs, generate(model, name=f"case_{number}"))
    except BittwinError as error:
        raise SystemExit(f"{case}\nrefused: {error}") from None


# ---------------------------------------------------------------- running many models at once


INTERFACE = "typedef void (*run)(void *arena, const void *x, void *y);\nrun fuzz_run(int); int fuzz_arena(int);"


def table(names: Sequence[str]) -> str:
    """C that reaches every model of a batch by its index."""
    runs = "".join(
        f"static void {name}_any(void *arena, const void *x, void *y)\n{{\n    {name}_run(arena, x, y);\n}}\n"
        for name in names
    )
    return "\n".join(
        [
            *[f'#include "{name}.h"' for name in names],
            "typedef void (*run)(void *arena, const void *x, void *y);",
            "run fuzz_run(int model);",
            "int fuzz_arena(int model);",
            runs,
            f"static const run runs[] = {{{', '.join(f'{name}_any' for name in names)}}};",
            f"static const int arenas[] = {{{', '.join(f'sizeof({name}_arena)' for name in names)}}};",
            "run fuzz_run(int model)\n{\n    return runs[model];\n}",
            "int fuzz_arena(int model)\n{\n    return arenas[model];\n}\n",
        ]
    )


class Batch:
    """The C of many cases in one library: kernels as static functions of each model, or shared by all."""

    def __init__(self, cases: Sequence[Prepared], shared: bool) -> None:
        self.cases = cases
        names = [prepared.model.name for prepared in cases]
        files = {path: text for prepared in cases for path, text in prepared.model.files.items()}
        models = [path for name in names for path in (f"{name}.c", f"{name}_weights.c")]
        files["table.c"] = table(names)
        if shared:  # no static function is there twice, so that one file can hold all
            files["models.c"] = "".join(f'#include "{path}"\n' for path in models)
            models = ["models.c", *sorted(path for path in files if path.startswith("btw/") and path.endswith(".c"))]
        flags = [*FLAGS, *(["-DBTW_SHARED_KERNELS"] if shared else [])]
        self.ffi = cffi.FFI()
        self.ffi.cdef(INTERFACE)
        self.library = self.ffi.dlopen(str(compile_files(files, [*models, "table.c"], flags, ".so")))

    def run(self, index: int) -> Array:
        """[images, ...] of one case in ONNX order; raises AssertionError where C wrote beside its arena or output."""
        prepared = self.cases[index]
        port = prepared.model.manifest["outputs"][0]  # type: ignore[index]
        size = int(np.prod(port["shape"])) * np.dtype(port["dtype"]).itemsize
        arena, output = _guarded(self.library.fuzz_arena(index)), _guarded(size)
        results = []
        for image in prepared.inputs:
            x = to_c_order(image[None])
            pointers = [
                self.ffi.cast("void *", v.ctypes.data + skip) for v, skip in ((arena, GUARD), (x, 0), (output, GUARD))
            ]
            self.library.fuzz_run(index)(*pointers)
            assert (arena[:GUARD] == GUARD_BYTE).all() and (arena[-GUARD:] == GUARD_BYTE).all(), (
                f"arena: {prepared.case}"
            )
            assert (output[:GUARD] == GUARD_BYTE).all() and (output[-GUARD:] == GUARD_BYTE).all(), (
                f"output: {prepared.case}"
            )
            results.append(from_c_order(output[GUARD:-GUARD].copy().view(port["dtype"]), port["shape"]))
        return np.concatenate(results)


def _guarded(size: int) -> Array:
    block = np.full(size + 2 * GUARD + 16, GUARD_BYTE, np.uint8)
    start = -block.ctypes.data % 16
    return block[start : start + size + 2 * GUARD]


# ---------------------------------------------------------------- comparison


def expected_values(prepared: Prepared) -> Array:
    """[images, ...] from onnxruntime's golden session."""
    session = golden.session(prepared.onnx)
    return np.concatenate([next(iter(golden.run(session, {"x": image[None]}).values())) for image in prepared.inputs])


def float64_values(prepared: Prepared) -> Array:
    """The model in float64, by numpy: the arbiter between two float32 results."""
    constants = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in prepared.onnx.graph.initializer}
    case, x = prepared.case, prepared.inputs.astype(np.float64)
    if case.behind == "layer":
        x = x * constants["before_weight"].reshape(1, -1, 1, 1)
    attributes = {a.name: helper.get_attribute_value(a) for a in prepared.onnx.graph.node[-1].attribute}
    top, left, bottom, right = case.pads
    if case.padding == "auto":
        needed = [
            max(0, (-(-size // stride) - 1) * stride + k - size)
            for size, stride, k in zip(case.size, case.stride, case.kernel, strict=True)
        ]
        halves = [v // 2 if attributes["auto_pad"] == b"SAME_UPPER" else v - v // 2 for v in needed]
        top, left, bottom, right = *halves, needed[0] - halves[0], needed[1] - halves[1]
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), MODES[case.mode])  # type: ignore[call-overload]
    weight, (sy, sx), (dy, dx) = constants["weight"], case.stride, case.dilation
    extents = [(k - 1) * d + 1 for k, d in zip(case.kernel, case.dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, extents, (2, 3))[:, :, ::sy, ::sx, ::dy, ::dx]
    windows = windows.reshape(len(x), case.groups, -1, *windows.shape[2:])
    grouped = weight.reshape(case.groups, -1, *weight.shape[1:])
    y = np.einsum("ngihwyx,goiyx->ngohw", windows, grouped, optimize=True)
    y = y.reshape(len(x), case.output_channels, *y.shape[3:])
    return y + constants.get("bias", np.zeros(case.output_channels)).reshape(1, -1, 1, 1)


def outside_tolerance(prepared: Prepared, mine: Array, expected: Array, tally: Tally) -> int:
    """Float values off by more than 1e-4 of the value plus 1e-5 of the largest, unless float64 sides with us."""
    error = np.abs(mine.astype(np.float64) - expected)
    wrong = error > 1e-4 * np.abs(expected) + 1e-5 * max(1.0, float(np.abs(expected).max()))
    wrong |= ~np.isfinite(mine)
    if wrong.any():
        exact = float64_values(prepared)
        ours, theirs = (float(np.abs(values - exact).max()) for values in (mine, expected))
        if ours <= 2 * theirs:
            tally.arbitrated += int(wrong.sum())
            return 0
    return int(wrong.sum())


def unproved_channels(model: GeneratedModel) -> tuple[int, int]:
    """(channels of the last convolution, those that requantize without a proof)."""
    layers = [step.call.layer for step in model.program.steps() if step.call.layer is not None]
    requantization = [layer.fields["requantization"] for layer in layers if "requantization" in layer.fields][-1]
    assert isinstance(requantization, Struct)
    multiplier = requantization.fields["multiplier"]
    assert isinstance(multiplier, Constant)
    return multiplier.values.size, int((multiplier.values == 0).sum())


def compare(batch: Batch, dtype: str, tally: Tally) -> None:
    for index, prepared in enumerate(batch.cases):
        count = tally.by_mode[prepared.case.mode]
        expected, mine = expected_values(prepared), batch.run(index)
        if expected.shape != mine.shape:
            differ, worst = expected.size, f"shape {mine.shape}, onnxruntime has {expected.shape}"
        else:
            wrong = mine != expected
            differ = int(wrong.sum()) if dtype == "int8" else outside_tolerance(prepared, mine, expected, tally)
            largest = np.abs(mine.astype(np.float64) - expected).max(initial=0.0)
            worst = f"{differ} of {mine.size} differ, by at most {largest:g}"
        count.cases += 1
        count.compared += mine.size
        count.differ += differ
        if dtype == "int8":
            channels, unproved = unproved_channels(prepared.model)
            count.channels += channels
            count.unproved += unproved
        if differ:
            tally.failures.append(f"{prepared.case}\n    {worst}")


def batches_of(seed: int, numbers: Sequence[int], size: int, dtype: str) -> Iterator[Batch]:
    """Prepared and compiled cases; every second batch shares its kernels."""
    for start in range(0, len(numbers), size):
        part = [prepare(seed, number, dtype) for number in numbers[start : start + size]]
        yield Batch(part, shared=start // size % 2 == 0)


def report(tally: Tally, dtype: str, seconds: float) -> str:
    lines = [f"{'padding':10}{'cases':>8}{'outputs':>12}{'differ':>8}{'channels':>10}{'no proof':>10}"]
    total = Count()
    for mode, count in tally.by_mode.items():
        for name, value in vars(count).items():
            setattr(total, name, getattr(total, name) + value)
        lines.append(_row(mode, count))
    lines.append(_row("all", total))
    if dtype == "float32":
        lines.append(f"outside the tolerance, but no further from float64 than twice onnxruntime: {tally.arbitrated}")
    lines += [f"case {failure}" for failure in tally.failures[:10]]
    lines.append(
        f"{dtype}: {total.cases} cases, {total.compared:,} outputs compared, {total.differ} differ, {seconds:.0f} s"
    )
    return "\n".join(lines)


def _row(mode: str, count: Count) -> str:
    return f"{mode:10}{count.cases:8}{count.compared:12,}{count.differ:8}{count.channels:10}{count.unproved:10}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=["int8", "float32"], default="int8")
    parser.add_argument("--batch", type=int, default=50, help="models in one library")
    parser.add_argument("--only", type=int, help="run this case alone")
    options = parser.parse_args()
    if options.dtype == "int8" and (why := golden.why_not_golden()):
        print(f"{why}: nothing to compare with", file=sys.stderr)
        return 2
    numbers = range(options.cases) if options.only is None else [options.only]
    tally, start = Tally(), time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BITTWIN_CACHE"] = cache
        for batch in batches_of(options.seed, numbers, options.batch, options.dtype):
            compare(batch, options.dtype, tally)
    print(report(tally, options.dtype, time.perf_counter() - start))
    return 1 if tally.differ else 0


if __name__ == "__main__":
    sys.exit(main())
