"""The README does what it says: its quick start, as typed, in an empty folder; its verbs, links and figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models import demo

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
SLOWEST = 300  # seconds for the whole quick start


def section(title: str) -> str:
    """The text below a heading, up to the next of its rank."""
    start = README.index(f"\n## {title}\n")
    return README[start : README.index("\n## ", start + 1)]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def plain(text: str) -> str:
    """One line, single spaces: tables and messages are wrapped to the width of the terminal."""
    return " ".join(text.split())


def pattern(line: str) -> str:
    """A printed line of the README as a regular expression; `...` stands for anything."""
    return ".*?".join(re.escape(plain(part)).replace(r"\ ", r"\s*") for part in line.split("..."))


def environment() -> dict[str, str]:
    """The virtual environment's commands first, as after activating it."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path}


@pytest.fixture(scope="module")
def quick_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """(the folder in which it was typed, everything it printed)."""
    folder = tmp_path_factory.mktemp("quick_start")
    commands = blocks(section("Quick start"), "sh")
    assert len(commands) == 4
    printed = ""
    for command in commands:
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SLOWEST,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    (example,) = blocks(section("Quick start"), "python")
    done = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, timeout=SLOWEST)
    assert done.returncode == 0, done.stderr
    return folder, printed + done.stdout


def test_quick_start_prints_what_it_says(quick_start: tuple[Path, str]) -> None:
    _, printed = quick_start
    expected = [line for block in blocks(section("Quick start"), "text") for line in block.splitlines()]
    assert len(expected) >= 3
    for line in expected:
        assert re.search(pattern(line), plain(printed)), f"{line}\nis not in\n{printed}"


def test_quick_start_leaves_what_it_says(quick_start: tuple[Path, str]) -> None:
    folder, printed = quick_start
    made = {"net.py", "samples.py", "calibration.npz", "net.onnx", "net.int8.onnx", "firmware", "main.c", "main"}
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == made
    generated = {path.name for path in (folder / "firmware" / "net").iterdir()} - {".bittwin"}
    assert generated == {"net.h", "net.c", "net_weights.h", "net_weights.c", "net.json", "net_memory.svg", "btw"}
    scores = [float(score) for score in re.findall(r"^\d: (-?\d+\.\d+)$", printed, re.MULTILINE)]
    assert len(scores) == 10
    assert len(set(scores)) > 1


def test_arena_of_the_architecture_is_that_of_the_quick_start() -> None:
    (size,) = re.findall(r"net, arena ([\d,]+) bytes", section("Quick start"))
    assert f"bytes[{size.replace(',', '')}]; }} net_arena;" in (ROOT / "ARCHITECTURE.md").read_text()


def test_verbs_are_those_of_the_command() -> None:
    done = subprocess.run(
        ["bittwin", "--help"], env=environment() | {"NO_COLOR": "1"}, capture_output=True, text=True, timeout=60
    )
    offered = set(re.findall(r"^│ ([a-z]+) {2,}", done.stdout, re.MULTILINE))
    listed = set(re.findall(r"^\| `bittwin ([a-z]+) ", section("Verbs"), re.MULTILINE))
    assert listed == offered


def test_make_targets_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        used = set(re.findall(r"`make ([a-z-]+)`", text))
        used |= {
            target for block in blocks(text, "sh") for target in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE)
        }
        assert used <= targets, name


def test_demo_prints_what_it_says(tmp_path: Path) -> None:
    """The figures of `make demo`, but for times and float errors, which depend on the machine."""
    (shown,) = blocks(section("Two commands"), "text")
    with demo.console.capture() as capture:
        assert demo.run(tmp_path / "demo")
    printed = plain(capture.get())
    for line in shown.splitlines():
        varies = re.search(r" s$|^largest error|^the C to read:", line)
        wanted = re.split(r"  +|(?<=read:)", line)[0] if varies else line
        assert plain(wanted) in printed, f"{wanted}\nis in the README, but make demo prints\n{capture.get()}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\((?!https://)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        document = ROOT / path if path else ROOT / name
        assert document.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in anchors, target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name: str) -> None:
    """Paths in backticks that begin with a folder of the repository."""
    text = (ROOT / name).read_text()
    for path in re.findall(r"`((?:toolkit|cgen|runtime_c|models|tests|\.ci)/[^`<>*\s]*)`", text):
        assert (ROOT / path).exists(), f"{name} names {path}"
