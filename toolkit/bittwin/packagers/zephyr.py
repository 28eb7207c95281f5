"""Zephyr: a module with its Kconfig, and a sample that uses it."""

from __future__ import annotations

from bittwin.packagers.contents import Contents

# What has to be set in Zephyr's Kconfig for kernels of an instruction set to compile.
CONDITIONS = {
    "armv6m": "ARMV6_M_ARMV8_M_BASELINE",
    "armv7m": "ARMV7_M_ARMV8_M_MAINLINE",
    "dsp": "(CPU_CORTEX_M4 || CPU_CORTEX_M7 || ARMV8_M_DSP)",
    "fpu": "FPU",
    "mve": "ARMV8_1_M_MVEF",
    "neon": "(ARM64 || (ARM && FPU))",
    "dotprod": "ARM64",
    "i8mm": "ARM64",
}


def zephyr(contents: Contents) -> dict[str, str]:
    """The files of a module."""
    sample = f"samples/{contents.name}_example"
    return {
        "zephyr/module.yml": contents.render("zephyr/module.yml"),
        "zephyr/CMakeLists.txt": contents.render("zephyr/CMakeLists.txt"),
        "zephyr/Kconfig": contents.render(
            "zephyr/Kconfig", conditions=[CONDITIONS[isa] for isa in CONDITIONS if isa in contents.needs]
        ),
        "README.md": contents.readme("a Zephyr module", f"west build -b <board> {sample} && west flash"),
        "LICENSE": contents.license(),
        **contents.below("src"),
        f"{sample}/CMakeLists.txt": contents.render("zephyr/sample/CMakeLists.txt"),
        f"{sample}/prj.conf": contents.render("zephyr/sample/prj.conf"),
        f"{sample}/sample.yaml": contents.render("zephyr/sample/sample.yaml"),
        f"{sample}/src/main.c": contents.render("zephyr/sample/main.c"),
    }
