"""Broken and hostile files through the command: done, or one line about what is wrong, and nothing half-written."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from bittwin.cli import main
from tests.cgen.test_mutated_files import FILES, limits, mutated, seeds
from tests.graphs import sample_inputs

EXTRA = {
    "check": [],
    "generate": ["--output", "made"],
    "package": ["--format", "plain", "--output", "made"],
    "quantize": ["--calibration", "samples.npz", "--output", "made.onnx"],
    "report": ["--output", "made.html", "--samples", "1"],
}
NUMBERS = {  # of files; those of quantize come from float models, a report of a good file builds and runs its C
    "check": range(0, FILES, 4),
    "generate": range(1, FILES, 4),
    "package": range(2, FILES, 6),
    "quantize": [*range(0, FILES, 10), *range(3, FILES, 10)],
    "report": [0, *range(4, FILES, 20)],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder. What goes wrong unexpectedly is raised, and other tools are not asked to simplify."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BITTWIN_TRACEBACK", "1")
    for module in ("checker", "generator"):
        monkeypatch.setattr(f"bittwin.{module}.simplified", lambda model: None)
    return tmp_path


def status_of(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as stopped, limits():
        main(arguments)
    return int(stopped.value.code or 0)


@pytest.mark.parametrize("verb", EXTRA)
def test_a_verb_does_its_work_or_says_in_one_line_why_not(
    verb: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: Counter[int] = Counter()
    for number in NUMBERS[verb]:
        (folder / "net.onnx").write_bytes(mutated(number))
        if verb == "quantize":
            samples = sample_inputs(onnx.load_model_from_string(seeds()[number % len(seeds())]), 3)
            np.savez(folder / "samples.npz", **{name: values.repeat(4, 0) for name, values in samples.items()})
        before = {path.name for path in folder.iterdir()}
        try:
            status = status_of([verb, "net.onnx", *EXTRA[verb]])
        except Exception as error:
            raise AssertionError(f"file {number}: {type(error).__name__}: {error}") from error
        out, err = capsys.readouterr()
        found[status] += 1
        made = {path for path in folder.iterdir() if path.name not in before}
        if status == 2:
            assert re.fullmatch(r"error: [ -~]+\.\n", err), f"file {number}: {err!r}"
            assert not made, f"file {number}: {made}"
        else:
            assert status in ((0, 1) if verb == "check" else (0,)), f"file {number}: {status} {err}"
            assert bool(made) == (verb != "check"), f"file {number}: {out} {err}"
        for path in made:
            if path.is_dir():
                assert sum(inside.is_file() for inside in path.rglob("*")) > 1
                for inside in sorted(path.rglob("*"), reverse=True):
                    inside.rmdir() if inside.is_dir() else inside.unlink()
                path.rmdir()
            else:
                path.unlink()
    assert found[2] >= len(NUMBERS[verb]) // 4
    assert found[0]


def test_what_was_made_before_stays_when_a_file_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.onnx").write_bytes(seeds()[1])
    assert status_of(["generate", "net.onnx", "--output", "made"]) == 0
    before = {path: path.read_bytes() for path in (folder / "made").rglob("*") if path.is_file()}
    (folder / "net.onnx").write_bytes(seeds()[1][:-100])
    assert status_of(["generate", "net.onnx", "--output", "made"]) == 2
    assert {path: path.read_bytes() for path in (folder / "made").rglob("*") if path.is_file()} == before
