"""Assembler for Armv7E-M, Armv7-M, Armv6-M: the cases of test_dsp_twins.py under qemu-system-arm, at every -O level."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.runtime_c.test_dsp_twins import KINDS, cases, isa_of, write_sources

TOOLS = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
CPUS = {
    "dsp": ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mthumb"],
    "armv6m": ["-mcpu=cortex-m0", "-mfloat-abi=soft", "-mthumb"],
    "armv7m": ["-mcpu=cortex-m3", "-mfloat-abi=soft", "-mthumb"],
}
MACHINES = {"dsp": "mps2-an386", "armv7m": "mps2-an385", "armv6m": "mps2-an385"}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
FLAGS = ["-std=c11", "-ffp-contract=off", *WARNINGS]

REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

# The exit code is 0, or 1 + the number of the case that is wrong. From `edge` on the MPU forbids any access.
START = """#include <stdint.h>
int run_cases(void);
void reset(void);
extern uint8_t *edge;
extern uint32_t stack_top, bss_start, bss_end;

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
    for (uint32_t *to = &bss_start; to < &bss_end;)
        *to++ = 0;
    edge = (uint8_t *)0x20380000u;
    *(volatile uint32_t *)0xe000ed9cu = 0x20380000u | 0x10u;                 /* MPU: region 0 */
    *(volatile uint32_t *)0xe000eda0u = 0x10000000u | 17u << 1 | 1u;         /* 256 KiB, no access */
    *(volatile uint32_t *)0xe000ed94u = 5;                                   /* on; elsewhere as without it */
    __asm__ volatile("dsb\\n\\tisb" ::: "memory");
    leave(run_cases() + 1);
}

static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {&stack_top, {reset, fault, fault, fault, fault, fault, fault}};
"""
LINK = """ENTRY(reset)
MEMORY { code (rx) : ORIGIN = 0, LENGTH = 4M  ram (rwx) : ORIGIN = 0x20000000, LENGTH = 3M }
stack_top = ORIGIN(ram) + LENGTH(ram);
SECTIONS {
    .text : { KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) . = ALIGN(8); } > code
    .ARM.exidx : { *(.ARM.exidx*) . = ALIGN(8); } > code
    .bss (NOLOAD) : { bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(8); bss_end = .; } > ram
}
"""


def run(folder: Path, kind: str, objects: list[str], flags: list[str]) -> None:
    """Links cases with the start-up code and runs them."""
    (folder / "start.c").write_text(START)
    (folder / "link.ld").write_text(LINK)
    command = ["arm-none-eabi-gcc", *flags, *objects, "start.c", "-nostartfiles", "-T", "link.ld", "-o", "cases.elf"]
    subprocess.run(command, cwd=folder, check=True)
    machine = [
        "qemu-system-arm",
        "-M",
        MACHINES[isa_of(kind)],
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "none",
    ]
    emulator = [*machine, "-semihosting-config", "enable=on,target=native", "-kernel", "cases.elf"]
    done = subprocess.run(emulator, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 200, f"fault in {kind}"
    assert done.returncode == 0, cases(kind)[done.returncode - 1].title


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-O3"])
@pytest.mark.parametrize("kind", KINDS)
def test_assembler_equals_the_float32_formula(kind: str, level: str, tmp_path: Path) -> None:
    shared = level in ("-O0", "-O2")  # the others are inlined
    names = write_sources(tmp_path, cases(kind), shared, twins=False)
    flags = [*CPUS[isa_of(kind)], *FLAGS, level, *(["-DBTW_SHARED_KERNELS"] if shared else [])]
    run(tmp_path, kind, names, flags)


@pytest.mark.skipif(shutil.which("clang") is None, reason="apt install clang")
@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("kind", KINDS)
def test_assembler_in_objects_of_clang(kind: str, level: str, tmp_path: Path) -> None:
    names = write_sources(tmp_path, cases(kind), False, twins=False)
    library = subprocess.run(["arm-none-eabi-gcc", "-print-file-name=libc.a"], capture_output=True, text=True).stdout
    headers = Path(library.strip()).resolve().parents[1] / "include"
    flags = [*CPUS[isa_of(kind)], *FLAGS]
    command = ["clang", "--target=arm-none-eabi", *flags, level, f"-isystem{headers}", "-c", *names, "-o", "cases.o"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run(tmp_path, kind, ["cases.o"], flags)
