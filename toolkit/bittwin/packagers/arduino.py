"""Arduino: a library with an example sketch, as the Arduino library specification lays it out."""

from __future__ import annotations

from bittwin.packagers.contents import Contents


def arduino(contents: Contents) -> dict[str, str]:
    """The files of a library; a library cannot bring flags for the compiler, so the C brings its own."""
    example = f"examples/{contents.name}_example"
    use = f'copy this folder into the `libraries` of your sketchbook, then open File > Examples > "{contents.name}"'
    return {
        "library.properties": contents.render("arduino/library.properties"),
        "README.md": contents.readme("an Arduino library, for boards of 32 bits", use, command=False),
        "LICENSE": contents.license(),
        **contents.with_exact_floats().below("src"),
        f"{example}/{contents.name}_example.ino": contents.render("arduino/example.ino"),
        f"{example}/cycles.h": contents.render("example/cycles.h"),
    }
