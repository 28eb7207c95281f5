"""CMake: a library, its self-test, an example; for another processor than this one also what QEMU needs to run it."""

from __future__ import annotations

from bittwin.boards import FOLDER, Board
from bittwin.emulator import memories
from bittwin.packagers.contents import Contents

EMULATED = ("harness.h", "cortex_m.c", "cortex_m.ld")  # of the boards, as they are


def cmake(contents: Contents) -> dict[str, str]:
    """The files of a CMake project."""
    board = contents.board
    use = f"cmake -B ../build && cmake --build ../build && ../build/{contents.name}_example"
    files = {}
    if board:
        toolchain = f"{board.toolchain.strip('-')}.cmake"
        use = f"cmake -B ../build --toolchain {toolchain} && cmake --build ../build --target emulate"
        files = emulated_board(board) if board.machine else {}
        files[toolchain] = contents.render("cmake/toolchain.cmake")
    return {
        "CMakeLists.txt": contents.render("cmake/CMakeLists.txt"),
        "README.md": contents.readme("a CMake project", use),
        **contents.below("src"),
        "example/main.c": contents.render("example/main.c"),
        "example/cycles.h": contents.render("example/cycles.h"),
        **files,
    }


def emulated_board(board: Board) -> dict[str, str]:
    """Start-up, linker script and console of a board of QEMU."""
    files = {f"qemu/{name}": (FOLDER / name).read_text() for name in (*EMULATED, "console.c")}
    return {**files, "qemu/memory.ld": memories(board)}
