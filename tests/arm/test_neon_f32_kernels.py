"""float32 NEON kernels on the real instructions: the layers of test_kernels.py, under qemu-aarch64 and qemu-arm."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pytest

from bittwin.boards import BOARDS
from bittwin.builder import compile_files
from bittwin.exporter import export
from bittwin.verifier import verify
from bittwin_cgen.runtime import runtime_files
from models import ds_cnn
from tests.arm.test_neon_s8_kernels import FLAGS, MISSING, REQUIRED
from tests.runtime_c.kernel_harness import SANITIZED_MAIN, flags, run_program, sources
from tests.runtime_c.test_kernels import CASES, cases_of, check

pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

SYMBOLS = sorted(symbol for symbol in CASES if symbol.endswith("_f32_neon"))


@pytest.mark.parametrize(("target", "level"), [("cortex-a53", "-O3"), ("cortex-a53", "-O0"), ("armv7-a", "-O2")])
def test_kernels_equal_onnxruntime(target: str, level: str) -> None:
    drawn = [(symbol, case) for symbol in SYMBOLS for case in cases_of(symbol)]
    if target == "armv7-a":  # which has no division
        drawn = [(symbol, replace(case, armv7=True)) for symbol, case in drawn]
    cases, board = [case for symbol, case in drawn if case.call.kernel.symbol == symbol], BOARDS[target]
    real = {path: text for path, text in runtime_files().items() if not path.startswith("emulate/")}
    files, names = sources(cases, "shared", real)
    files["main.c"] = SANITIZED_MAIN
    options = [*FLAGS, level, *board.cpu, *flags("shared")]
    program = compile_files(files, ["main.c", *names], options, ".elf", board.compiler)
    outputs, report = run_program([board.emulator, "-cpu", str(board.emulated_cpu), str(program)], cases)
    assert not report
    for number, (case, y) in enumerate(zip(cases, outputs, strict=True)):
        check(case, y, case.expected, f"case {number}, {case.op}, {case.inputs}")


@pytest.fixture(scope="module")
def network() -> onnx.ModelProto:
    return export(ds_cnn.build(), ds_cnn.INPUT_SHAPE)


@pytest.mark.parametrize("target", ["cortex-a53", "armv7-a"])
def test_a_network_equals_onnxruntime_by_these_kernels(target: str, network: onnx.ModelProto) -> None:
    report = verify(network, target, samples=2, name="net")
    assert report.passed, report.first_difference
    kernels = {row.kernel for row in report.layers if "_f32_" in (row.kernel or "")}
    assert kernels == {
        f"btw_{title}_f32_neon" for title in ("conv2d", "depthwise_conv2d_3x3", "linear", "global_average_pool")
    }
