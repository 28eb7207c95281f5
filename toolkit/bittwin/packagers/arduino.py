"""Arduino: a library with an example sketch, as the Arduino library specification lays it out."""

from __future__ import annotations

from bittwin.packagers.contents import Contents
from bittwin_cgen import BittwinError

STM32 = "stm32"  # of STMicroelectronics; has boards of every Cortex-M
# Architectures, as cores for boards call themselves, with boards on which the C of a target runs. A board of another
# core in the same architecture: the compiler says so (btw_needs.h).
ARCHITECTURES = {
    "host": ("*",),
    "cortex-m0": ("mbed_rp2040", "rp2040", "samd", STM32),
    "cortex-m3": ("sam", STM32),
    "cortex-m4": ("mbed_nano", "nrf52", "renesas_uno", "samd", STM32),
    "cortex-m7": ("mbed_giga", "mbed_opta", "mbed_portenta", STM32),
    "cortex-m33": ("renesas_portenta", "rp2040", "silabs", STM32),
    "cortex-m55": ("*",),  # no core is known to have one
}


def arduino(contents: Contents) -> dict[str, str]:
    """The files of a library; a library cannot bring flags for the compiler, so the C brings its own.

    Raises BittwinError for targets that are no microcontroller.
    """
    core = contents.target.removesuffix("+nofp")
    if core not in ARCHITECTURES:
        raise BittwinError(
            f"--format arduino --target {contents.target}",
            "is for Linux, which no core of Arduino runs",
            f"Choose one of: {' '.join(ARCHITECTURES)}; or --format cmake",
        )
    example = f"examples/{contents.name}_example"
    boards = "of 32 bits" if core == "host" else f"with a {core.title()}"
    use = f'copy this folder into the `libraries` of your sketchbook, then open File > Examples > "{contents.name}"'
    return {
        "library.properties": contents.render(
            "arduino/library.properties", architectures=",".join(ARCHITECTURES[core]), boards=boards
        ),
        "README.md": contents.readme(f"an Arduino library, for boards {boards}", use, command=False),
        "LICENSE": contents.license(),
        **contents.with_exact_floats().below("src"),
        f"{example}/{contents.name}_example.ino": contents.render("arduino/example.ino"),
        f"{example}/cycles.h": contents.render("example/cycles.h"),
    }
