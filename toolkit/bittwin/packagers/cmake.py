"""CMake: a library, its self-test, an example for this machine; for Cortex-M also firmware that QEMU runs."""

from __future__ import annotations

from bittwin.boards import BOARDS, FOLDER, Board
from bittwin.emulator import memories
from bittwin.packagers.contents import Contents

EMULATED = ("harness.h", "cortex_m.c", "cortex_m.ld")  # of the boards, as they are


def cmake(contents: Contents) -> dict[str, str]:
    """The files of a CMake project."""
    board = BOARDS.get(contents.target)
    emulated = board if board and board.machine else None
    use = "cmake -B ../build && cmake --build ../build && ../build/{name}_example"
    files = {}
    if emulated:
        use = "cmake -B ../build --toolchain arm-none-eabi.cmake && cmake --build ../build --target emulate"
        files = emulated_board(emulated)
        files["arm-none-eabi.cmake"] = contents.render("cmake/arm-none-eabi.cmake", board=emulated)
    return {
        "CMakeLists.txt": contents.render("cmake/CMakeLists.txt", board=emulated),
        "README.md": contents.readme("a CMake project", use.format(name=contents.name)),
        **contents.below("src"),
        "example/main.c": contents.render("example/main.c"),
        "example/cycles.h": contents.render("example/cycles.h"),
        **files,
    }


def emulated_board(board: Board) -> dict[str, str]:
    """Start-up, linker script and console of a board of QEMU."""
    files = {f"qemu/{name}": (FOLDER / name).read_text() for name in (*EMULATED, "console.c")}
    return {**files, "qemu/memory.ld": memories(board)}
