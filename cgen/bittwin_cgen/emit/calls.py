"""The C function of one step: row pointers, the kernel's call, padding beside what it wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from bittwin_cgen.emit.literals import C_TYPES, float_literal
from bittwin_cgen.ir import Buffer, Program, Segment, Step, TensorType, Window
from bittwin_cgen.lower import counters_name

WIDTH = 120  # columns of the C
INDENT = " " * 8  # of statements in a flow


def filled(opening: str, parts: list[str], closing: str) -> str:
    """`opening` and the parts, each but the last with what joins it to the next, in lines below one another."""
    lines, indent = [opening], " " * len(opening)
    for number, part in enumerate(parts):
        ends = closing if number == len(parts) - 1 else ""
        if len(lines[-1]) + len(part.rstrip()) + len(ends) > WIDTH and lines[-1] not in (opening, indent):
            lines[-1] = lines[-1].rstrip()
            lines.append(indent)
        lines[-1] += part
    return "\n".join(lines) + closing


def call(indent: str, function: str, arguments: list[str]) -> str:
    """A statement that calls a function."""
    return filled(f"{indent}{function}(", [*(f"{text}, " for text in arguments[:-1]), arguments[-1]], ");")


def joined(opening: str, conditions: list[str], operator: str, closing: str) -> str:
    """A statement's head with conditions joined by && or ||; lines may also end at an || inside one."""
    whole = [*(f"{text} {operator} " for text in conditions[:-1]), conditions[-1]]
    return filled(opening, [part for text in whole for part in re.split(r"(?<= \|\| )", text) if part], closing)


@dataclass(frozen=True)
class Calls:
    """Texts about the steps of a program; `ports` says which tensors lie in an input or output of `run`."""

    program: Program
    model: str
    ports: dict[str, str]  # tensor to C parameter
    constants: dict[str, str]  # tensor to C array
    tables: dict[str, str]  # step name to C array of the rows that it reads

    def whole(self, segment: Segment, step: Step) -> bool:
        """True when one call of the step makes its whole output."""
        if step.call.kernel.form in ("rows", "row_pairs", "row", "reduce"):
            return False
        rigid = step.call.kernel.form == "whole" or step.call.pixels is not None
        return rigid or (
            len(segment.steps) == 1 and all(self._view(name).dense for name in (*step.inputs, step.output))
        )

    def calls_of(self, step: Step) -> int:
        """How often the function of a step is called for one image, where it is not called once."""
        reduces = step.call.kernel.form == "reduce"
        return self._type(step.inputs[0] if reduces else step.output).layout[0]

    def function(self, segment: Segment, step: Step, number: int) -> str:
        """The definition of `<model>_<step>`, which makes output row `oy`, or everything."""
        if step.call.kernel.form == "row_pairs":
            return self._pair_function(step, number)
        whole = self.whole(segment, step)
        buffer = self.program.buffers[step.output]
        kernel = step.call.kernel
        reduces = kernel.form == "reduce"
        pointer = self._pointer if whole else self._row_pointer
        lines = [
            f"    {C_TYPES[buffer.dtype]} *const y = {self._pointer(step.output) if reduces else pointer(step.output)};"
        ]
        if kernel.form == "rows":
            assert step.call.window is not None
            lines += self._window(step, step.call.window)
            arguments = ["rows", "y", *(["oy"] if kernel.numbered else [])]
        else:
            xs = [pointer(name) for name in step.inputs]
            if self.program.pushed and step is self.program.segments[0].steps[0]:
                xs = [f"frame->{self.ports[step.inputs[0]]}"]
            if kernel.form == "parts":
                lines.append(f"    const void *const x[] = {{{', '.join(xs)}}};")
                xs = ["x"]
            last = {"whole": [], "row": [], "reduce": ["oy"]}.get(kernel.form, [str(self._pixels(step, whole))])
            arguments = [*xs, "y", *last]
        lines += [self._kernel_call(step, arguments), *self._pads(buffer, "y")]
        size = buffer.row_bytes * (buffer.height if whole else 1)
        row = "0" if whole or reduces else "oy"
        observe = f"    BTW_OBSERVE({number}, {row}, y, {size});"
        if reduces:
            lines += [f"    if (oy == {self.calls_of(step) - 1})", f"    {observe}"]
        else:
            lines.append(observe)
        argument = "" if whole else ", int oy"
        if not whole and not any("oy" in line for line in lines if "BTW_OBSERVE" not in line):
            lines.append("    (void)oy;")
        return self._definition(step, argument, lines)

    def _definition(self, step: Step, argument: str, lines: list[str]) -> str:
        head = f"BTW_LAYER void {self.model}_{step.name}(const {self.model}_frame *frame{argument})"
        return "\n".join([head, "{", *lines, "}"])

    def _kernel_call(self, step: Step, arguments: list[str]) -> str:
        """The statement that calls the kernel of a step, with its layer and scratch memory."""
        arguments = [f"&{self.model}_{step.name}_layer", *arguments]
        if step.call.kernel.scratch is not None:
            name = self.program.scratch.get(step.name)
            arguments.append(f"btw_at(frame->arena, {self.program.places[name].offset})" if name else "NULL")
        return call("    ", step.call.kernel.symbol, arguments)

    def _pads(self, buffer: Buffer, row: str) -> list[str]:
        """What fills the pads beside a row, where its pixels do."""
        if not (buffer.left or buffer.right) or buffer.mode == "constant":
            return []
        pixel = buffer.channels * buffer.itemsize
        return [f"    btw_pad_{buffer.mode}({row}, {buffer.width}, {pixel}, {buffer.left}, {buffer.right});"]

    def _pair_function(self, step: Step, number: int) -> str:
        """The definition of `<model>_<step>`, which makes output rows oy and oy + 1."""
        window, buffer = step.call.window, self.program.buffers[step.output]
        assert window is not None
        rows = [f"{self._row_pointer(step.output)}, ", self._row_pointer(step.output, "(oy + 1)")]
        lines = [filled(f"    {C_TYPES[buffer.dtype]} *const y[] = {{", rows, "};")]
        lines += self._window(step, replace(window, height=window.height + window.stride))
        lines.append(self._kernel_call(step, ["rows", "y"]))
        lines += [*self._pads(buffer, "y[0]"), *self._pads(buffer, "y[1]")]
        lines += ["    if (oy % 2 == 0) /* else it was made before */", "    "] if buffer.height % 2 else [""]
        lines[-1] += f"    BTW_OBSERVE({number}, oy, y[0], {buffer.row_bytes});"
        lines.append(f"    BTW_OBSERVE({number}, oy + 1, y[1], {buffer.row_bytes});")
        return self._definition(step, ", int oy", lines)

    def flow(self, number: int, segment: Segment) -> str:
        """Definitions of `<model>_rows_<number>` and `<model>_flow_<number>`: rounds as in `rounds.py`."""
        kind = f"{self.model}_rows_{number}"
        pushed = self.program.pushed and number == 0
        fields = ", ".join(step.name for step in segment.steps)
        turns = [line for step in segment.steps[1 if pushed else 0 :] for line in self._turn(segment, step)]
        if pushed:
            turns += self._padding_turn(segment, segment.steps[0])
        return "\n".join(
            [
                "/* Rows that each step has made. */",
                "typedef struct {",
                f"    int16_t {fields};",
                f"}} {kind};",
                "",
                "/* In every round each step makes a row, if the rows it reads are there, until none can. */",
                f"static void {self.model}_flow_{number}(const {self.model}_frame *frame, {kind} *made)",
                "{",
                "    int busy;",
                "    do {",
                "        busy = 0;",
                *turns,
                "    } while (busy);",
                "}",
            ]
        )

    def counters(self, number: int) -> str:
        """C expression of the counters of a segment."""
        return f"btw_at(frame->arena, {self.program.places[counters_name(number, self.program.types)].offset})"

    def begin(self, number: int, segment: Segment) -> list[str]:
        """Statements before the first row of a segment: padding values, counters."""
        lines = [line for step in segment.steps for line in self._fills(step)]
        lines += [f"btw_fill_{suffix}({where});" for suffix, where in self._outside_rows(segment)]
        if len(segment.steps) > 1:
            lines.append(f"memset({self.counters(number)}, 0, sizeof({self.model}_rows_{number}));")
        return lines

    def segment(self, number: int, segment: Segment) -> list[str]:
        """Statements of `run` for one segment."""
        lines = self.begin(number, segment)
        if len(segment.steps) > 1:
            return [*lines, f"{self.model}_flow_{number}(frame, {self.counters(number)});"]
        (step,) = segment.steps
        if self.whole(segment, step):
            return [*lines, f"{self.model}_{step.name}(frame);"]
        rows = self.calls_of(step)
        if step.call.kernel.form == "row_pairs":  # of an odd number the last pair begins one row earlier
            first = f"oy < {rows - 2} ? oy : {rows - 2}" if rows % 2 else "oy"
            return [
                *lines,
                f"for (int oy = 0; oy < {rows}; oy += 2)",
                f"    {self.model}_{step.name}(frame, {first});",
            ]
        return [
            *lines,
            f"for (int oy = 0; oy < {rows}; oy++)",
            f"    {self.model}_{step.name}(frame, oy);",
        ]

    def woken(self, segment: Segment) -> list[str]:
        """Conditions, any of which: a row that was pushed lets some step run. Behind the first, all have done what they
        could before: what is made of padding alone as well.
        """
        taker = segment.steps[0]
        readers = [step for step in segment.steps if taker.output in map(self.program.memory_of, step.inputs)]
        waits = [
            f"(made->{step.name} < {self.calls_of(step)} && {there})"
            if step.call.window and step.call.window.table
            else there
            for step in readers
            for there in (self._there(step, taker.output, taker),)
        ]
        return [f"made->{taker.name} == 1", *waits, f"made->{taker.name} >= {self.calls_of(taker)}"]

    def _turn(self, segment: Segment, step: Step) -> list[str]:
        """Makes a row if it can be made now."""
        inside = {other.output: other for other in segment.steps}
        sources = [self.program.memory_of(name) for name in step.inputs]
        makers = {name: inside[name] for name in dict.fromkeys(sources) if name in inside}
        conditions = [f"made->{step.name} < {self.calls_of(step)}"]
        conditions += [self._there(step, name, maker) for name, maker in makers.items()]
        conditions += self._wanted(segment, step)
        if any(self._ends_with(step, maker) for maker in makers.values()):
            del conditions[0]
        padding = self._padding_turn(segment, step, "} else if (")
        return [
            joined(f"{INDENT}if (", conditions, "&&", ") {"),
            f"{INDENT}    {self.model}_{step.name}(frame, made->{step.name}++);",
            f"{INDENT}    busy = 1;",
            *(padding or [f"{INDENT}}}"]),
        ]

    def _wanted(self, segment: Segment, step: Step) -> list[str]:
        """Condition of a step that waits: some reader's next call needs a row that is not there, or none reads more."""
        readers = [other for other in segment.steps if step.output in map(self.program.memory_of, other.inputs)]
        if step.output not in segment.paced or not readers:
            return []
        waiting = [
            f"(made->{other.name} < {self.calls_of(other)} && {_not(self._there(other, step.output, step))})"
            for other in readers
        ]
        finished = " && ".join(f"made->{other.name} >= {self.calls_of(other)}" for other in readers)
        return [f"({' || '.join([*waiting, f'({finished})' if len(readers) > 1 else finished])})"]

    def _ends_with(self, step: Step, maker: Step) -> bool:
        """The step has made as many rows as the maker of its input when there are no more."""
        if self.program.pushed and maker is self.program.segments[0].steps[0]:
            return False  # a caller may push too many
        rows = step.call.window is None and "reduce" not in (step.call.kernel.form, maker.call.kernel.form)
        return rows and self.calls_of(step) == self.calls_of(maker) and not self.program.buffers[maker.output].below

    def _padding_turn(self, segment: Segment, step: Step, opening: str = "if (") -> list[str]:
        """Makes a row of padding values below the image, where a ring has them."""
        buffer = self.program.buffers[step.output]
        if not buffer.below:
            return []
        suffix, value = self._value(buffer.dtype, buffer.value)
        start = self.program.place_of(step.output).offset
        values = buffer.stride // buffer.itemsize
        row = _at(start, f"made->{step.name}++ % {buffer.slots} * {buffer.stride}")
        reached = [f"made->{step.name} >= {buffer.height}", f"made->{step.name} < {buffer.height + buffer.below}"]
        return [
            joined(f"{INDENT}{opening}", [*reached, *self._wanted(segment, step)], "&&", ") {"),
            f"{INDENT}    btw_fill_{suffix}({row}, {values}, {value});",
            f"{INDENT}    busy = 1;",
            f"{INDENT}}}",
        ]

    def _there(self, step: Step, name: str, maker: Step) -> str:
        """Condition: the rows of a tensor that the step's next call reads are there. A comparison, or in brackets."""
        window, buffer = step.call.window, self.program.buffers[name]
        made, counter, height = f"made->{maker.name}", f"made->{step.name}", buffer.height
        if maker.call.kernel.form == "reduce":
            return f"{made} >= {self.calls_of(maker)}"
        if window is None and height < self.calls_of(step):
            return f"{made} >= {height}"
        if window is None:
            return f"{made} > {counter}"
        if window.mode == "wrap":
            return f"{made} >= {height}"
        if window.mode == "table":
            return f"{made} >= btw_rows_end({self.tables[step.name]} + {counter} * {window.height}, {window.height})"
        reach = (window.height - 1) * window.dilation - window.top
        scaled = counter if window.stride == 1 else f"{counter} * {window.stride}"
        enough = f"{made} > {scaled}" + (f" {'+' if reach > 0 else '-'} {abs(reach)}" if reach else "")
        if window.mode == "constant" and window.bottom is None and buffer.ring:
            return enough
        least = min(window.top + 1, height) if window.mode == "reflect" else 1 if window.mode == "edge" else 0
        both = f"({enough} && {made} >= {least})" if least > max(0, reach) + 1 or (least and reach < 0) else enough
        return f"({both} || {made} >= {height})"

    def _fills(self, step: Step) -> list[str]:
        """Padding values of the output that stay: beside its rows; in a ring everywhere, for rows above the image."""
        buffer = self.program.buffers[step.output]
        if buffer.mode != "constant" or step.output not in self.program.places:
            return []  # outside the arena, or in the place of a tensor for which it is done
        start = f"btw_at(frame->arena, {self.program.places[step.output].offset})"
        suffix, value = self._value(buffer.dtype, buffer.value)
        if buffer.ring and (buffer.left or buffer.right or self._reads_above(step.output)):
            return [f"btw_fill_{suffix}({start}, {buffer.slots * buffer.stride // buffer.itemsize}, {value});"]
        if not (buffer.left or buffer.right):
            return []
        sizes = [buffer.slots, *(size * buffer.channels for size in (buffer.width, buffer.left, buffer.right))]
        return [f"btw_fill_pads_{suffix}({start}, {', '.join(map(str, sizes))}, {value});"]

    def _reads_above(self, tensor: str) -> bool:
        """A window reaches over the top or the bottom of a tensor, or of one that takes its place."""
        here = {tensor, *(name for name, other in self.program.shared.items() if other == tensor)}
        windows = [
            step.call.window
            for step in self.program.steps()
            if here.intersection(map(self.program.memory_of, step.inputs))
        ]
        return any(window is not None and window.top for window in windows)

    def _outside_rows(self, segment: Segment) -> list[tuple[str, str]]:
        """(suffix of the fill function, its arguments) for the rows that stand for those outside an image."""
        rows = {}
        for step in segment.steps:
            if step.name in self.program.outside:
                window = step.call.window
                assert window is not None
                place = self.program.places[self.program.outside[step.name]]
                dtype = self._type(step.inputs[0]).dtype
                suffix, value = self._value(dtype, window.value)
                count = place.bytes // np.dtype(dtype).itemsize
                rows[place.offset] = suffix, f"btw_at(frame->arena, {place.offset}), {count}, {value}"
        return list(rows.values())

    def _value(self, dtype: str, value: float) -> tuple[str, str]:
        return ("f32", float_literal(float(value))) if dtype == "float32" else ("s8", str(int(value)))

    def _window(self, step: Step, window: Window) -> list[str]:
        """`rows`: the input rows behind output row oy."""
        name = step.inputs[0]
        height, _, channels = self._type(name).layout
        buffer = self._view(name)
        shift = window.left * channels * buffer.itemsize
        first = self._pointer(name, -shift)
        from_ring = buffer.ring and window.mode == "constant" and window.bottom is None
        above = -(-window.top // buffer.slots) * buffer.slots if from_ring else 0
        start = "oy" if window.stride == 1 else f"oy * {window.stride}"
        start += f" + {above - window.top}" if above > window.top else ""
        start += f" - {window.top - above}" if above < window.top else ""
        lines = [
            f"    const void *rows[{window.height}];",
            f"    const btw_plane x = {{{first}, {buffer.stride}, {buffer.slots}, {height}}};",
        ]
        if window.mode == "table":
            table = f"{self.tables[step.name]} + oy * {window.height}"
            return [*lines, f"    btw_rows_table(rows, {window.height}, x, {table});"]
        arguments = f"rows, {window.height}, x, {start}, {window.dilation}"
        if from_ring:
            lines.append(f"    btw_rows_ring({arguments});")
        elif window.mode in ("constant", "absent"):
            outside = "NULL"
            if step.name in self.program.outside:
                outside = f"btw_at(frame->arena, {self.program.places[self.program.outside[step.name]].offset})"
            end = "INT32_MAX" if window.bottom is None else str(height + window.bottom)
            lines.append(f"    btw_rows_constant({arguments}, {outside}, {end});")
        else:
            lines.append(f"    btw_rows_{window.mode}({arguments});")
        return lines

    def _pixels(self, step: Step, whole: bool) -> int:
        height, width, _ = self._type(step.output).layout
        if step.call.pixels is not None:
            return step.call.pixels
        return height * width if whole else width

    def _type(self, name: str) -> TensorType:
        return self.program.types[name]

    def _view(self, name: str) -> Buffer:
        """The buffer of a tensor as its own dimensions see it; under others it is dense."""
        buffer = self.program.buffers[self.program.memory_of(name)]
        height, width, channels = self._type(name).layout
        if (buffer.height, buffer.width, buffer.channels) == (height, width, channels):
            return buffer
        return Buffer(name, buffer.dtype, height, width, channels, height)

    def _pointer(self, name: str, shift: int = 0) -> str:
        """C expression of the first pixel, moved by `shift` bytes."""
        root = self.program.memory_of(name)
        if root in self.ports or root in self.constants:
            assert shift == 0
            return self._outside_arena(root)
        offset = self.program.place_of(root).offset + self.program.buffers[root].first + shift
        return f"btw_at(frame->arena, {offset})"

    def _outside_arena(self, root: str) -> str:
        """C expression of a tensor that is a parameter of `run` or a constant."""
        return f"frame->{self.ports[root]}" if root in self.ports else self.constants[root]

    def _row_pointer(self, name: str, row: str = "oy") -> str:
        """C expression of the first pixel of row oy, or of another one."""
        view, root = self._view(name), self.program.memory_of(name)
        if view.slots == 1:
            return self._pointer(name)
        slot = row if view.slots == view.height else f"{row} % {view.slots}"
        if root in self.ports or root in self.constants:
            return f"{self._outside_arena(root)} + {slot} * {view.stride // view.itemsize}"
        offset = self.program.place_of(root).offset + view.first
        return _at(offset, f"{slot} * {view.stride}")

    def place(self, step: Step) -> str:
        """Where the rows that a step makes lie, in words; '' where they lie outside the arena or it makes one row."""
        root = self.program.memory_of(step.output)
        view = self._view(step.output)
        if root in self.ports or root in self.constants or view.height == 1:
            return ""
        pixel = view.channels * view.itemsize
        pads = [f"{size * pixel} {side}" for size, side in ((view.left, "before"), (view.right, "behind")) if size]
        rows = "one row at a time" if view.slots == 1 else f"the last {view.slots} rows" if view.ring else "all rows"
        padding = f", with padding of {' and '.join(pads)}" if pads else ""
        return f"Makes rows of {view.row_bytes} bytes{padding}; keeps {rows}, at {self.program.place_of(root).offset}."


def _at(offset: int, moving: str) -> str:
    """C expression of a place in the arena that moves."""
    return f"btw_at(frame->arena, {f'{offset} + ' if offset else ''}{moving})"


def _not(condition: str) -> str:
    """The opposite of a comparison, or of what is in brackets."""
    return f"!{condition}" if condition.startswith("(") else f"!({condition})"
