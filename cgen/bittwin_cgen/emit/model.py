"""A Program as the files of a generated model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittwin_cgen.emit.calls import Calls, joined
from bittwin_cgen.emit.literals import C_TYPES, Initializers, array_body, float_literal
from bittwin_cgen.ir import ConstantsText, Kernel, Port, Program, TensorType
from bittwin_cgen.lower import identifier, output_tensor
from bittwin_cgen.version import ABI, VERSION

LICENSE = "/* SPDX-License-Identifier: MIT-0 */"


@dataclass(frozen=True)
class PortText:
    """A parameter of `run`: its C name, the port, the type of one image."""

    name: str
    port: Port
    type: TensorType
    is_input: bool

    @property
    def c_type(self) -> str:
        return C_TYPES[self.type.dtype]

    @property
    def const(self) -> str:
        return "const " if self.is_input else ""


@dataclass(frozen=True)
class ModelText:
    """The texts of one model called `name`."""

    program: Program
    name: str

    @cached_property
    def ports(self) -> tuple[PortText, ...]:
        taken: set[str] = set()
        graph = self.program.graph
        texts = []
        for side, default in ((graph.inputs, "input"), (graph.outputs, "output")):
            for port in side:
                type = graph.types[port.tensor]
                texts.append(PortText(identifier(port.name, taken, default), port, type, side is graph.inputs))
        return tuple(texts)

    @cached_property
    def calls(self) -> Calls:
        memory: dict[str, str] = {}
        graph = self.program.graph
        for text in self.ports:
            own = output_tensor(graph, text.port)
            tensor = own if not text.is_input and own in self.program.types else text.port.tensor
            memory[self.program.memory_of(tensor)] = text.name
        return Calls(self.program, self.name, memory, self._constants, self._tables)

    @property
    def _constants(self) -> dict[str, str]:
        """{tensor: C array} of the tensors that lie among the weights."""
        return self.initializers[2]

    @property
    def _tables(self) -> dict[str, str]:
        """{step name: C array} of the rows that a step reads, where a table says which."""
        return self.initializers[3]

    @cached_property
    def initializers(self) -> tuple[Initializers, dict[str, str], dict[str, str], dict[str, str]]:
        """(arrays, {step name: its layer struct as text}, {constant tensor: its array}, {step name: its row table})."""
        arrays = Initializers(self.name)
        layers = {}
        for step in self.program.steps():
            if step.call.layer is not None:
                layers[step.name] = arrays.struct(step.name, step.call.layer)
        taken = {step.name for step in self.program.steps()}
        constants = {
            tensor: arrays.array(
                f"{self.name}_{identifier(f'constant_{tensor}', taken, 'constant')}",
                values.transpose(self.program.types[tensor].memory_axes),
            )
            for tensor, values in self.program.constants.items()
        }
        tables = {
            step.name: arrays.array(f"{self.name}_{step.name}_rows", np.array(step.call.window.table, np.int32))
            for step in self.program.steps()
            if step.call.window is not None and step.call.window.table
        }
        return arrays, layers, constants, tables

    @cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        found = {step.call.kernel.symbol: step.call.kernel for step in self.program.steps()}
        return tuple(found[symbol] for symbol in sorted(found))

    @cached_property
    def needs(self) -> list[str]:
        """The instruction sets of its kernels."""
        return sorted({isa for kernel in self.kernels for isa in kernel.needs})

    @property
    def arena_bytes(self) -> int:
        return max(self.program.arena_bytes, 16)

    @property
    def constant_bytes(self) -> int:
        return self.initializers[0].bytes

    def files(self, runtime: dict[str, str]) -> dict[str, str | ConstantsText]:
        """{path: text} of the model and of the runtime files it uses."""
        used = ["include/btw.h", "include/btw_fixed_point.h", *(["include/btw_needs.h"] if self.needs else [])]
        used += [path for kernel in self.kernels for path in (kernel.header, kernel.source)]
        headers = {path.rsplit("/", 1)[1]: path for path in runtime if path.startswith(("include/", "kernels/"))}
        for path in used:  # it grows
            included = re.findall(r'#include "([\w.]+)"', runtime[path])
            used += [headers[name] for name in included if name in headers and headers[name] not in used]
        return {
            f"{self.name}.h": self.header(),
            f"{self.name}.c": self.source(),
            f"{self.name}_weights.h": self.weights_header(),
            f"{self.name}_weights.c": ConstantsText(self.weights, self.initializers[0].arrays),
            **{f"btw/{path.rsplit('/', 1)[1]}": runtime[path] for path in sorted(set(used))},
        }

    def header(self) -> str:
        upper = self.name.upper()
        parts = [
            self._first_line(),
            LICENSE,
            f"/* {self.name}.c and {self.name}_weights.c ({self.constant_bytes:,} bytes) need -ffp-contract=off. */",
            f"#ifndef {upper}_H",
            f"#define {upper}_H",
            "",
            "#include <stdint.h>",
            "",
            "#ifndef BTW_ALIGN",
            "#if defined(__cplusplus) && __cplusplus >= 201103L",
            "#define BTW_ALIGN(bytes) alignas(bytes)",
            "#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L",
            "#define BTW_ALIGN(bytes) _Alignas(bytes)",
            "#else",
            "#define BTW_ALIGN(bytes) __attribute__((aligned(bytes)))",
            "#endif",
            "#endif",
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            *[line for text in self.ports for line in self._port_macros(text)],
            "/* Memory of one inference. Nothing in it has to be kept between calls of run. */",
            "typedef struct {",
            f"    BTW_ALIGN(16) uint8_t bytes[{self.arena_bytes}];",
            f"}} {self.name}_arena;",
            "",
            f"/* One inference, {self.macs:,} MAC. Tensors are channels last: [N,C,H,W] is [H][W][C]. Inputs and",
            " * outputs lie outside the arena. Nothing is kept elsewhere: calls with an arena each may overlap. */",
            f"{self._signature()};",
            *self._push_declarations(),
            *[line for text in self.ports for line in self._conversion(text)],
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
        ]
        return "\n".join(parts) + "\n"

    def _first_line(self, what: str = "") -> str:
        program = self.program
        made_for = f"for {program.target.name}, schedule {program.schedule}"
        return f"/* {what}{self.name}: made by bittwin {VERSION} {made_for}. Do not edit. */"

    @property
    def macs(self) -> int:
        """Multiplications of one call of run."""
        return sum(step.macs for step in self.program.steps()) * self.program.graph.batch

    def _macro(self, text: PortText) -> str:
        return f"{self.name}_{text.name}".upper()

    def _port_macros(self, text: PortText) -> list[str]:
        macro, batch = self._macro(text), self.program.graph.batch
        height, width, channels = text.type.layout
        sizes = f"[{height}][{width}][{channels}]" if len(text.type.shape) > 2 else f"[{channels}]"
        images = f", {batch} images" if batch > 1 else ""
        lines = [
            f"/* {text.name}: {text.c_type} {sizes}{images} */",
            f"#define {macro}_SIZE {text.type.size * batch}",
            f"#define {macro}_HEIGHT {height}",
            f"#define {macro}_WIDTH {width}",
            f"#define {macro}_CHANNELS {channels}",
        ]
        if text.is_input:
            lines.append(f"#define {macro}_ROW_SIZE {width * channels}")
        if text.type.quantization:
            lines.append(f"#define {macro}_SCALE {float_literal(text.type.quantization.scale)}")
            lines.append(f"#define {macro}_ZERO_POINT ({text.type.quantization.zero_point})")
        return [*lines, ""]

    def _signature(self) -> str:
        parameters = [f"{self.name}_arena *arena"]
        parameters += [f"{text.const}{text.c_type} {text.name}[{self._macro(text)}_SIZE]" for text in self.ports]
        line = f"void {self.name}_run({', '.join(parameters)})"
        if len(line) > 118:
            line = f"void {self.name}_run(" + (",\n" + " " * (len(self.name) + 10)).join(parameters) + ")"
        return line

    def _conversion(self, text: PortText) -> list[str]:
        if not text.type.quantization:
            return []
        macro = self._macro(text)
        if text.is_input:
            return [
                "",
                f"/* The code of a real value of {text.name}: true division, halves to even, saturated. */",
                f"static inline int8_t {self.name}_quantize_{text.name}(float value)",
                "{",
                f"    float code = value / {macro}_SCALE;",
                "    code = code < -512.0f ? -512.0f : code > 512.0f ? 512.0f : code;",
                f"    const int rounded = (int)((code + 12582912.0f) - 12582912.0f) + {macro}_ZERO_POINT;",
                "    return (int8_t)(rounded < -128 ? -128 : rounded > 127 ? 127 : rounded);",
                "}",
            ]
        return [
            "",
            f"/* The real value of a code of {text.name}. */",
            f"static inline float {self.name}_dequantize_{text.name}(int8_t code)",
            "{",
            f"    return {macro}_SCALE * (float)(code - {macro}_ZERO_POINT);",
            "}",
        ]

    def source(self) -> str:
        _, layers, *_ = self.initializers
        infinity = any("INFINITY" in text for text in layers.values())
        infinity = infinity or any("f32" in kernel.symbol for kernel in self.kernels)
        body = [
            self._first_line(),
            LICENSE,
            "#if !defined(BTW_SHARED_KERNELS)",
            "#define BTW_INLINE_KERNELS",
            "#endif",
            f'#include "{self.name}.h"',
            f'#include "{self.name}_weights.h"',
            *[f"#define BTW_NEEDS_{isa.upper()}" for isa in self.needs],
            *(['#include "btw/btw_needs.h"'] if self.needs else []),
            "",
            *(["#include <math.h> /* INFINITY */", ""] if infinity else []),
            "#if defined(BTW_SHARED_KERNELS)",
            *[f'#include "{header}"' for header in sorted({self._local(kernel.header) for kernel in self.kernels})],
            "#else",
            *[f'#include "{self._local(kernel.source)}"' for kernel in self.kernels],
            "#endif",
            "",
            "/* What a layer sees of one call of run. */",
            "typedef struct {",
            "    uint8_t *arena;",
            *[f"    {text.const}{text.c_type} *{text.name};" for text in self.ports],
            f"}} {self.name}_frame;",
        ]
        number = 0
        for segment in self.program.segments:
            for step in segment.steps:
                place = self.calls.place(step)
                kept = f".\n * {place}" if place else ""
                body += ["", f"/* {step.name}: {self._describe(step.name)}{kept} */"]
                if step.name in layers:
                    kind = step.call.layer.type if step.call.layer else ""
                    body += [f"static const {kind} {self.name}_{step.name}_layer = {layers[step.name]};", ""]
                body.append(self.calls.function(segment, step, number))
                number += 1
        for number, segment in enumerate(self.program.segments):
            if len(segment.steps) > 1:
                body += ["", self.calls.flow(number, segment)]
        return "\n".join([*body, "", *self._run()]) + "\n"

    @staticmethod
    def _local(path: str) -> str:
        return f"btw/{path.rsplit('/', 1)[1]}"

    def _describe(self, name: str) -> str:
        step = next(step for step in self.program.steps() if step.name == name)
        shapes = [self._dimensions(self.program.types[tensor]) for tensor in (*step.inputs, step.output)]
        macs = f", {step.macs:,} MAC" if step.macs else ""
        return f"{step.call.summary}, {', '.join(shapes[:-1])} to {shapes[-1]}{macs}"

    @staticmethod
    def _dimensions(type: TensorType) -> str:
        height, width, channels = type.layout
        return f"[{height}][{width}][{channels}]" if height * width > 1 else f"[{channels}]"

    def _run(self) -> list[str]:
        if self.program.pushed:
            return self._pushed_run()
        frame, batch = f"{self.name}_frame", self.program.graph.batch
        inside = [f"    {line}" for line in self._segments(0)]
        fields = ["arena->bytes", *[text.name for text in self.ports]]
        if batch > 1:
            fields[1:] = [f"{text.name} + image * {text.type.size}" for text in self.ports]
        body = [f"    const {frame} whole = {{{', '.join(fields)}}}, *const frame = &whole;", *inside]
        if batch > 1:
            loop = f"    for (int image = 0; image < {batch}; image++) {{"
            body = [loop, *[f"    {line}" for line in body], "    }"]
        return [self._signature(), "{", *body, "}"]

    def _segments(self, first: int) -> list[str]:
        segments = list(enumerate(self.program.segments))[first:]
        return [line for number, segment in segments for line in self.calls.segment(number, segment)]

    def _pushed_run(self) -> list[str]:
        """begin, push_row and output, and run as all of them."""
        frame, first = f"{self.name}_frame", self.program.segments[0]
        taker = first.steps[0]
        (given,) = [text for text in self.ports if text.is_input]
        results = [text for text in self.ports if not text.is_input]
        counters = f"{self.name}_rows_0 *const made = {self.calls.counters(0)};"
        nothing = ["NULL"] * len(results)
        start = ", ".join(["arena->bytes", "NULL", *nothing])
        pushed = ", ".join(["arena->bytes", "row", *nothing])
        asked = ", ".join(["arena->bytes", "NULL", *[text.name for text in results]])
        row = given.type.size // given.type.layout[0]
        return [
            self._begin_signature(),
            "{",
            f"    const {frame} whole = {{{start}}}, *const frame = &whole;",
            *[f"    {line}" for line in self.calls.begin(0, first)],
            "}",
            "",
            self._push_signature(),
            "{",
            f"    const {frame} whole = {{{pushed}}}, *const frame = &whole;",
            f"    {counters}",
            f"    {self.name}_{taker.name}(frame, made->{taker.name}++);",
            joined("    if (", self.calls.woken(first), "||", ")"),
            f"        {self.name}_flow_0(frame, made);",
            "}",
            "",
            self._output_signature(),
            "{",
            f"    const {frame} whole = {{{asked}}}, *const frame = &whole;",
            *[f"    {line}" for line in self._segments(1)],
            *(["    (void)frame;"] if len(self.program.segments) == 1 else []),
            "}",
            "",
            self._signature(),
            "{",
            f"    {self.name}_begin(arena);",
            f"    for (int y = 0; y < {given.type.layout[0]}; y++)",
            f"        {self.name}_push_row(arena, {given.name} + y * {row});",
            f"    {self.name}_output({', '.join(['arena', *[text.name for text in results]])});",
            "}",
        ]

    def _begin_signature(self) -> str:
        return f"void {self.name}_begin({self.name}_arena *arena)"

    def _push_signature(self) -> str:
        (given,) = [text for text in self.ports if text.is_input]
        size = f"{self._macro(given)}_ROW_SIZE"
        return f"void {self.name}_push_row({self.name}_arena *arena, const {given.c_type} row[{size}])"

    def _output_signature(self) -> str:
        results = [f"{text.c_type} {text.name}[{self._macro(text)}_SIZE]" for text in self.ports if not text.is_input]
        return f"void {self.name}_output({', '.join([f'{self.name}_arena *arena', *results])})"

    def _push_declarations(self) -> list[str]:
        if not self.program.pushed:
            return []
        return [
            "",
            "/* The same inference with input rows as they come, so that the image is never stored: begin, then",
            " * push_row for each row from top to bottom, then output. Until it returns the arena is in use. */",
            f"{self._begin_signature()};",
            f"{self._push_signature()};",
            f"{self._output_signature()};",
        ]

    def weights_header(self) -> str:
        arrays, *_ = self.initializers
        lines = [
            self._first_line("Constants of "),
            LICENSE,
            f"#ifndef {self.name.upper()}_WEIGHTS_H",
            f"#define {self.name.upper()}_WEIGHTS_H",
            "",
            '#include "btw/btw.h"',
            "",
            f"#if BTW_ABI != {ABI}",
            f'#error "{self.name} and btw/ are of different versions of bittwin: generate both together"',
            "#endif",
            "",
            *self._declarations(arrays, "extern const {type} {name}[{size}];"),
            "",
            "#endif",
        ]
        return "\n".join(lines) + "\n"

    @staticmethod
    def _declarations(arrays: Initializers, form: str) -> Sequence[str]:
        return [
            form.format(type=C_TYPES[str(values.dtype)], name=name, size=values.size)
            for name, values in arrays.arrays.items()
        ]

    def weights(self) -> str:
        arrays, *_ = self.initializers
        lines = [
            self._first_line("Constants of "),
            LICENSE,
            "/* Above an array stands what points to it; the comment of that struct in btw/ gives its order. */",
            f'#include "{self.name}_weights.h"',
        ]
        if any(values.dtype == np.float32 and not np.isfinite(values).all() for values in arrays.arrays.values()):
            lines.append("#include <math.h> /* INFINITY, NAN */")
        for name, values in arrays.arrays.items():
            kind = C_TYPES[str(values.dtype)]
            field = arrays.fields.get(name)
            lines += ["", *([f"/* {field} */"] if field else [])]
            lines += [f"BTW_WEIGHTS const {kind} {name}[{values.size}] = {{", array_body(values), "};"]
        return "\n".join(lines) + "\n"
