"""Cycles of a Cortex-M4 from the instructions it executed (Cortex-M4 Technical Reference Manual, memory without waits).

An estimate: flash wait states, bus contention and the stalls of dependent float instructions are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
BRANCH = re.compile(r"(b|bl|b(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)|cbz|cbnz)")
INDIRECT = ("bx", "blx", "tbb", "tbh")
DIVISION = 7  # 2 to 12
FLOAT_DIVISION = 14


@dataclass(frozen=True)
class Instruction:
    """A line of a disassembly: mnemonic without condition width suffix, operands as text."""

    address: int
    size: int
    mnemonic: str
    operands: str


@dataclass(frozen=True)
class Executed:
    """How often an instruction was executed, and how often it was a branch that was taken."""

    times: int
    taken: int


def parse_disassembly(text: str) -> list[Instruction]:
    """The instructions in what `objdump -d` prints, in the order of their addresses."""
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{4} ?){1,2})\s*\t(\S+)\s*([^;@]*)", line)
        if match:
            size = len(match[2].replace(" ", "")) // 2
            found.append(Instruction(int(match[1], 16), size, match[3], match[4].strip()))
    return found


def estimate_cycles(instructions: Iterable[Instruction], executed: Mapping[int, Executed]) -> int:
    """Cycles of everything in `executed`, by address."""
    cycles = 0
    known = {instruction.address: instruction for instruction in instructions}
    after_load = False
    for address in sorted(known):
        instruction, counts = known[address], executed.get(address)
        if counts is not None and counts.times:
            cycles += counts.times * issue_cycles(instruction, after_load)
            cycles += counts.taken * refill_cycles(instruction, known)
        after_load = is_single_load(instruction)
    return cycles


def is_single_load(instruction: Instruction) -> bool:
    """A load of one register: the next one pipelines with it."""
    name = instruction.mnemonic.split(".")[0]
    return name.startswith(("ldr", "vldr")) and name != "ldrd" and not instruction.operands.startswith("pc")


def issue_cycles(instruction: Instruction, after_load: bool) -> int:
    """Cycles of an instruction; of a branch, those that it takes when it is not taken."""
    name = instruction.mnemonic.split(".")[0]
    if name.startswith(MULTIPLE):
        return 1 + _registers(instruction.operands)
    if name.startswith(("ldrd", "strd")):
        return 3
    if is_single_load(instruction):
        return 1 if after_load else 2
    if name.startswith("ldr"):
        return 2
    if name in ("sdiv", "udiv"):
        return DIVISION
    if name.startswith(("vdiv", "vsqrt")):
        return FLOAT_DIVISION
    if name.startswith(("vmla", "vmls", "vfma", "vfms", "vnmla", "vnmls", "vfnma", "vfnms")):
        return 3
    return 1


def refill_cycles(instruction: Instruction, known: Mapping[int, Instruction]) -> int:
    """What a taken branch costs beyond its issue: 1, or 2 to an address that comes late or needs two fetches."""
    name = instruction.mnemonic.split(".")[0]
    if BRANCH.fullmatch(name):
        target = re.search(r"\b([0-9a-f]+) <", instruction.operands)
        there = known.get(int(target[1], 16)) if target else None
        return 2 if there is None or (there.size == 4 and there.address % 4) else 1
    return 2


def _registers(operands: str) -> int:
    """How many registers a list in braces holds."""
    listed = re.search(r"\{(.*)\}", operands)
    count = 0
    for part in listed[1].split(",") if listed else ():
        ends = [int(number) for number in re.findall(r"\b[rs](\d+)", part)]
        doubles = [int(number) for number in re.findall(r"\bd(\d+)", part)]
        if doubles:
            count += 2 * (doubles[-1] - doubles[0] + 1)
        else:
            count += ends[-1] - ends[0] + 1 if len(ends) == 2 else 1
    return count
