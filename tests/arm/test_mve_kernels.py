"""Helium kernels on Helium: the cases of test_mve_twins.py under qemu-system-arm, at three levels of optimization."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bittwin_cgen.runtime import runtime_files, runtime_folder
from tests.runtime_c.test_mve_twins import KINDS, cases, write_sources

TOOLS = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
CPU = ["-mcpu=cortex-m55", "-mfloat-abi=hard", "-mthumb"]
FLAGS = [*CPU, "-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror"]
SUITE = 20  # cases in one program

REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

# Start-up: FPU and Helium on. The result is the exit code: 0, or 1 + the number of the case that is wrong.
START = """#include <stdint.h>
int run_cases(void);
void reset(void);
extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

static void leave(int code)
{
    uint32_t arguments[2] = {0x20026u, (uint32_t)code};
    register uint32_t operation __asm__("r0") = 0x20;
    register uint32_t *pointer __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(pointer) : "memory");
    for (;;) {
    }
}

static void fault(void)
{
    leave(200);
}

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm__ volatile("dsb\\n\\tisb" ::: "memory");
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;)
        *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;)
        *to++ = 0;
    leave(run_cases() + 1);
}

static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {&stack_top, {reset, fault, fault, fault, fault, fault, fault}};
"""
LINK = """ENTRY(reset)
MEMORY {
    code (rx) : ORIGIN = 0x10000000, LENGTH = 512K
    ram (rwx) : ORIGIN = 0x30000000, LENGTH = 512K
    constants (r) : ORIGIN = 0x70000000, LENGTH = 16M
}
stack_top = ORIGIN(ram) + LENGTH(ram);
SECTIONS {
    .text : { KEEP(*(.vectors)) *(.text .text.*) . = ALIGN(8); } > code
    .rodata : { *(.rodata .rodata.*) . = ALIGN(8); } > constants
    .ARM.exidx : { *(.ARM.exidx*) . = ALIGN(8); } > code
    data_load = LOADADDR(.data);
    .data : { data_start = .; *(.data .data.*) . = ALIGN(8); data_end = .; } > ram AT > code
    .bss (NOLOAD) : { bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(8); bss_end = .; } > ram
}
"""


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("kind", KINDS)
def test_helium_equals_the_float32_formula(kind: str, level: str, tmp_path: Path) -> None:
    shared = level == "-O2"  # the others are inlined
    (tmp_path / "start.c").write_text(START)
    (tmp_path / "link.ld").write_text(LINK)
    for first in range(0, len(cases(kind)), SUITE):
        chosen = cases(kind)[first : first + SUITE]
        names = write_sources(tmp_path, chosen, shared, twins=False)
        flags = [*FLAGS, level, *(["-DBTW_SHARED_KERNELS"] if shared else []), "-I."]
        command = ["arm-none-eabi-gcc", *flags, *names, "start.c", "-nostartfiles", "-T", "link.ld", "-o", "cases.elf"]
        subprocess.run(command, cwd=tmp_path, check=True)
        machine = ["qemu-system-arm", "-M", "mps3-an547", "-display", "none", "-monitor", "none", "-serial", "none"]
        emulator = [*machine, "-semihosting-config", "enable=on,target=native", "-kernel", "cases.elf"]
        done = subprocess.run(emulator, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode != 200, f"fault in {kind}"
        assert done.returncode == 0, chosen[done.returncode - 1].title


@pytest.mark.skipif(shutil.which("clang") is None, reason="apt install clang")
def test_clang_takes_every_kernel(tmp_path: Path) -> None:
    """Its assembler as well; of texts longer than 4,095 characters C99 promises nothing, and clang says so."""
    kernels = [path for path in runtime_files() if path.startswith("kernels/") and path.endswith("_mve.c")]
    assert len(kernels) > 50
    library = subprocess.run(["arm-none-eabi-gcc", "-print-file-name=libc.a"], capture_output=True, text=True).stdout
    headers = Path(library.strip()).resolve().parents[1] / "include"
    folder = runtime_folder()
    includes = [f"-I{folder / 'include'}", *sorted({f"-I{(folder / path).parent}" for path in kernels})]
    flags = [*FLAGS, "-O1", "-DBTW_SHARED_KERNELS", f"-isystem{headers}", *includes, "-c"]
    command = ["clang", "--target=arm-none-eabi", *flags, *(str(folder / path) for path in kernels)]
    subprocess.run(command, cwd=tmp_path, check=True)
