"""A bound of the stack: the deepest path of calls, by the compiler's call graph and what a disassembly adds to it.

gcc's -fcallgraph-info=su says what each function of the model calls and how large its frame is. It does not see what
inline assembly pushes, and knows nothing of the C library: that is read from the disassembly of the linked program.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from bittwin.boards import Board
from bittwin.emulator import Program
from bittwin_cgen import BittwinError

CALLS = re.compile(r"(bl|blx|b|cbn?z|b(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le))(\.[nw])?")


@dataclass
class Function:
    """Bytes of a function's own frame, what it calls, and why its stack has no bound, if so."""

    frame: int = 0
    calls: set[str] = field(default_factory=set)
    endless: str | None = None


def stack_bound(program: Program, board: Board, entry: str) -> int:
    """Bytes of stack that `entry` and all that it calls can take at most, without interrupts.

    Raises BittwinError where a function has no bound.
    """
    command = [f"{board.toolchain}objdump", "-d", "--no-show-raw-insn", str(program.path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    functions = read_functions(text)
    for name, known in read_call_graph(program.call_graph.read_text()).items():
        if name in functions:  # else gcc has inlined it everywhere
            seen = functions[name]
            calls = seen.calls | (known.calls & functions.keys())  # without those that gcc has merged with others
            functions[name] = Function(max(known.frame, seen.frame), calls, seen.endless or known.endless)
    return deepest(functions, entry)


def deepest(functions: Mapping[str, Function], entry: str) -> int:
    """The largest sum of frames along calls from `entry`."""
    known: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name not in known:
            function = functions[name]
            why = "calls itself" if name in path else function.endless
            if why:
                raise BittwinError(name, f"{why}: its stack has no bound", "This is a bug: please report it")
            below = [depth(other, (*path, name)) for other in sorted(function.calls)]
            known[name] = function.frame + max(below, default=0)
        return known[name]

    return depth(entry, ())


def read_call_graph(text: str) -> dict[str, Function]:
    """The functions that gcc compiled, from its -fcallgraph-info=su file."""
    functions: dict[str, Function] = {}
    for title, label in re.findall(r'node: \{ title: "([^"]*)" label: "([^"]*)"', text):
        if found := re.search(r"(\d+) bytes \((\w+)[^)]*\)", label):
            endless = None if found[2] == "static" else "has a frame of no fixed size"
            functions[_plain(title)] = Function(int(found[1]), endless=endless)
    for source, target in re.findall(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', text):
        functions.setdefault(_plain(source), Function()).calls.add(_plain(target))
    return functions


def _plain(title: str) -> str:
    """A static function's title begins with its file."""
    return title.rpartition(":")[2]


def read_functions(text: str) -> dict[str, Function]:
    """All functions of a Thumb program: whatever they take from the stack pointer, once, and calls to others."""
    functions: dict[str, Function] = {}
    title_of, function = "", Function()
    for line in text.splitlines():
        if title := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            title_of = title[1]
            function = functions.setdefault(title_of, Function())
            continue
        fields = line.split("\t")
        if len(fields) < 2:
            continue
        mnemonic, operands = fields[1].strip(), fields[2].split("@")[0].split(";")[0].strip() if len(fields) > 2 else ""
        function.frame += taken(mnemonic, operands)
        if CALLS.fullmatch(mnemonic) and (target := re.search(r"<([^>+]+)>", operands)):
            if target[1] != title_of or mnemonic == "bl":  # else a loop
                function.calls.add(target[1])
        elif mnemonic.startswith("blx"):
            function.endless = "calls by a pointer"
        elif re.match(r"sub(s|w|\.w)? sp, ", f"{mnemonic} {operands}") and "#" not in operands:
            function.endless = "moves its stack pointer by no fixed size"
    return functions


def taken(mnemonic: str, operands: str) -> int:
    """Bytes by which an instruction lowers the stack pointer."""
    name = mnemonic.split(".")[0]
    if name in ("push", "vpush") or (name in ("stmdb", "stmfd", "vstmdb", "fstmdbx") and operands.startswith("sp!")):
        return sum(_registers(item) for item in re.sub(r".*\{|\}", "", operands).split(","))
    if found := re.search(r"\[sp, #-(\d+)\]!", operands):
        return int(found[1])
    if name in ("sub", "subs", "subw") and (found := re.match(r"sp, (?:sp, )?#(\d+)", operands)):
        return int(found[1])
    return 0


def _registers(item: str) -> int:
    """Bytes of r4, or d8-d15."""
    first, _, last = item.strip().partition("-")
    size = 8 if first.startswith("d") else 4
    return size * (int(last[1:]) - int(first[1:]) + 1 if last else 1)
