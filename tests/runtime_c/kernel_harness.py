"""Kernels called one by one: a C function for each case, every row and tensor in a block of memory of its own."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import cffi
import numpy as np

from bittwin.builder import WARNINGS, compile_files
from bittwin_cgen.emit.literals import C_TYPES, Initializers, array_body
from bittwin_cgen.ir import Array, Call, Layer, Node, Op, Target, TensorType, Window
from bittwin_cgen.ops import conv2d
from bittwin_cgen.runtime import runtime_files

Kind = Literal["shared", "inlined"]

GUARD = 64  # bytes on both sides of every output
GUARD_BYTE = 0xA5
FLAGS = ("-std=c11", "-O2", "-ffp-contract=off", *WARNINGS)
SANITIZERS = ("-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

INTERFACE = """
void call_kernel(int index, const void *const x[], void *const y[], void *scratch);
"""
SLACK_BYTE = b"\x5a"  # what lies behind rows, where a kernel may read it


@dataclass(frozen=True, eq=False)
class KernelCase:
    """One layer with its input values and what has to come out, both in ONNX order."""

    op: Op
    inputs: tuple[TensorType, ...]
    output: TensorType
    values: tuple[Array, ...]
    expected: Array
    tolerance: float = 0.0  # of the largest expected value
    isa: str = "scalar"
    armv7: bool = False
    by: str = ""  # a kernel of convolutions that has to be used, though others may take fewer instructions
    has_fpu: bool = True

    @cached_property
    def call(self) -> Call:
        """How the operator itself wants to be computed."""
        names = tuple(f"x{i}" for i in range(len(self.inputs)))
        target = Target("test", tuple(dict.fromkeys((self.isa, "scalar"))), self.has_fpu, self.armv7)
        rows = [replace(row, accepts=lambda layer: None) for row in conv2d.KERNELS if row.symbol == self.by]
        with patch.object(conv2d, "KERNELS", rows or conv2d.KERNELS):
            return self.op.lower(Layer(Node("case", self.op, names, "y"), self.inputs, self.output, target, whole=True))

    def interpreted(self) -> Array:
        return self.op.interpret(list(self.values), list(self.inputs), self.output)


# ---------------------------------------------------------------- values in memory


def in_memory(values: Array) -> Array:
    """[N,C,H,W] to [N*H][W][C], [N,C,L] to [N][L][C], others to [1][...][...]: as `TensorType.layout` says."""
    type = TensorType(values.shape, "any")
    return np.ascontiguousarray(values.transpose(type.memory_axes)).reshape(type.layout)


def from_memory(flat: Array, shape: tuple[int, ...]) -> Array:
    """The inverse of `in_memory`, from flat values."""
    axes = TensorType(shape, "any").memory_axes
    return flat.reshape([shape[axis] for axis in axes]).transpose(np.argsort(axes))


def window_rows(x: Array, window: Window, outputs: int) -> list[bytes | None]:
    """The rows [outputs * window.height] that a kernel gets, padding left and right in place; None where it gets null.

    numpy.pad says what lies outside; a row holds not one pixel more than the layer asked for.
    """
    height = len(x)
    if window.mode == "table":
        return [x[y].tobytes() if y >= 0 else None for line in window.table for y in line]
    lowest = (outputs - 1) * window.stride - window.top + (window.height - 1) * window.dilation
    below = max(0, lowest + 1 - height)
    mode: Any = "constant" if window.mode == "absent" else window.mode
    extra = {"constant_values": window.value} if mode == "constant" else {}
    above = max(0, window.top)  # negative where the first rows are not read
    padded = np.pad(x, ((above, below), (window.left, window.right), (0, 0)), mode, **extra)
    rows: list[bytes | None] = []
    for oy in range(outputs):
        for ky in range(window.height):
            y = oy * window.stride + ky * window.dilation - window.top
            absent = window.mode == "absent" and not 0 <= y < height
            beyond = window.bottom is not None and y >= height + window.bottom
            rows.append(None if absent or beyond else padded[above + y].tobytes())
    return rows


@dataclass(frozen=True, eq=False)
class Blocks:
    """What one case reads and writes: blocks of input bytes (None: a null pointer), sizes of output blocks."""

    inputs: list[bytes | None]
    outputs: list[int]
    scratch: int


def blocks(case: KernelCase, call: Call) -> Blocks:
    order = call.order or tuple(range(len(case.values)))
    values = [in_memory(case.values[i]) for i in order]
    height, width, channels = case.output.layout
    row = width * channels * np.dtype(case.output.dtype).itemsize
    inputs: list[bytes | None] = [x.tobytes() for x in values]
    outputs = [row * height]
    if call.kernel.form in ("rows", "row_pairs"):
        assert call.window is not None
        inputs, outputs = window_rows(values[0], call.window, height), [row] * height
    if call.kernel.form == "reduce":
        inputs = [x.tobytes() for x in values[0]]
    slack = SLACK_BYTE * call.kernel.slack
    return Blocks([None if block is None else block + slack for block in inputs], outputs, call.scratch)


# ---------------------------------------------------------------- C


def source(cases: Sequence[KernelCase], kind: Kind) -> str:
    """`call_kernel` over all cases; inlined, each layer struct is a constant that the compiler folds in."""
    calls = [case.call for case in cases]
    kernels = {call.kernel.symbol: call.kernel for call in calls}
    arrays = Initializers("data")
    functions = []
    for number, (case, call) in enumerate(zip(cases, calls, strict=True)):
        assert call.layer is not None
        layer = arrays.struct(f"layer_{number}", call.layer)
        functions.append(
            f"static const {call.layer.type} layer_{number} = {layer};\n"
            f"static void case_{number}(const void *const x[], void *const y[], void *scratch)\n"
            f"{{\n    (void)scratch;\n    {_invocation(case, call, number)}\n}}\n"
        )
    if kind == "inlined":
        includes = ["#define BTW_INLINE_KERNELS", *[f'#include "{kernels[name].source}"' for name in sorted(kernels)]]
    else:
        headers = {kernel.header.removeprefix("include/") for kernel in kernels.values()}
        includes = [f'#include "{header}"' for header in sorted(headers)]
    data = "\n".join(
        f"static const {C_TYPES[str(values.dtype)]} {name}[{values.size}] = {{\n{array_body(values)}\n}};"
        for name, values in arrays.arrays.items()
    )
    table = ", ".join(f"case_{number}" for number in range(len(cases)))
    return "\n".join(
        [
            "#include <math.h>",
            "#include <stddef.h>",
            "#include <stdint.h>",
            *includes,
            INTERFACE,
            data,
            *functions,
            "void call_kernel(int index, const void *const x[], void *const y[], void *scratch)",
            "{",
            f"    static void (*const cases[])(const void *const[], void *const[], void *) = {{{table}}};",
            "    cases[index](x, y, scratch);",
            "}",
            "",
        ]
    )


def _invocation(case: KernelCase, call: Call, number: int) -> str:
    kernel, layer = call.kernel, f"&layer_{number}"
    height, width, _ = case.output.layout
    pixels = call.pixels or height * width
    xs = [f"x[{i}]" for i in range(len(case.inputs))]
    scratch = ["scratch"] if kernel.scratch else []
    if kernel.form == "rows":
        assert call.window is not None
        arguments = [layer, f"x + oy * {call.window.height}", "y[oy]", *(["oy"] if kernel.numbered else []), *scratch]
        return f"for (int oy = 0; oy < {height}; oy++)\n        {kernel.symbol}({', '.join(arguments)});"
    if kernel.form == "row_pairs":
        assert call.window is not None and call.window.height == 3
        arguments, kind = [layer, "rows", "pair", *scratch], C_TYPES[case.output.dtype]
        return (
            f"for (int oy = 0; oy < {height}; oy += 2) {{\n        oy -= oy == {height - 1};\n"
            f"        const void *const rows[] = {{x[oy * 3], x[oy * 3 + 1], x[oy * 3 + 2], x[oy * 3 + 5]}};\n"
            f"        {kind} *const pair[] = {{y[oy], y[oy + 1]}};\n"
            f"        {kernel.symbol}({', '.join(arguments)});\n    }}"
        )
    if kernel.form == "reduce":
        arguments = [layer, "x[row]", "y[0]", "row", *scratch]
        rows = case.inputs[0].layout[0]
        return f"for (int row = 0; row < {rows}; row++)\n        {kernel.symbol}({', '.join(arguments)});"
    last = [] if kernel.form == "whole" else [str(pixels)]
    arguments = [layer, *(["x"] if kernel.form == "parts" else xs), "y[0]", *last, *scratch]
    return f"{kernel.symbol}({', '.join(arguments)});"


def sources(
    cases: Sequence[KernelCase], kind: Kind, runtime: dict[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """({path: text}, files to compile): shared kernels are compiled by themselves, as they are shipped.

    Kernels for other processors are their plain C twins here, or include headers that stand in for their compiler's.
    """
    runtime = runtime or runtime_files()
    files = {}
    for path, text in runtime.items():
        folder, _, name = path.partition("/")
        files[path if folder == "kernels" else name] = text
    chosen = {case.call.kernel.source for case in cases}
    twins = {path: runtime[f"emulate/{Path(path).name}"] for path in chosen if f"emulate/{Path(path).name}" in runtime}
    files |= twins | {"cases.c": source(cases, kind)}
    return files, ["cases.c", *(sorted(chosen) if kind == "shared" else []), "-lm"]


def flags(kind: Kind) -> list[str]:
    return ["-I.", *(["-DBTW_SHARED_KERNELS"] if kind == "shared" else [])]


# ---------------------------------------------------------------- two ways to run them


class LoadedCases:
    """All cases in this process, outputs between guard bytes."""

    def __init__(self, cases: Sequence[KernelCase], kind: Kind) -> None:
        self.cases = cases
        files, names = sources(cases, kind)
        ffi = cffi.FFI()
        ffi.cdef(INTERFACE)
        path = compile_files(files, names, [*FLAGS, *flags(kind), "-fPIC", "-shared"], ".so")
        self._ffi, self._library = ffi, ffi.dlopen(str(path))

    def run(self, number: int) -> Array:
        """The output in ONNX order; raises AssertionError where a guard byte changed."""
        case = self.cases[number]
        memory = blocks(case, case.call)
        given = [None if block is None else np.frombuffer(block, np.uint8).copy() for block in memory.inputs]
        made = [np.full(size + 2 * GUARD, GUARD_BYTE, np.uint8) for size in memory.outputs]
        scratch = np.full(memory.scratch + 2 * GUARD + 16, GUARD_BYTE, np.uint8)
        scratch = scratch[-scratch.ctypes.data % 16 :][: memory.scratch + 2 * GUARD]
        null = self._ffi.NULL
        x = [null if block is None else self._ffi.cast("const void *", block.ctypes.data) for block in given]
        y = [self._ffi.cast("void *", block.ctypes.data + GUARD) for block in made]
        pointers = self._ffi.new("const void *[]", x), self._ffi.new("void *[]", y)
        self._library.call_kernel(number, *pointers, self._ffi.cast("void *", scratch.ctypes.data + GUARD))
        for what, block in [*((f"output row {oy}", block) for oy, block in enumerate(made)), ("scratch", scratch)]:
            assert (block[:GUARD] == GUARD_BYTE).all(), f"bytes before {what} changed"
            assert (block[-GUARD:] == GUARD_BYTE).all(), f"bytes behind {what} changed"
        flat = np.concatenate([block[GUARD:-GUARD] for block in made]).view(case.output.dtype)
        return from_memory(flat, case.output.shape)


SANITIZED_MAIN = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef GUARD
#define GUARD 64
#endif
void call_kernel(int index, const void *const x[], void *const y[], void *scratch);

static int32_t number(FILE *in)
{
    int32_t value;
    if (fread(&value, sizeof value, 1, in) != 1)
        exit(3);
    return value;
}

/* A block of 0xa5 between guards of 0xa5. */
static void *guarded(int32_t bytes)
{
    const size_t all = (size_t)bytes + 2 * GUARD;
    return (uint8_t *)memset(malloc(all), 0xa5, all) + GUARD;
}

static void release(uint8_t *block, int32_t bytes)
{
    for (int g = 0; g < GUARD; g++)
        if (block[bytes + g] != 0xa5 || block[g - GUARD] != 0xa5)
            exit(4);
    free(block - GUARD);
}

/* file: number of cases, then of each: counts of inputs and outputs, bytes of scratch, the inputs (bytes, -1: null, and
 * values), bytes of outputs */
int main(int count, char **arguments)
{
    FILE *in = count == 3 ? fopen(arguments[1], "rb") : NULL, *out = count == 3 ? fopen(arguments[2], "wb") : NULL;
    if (!in || !out)
        return 3;
    const int cases = number(in);
    for (int i = 0; i < cases; i++) {
        const int inputs = number(in), outputs = number(in), scratch_bytes = number(in);
        uint8_t *scratch = guarded(scratch_bytes);
        fprintf(stderr, "case %d\\n", i);
        void **x = calloc((size_t)inputs, sizeof *x), **y = calloc((size_t)outputs, sizeof *y);
        int32_t *sizes = calloc((size_t)outputs, sizeof *sizes);
        for (int k = 0; k < inputs; k++) {
            const int32_t size = number(in);
            if (size < 0)
                continue;
            x[k] = malloc((size_t)size);
            if (fread(x[k], 1, (size_t)size, in) != (size_t)size)
                return 3;
        }
        for (int k = 0; k < outputs; k++) {
            sizes[k] = number(in);
            y[k] = guarded(sizes[k]);
        }
        call_kernel(i, (const void *const *)x, y, scratch);
        for (int k = 0; k < inputs; k++)
            free(x[k]);
        for (int k = 0; k < outputs; k++) {
            fwrite(y[k], 1, (size_t)sizes[k], out);
            release(y[k], sizes[k]);
        }
        release(scratch, scratch_bytes);
        free(x);
        free(y);
        free(sizes);
    }
    return fclose(in) | fclose(out);
}
"""


def run_sanitized(
    cases: Sequence[KernelCase], kind: Kind, runtime: dict[str, str] | None = None
) -> tuple[list[Array], str]:
    """(outputs of the cases that ran, report of ASan and UBSan or ''), in a process of its own.

    Every row and tensor is a heap block of exactly its size: a byte read or written beside it is reported.
    """
    files, names = sources(cases, kind, runtime)
    files["main.c"] = SANITIZED_MAIN
    options = [*SANITIZERS, "-std=c11", "-DGUARD=0", *flags(kind)]
    program = compile_files(files, ["main.c", *names], options, ".exe")
    return run_program([str(program)], cases)


def run_program(command: Sequence[str], cases: Sequence[KernelCase]) -> tuple[list[Array], str]:
    """(outputs of the cases, '') of a program made from their sources and SANITIZED_MAIN, or ([], what it printed)."""
    memory = [blocks(case, case.call) for case in cases]
    content = [struct.pack("<i", len(cases))]
    for block in memory:
        content.append(struct.pack("<iii", len(block.inputs), len(block.outputs), block.scratch))
        for data in block.inputs:
            content += [struct.pack("<i", -1)] if data is None else [struct.pack("<i", len(data)), data]
        content += [struct.pack("<i", size) for size in block.outputs]
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "in", Path(folder) / "out"
        given.write_bytes(b"".join(content))
        options = {"ASAN_OPTIONS": "detect_leaks=0:handle_abort=1"}
        done = subprocess.run(
            [*command, str(given), str(made)], capture_output=True, text=True, env={**os.environ, **options}
        )
        if done.returncode:
            return [], done.stderr + f"status {done.returncode}"
        rest, outputs = made.read_bytes(), []
    for case, block in zip(cases, memory, strict=True):
        size = sum(block.outputs)
        outputs.append(from_memory(np.frombuffer(rest[:size], case.output.dtype), case.output.shape))
        rest = rest[size:]
    return outputs, ""
