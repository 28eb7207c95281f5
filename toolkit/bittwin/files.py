"""Writing results: whole or not at all, and never over files that bittwin did not write."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bittwin_cgen.errors import BittwinError

MARK = ".bittwin"  # lists the files of a folder that bittwin wrote


def write_file(path: Path, content: bytes) -> None:
    """A file, written beside its place and moved there."""
    if path.is_dir():
        raise BittwinError(str(path), "is a folder", "Give the path of a file")
    if not path.parent.is_dir():
        raise BittwinError(str(path), "its folder does not exist", "Make the folder first")
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """{path: text} as a folder that is replaced whole; raises BittwinError where it holds other people's files."""
    if folder.exists() and not folder.is_dir():
        raise BittwinError(str(folder), "is a file", "Give a folder that does not exist, or one that bittwin wrote")
    if folder.is_symlink():
        raise BittwinError(str(folder), "is a symbolic link", "Give the folder itself")
    if folder.is_dir():
        own = set((folder / MARK).read_text().splitlines()) | {MARK} if (folder / MARK).is_file() else set()
        others = [
            found.relative_to(folder).as_posix()
            for found in folder.rglob("*")
            if not (found.is_dir() and not found.is_symlink()) and found.relative_to(folder).as_posix() not in own
        ]
        if others:
            raise BittwinError(
                str(folder),
                f"holds files that bittwin did not write ({min(others)})",
                "Choose another folder or empty it",
            )
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for path, text in {**files, MARK: "".join(f"{name}\n" for name in sorted(files))}.items():
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        partial.chmod(0o777 & ~_umask())
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
