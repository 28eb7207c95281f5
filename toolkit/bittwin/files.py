"""Writing results: whole or not at all, and never over files that bittwin did not write, or that were changed since."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bittwin_cgen.errors import BittwinError

MARK = ".bittwin"  # the files of a folder that bittwin wrote, with their digests: `sha256sum -c` reads it


def write_file(path: Path, content: bytes) -> None:
    """A file, written beside its place and moved there."""
    if path.is_dir():
        raise BittwinError(str(path), "is a folder", "Give the path of a file")
    if not path.parent.is_dir():
        raise BittwinError(str(path), "its folder does not exist", "Make the folder first")
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise BittwinError(str(path), what, "Check the path and its permissions") from None
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


def check_folder(folder: Path) -> None:
    """Raises BittwinError where a folder is not to be replaced: it holds files of others, or changes to bittwin's."""
    if folder.is_symlink():
        raise BittwinError(str(folder), "is a symbolic link", "Give the folder itself")
    if folder.exists() and not folder.is_dir():
        raise BittwinError(str(folder), "is a file", "Give a folder that does not exist, or one that bittwin wrote")
    if not folder.is_dir():
        return
    if Path.cwd().is_relative_to(folder.resolve()):
        do = "Go to the folder above and give its name: it is replaced whole"
        raise BittwinError(str(folder), "is the folder that this runs in, or is above it", do)
    mark = folder / MARK
    lines = mark.read_text("utf-8", errors="replace").splitlines() if mark.is_file() else []
    written = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_dir() and not path.is_symlink()) or path == mark:
            continue
        if name not in written or path.is_symlink():
            do = "Choose another folder or empty it"
            raise BittwinError(str(folder), f"holds files that bittwin did not write ({name})", do)
        if _digest(path.read_bytes()) != written[name]:
            do = "Keep your copy elsewhere and delete this one, or choose another folder"
            raise BittwinError(str(folder), f"{name} was changed after bittwin wrote it", do)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """{path: text} as a folder that is replaced whole; raises BittwinError as check_folder does."""
    check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise BittwinError(str(folder), what, "Check the path and its permissions") from None
    try:
        digests = []
        for path in sorted(files):
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            content = files[path].encode()
            target.write_bytes(content)
            digests.append(f"{_digest(content)}  {path}\n")
        (partial / MARK).write_text("".join(digests), "utf-8")
        partial.chmod(0o777 & ~_umask())
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
