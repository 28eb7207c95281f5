"""One file an ecosystem: Contents to the files of a project."""

from __future__ import annotations

from collections.abc import Callable

from bittwin.packagers.arduino import arduino
from bittwin.packagers.cmake import cmake
from bittwin.packagers.cmsis_pack import cmsis_pack
from bittwin.packagers.contents import Contents
from bittwin.packagers.esp_idf import esp_idf
from bittwin.packagers.plain import plain
from bittwin.packagers.platformio import platformio
from bittwin.packagers.zephyr import zephyr

PACKAGERS: dict[str, Callable[[Contents], dict[str, str]]] = {
    "cmake": cmake,
    "arduino": arduino,
    "platformio": platformio,
    "zephyr": zephyr,
    "esp-idf": esp_idf,
    "cmsis-pack": cmsis_pack,
    "plain": plain,
}

__all__ = ["PACKAGERS", "Contents"]
