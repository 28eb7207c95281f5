"""The documentation builds without a warning; the tutorial does what it says, as typed, in an empty folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bittwin import golden
from bittwin.builder import FLAGS, compile_files
from bittwin_cgen import generate
from tests.graphs import GraphBuilder

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text()
ARM_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "cmake")


def test_site_builds_without_a_warning_and_has_every_page(tmp_path: Path) -> None:
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("sphinx is not installed: pip install 'bittwin[docs]'")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        assert (tmp_path / f"{page.stem}.html").is_file(), page
    python = (tmp_path / "python.html").read_text()
    for name in ("export", "quantize", "generate", "verify", "profile", "report", "package"):
        assert f".{name}" in python
    assert "bittwin-quantize" in (tmp_path / "command.html").read_text()


def test_reference_of_the_command_is_what_it_says_itself(request: pytest.FixtureRequest) -> None:
    """docs/command.md can be read without building the site; `make golden` rewrites it."""
    command = [sys.executable, "-m", "typer", "bittwin.cli", "utils", "docs", "--name", "bittwin"]
    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    page, mark = DOCS / "command.md", "<!-- reference -->\n"
    head, found, body = page.read_text().partition(mark)
    wanted = "\n" + made.replace("# `bittwin`\n", "", 1).strip() + "\n"
    if request.config.getoption("--update-golden"):
        page.write_text(head + mark + wanted)
        return
    assert found and body == wanted, "make golden"


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"^(\w+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed


CAMERA = """#include <stdio.h>
#include "camera.c"
static FILE *lines;
static uint16_t line[NET_INPUT_WIDTH];
const uint16_t *camera_line(void)
{
    if (fread(line, sizeof line, 1, lines) != 1)
        return NULL;
    return line;
}
int main(int argc, char **argv)
{
    lines = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!lines)
        return 1;
    camera_prepare();
    for (int i = 0; i < IMAGES; i++)
        printf("%d\\n", camera_classify());
    return 0;
}
"""


def test_camera_example_finds_the_classes_that_onnxruntime_finds(tmp_path: Path) -> None:
    """Images as RGB565 from a file, line by line; the ONNX file gets what training would have made of them."""
    (example,) = re.findall(r"^```c\n(.*?)^```$", (DOCS / "camera.md").read_text(), re.MULTILINE | re.DOTALL)
    graph = GraphBuilder(np.random.default_rng(6), "int8", "real")
    x = graph.input(1, 3, 24, 20, name="input")
    y = graph.conv(x, 8, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1), clip=(0.0, 6.0))
    y = graph.conv(graph.depthwise(y, kernel=(3, 3), pads=(1, 1, 1, 1)), 16, kernel=(1, 1))
    graph.output(graph.gemm(graph.flatten(y), 5))
    proto = graph.model()
    proto.graph.output[0].name = proto.graph.node[-1].output[0] = "scores"
    made = generate(proto, name="net")
    assert made.manifest["pushed"]
    pixels = np.random.default_rng(7).integers(0, 1 << 16, (40, 24, 20), np.uint16)
    (tmp_path / "lines").write_bytes(pixels.tobytes())
    values = [(pixels >> 11) * 255 // 31, (pixels >> 5 & 63).astype(np.uint32) * 255 // 63, (pixels & 31) * 255 // 31]
    images = (np.stack(values, 1).astype(np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    session = golden.session(proto)
    wanted = [int(golden.run(session, {"input": image[None]})["scores"].argmax()) for image in images]
    assert len(set(wanted)) > 1
    files = {**made.files, "camera.c": example, "main.c": CAMERA}
    sources = ["main.c", "net.c", "net_weights.c"]
    program = compile_files(files, sources, [*FLAGS, f"-DIMAGES={len(images)}"], ".exe")
    done = subprocess.run([str(program), str(tmp_path / "lines")], capture_output=True, text=True, check=True)
    assert [int(text) for text in done.stdout.split()] == wanted


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
            printed = " ".join(f"{done.stdout} {done.stderr}".split())  # QEMU shows what firmware prints as an error
            continue
        for line in text.splitlines():
            wanted = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("..."))
            assert re.search(wanted, printed), f"{line}\n{printed}"
