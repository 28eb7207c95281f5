"""Where runtime_c lies: beside the package in a wheel, two folders up in a checkout."""

from pathlib import Path

from bittwin_cgen.errors import BittwinError


def runtime_folder() -> Path:
    """The folder with include/ and kernels/."""
    here = Path(__file__).resolve().parent
    for folder in (here / "runtime_c", here.parents[1] / "runtime_c"):
        if (folder / "include" / "btw.h").is_file():
            return folder
    raise BittwinError("bittwin_cgen", "its runtime_c folder is missing", "Install bittwin again")


def runtime_files() -> dict[str, str]:
    """{path below runtime_c: text} of every C file."""
    folder = runtime_folder()
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".c", ".h")
    }
