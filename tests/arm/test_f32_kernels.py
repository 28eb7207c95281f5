"""float32 kernels in assembler on emulated processors: cases of test_kernels.py, with guard bytes, at -O levels."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bittwin_cgen.runtime import runtime_files
from tests.arm import test_dsp_kernels, test_mve_kernels
from tests.runtime_c.kernel_harness import KernelCase, Kind, blocks, in_memory, source
from tests.runtime_c.test_kernels import CASES, cases_of

TOOLS = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

MEMORY = 1 << 16  # bytes of inputs, of outputs and of scratch memory, at most
SYMBOLS = {isa: sorted(name for name in CASES if name.endswith(f"_f32_{isa}")) for isa in ("fpu", "mve")}
MACHINES = {"fpu": "mps2-an386", "mve": "mps3-an547"}

# Inputs end where the memory does, with `edge` where no access is allowed; every output row has its guards.
MAIN = """
#define GUARD 64
#define MEMORY %(memory)d
uint8_t *edge;
static _Alignas(16) uint8_t given[MEMORY], made[MEMORY], memory[MEMORY];

typedef struct {
    int inputs, input_bytes, outputs, output_bytes, scratch_bytes;
    const int *at; /* of each input block; negative: null */
    const uint32_t *values;
    const float *expected;
    float tolerance;
} f32_case;
%(data)s

static int guarded(const uint8_t *block, int bytes)
{
    int same = 1;
    for (int i = 0; i < GUARD; i++)
        same &= block[i] == 0xa5 && block[GUARD + bytes + i] == 0xa5;
    return same;
}

static int wrong(int number)
{
    const f32_case *const now = &all[number];
    uint8_t *const x = (edge ? edge : given + MEMORY) - now->input_bytes;
    const void *inputs[%(blocks)d];
    void *outputs[%(blocks)d];
    const int step = now->output_bytes + 2 * GUARD;
    memset(made, 0xa5, sizeof made);
    memset(memory, 0xa5, sizeof memory);
    memset(memory + GUARD, 0xff, (size_t)now->scratch_bytes); /* NaNs */
    memcpy(x, now->values, (size_t)now->input_bytes);
    for (int i = 0; i < now->inputs; i++)
        inputs[i] = now->at[i] < 0 ? NULL : x + now->at[i];
    for (int i = 0; i < now->outputs; i++)
        outputs[i] = made + i * step + GUARD;
    call_kernel(number, inputs, outputs, memory + GUARD);
    int bad = !guarded(memory, now->scratch_bytes);
    const float *expected = now->expected;
    for (int i = 0; i < now->outputs; i++) {
        bad |= !guarded(made + i * step, now->output_bytes);
        for (int k = 0; k < now->output_bytes / 4; k++, expected++) {
            const float error = ((const float *)outputs[i])[k] - *expected;
            bad |= !(error <= now->tolerance && error >= -now->tolerance);
        }
    }
    return bad;
}

/* -1, or the number of the case that is wrong */
int run_cases(void);
int run_cases(void)
{
    for (int number = 0; number < %(cases)d; number++)
        if (wrong(number))
            return number;
    return -1;
}
"""


def numbers(values: np.ndarray, kind: str, name: str) -> str:
    text = ", ".join(
        f"{v!r}f" if kind == "float" else f"{v}u" if kind == "uint32_t" else str(v) for v in values.tolist()
    )
    return f"static const {kind} {name}[] = {{{text}}};"


def main_text(cases: list[KernelCase]) -> str:
    data, table = [], []
    for number, case in enumerate(cases):
        memory = blocks(case, case.call)
        at, content = [], b""
        for block in memory.inputs:
            at.append(-1 if block is None else len(content))
            content += block or b""
        assert len(set(memory.outputs)) == 1
        assert max(len(content), sum(memory.outputs) + 2 * 64 * len(memory.outputs), memory.scratch + 128) <= MEMORY
        expected = in_memory(case.expected).reshape(-1)
        tolerance = case.tolerance * max(1.0, float(np.abs(expected).max(initial=0.0)))
        data += [
            numbers(np.array(at), "int", f"at_{number}"),
            numbers(np.frombuffer(content, np.uint32), "uint32_t", f"values_{number}"),
        ]
        data += [numbers(expected.astype(np.float64), "float", f"expected_{number}")]
        table.append(
            f"{{{len(at)}, {len(content)}, {len(memory.outputs)}, {memory.outputs[0]}, {memory.scratch}, "
            f"at_{number}, values_{number}, expected_{number}, {tolerance!r}f}}"
        )
    data.append(f"static const f32_case all[] = {{{', '.join(table)}}};")
    most = max(max(len(blocks(case, case.call).inputs), len(blocks(case, case.call).outputs)) for case in cases)
    facts = {"memory": MEMORY, "data": "\n".join(data), "blocks": most, "cases": len(cases)}
    return "#include <string.h>\n" + MAIN % facts


def write_sources(folder: Path, cases: list[KernelCase], kind: Kind) -> list[str]:
    """The kernels and a program that runs the cases; returns the files to compile."""
    for path, text in runtime_files().items():
        top, _, name = path.partition("/")
        if top != "emulate":
            target = folder / (path if top == "kernels" else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    (folder / "cases.c").write_text(source(cases, kind) + main_text(cases))
    return ["cases.c", *(sorted({case.call.kernel.source for case in cases}) if kind == "shared" else [])]


def run(folder: Path, isa: str, objects: list[str], flags: list[str], cases: list[KernelCase]) -> None:
    board = test_dsp_kernels if isa == "fpu" else test_mve_kernels
    (folder / "start.c").write_text(board.START)
    (folder / "link.ld").write_text(board.LINK)
    command = ["arm-none-eabi-gcc", *flags, *objects, "start.c", "-nostartfiles", "-T", "link.ld", "-lm"]
    subprocess.run([*command, "-o", "cases.elf"], cwd=folder, check=True)
    machine = ["qemu-system-arm", "-M", MACHINES[isa], "-display", "none", "-monitor", "none", "-serial", "none"]
    emulator = [*machine, "-semihosting-config", "enable=on,target=native", "-kernel", "cases.elf"]
    done = subprocess.run(emulator, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 200, "fault"
    if done.returncode:
        case = cases[done.returncode - 1]
        raise AssertionError(f"{case.call.kernel.symbol}: {case.op}, {case.inputs}")


def cases_for(isa: str) -> list[KernelCase]:
    return [case for symbol in SYMBOLS[isa] for case in cases_of(symbol)]


def flags_for(isa: str) -> list[str]:
    dsp = [*test_dsp_kernels.CPUS["dsp"], *test_dsp_kernels.FLAGS]
    return [*(dsp if isa == "fpu" else test_mve_kernels.FLAGS), "-I."]


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("isa", [isa for isa in SYMBOLS if SYMBOLS[isa]])
def test_assembler_computes_what_onnxruntime_computes(isa: str, level: str, tmp_path: Path) -> None:
    kind: Kind = "shared" if level == "-O2" else "inlined"
    names = write_sources(tmp_path, cases_for(isa), kind)
    flags = [*flags_for(isa), level, *(["-DBTW_SHARED_KERNELS"] if kind == "shared" else [])]
    run(tmp_path, isa, names, flags, cases_for(isa))


@pytest.mark.skipif(shutil.which("clang") is None, reason="apt install clang")
@pytest.mark.parametrize("isa", [isa for isa in SYMBOLS if SYMBOLS[isa]])
def test_assembler_in_objects_of_clang(isa: str, tmp_path: Path) -> None:
    names = write_sources(tmp_path, cases_for(isa), "inlined")
    library = subprocess.run(["arm-none-eabi-gcc", "-print-file-name=libc.a"], capture_output=True, text=True).stdout
    headers = Path(library.strip()).resolve().parents[1] / "include"
    command = ["clang", "--target=arm-none-eabi", *flags_for(isa), "-O1", f"-isystem{headers}", "-c", *names]
    subprocess.run([*command, "-o", "cases.o"], cwd=tmp_path, check=True)
    run(tmp_path, isa, ["cases.o"], flags_for(isa), cases_for(isa))
