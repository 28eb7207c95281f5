"""ESP-IDF: a component for the component registry's conventions, and an example project that uses it."""

from __future__ import annotations

from bittwin.packagers.contents import Contents
from bittwin_cgen import BittwinError


def esp_idf(contents: Contents) -> dict[str, str]:
    """The files of a component; raises BittwinError for C that only an Arm core runs."""
    if contents.target != "host":
        raise BittwinError(
            f"--format esp-idf --target {contents.target}", "no chip of Espressif has an Arm core", "Use --target host"
        )
    example = f"examples/{contents.name}_example"
    use = f"idf.py -C {example} set-target esp32s3 build flash monitor"
    return {
        "idf_component.yml": contents.render("esp_idf/idf_component.yml"),
        "CMakeLists.txt": contents.render("esp_idf/CMakeLists.txt"),
        "README.md": contents.readme("an ESP-IDF component", use),
        "LICENSE": contents.license(),
        **contents.below("src"),
        f"{example}/CMakeLists.txt": contents.render("esp_idf/example/CMakeLists.txt"),
        f"{example}/main/CMakeLists.txt": contents.render("esp_idf/example/main_CMakeLists.txt"),
        f"{example}/main/idf_component.yml": contents.render("esp_idf/example/main_idf_component.yml"),
        f"{example}/main/main.c": contents.render("esp_idf/example/main.c"),
    }
