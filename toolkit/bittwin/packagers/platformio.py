"""PlatformIO: a library, and an example project that uses it."""

from __future__ import annotations

import json

from bittwin.packagers.contents import URL, Contents
from bittwin_cgen.version import VERSION

# Development platforms with boards on which the C of a target runs; Cortex-M55 has none yet.
PLATFORMS = {
    "cortex-m0": ("atmelsam", "nordicnrf51", "raspberrypi", "ststm32"),
    "cortex-m3": ("atmelsam", "nxplpc", "ststm32"),
    "cortex-m4": ("atmelsam", "nordicnrf52", "renesas-ra", "ststm32", "teensy"),
    "cortex-m7": ("atmelsam", "nxpimxrt", "ststm32", "teensy"),
    "cortex-m33": ("renesas-ra", "ststm32"),
    "cortex-a53": ("native",),
    "cortex-a76": ("native",),
    "armv8.6-a": ("native",),
    "armv7-a": ("linux_arm", "native"),
}
BOARDS = {
    "cortex-m0": "nucleo_f072rb",
    "cortex-m3": "nucleo_f103rb",
    "cortex-m4": "nucleo_f446re",
    "cortex-m7": "nucleo_f746zg",
    "cortex-m33": "nucleo_l552ze_q",
}


def platformio(contents: Contents) -> dict[str, str]:
    """The files of a library with its library.json."""
    name = contents.name
    example = f"examples/{name}_example"
    core = contents.target.removesuffix("+nofp")
    native = core == "host" or "native" in PLATFORMS.get(core, ())
    use = f"pio run -d {example} -t {'exec' if native else 'upload'}"
    made_for = "" if core == "host" else f", for {contents.target}"
    manifest = {
        "name": name,
        "version": VERSION,
        "description": f"The neural network {name} as C that computes what onnxruntime computes{made_for}",
        "keywords": ["onnx", "int8", "neural network", "inference"],
        "homepage": URL,
        "license": "MIT-0",
        "headers": [f"{name}.h"],
        "frameworks": ["*"],
        "platforms": list(PLATFORMS.get(core, ("*",))),
        "examples": [{"name": f"{name}_example", "base": example, "files": ["platformio.ini", "src/main.c"]}],
        "build": {"srcDir": "src", "includeDir": "src", "flags": ["-std=c11", "-ffp-contract=off"]},
    }
    return {
        "library.json": json.dumps(manifest, indent=2) + "\n",
        "README.md": contents.readme("a PlatformIO library", use),
        "LICENSE": contents.license(),
        **contents.below("src"),
        f"{example}/platformio.ini": contents.render(
            "platformio/platformio.ini", native=native, example_board=BOARDS.get(core)
        ),
        f"{example}/src/main.c": contents.render("example/main.c"),
        f"{example}/src/cycles.h": contents.render("example/cycles.h"),
    }
