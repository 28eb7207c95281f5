"""What generated C costs on a target: instructions, exactly; code, constants, stack; each layer's share."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bittwin.boards import FOLDER, SHIFT, Board, find_board
from bittwin.builder import Values, compile_files
from bittwin.cortex_m4 import Executed, estimate_cycles, parse_disassembly
from bittwin.emulator import Emulated, Measured, Program, symbols
from bittwin.generator import generate
from bittwin.runner import batches, codes_of, model_ports, samples_of
from bittwin.stack import stack_bound
from bittwin_cgen import BittwinError, BudgetExceeded
from bittwin_cgen.ir import Array, GeneratedModel
from bittwin_cgen.read_onnx import load_model

NANOSECONDS = 1 << SHIFT  # of an instruction


@dataclass(frozen=True)
class LayerProfile:
    """One step of the C, named by its ONNX node. `instructions`: from the end of the step before it, all its rows."""

    name: str
    op: str
    kernel: str
    instructions: int
    macs: int
    mac_per_instruction: float


@dataclass(frozen=True)
class ProfileReport:
    """One call of run on a target. `passed` is what the exit status says: the budgets hold."""

    name: str
    target: str
    schedule: str
    emulator: str
    instructions: int
    cycles_estimate: int | None
    macs: int
    mac_per_instruction: float
    cycles_per_mac: float | None
    arena_bytes: int
    static_bytes: int
    constant_bytes: int
    code_bytes: int
    stack_bytes: int  # reached in this run
    stack_bound_bytes: int | None  # that no run can exceed; None where the target has an operating system
    array_bytes: int  # of the constants, those that the compiler knows: weights and tables
    passed: bool = True
    exceeded: list[str] = field(default_factory=list)
    layers: list[LayerProfile] = field(default_factory=list)

    @property
    def stack(self) -> int:
        """Bytes of stack to provide: the bound, where there is one."""
        return max(self.stack_bytes, self.stack_bound_bytes or 0)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def profile(
    source: str | Path | onnx.ModelProto,
    target: str = "cortex-m4",
    schedule: str = "ram",
    inputs: str | Path | Mapping[str, Array] | None = None,
    ram: int | None = None,
    flash: int | None = None,
    name: str | None = None,
    model: GeneratedModel | None = None,
) -> ProfileReport:
    """Costs of one inference, of the first sample of `inputs` or of one drawn from N(0, 1), seed 0.

    `ram` bounds arena, static data and stack together (its bound, where there is one), `flash` code and constants.
    """
    board = _board(target)
    proto = load_model(source)
    default = None if isinstance(source, onnx.ModelProto) else Path(source).name.split(".")[0]
    given = model or generate(proto, target, schedule, ram, flash, name or default)
    report = _profile(proto, given, board, inputs, ram, flash)
    if report.passed or model:
        return report
    # The compiler does not know of stack and code: what they leave of the budgets may still be enough.
    left = (
        None if ram is None else max(0, ram - report.static_bytes - report.stack),
        None if flash is None else max(0, flash - report.code_bytes),
    )
    try:
        smaller = generate(proto, target, schedule, *left, name or default)
    except BudgetExceeded:
        return report
    return _profile(proto, smaller, board, inputs, ram, flash)


def _profile(
    proto: onnx.ModelProto,
    model: GeneratedModel,
    board: Board,
    inputs: str | Path | Mapping[str, Array] | None,
    ram: int | None,
    flash: int | None,
) -> ProfileReport:
    shipped = Emulated(model, board)
    given = codes_of(shipped, _one(proto, inputs, shipped.batch))
    counted = count_instructions(shipped, given)
    cycles = cycles_of(shipped, given) if board.target.startswith("cortex-m4") else None
    per_layer = count_layers(Emulated(model, board, "marked"), given)
    facts = model.manifest
    macs = int(facts["macs"])
    sizes = section_sizes(shipped.program, board)
    layers = [
        LayerProfile(
            layer["node"] or layer["name"],
            layer["op"],
            layer["kernel"],
            count,
            layer["macs"] * shipped.batch,
            round(layer["macs"] * shipped.batch / max(count, 1), 3),
        )
        for layer, count in zip(facts["layers"], per_layer, strict=True)
    ]
    arena = int(facts["arena_bytes"])
    bound = stack_bound(shipped.program, board, f"{model.name}_run") if board.machine else None
    stack = max(counted.stack_bytes, bound or 0)
    exceeded = _exceeded(
        [
            ("--ram", ram, {"arena": arena, "static data": sizes["data"], "stack": stack}),
            ("--flash", flash, {"code": sizes["code"], "constants": sizes["constants"]}),
        ]
    )
    return ProfileReport(
        name=model.name,
        target=board.target,
        schedule=str(facts["schedule"]),
        emulator=f"{board.emulator} {board.machine or board.emulated_cpu}",
        instructions=counted.instructions,
        cycles_estimate=cycles,
        macs=macs,
        mac_per_instruction=round(macs / counted.instructions, 3),
        cycles_per_mac=None if cycles is None or not macs else round(cycles / macs, 3),
        arena_bytes=arena,
        static_bytes=sizes["data"],
        constant_bytes=sizes["constants"],
        code_bytes=sizes["code"],
        stack_bytes=counted.stack_bytes,
        stack_bound_bytes=bound,
        array_bytes=int(facts["constant_bytes"]),
        passed=not exceeded,
        exceeded=exceeded,
        layers=layers,
    )


def _board(target: str) -> Board:
    if target == "host":
        raise BittwinError("--target host", "has no profile: instructions are counted by emulation", "Name a target")
    return find_board(target)


def _one(model: onnx.ModelProto, inputs: str | Path | Mapping[str, Array] | None, batch: int) -> dict[str, Array]:
    """The first batch of inputs."""
    ports = model_ports(model)
    samples = samples_of(ports, inputs, drawn=batch, most=batch)
    return batches(samples, ports)[0][1]


def _exceeded(budgets: Sequence[tuple[str, int | None, Mapping[str, int]]]) -> list[str]:
    found = []
    for option, budget, parts in budgets:
        needed = sum(parts.values())
        if budget is not None and needed > budget:
            detail = ", ".join(f"{title} {size:,}" for title, size in parts.items())
            found.append(f"needs {needed:,} bytes ({detail}); {option} is {budget:,}")
    return found


# ---------------------------------------------------------------- counting


@dataclass(frozen=True)
class Counted:
    """Instructions from entry to return of run, and the bytes of stack that it reached."""

    instructions: int
    stack_bytes: int


def count_instructions(model: Emulated, inputs: Mapping[str, Array]) -> Counted:
    """By the board's clock, which an emulated instruction advances by a fixed time; without a clock, by QEMU's plugin.

    What the measurement itself costs is measured with a function of one instruction, and subtracted.
    """
    if model.board.clock is None:
        counted = run_with_plugin(model, inputs)
        return Counted(counted.between(0) - counted.between(1) + 1, counted.measured.stack_bytes)
    _, measured = model.measure(inputs)
    assert measured.model is not None and measured.nothing is not None
    ticks = measured.model - measured.nothing
    return Counted(1 + round(ticks * 1_000_000_000 / (model.board.clock.hertz * NANOSECONDS)), measured.stack_bytes)


@dataclass(frozen=True)
class PluginCounts:
    """What the plugin saw in one program: [(mark, instructions before it)], and with a mix {address: executed}."""

    log: list[tuple[int, int]]
    mix: dict[int, Executed]
    measured: Measured
    values: Values

    def between(self, runs_before_last: int) -> int:
        """Instructions from a begin to its end: 0 is the model's, 1 that of nothing."""
        begins, ends = ([count for mark, count in self.log if mark == which] for which in (0, 1))
        return ends[-1 - runs_before_last] - begins[-1 - runs_before_last]


def run_with_plugin(
    model: Emulated, inputs: Mapping[str, Array], marks: Sequence[int] = (), mix: bool = False
) -> PluginCounts:
    """One measured run under the plugin; `marks` are addresses, numbered from 2."""
    known = {name: address for address, _, name in symbols(model.program.path, model.board)}
    addresses = [known["btw_harness_begin"], known["btw_harness_end"], *marks]
    plugin = str(build_plugin()).replace(",", ",,")
    options = ["-plugin", f"file={plugin}{',mix=1' if mix else ''}"]
    files = {"marks": struct.pack(f"<{len(addresses)}Q", *addresses)}
    values, measured, made = model.measure_with(inputs, options, files)
    if "counts" not in made:
        raise BittwinError(model.board.emulator, "does not run plugins", "Install a QEMU built with --enable-plugins")
    log = np.frombuffer(made["counts"], np.uint64).reshape(-1, 2).tolist()
    executed: dict[int, Executed] = {}
    for address, times, taken in np.frombuffer(made.get("mix", b""), np.uint64).reshape(-1, 3).tolist():
        before = executed.get(address, Executed(0, 0))
        executed[address] = Executed(before.times + times, before.taken + taken)
    return PluginCounts([(mark, count) for mark, count in log], executed, measured, values)


def build_plugin() -> Path:
    """The compiled plugin, from the cache."""
    text = (FOLDER / "count.c").read_text()
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    return compile_files({"count.c": text}, ["count.c"], flags, ".so")


def count_layers(model: Emulated, inputs: Mapping[str, Array]) -> list[int]:
    """Instructions of every layer in the marked build, the marks themselves subtracted; the sum is the whole run.

    The mark that ends a row is one instruction, so that the code around it is the shipped build's or very nearly.
    """
    places = mark_addresses(model.program, model.board)
    addresses = list(places)
    counted = run_with_plugin(model, inputs, addresses)
    counts = [0] * len(model.manifest["layers"])
    start = max(i for i, (mark, _) in enumerate(counted.log) if mark == 0)
    overhead = counted.between(1) - 1
    before, layer = counted.log[start][1], 0
    for mark, count in counted.log[start + 1 :]:
        if mark == 1:
            counts[layer] += count - before
            break
        layer = places[addresses[mark - 2]]
        counts[layer] += count - before
        before = count + 1
    return without_call(counts, overhead)


def without_call(counts: Sequence[int], overhead: int) -> list[int]:
    """Without the instructions around the call: they are taken from the last layers, none of which goes below 0."""
    left = list(counts)
    for layer in reversed(range(len(left))):
        taken = min(overhead, left[layer])
        left[layer] -= taken
        overhead -= taken
    return left


def mark_addresses(program: Program, board: Board) -> dict[int, int]:
    """{address of a mark: its layer}."""
    with tempfile.TemporaryDirectory() as folder:
        section = Path(folder) / "marks"
        command = [f"{board.toolchain}objcopy", "--dump-section", f"btw_marks={section}", str(program.path)]
        subprocess.run([*command, str(Path(folder) / "copy")], check=True, capture_output=True)
        words = np.frombuffer(section.read_bytes(), np.uint32).reshape(-1, 2).tolist()
    return {address & ~1: layer for address, layer in words}


def cycles_of(model: Emulated, inputs: Mapping[str, Array]) -> int:
    """Estimated Cortex-M4 cycles from entry to return of run."""
    executed = run_with_plugin(model, inputs, mix=True).mix
    command = [f"{model.board.toolchain}objdump", "-d", str(model.program.path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    own = without_harness(executed, model)
    return estimate_cycles(parse_disassembly(text), own)


def without_harness(executed: Mapping[int, Executed], model: Emulated) -> dict[int, Executed]:
    """What was executed outside the functions that measure."""
    named = symbols(model.program.path, model.board)
    ends = [address for address, _, _ in named[1:]] + [1 << 64]
    measuring = [
        range(address, end)
        for (address, _, name), end in zip(named, ends, strict=True)
        if name in ("btw_harness_begin", "btw_harness_end", "measure")
    ]
    return {address: counts for address, counts in executed.items() if not any(address in place for place in measuring)}


def section_sizes(program: Program, board: Board) -> dict[str, int]:
    """Bytes of code, constants and data in the objects of the model: its kernels are part of them."""
    sizes = {"code": 0, "constants": 0, "data": 0}
    kinds = {".text": "code", ".rodata": "constants", ".data": "data", ".bss": "data"}
    for path in (program.model, program.weights):
        listing = subprocess.run(
            [f"{board.toolchain}size", "-A", str(path)], check=True, capture_output=True, text=True
        )
        for line in listing.stdout.splitlines():
            fields = line.split()
            section = next((name for name in kinds if fields and (fields[0] + ".").startswith(name + ".")), None)
            if section and len(fields) == 3:
                sizes[kinds[section]] += int(fields[1])
    return sizes
