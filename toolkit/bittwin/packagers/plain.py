"""Plain C: the model amalgamated into one .h and one .c, to be dropped into any project."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bittwin.packagers.contents import Contents

# Choices of the separate files that are made in the one: kernels are always included.
LINKAGE = re.compile(r"^#if !defined\(BTW_SHARED_KERNELS\)\n(#define BTW_INLINE_KERNELS\n)#endif\n", re.MULTILINE)
KERNELS = re.compile(
    r"^#if defined\(BTW_SHARED_KERNELS\)\n(?:#include .*\n)*#else\n((?:#include .*\n)*)#endif\n", re.MULTILINE
)
INCLUDE = re.compile(r'^#include "([^"]+)".*\n', re.MULTILINE)
# In files of their own they are a header's.
UNUSED = """
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wunused-function" /* of the functions that kernels share, some are not needed here */
#endif

"""


def plain(contents: Contents) -> dict[str, str]:
    """NAME.h and NAME.c; the samples, the self-test and the example beside them."""
    name = contents.name
    return {
        f"{name}.h": contents.sources[f"{name}.h"],
        f"{name}.c": amalgamated(contents),
        **camera(contents),
        **contents.selftest,
        "example.c": contents.render("example/main.c"),
        "cycles.h": contents.render("example/cycles.h"),
        "README.md": contents.readme("one .h and one .c", *_use(contents)),
    }


def _use(contents: Contents) -> tuple[str, bool]:
    """(how the example is built and run, True where that is one command)."""
    files, board = f"{contents.name}*.c example.c", contents.board
    if board is None:
        return f"cc -O2 -ffp-contract=off {files} -lm -o ../example && ../example", True
    compiler = f"{board.compiler} {' '.join(board.cpu)}"
    if board.machine is None:
        run = f"{board.emulator} -cpu {board.emulated_cpu} ../example"
        return f"{compiler} -static -O2 -ffp-contract=off {files} -lm -o ../example && {run}", True
    command = f"{compiler} -mthumb -O2 -ffp-contract=off -c {files}"
    return f"`{command}`, then link with the start-up code of your board and `-lm`; --format cmake brings one", False


def camera(contents: Contents) -> dict[str, str]:
    """The C in front of the network, where there is one: a pair of files of its own."""
    header, unit = (f"{contents.name}_camera{suffix}" for suffix in (".h", ".c"))
    if unit not in contents.sources:
        return {}
    runtime = {path: text for path, text in contents.sources.items() if path.startswith("btw/")}
    return {header: contents.sources[header], unit: UNUSED + inlined(contents.sources[unit], runtime, set())}


def amalgamated(contents: Contents) -> str:
    """Everything of a model but its header as one C file."""
    name, files = contents.name, contents.with_exact_floats().sources
    source, linkages = LINKAGE.subn(r"\1", files[f"{name}.c"])
    source, choices = KERNELS.subn(r"\1", source)
    head, found, body = source.partition(f'#include "{name}_weights.h"\n')
    if (linkages, choices, bool(found)) != (1, 1, True):
        raise AssertionError(f"{name}.c does not include its kernels and weights as expected")
    done: set[str] = set()
    declarations = inlined(found, files, done)
    weights = inlined(files[f"{name}_weights.c"], files, done)
    guarded = f"#if !defined({name.upper()}_WITHOUT_WEIGHTS)\n{weights}#endif\n"
    return head + UNUSED + declarations + guarded + inlined(body, files, done)


def inlined(text: str, files: Mapping[str, str], done: set[str]) -> str:
    """The text with each of the files that it includes in its place, where it is included first."""

    def content(match: re.Match[str]) -> str:
        path = next((path for path in (match[1], f"btw/{match[1]}") if path in files), None)
        if path is None:
            return match[0]
        if path in done:
            return ""
        done.add(path)
        return inlined(files[path], files, done)

    return INCLUDE.sub(content, text)
