"""The documentation builds without a warning; the tutorial does what it says, as typed, in an empty folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text()
ARM_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm")


def test_site_builds_without_a_warning_and_has_every_page(tmp_path: Path) -> None:
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("sphinx is not installed: pip install 'bittwin[docs]'")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        assert (tmp_path / f"{page.stem}.html").is_file(), page
    python = (tmp_path / "python.html").read_text()
    for name in ("export", "quantize", "generate", "verify", "profile", "report"):
        assert f".{name}" in python
    assert "bittwin-quantize" in (tmp_path / "command.html").read_text()


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"^(\w+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed


def test_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """Each `sh` block in turn, in one empty folder; printed lines with `...` for anything."""
    missing = [tool for tool in ARM_TOOLS if shutil.which(tool) is None]
    if missing:
        if os.environ.get("BITTWIN_REQUIRE_ARM"):
            pytest.fail(f"{missing} are not installed")
        pytest.skip(f"{', '.join(missing)} not installed: make setup-arm")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)
    assert sum(kind == "sh" for kind, _ in blocks) >= 4
    printed = ""
    for kind, text in blocks:
        if kind == "sh":
            done = subprocess.run(
                ["bash", "-e", "-c", text],
                cwd=tmp_path,
                env=os.environ | {"PATH": path, "COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=400,
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
            printed = " ".join(done.stdout.split())
            continue
        for line in text.splitlines():
            wanted = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("..."))
            assert re.search(wanted, printed), f"{line}\n{printed}"
