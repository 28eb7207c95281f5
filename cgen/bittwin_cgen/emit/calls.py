"""The C function of one step: row pointers, the kernel's call, padding beside what it wrote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bittwin_cgen.emit.literals import C_TYPES, float_literal
from bittwin_cgen.ir import Buffer, Program, Segment, Step, TensorType, Window
from bittwin_cgen.lower import outside_name, scratch_name
from bittwin_cgen.schedule import rows_needed


@dataclass(frozen=True)
class Calls:
    """Texts about the steps of a program; `ports` says which tensors lie in an input or output of `run`."""

    program: Program
    model: str
    ports: dict[str, str]  # tensor to C parameter

    def whole(self, segment: Segment, step: Step) -> bool:
        """True when one call of the step makes its whole output."""
        if step.call.kernel.form == "rows":
            return False
        rigid = step.call.kernel.form == "whole" or step.call.pixels is not None
        return rigid or (
            len(segment.steps) == 1 and all(self._view(name).dense for name in (*step.inputs, step.output))
        )

    def function(self, segment: Segment, step: Step, number: int) -> str:
        """The definition of `<model>_<step>`, which makes output row `oy`, or everything."""
        whole = self.whole(segment, step)
        buffer = self.program.buffers[step.output]
        pointer = self._pointer if whole else self._row_pointer
        lines = [f"    {C_TYPES[buffer.dtype]} *const y = {pointer(step.output)};"]
        kernel = step.call.kernel
        if kernel.form == "rows":
            assert step.call.window is not None
            lines += self._window(step, step.call.window)
            arguments = ["rows", "y"]
        else:
            xs = [pointer(name) for name in step.inputs]
            if kernel.form == "parts":
                lines.append(f"    const void *const x[] = {{{', '.join(xs)}}};")
                xs = ["x"]
            arguments = [*xs, "y"] + ([str(self._pixels(step, whole))] if kernel.form != "whole" else [])
        layer = f"&{self.model}_{step.name}_layer"
        if kernel.scratch is not None:
            place = self.program.places.get(scratch_name(step))
            arguments.append(f"btw_at(frame->arena, {place.offset})" if place else "NULL")
        lines.append(f"    {kernel.symbol}({', '.join([layer, *arguments])});")
        if (buffer.left or buffer.right) and buffer.mode != "constant":
            pixel = buffer.channels * buffer.itemsize
            lines.append(f"    btw_pad_{buffer.mode}(y, {buffer.width}, {pixel}, {buffer.left}, {buffer.right});")
        size = buffer.row_bytes * (buffer.height if whole else 1)
        lines.append(f"    BTW_OBSERVE({number}, {'0' if whole else 'oy'}, y, {size});")
        argument = "" if whole else ", int oy"
        return "\n".join(
            [f"static void {self.model}_{step.name}(const {self.model}_frame *frame{argument})", "{", *lines, "}"]
        )

    def segment(self, segment: Segment) -> list[str]:
        """Statements of `run` for one segment: padding values once, then rows in an order that has what each needs."""
        lines = [line for step in segment.steps for line in self._fills(step)]
        if len(segment.steps) == 1:
            (step,) = segment.steps
            if self.whole(segment, step):
                return [*lines, f"{self.model}_{step.name}(frame);"]
            rows = self._type(step.output).layout[0]
            return [*lines, f"for (int oy = 0; oy < {rows}; oy++)", f"    {self.model}_{step.name}(frame, oy);"]
        return lines + self._interleaved(segment)

    def _interleaved(self, segment: Segment) -> list[str]:
        """Row by row: each step runs as soon as the rows it needs are there."""
        inner = {step.output: f"{step.name}_y" for step in segment.steps}
        last = segment.steps[-1]
        lines = ["{", f"    int {', '.join(f'{name} = 0' for name in inner.values())};"]
        lines.append(f"    while ({inner[last.output]} < {self._type(last.output).layout[0]}) {{")
        for step in segment.steps:
            counter, height = inner[step.output], self._type(step.output).layout[0]
            waits = [self._ready(step, name, counter, inner[name]) for name in step.inputs if name in inner]
            keyword = "if" if step is not last else "while"
            condition = " && ".join([f"{counter} < {height}", *waits])
            lines.append(f"        {keyword} ({condition})")
            lines.append(f"            {self.model}_{step.name}(frame, {counter}++);")
        return [*lines, "    }", "}"]

    def _ready(self, step: Step, name: str, counter: str, made: str) -> str:
        window, height = step.call.window, self._type(name).layout[0]
        if window is None:
            return f"{made} > {counter}"
        if rows_needed(window, 0, height) == height:
            return f"{made} == {height}"
        reach = (window.height - 1) * window.dilation - window.top
        needed = f"{counter}{f' * {window.stride}' if window.stride != 1 else ''}{f' {reach:+d}' if reach else ''}"
        needed = needed.replace(" -", " - ").replace(" +", " + ")
        enough = f"{made} > {needed}"
        if window.mode == "reflect" and window.top:
            enough = f"({enough} && {made} > {window.top})"
        return f"({enough} || {made} == {height})"

    def _fills(self, step: Step) -> list[str]:
        """Padding values that stay: beside the rows of the output, and the row that stands for those outside."""
        lines = []
        buffer = self.program.buffers[step.output]
        if (buffer.left or buffer.right) and buffer.mode == "constant":
            start = self.program.places[step.output].offset
            suffix, value = self._value(buffer.dtype, buffer.value)
            values = [size * buffer.channels for size in (buffer.width, buffer.left, buffer.right)]
            sizes = ", ".join(str(size) for size in (buffer.slots, *values))
            lines.append(f"btw_fill_pads_{suffix}(btw_at(frame->arena, {start}), {sizes}, {value});")
        if step.name in self.program.outside:
            window = step.call.window
            assert window is not None
            place = self.program.places[outside_name(step)]
            dtype = self._type(step.inputs[0]).dtype
            suffix, value = self._value(dtype, window.value)
            count = place.bytes // np.dtype(dtype).itemsize
            lines.append(f"btw_fill_{suffix}(btw_at(frame->arena, {place.offset}), {count}, {value});")
        return lines

    def _value(self, dtype: str, value: float) -> tuple[str, str]:
        return ("f32", float_literal(float(value))) if dtype == "float32" else ("s8", str(int(value)))

    def _window(self, step: Step, window: Window) -> list[str]:
        """`rows`: the input rows behind output row oy."""
        name = step.inputs[0]
        height, _, channels = self._type(name).layout
        buffer = self._view(name)
        shift = window.left * channels * buffer.itemsize
        first = self._pointer(name, -shift)
        start = "oy" if window.stride == 1 else f"oy * {window.stride}"
        start += f" - {window.top}" if window.top else ""
        lines = [
            f"    const void *rows[{window.height}];",
            f"    const btw_plane x = {{{first}, {buffer.stride}, {buffer.slots}, {height}}};",
        ]
        arguments = f"rows, {window.height}, x, {start}, {window.dilation}"
        if window.mode in ("constant", "absent"):
            outside = "NULL"
            if step.name in self.program.outside:
                outside = f"btw_at(frame->arena, {self.program.places[outside_name(step)].offset})"
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
        if root in self.ports:
            assert shift == 0
            return f"frame->{self.ports[root]}"
        offset = self.program.places[root].offset + self.program.buffers[root].first + shift
        return f"btw_at(frame->arena, {offset})"

    def _row_pointer(self, name: str) -> str:
        """C expression of the first pixel of row oy."""
        view, root = self._view(name), self.program.memory_of(name)
        if view.slots == 1:
            return self._pointer(name)
        slot = "oy" if view.slots == view.height else f"oy % {view.slots}"
        if root in self.ports:
            return f"frame->{self.ports[root]} + {slot} * {view.stride // view.itemsize}"
        offset = self.program.places[root].offset + view.first
        return f"btw_at(frame->arena, {offset} + {slot} * {view.stride})"
