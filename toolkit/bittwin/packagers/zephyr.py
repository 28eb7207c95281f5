"""Zephyr: a module with its Kconfig, and a sample that uses it."""

from __future__ import annotations

from bittwin.packagers.contents import Contents


def zephyr(contents: Contents) -> dict[str, str]:
    """The files of a module."""
    sample = f"samples/{contents.name}_example"
    return {
        "zephyr/module.yml": contents.render("zephyr/module.yml"),
        "zephyr/CMakeLists.txt": contents.render("zephyr/CMakeLists.txt"),
        "zephyr/Kconfig": contents.render("zephyr/Kconfig"),
        "README.md": contents.readme("a Zephyr module", f"west build -b <board> {sample} && west flash"),
        "LICENSE": contents.license(),
        **contents.below("src"),
        f"{sample}/CMakeLists.txt": contents.render("zephyr/sample/CMakeLists.txt"),
        f"{sample}/prj.conf": contents.render("zephyr/sample/prj.conf"),
        f"{sample}/sample.yaml": contents.render("zephyr/sample/sample.yaml"),
        f"{sample}/src/main.c": contents.render("zephyr/sample/main.c"),
    }
