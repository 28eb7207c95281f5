"""The boards and machines of QEMU on which the C of each target runs: compiler, flags, memories, clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bittwin_cgen import BittwinError

FOLDER = Path(__file__).parent  # linker script, start-up, harness
OPTIMIZATION = "-O3"
SHIFT = 9  # QEMU's -icount: an instruction takes 2**9 ns, more than a tick of every clock below


@dataclass(frozen=True)
class Memory:
    """A range of addresses."""

    origin: int
    length: int


@dataclass(frozen=True)
class Clock:
    """A counter of `hertz` that harness_begin and harness_end read, as macros of cortex_m.c."""

    hertz: int
    wide: bool  # 64 bits; else 32, and a second counter of 100 Hz tells how often it wrapped
    macros: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """How C is built for a target and run here. `machine` is QEMU's, or None for Linux in user mode."""

    target: str
    machine: str | None
    cpu: tuple[str, ...]  # flags of the compiler
    toolchain: str = "arm-none-eabi-"
    emulator: str = "qemu-system-arm"
    emulated_cpu: str | None = None
    code: Memory | None = None
    ram: Memory | None = None  # stack and static data
    large: Memory | None = None  # constants and tensors; without it they lie in code and ram
    stack_bytes: int = 1 << 20
    clock: Clock | None = None

    @property
    def compiler(self) -> str:
        return f"{self.toolchain}gcc"

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian packages that bring the tools."""
        return {
            "arm-none-eabi-": ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"),
            "aarch64-linux-gnu-": ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user"),
            "arm-linux-gnueabihf-": ("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross", "qemu-user"),
        }[self.toolchain]


CMSDK = Clock(25_000_000, False, ("-DCMSDK_TIMER=0x40000000u", "-DHUNDRED_HERTZ=0x40028014u"))
AN505 = Clock(20_000_000, False, ("-DCMSDK_TIMER=0x50000000u", "-DHUNDRED_HERTZ=0x50302014u"))
AN547 = Clock(32_000_000, True, ("-DSYSTEM_COUNTER=0x48101000u", "-DSYSTEM_COUNTER_CONTROL=0x58100000u"))

# ZBT SSRAM1; SSRAM2 and 3; PSRAM (Arm application notes AN385, AN386, AN500)
MPS2 = Board(
    "",
    "mps2-an385",
    (),
    code=Memory(0x00000000, 0x400000),
    ram=Memory(0x20000000, 0x400000),
    large=Memory(0x21000000, 0x1000000),
    clock=CMSDK,
)
# Secure aliases, since the core starts in Secure state: SSRAM1; SSRAM2; PSRAM (AN505)
MPS2_AN505 = replace(
    MPS2,
    machine="mps2-an505",
    code=Memory(0x10000000, 0x400000),
    ram=Memory(0x38000000, 0x200000),
    large=Memory(0x80000000, 0x1000000),
    clock=AN505,
)
# ITCM; SRAM; DDR4, all Secure (AN547)
MPS3_AN547 = replace(
    MPS2,
    machine="mps3-an547",
    code=Memory(0x10000000, 0x80000),
    ram=Memory(0x31000000, 0x200000),
    large=Memory(0x70000000, 0x8000000),
    clock=AN547,
)
AARCH64 = Board("", None, (), toolchain="aarch64-linux-gnu-", emulator="qemu-aarch64")

BOARDS = {
    board.target: board
    for board in (
        # Armv6-M code on an Armv7-M core that has memory enough; unaligned accesses fault as on Armv6-M.
        replace(MPS2, target="cortex-m0", cpu=("-mcpu=cortex-m0", "-mfloat-abi=soft")),
        replace(MPS2, target="cortex-m3", cpu=("-mcpu=cortex-m3", "-mfloat-abi=soft")),
        replace(
            MPS2,
            target="cortex-m4",
            machine="mps2-an386",
            cpu=("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        ),
        # The cores of the "+nofp" targets have an FPU; it stays off, and its use faults.
        replace(MPS2, target="cortex-m4+nofp", machine="mps2-an386", cpu=("-mcpu=cortex-m4", "-mfloat-abi=soft")),
        replace(
            MPS2,
            target="cortex-m7",
            machine="mps2-an500",
            large=Memory(0x60000000, 0x1000000),  # PSRAM
            cpu=("-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
        ),
        replace(MPS2_AN505, target="cortex-m33", cpu=("-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")),
        replace(MPS2_AN505, target="cortex-m33+nofp", cpu=("-mcpu=cortex-m33", "-mfloat-abi=soft")),
        replace(MPS3_AN547, target="cortex-m55", cpu=("-mcpu=cortex-m55", "-mfloat-abi=hard")),
        replace(AARCH64, target="cortex-a53", emulated_cpu="cortex-a53", cpu=("-march=armv8-a",)),
        replace(AARCH64, target="cortex-a76", emulated_cpu="cortex-a76", cpu=("-march=armv8.2-a+dotprod",)),
        replace(AARCH64, target="armv8.6-a", emulated_cpu="max", cpu=("-march=armv8.6-a",)),
        # Cortex-A9 has no fused multiply-add, the least that Armv7-A with NEON offers.
        Board(
            "armv7-a",
            None,
            ("-march=armv7-a", "-mfpu=neon", "-mfloat-abi=hard"),
            toolchain="arm-linux-gnueabihf-",
            emulator="qemu-arm",
            emulated_cpu="cortex-a9",
        ),
    )
}

# 256 KiB of flash, 16 KiB of RAM: what a real Cortex-M0 offers, for networks as small as digits.
MICROBIT = Board(
    "cortex-m0",
    "microbit",
    ("-mcpu=cortex-m0", "-mfloat-abi=soft"),
    code=Memory(0x00000000, 0x40000),
    ram=Memory(0x20000000, 0x4000),
    stack_bytes=0x800,
)


def find_board(target: str) -> Board:
    """The board of a target; raises BittwinError where there is none."""
    if target not in BOARDS:
        raise BittwinError(f"--target {target}", "cannot be emulated", f"Choose one of: {' '.join(BOARDS)}")
    return BOARDS[target]
