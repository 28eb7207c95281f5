"""Generated C on another processor: cross-built with a harness, run under QEMU, every layer's values seen."""

from __future__ import annotations

import functools
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bittwin.boards import FOLDER, OPTIMIZATION, SHIFT, Board
from bittwin.builder import Conversions, Values, all_images, compile_files, from_c_order, to_c_order
from bittwin_cgen import BittwinError
from bittwin_cgen.emit.literals import C_TYPES
from bittwin_cgen.ir import Array, GeneratedModel

Flavour = Literal["shipped", "observed", "marked"]

WARNINGS = ("-Wall", "-Wextra", "-Werror")
FLAGS = ("-std=c11", OPTIMIZATION, "-ffp-contract=off", *WARNINGS)
GUARD = 64  # as in main.c
TAG_MEASURED = -1000
MEASURE = 1
MOST_BYTES = 1 << 26  # of results in one run of QEMU
EXIT_GUARD, EXIT_FAULT = 4, 5

OBSERVE = """#include <stdint.h>
void btw_observe(int layer, int row, const void *pointer, int bytes);
#define BTW_OBSERVE(layer, row, pointer, bytes) btw_observe(layer, row, pointer, bytes)
"""

# One instruction that does nothing, and its address with the number of the layer in a section that is not loaded.
MARK = """#define BTW_OBSERVE(layer, row, pointer, bytes) \\
    ((void)(row), (void)(pointer), (void)(bytes), btw_mark(layer))
#define btw_mark(layer) \\
    ({ __asm__ volatile("8765: nop\\n\\t.pushsection btw_marks,\\"\\",%%progbits\\n\\t.long 8765b, %c0\\n\\t" \\
                        ".popsection" ::"i"(layer)); })
"""

EXCEPTIONS = {2: "NMI", 3: "HardFault", 4: "MemManage fault", 5: "BusFault", 6: "UsageFault", 7: "SecureFault"}
REASONS = {
    0: "execution where none is allowed",
    1: "access where none is allowed",
    8: "instruction bus error",
    9: "bus error",
    10: "imprecise bus error",
    16: "undefined instruction",
    17: "wrong processor state",
    18: "wrong return",
    19: "no such coprocessor, or no FPU",
    20: "stack overflow",
    24: "unaligned access",
    25: "division by zero",
}
SIGNALS = {4: "SIGILL", 7: "SIGBUS", 11: "SIGSEGV"}


@dataclass(frozen=True)
class Measured:
    """Of one run: ticks of the board's clock for nothing and for the model (None without a clock), bytes of stack."""

    nothing: int | None
    model: int | None
    stack_bytes: int


def require_tools(board: Board) -> None:
    """Raises BittwinError naming the packages where compiler, C library or emulator are missing."""
    missing = [tool for tool in (board.compiler, board.emulator) if shutil.which(tool) is None]
    if not missing and not _has_library(board.compiler):
        missing = [f"the C library of {board.compiler}"]
    if missing:
        packages = " ".join(board.packages)
        raise BittwinError(
            f"--target {board.target}",
            f"needs {' and '.join(missing)}",
            f"Install with: sudo apt-get install {packages} (all targets: make setup-arm)",
        )


@functools.cache
def _has_library(compiler: str) -> bool:
    found = subprocess.run([compiler, "-print-file-name=libc.a"], capture_output=True, text=True).stdout.strip()
    return Path(found).is_file()


# ---------------------------------------------------------------- building


@dataclass(frozen=True)
class Program:
    """A linked program and the objects in it that hold the model's code and constants."""

    path: Path
    model: Path
    weights: Path

    @property
    def call_graph(self) -> Path:
        """What gcc knows of the model's functions: frames and calls."""
        return self.model.with_suffix(".ci")


def build_program(
    model: GeneratedModel,
    board: Board,
    flavour: Flavour = "shipped",
    optimization: str = OPTIMIZATION,
) -> Program:
    """The model with the harness of its board.

    Inputs and outputs lie on 16 bytes; those of the observed build are aligned no better than their C type promises.
    """
    require_tools(board)
    flags = [optimization if flag == OPTIMIZATION else flag for flag in FLAGS] + list(board.cpu)
    flags += ["-mthumb"] if board.machine else ["-fno-pie"]
    files = dict(model.files)
    if flavour != "shipped":
        files["observe.h"] = OBSERVE if flavour == "observed" else MARK
    include = ["-include", "observe.h"] if flavour != "shipped" else []

    def compiled(
        source: str, with_files: Mapping[str, str], extra: Sequence[str] = (), beside: Sequence[str] = ()
    ) -> Path:
        return compile_files(with_files, [source], [*flags, *extra, "-c"], ".o", board.compiler, beside)

    own = compiled(f"{model.name}.c", files, [*include, "-fcallgraph-info=su"], [".ci"])
    weights = compiled(f"{model.name}_weights.c", model.files)
    harness = {name: (FOLDER / name).read_text() for name in ("harness.h", "main.c", "cortex_m.c", "linux.c")}
    main_files = {
        "harness/harness.h": harness["harness.h"],
        "harness/main.c": harness["main.c"],
        "harness/facts.h": _facts(model, board, flavour == "observed"),
        f"{model.name}.h": model.files[f"{model.name}.h"],
    }
    machine = "cortex_m.c" if board.machine else "linux.c"
    macros = board.clock.macros if board.clock else ()
    objects = [
        own,
        weights,
        compiled("harness/main.c", main_files),
        compiled(machine, {"harness.h": harness["harness.h"], machine: harness[machine]}, macros),
    ]
    link = [*board.cpu]
    linked: dict[str, str] = {}
    if board.machine:
        linked = {"board.ld": (FOLDER / "cortex_m.ld").read_text(), "memory.ld": memories(board)}
        link += ["-mthumb", "-nostartfiles", "-T", "board.ld", f"-Wl,--defsym=STACK_BYTES={board.stack_bytes}"]
        link += ["-Wl,--no-warn-rwx-segments"]
    else:
        link += ["-static", "-no-pie"]
    try:
        path = compile_files(linked, [*map(str, objects), "-lm"], link, ".elf", board.compiler)
    except BittwinError as error:
        if found := re.search(r"region `(\w+)' overflowed by (\d+) bytes", error.what):
            raise BittwinError(
                model.name,
                f"does not fit {board.machine}: {found[1]} lacks {int(found[2]):,} bytes",
                "Use a smaller network, or --schedule ram",
            ) from None
        raise
    return Program(path, own, weights)


def _sizes(model: GeneratedModel, side: str) -> list[int]:
    return [_bytes(port, model.manifest["batch"]) for port in model.manifest[side]]


def _bytes(entry: Mapping[str, Any], batch: int) -> int:
    return int(np.prod(entry["shape"])) * np.dtype(entry["dtype"]).itemsize * batch


def _facts(model: GeneratedModel, board: Board, skewed: bool) -> str:
    """What main.c has to know of a model, as macros."""
    facts = model.manifest
    inputs, outputs = _sizes(model, "inputs"), _sizes(model, "outputs")
    types = C_TYPES
    parameters = [f"{model.name}_arena *arena"]
    parameters += [f"const {types[port['dtype']]} *x{i}" for i, port in enumerate(facts["inputs"])]
    parameters += [f"{types[port['dtype']]} *y{i}" for i, port in enumerate(facts["outputs"])]
    names = ["arena", *(f"x{i}" for i in range(len(inputs))), *(f"y{i}" for i in range(len(outputs)))]
    arguments = ["arena", *(f"x[{i}]" for i in range(len(inputs))), *(f"y[{i}]" for i in range(len(outputs)))]
    skews = [
        [np.dtype(port["dtype"]).itemsize if skewed else 0 for port in facts[side]] for side in ("inputs", "outputs")
    ]
    blocks = [facts["arena_bytes"], *map(sum, zip(inputs + outputs, skews[0] + skews[1], strict=True))]
    memory = sum(-(-(size + 2 * GUARD) // 16) * 16 for size in blocks)
    bottom = "(stack_limit)" if board.machine else f"((top) - {board.stack_bytes // 4})"
    macros = {
        "HARNESS_RUN": f"{model.name}_run",
        "HARNESS_PARAMETERS": ", ".join(parameters),
        "HARNESS_ARGUMENTS": ", ".join(arguments),
        "HARNESS_UNUSED": " ".join(f"(void){name};" for name in names),
        "HARNESS_ARENA": f"((uint32_t)sizeof({model.name}_arena))",
        "HARNESS_INPUTS": len(inputs),
        "HARNESS_OUTPUTS": len(outputs),
        "HARNESS_INPUT_BYTES": ", ".join(map(str, inputs)),
        "HARNESS_OUTPUT_BYTES": ", ".join(map(str, outputs)),
        "HARNESS_INPUT_NAMES": ", ".join(f'"input {port["parameter"]}"' for port in facts["inputs"]),
        "HARNESS_OUTPUT_NAMES": ", ".join(f'"output {port["parameter"]}"' for port in facts["outputs"]),
        "HARNESS_MEMORY": memory,
        "HARNESS_INPUT_SKEWS": ", ".join(map(str, skews[0])),
        "HARNESS_OUTPUT_SKEWS": ", ".join(map(str, skews[1])),
        "STACK_BOTTOM(top)": bottom,
    }
    lines = [f'#include "../{model.name}.h"', *(["extern uint32_t stack_limit[];"] if board.machine else [])]
    return "\n".join([*lines, *(f"#define {name} {value}" for name, value in macros.items())]) + "\n"


def memories(board: Board) -> str:
    """The MEMORY command of the linker script; constants and tensors go where there is room for them."""
    assert board.code is not None and board.ram is not None
    regions = {"code": board.code, "ram": board.ram} | ({"large": board.large} if board.large else {})
    lines = [f"    {name} : ORIGIN = {m.origin:#x}, LENGTH = {m.length:#x}" for name, m in regions.items()]
    constants, tensors = ("large", "large") if board.large else ("code", "ram")
    return "\n".join(
        [
            "MEMORY",
            "{",
            *lines,
            "}",
            f'REGION_ALIAS("constants", {constants})',
            f'REGION_ALIAS("tensors", {tensors})',
            "",
        ]
    )


# ---------------------------------------------------------------- running


def emulate(
    program: Path,
    board: Board,
    files: Mapping[str, bytes],
    where: str,
    seconds: float = 120,
    options: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files that a program (or a plugin) makes in its folder; raises BittwinError where it faults or hangs."""
    if board.machine:
        command = [board.emulator, "-M", board.machine, "-display", "none", "-monitor", "none", "-serial", "none"]
        command += ["-semihosting-config", "enable=on,target=native", *options, "-kernel", str(program)]
    else:
        command = [board.emulator, "-cpu", str(board.emulated_cpu), *options, str(program)]
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=seconds,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise BittwinError(
                where, f"did not end within {seconds:.0f} s under {board.emulator}", "Try fewer samples"
            ) from None
        if done.returncode:
            raise BittwinError(where, _why(done, program, board), "This is a bug: please report it")
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name not in files}


def _why(done: subprocess.CompletedProcess[str], program: Path, board: Board) -> str:
    """What stopped a program, from its exit status and what it printed."""
    text = done.stderr + done.stdout
    if done.returncode == EXIT_GUARD and (guard := re.search(r"guard: (.*)", text)):
        return f"C wrote outside {guard[1]}"
    if done.returncode == EXIT_FAULT and (fault := re.search(r"fault: (.*)", text)):
        registers = {name: int(value, 16) for name, value in re.findall(r"(\w+)=([0-9a-f]+)", fault[1])}
        exception, signal = registers.pop("exception", None), registers.pop("signal", None)
        title = SIGNALS.get(signal or 0, f"signal {signal}") if signal is not None else EXCEPTIONS.get(
            exception or 0, f"exception {exception}"
        )  # fmt: skip
        bits = [reason for bit, reason in REASONS.items() if registers.get("cfsr", 0) >> bit & 1]
        because = f" ({', '.join(bits)})" if bits else ""
        shown = " ".join(f"{name}={value:#x}" for name, value in registers.items())
        return f"{title}{because} in {_function(program, board, registers['pc'])} on {board.target}: {shown}"
    lines = "\n".join(text.splitlines()[:8])
    return f"{board.emulator} ended with status {done.returncode}:\n{lines}"


def _function(program: Path, board: Board, address: int) -> str:
    """The function that holds an address."""
    found = "an unknown function"
    for value, _, name in symbols(program, board):
        if value <= address:
            found = name
    return found


def symbols(program: Path, board: Board) -> list[tuple[int, str, str]]:
    """(address, type, name) of the symbols of a program, ascending."""
    listing = subprocess.run([f"{board.toolchain}nm", "-n", str(program)], capture_output=True, text=True, check=True)
    fields = [line.split() for line in listing.stdout.splitlines()]
    named = [field for field in fields if len(field) == 3 and not field[2].startswith("$")]
    return [(int(value, 16) & ~1, kind, name) for value, kind, name in named if kind in "tT"]


class Emulated:
    """A generated model under QEMU, with the interface of builder.Library; runs many inputs at once."""

    def __init__(self, model: GeneratedModel, board: Board, flavour: Flavour = "shipped") -> None:
        self.model = model
        self.board = board
        self.manifest: Mapping[str, Any] = model.manifest
        self.batch = int(self.manifest["batch"])
        self.observed = flavour == "observed"
        self.program = build_program(model, board, flavour)
        self.seconds: float | None = None  # the time limit of one run of QEMU; None: by the size of the network

    @functools.cached_property
    def _conversions(self) -> Conversions:
        return Conversions(self.model)

    def quantize(self, port: int, values: Array) -> Array:
        """float32 values to codes by the generated header's own function, on this machine."""
        return self._conversions.quantize(port, values)

    def dequantize(self, port: int, codes: Array) -> Array:
        """Codes to float32 values by the generated header's own function, on this machine."""
        return self._conversions.dequantize(port, codes)

    def run(self, inputs: Mapping[str, Array]) -> Values:
        """One call of run: {port: [batch, ...] in ONNX order, the port's own dtype} to outputs and tensors."""
        return next(self.run_many([inputs]))

    def run_many(self, batches: Iterable[Mapping[str, Array]]) -> Iterator[Values]:
        """`run` for each of the batches, as many at once as one run of QEMU takes."""
        entries = [*self.manifest["outputs"], *(self.manifest["layers"] if self.observed else [])]
        each = sum(_bytes(entry, self.batch) for entry in entries)
        most = max(1, MOST_BYTES // max(each, 1))
        chunk: list[Mapping[str, Array]] = []
        for inputs in batches:
            chunk.append(inputs)
            if len(chunk) == most:
                yield from self._run_chunk(chunk)
                chunk = []
        if chunk:
            yield from self._run_chunk(chunk)

    def measure(self, inputs: Mapping[str, Array]) -> tuple[Values, Measured]:
        """One call of run between two readings of the board's clock, and another one for its stack."""
        options = ("-icount", f"shift={SHIFT},sleep=off") if self.board.machine else ()
        return self.measure_with(inputs, options, {})[:2]

    def measure_with(
        self, inputs: Mapping[str, Array], options: Sequence[str], files: Mapping[str, bytes]
    ) -> tuple[Values, Measured, dict[str, bytes]]:
        """The same with options and files for QEMU; also the files that it made."""
        made = self._emulate([inputs], MEASURE, options, files)
        values, measured = self._parse(made["out"], 1)
        return values[0], measured[0], made

    def _run_chunk(self, chunk: Sequence[Mapping[str, Array]]) -> list[Values]:
        return self._parse(self._emulate(chunk)["out"], len(chunk))[0]

    def _emulate(
        self,
        chunk: Sequence[Mapping[str, Array]],
        flags: int = 0,
        options: Sequence[str] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> dict[str, bytes]:
        parts = [struct.pack("<II", len(chunk), flags)]
        for inputs in chunk:
            for port in self.manifest["inputs"]:
                parts.append(to_c_order(inputs[port["name"]].astype(port["dtype"], copy=False)).tobytes())
        work = int(self.manifest["macs"]) * len(chunk) * (10 if flags & MEASURE else 1)
        seconds = self.seconds or 120 + 4e-6 * work
        given = {"in": b"".join(parts), **(files or {})}
        return emulate(self.program.path, self.board, given, self.model.name, seconds, options)

    def _parse(self, content: bytes, samples: int) -> tuple[list[Values], list[Measured]]:
        """Values of every sample, and what was measured."""
        outputs, layers = self.manifest["outputs"], self.manifest["layers"]
        found, measured = [], []
        rows: dict[int, bytearray] = {}
        position = 0
        while position < len(content):
            tag, size = struct.unpack_from("<ii", content, position)
            position += 8
            payload = content[position : position + size]
            position += size
            if tag == TAG_MEASURED:
                measured.append(self._measured(struct.unpack("<9I", payload)))
                rows = {}  # of the two runs, one is enough
                continue
            rows.setdefault(tag, bytearray()).extend(payload)
            if tag == -len(outputs):
                given = {port["name"]: self._read(port, rows[-1 - i]) for i, port in enumerate(outputs)}
                seen = {}
                if self.observed:
                    seen = {layer["tensor"]: self._read(layer, rows.get(i, b"")) for i, layer in enumerate(layers)}
                found.append(Values(given, seen))
                rows = {}
        assert len(found) == samples, f"{len(found)} of {samples} samples came back"
        return found, measured

    def _read(self, entry: Mapping[str, Any], content: bytes | bytearray) -> Array:
        if len(content) != _bytes(entry, self.batch):
            name = entry.get("node", entry["name"])
            raise BittwinError(self.model.name, f"{name} gave {len(content)} bytes", "This is a bug: please report it")
        flat = np.frombuffer(bytes(content), entry["dtype"])
        return from_c_order(flat, all_images(entry["shape"], self.batch))

    def _measured(self, words: Sequence[int]) -> Measured:
        nothing, model = (self._ticks(words[start : start + 4]) for start in (0, 4))
        return Measured(nothing, model, words[8])

    def _ticks(self, reading: Sequence[int]) -> int | None:
        """Ticks between two readings (fine, coarse, fine, coarse)."""
        clock = self.board.clock
        if clock is None:
            return None
        fine, coarse = reading[2] - reading[0], (reading[3] - reading[1]) % (1 << 32)
        if clock.wide:
            return (fine + (coarse << 32)) % (1 << 64)
        about = coarse * clock.hertz // 100  # to within a hundredth of a second
        return fine % (1 << 32) + round((about - fine % (1 << 32)) / (1 << 32)) * (1 << 32)
