"""PlatformIO: a library, and an example project that uses it."""

from __future__ import annotations

import json

from bittwin.packagers.contents import URL, Contents
from bittwin_cgen.version import VERSION


def platformio(contents: Contents) -> dict[str, str]:
    """The files of a library with its library.json."""
    name = contents.name
    example = f"examples/{name}_example"
    use = f"pio run -d {example} -t exec" if contents.target == "host" else f"pio run -d {example} -t upload"
    manifest = {
        "name": name,
        "version": VERSION,
        "description": f"The neural network {name} as C that computes what onnxruntime computes",
        "keywords": ["onnx", "int8", "neural network", "inference"],
        "homepage": URL,
        "license": "MIT-0",
        "headers": [f"{name}.h"],
        "frameworks": ["*"],
        "platforms": ["*"],
        "examples": [{"name": f"{name}_example", "base": example, "files": ["platformio.ini", "src/main.c"]}],
        "build": {"srcDir": "src", "includeDir": "src", "flags": ["-std=c11", "-ffp-contract=off"]},
    }
    return {
        "library.json": json.dumps(manifest, indent=2) + "\n",
        "README.md": contents.readme("a PlatformIO library", use),
        "LICENSE": contents.license(),
        **contents.below("src"),
        f"{example}/platformio.ini": contents.render("platformio/platformio.ini"),
        f"{example}/src/main.c": contents.render("example/main.c"),
        f"{example}/src/cycles.h": contents.render("example/cycles.h"),
    }
