"""One file an ecosystem: Contents to the files of a project."""

from __future__ import annotations

from collections.abc import Callable

from bittwin.packagers.cmake import cmake
from bittwin.packagers.contents import Contents
from bittwin.packagers.plain import plain

PACKAGERS: dict[str, Callable[[Contents], dict[str, str]]] = {
    "cmake": cmake,
    "plain": plain,
}

__all__ = ["PACKAGERS", "Contents"]
