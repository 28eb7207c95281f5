"""int8 NEON kernels on the real instructions: layers as in test_kernels.py, under qemu-aarch64 and qemu-arm."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bittwin.boards import BOARDS
from bittwin.builder import compile_files
from bittwin_cgen.runtime import runtime_files
from tests.runtime_c.kernel_harness import SANITIZED_MAIN, KernelCase, Kind, flags, run_program, sources
from tests.runtime_c.test_kernels import CASES, ISAS, check

TOOLS = {
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "qemu-aarch64": "qemu-user",
    "arm-linux-gnueabihf-gcc": "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
    "qemu-arm": "qemu-user",
}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

COUNT = 6  # random layers of each kernel
FLAGS = ["-std=c11", "-O1", "-ffp-contract=off", "-static", "-Wall", "-Wextra", "-Werror"]
KINDS = [
    ("cortex-a53", "neon", "inlined"),
    ("cortex-a53", "neon", "shared"),
    ("cortex-a76", "dotprod", "inlined"),
    ("armv8.6-a", "i8mm", "inlined"),
    ("armv7-a", "neon", "shared"),
]


@cache
def drawn(symbol: str) -> list[KernelCase]:
    """Random layers for which the operators choose this kernel on AArch64; seeds of their own."""
    cases = list[KernelCase]()
    for number in range(60 * COUNT):
        case = CASES[symbol][0](np.random.default_rng([1000 + number, *symbol.encode()]))
        case = replace(case, isa=ISAS[symbol])
        if case.call.kernel.symbol == symbol:
            cases.append(case)
        if len(cases) == COUNT:
            return cases
    raise AssertionError(f"operators chose {symbol} for {len(cases)} layers")


@cache
def layers(target: str, isa: str) -> tuple[KernelCase, ...]:
    """The layers of all int8 kernels of the instruction set; some of these kernels need AArch64."""
    symbols = [name for name, of in ISAS.items() if of == isa and "_s8_" in name]
    cases = [(symbol, replace(case, armv7=target == "armv7-a")) for symbol in symbols for case in drawn(symbol)]
    return tuple(case for symbol, case in cases if case.call.kernel.symbol == symbol)


@pytest.mark.parametrize(("target", "isa", "kind"), KINDS)
def test_kernels_equal_onnxruntime(target: str, isa: str, kind: Kind) -> None:
    cases, board = layers(target, isa), BOARDS[target]
    assert len(cases) >= 3 * COUNT
    real = {path: text for path, text in runtime_files().items() if not path.startswith("emulate/")}
    files, names = sources(cases, kind, real)
    files["main.c"] = SANITIZED_MAIN
    options = [*FLAGS, *board.cpu, *flags(kind)]
    program = compile_files(files, ["main.c", *names], options, ".elf", board.compiler)
    outputs, report = run_program([board.emulator, "-cpu", str(board.emulated_cpu), str(program)], cases)
    assert not report
    for number, (case, y) in enumerate(zip(cases, outputs, strict=True)):
        check(case, y, case.expected, f"case {number}, {case.op}, {case.inputs}")


@pytest.mark.skipif(shutil.which("clang") is None, reason="apt install clang")
@pytest.mark.parametrize(("target", "isa"), [("cortex-a53", "neon"), ("armv8.6-a", "i8mm")])
def test_kernels_in_objects_of_clang(target: str, isa: str, tmp_path: Path) -> None:
    """Without a warning, and the same bits; linked by gcc."""
    cases, board = layers(target, isa), BOARDS[target]
    real = {path: text for path, text in runtime_files().items() if not path.startswith("emulate/")}
    files, _ = sources(cases, "inlined", real)
    for path, text in (files | {"main.c": SANITIZED_MAIN}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = subprocess.run([board.compiler, "-print-file-name=libc.a"], capture_output=True, text=True, check=True)
    headers = Path(found.stdout.strip()).resolve().parents[1] / "include"
    command = ["clang", "--target=aarch64-linux-gnu", f"-isystem{headers}", *FLAGS, *board.cpu, *flags("inlined")]
    subprocess.run([*command, "-Wno-unused-command-line-argument", "-c", "cases.c", "main.c"], cwd=tmp_path, check=True)
    link = [board.compiler, "-static", "cases.o", "main.o", "-lm", "-o", "cases.elf"]
    subprocess.run(link, cwd=tmp_path, check=True)
    command = [board.emulator, "-cpu", str(board.emulated_cpu), str(tmp_path / "cases.elf")]
    outputs, report = run_program(command, cases)
    assert not report
    for number, (case, y) in enumerate(zip(cases, outputs, strict=True)):
        check(case, y, case.expected, f"case {number}, {case.op}, {case.inputs}")
