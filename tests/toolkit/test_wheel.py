"""The wheel, built from this checkout and installed away from it, does the main job by itself."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin_cgen.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, folder: Path, **environment: str) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without isolation where hatchling is installed, so that no network is needed."""
    folder = tmp_path_factory.mktemp("dist")
    offline = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "build", "--wheel", *offline, "--outdir", str(folder), str(ROOT), folder=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout with the wheel's files."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    run(*pip, "--target", str(folder), str(wheel), folder=folder)
    return folder


def small_model() -> onnx.ModelProto:
    """An int8 convolution between codes."""
    random = np.random.default_rng(0)
    constants: dict[str, Any] = {
        "sx": np.float32(0.02),
        "zx": np.int8(4),
        "w": random.integers(-127, 128, (4, 2, 3, 3), np.int8),
        "sw": random.uniform(0.004, 0.01, 4).astype(np.float32),
        "zw": np.zeros(4, np.int8),
        "sy": np.float32(0.06),
        "zy": np.int8(-7),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "sx", "zx"], ["xd"], "input"),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["wd"], "weights", axis=0),
        helper.make_node("Conv", ["xd", "wd"], ["c"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["c", "sy", "zy"], ["y"], "output"),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.INT8, [1, size, 6, 6]) for name, size in (("x", 2), ("y", 4))
    ]
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", ports[:1], ports[1:], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_wheel_holds_both_packages_the_runtime_and_the_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        information = archive.read(f"bittwin-{VERSION}.dist-info/METADATA").decode()
        entry_points = archive.read(f"bittwin-{VERSION}.dist-info/entry_points.txt").decode()
    for package, folder in (("bittwin", "toolkit"), ("bittwin_cgen", "cgen")):
        sources = {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder / package).rglob("*.py")}
        assert sources <= names
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "runtime_c").rglob("*.[ch]")}
    assert len(files) > 20
    assert {f"bittwin_cgen/{path}" for path in files} <= names
    licences = {name for name in names if "/licenses/" in name}
    assert licences == {f"bittwin-{VERSION}.dist-info/licenses/{name}" for name in ("LICENSE", "runtime_c/LICENSE")}
    assert "License-Expression: Apache-2.0 AND MIT-0" in information
    assert "bittwin = bittwin.cli:main" in entry_points
    tops = {name.split("/")[0] for name in names}
    assert tops == {"bittwin", "bittwin_cgen", f"bittwin-{VERSION}.dist-info"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".so"))]


def test_torch_is_an_extra(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        information = archive.read(f"bittwin-{VERSION}.dist-info/METADATA").decode()
    needed = [line.split(": ")[1] for line in information.splitlines() if line.startswith("Requires-Dist: ")]
    plain = {line.split(">")[0].split("=")[0].split("<")[0].strip() for line in needed if "extra ==" not in line}
    simplifiers = {"onnxscript", "onnxslim"}
    assert plain == {"cffi", "jinja2", "matplotlib", "numpy", "onnx", "onnxruntime", "rich", "typer"} | simplifiers
    assert any(line.startswith("torch") and "extra == 'torch'" in line for line in needed)


def test_description_can_be_shown(wheel: Path) -> None:
    pytest.importorskip("twine")
    assert "PASSED" in run(
        sys.executable, "-m", "twine", "check", "--strict", str(wheel), folder=wheel.parent, NO_COLOR="1"
    )


def test_installed_wheel_generates_and_verifies(installed: Path, tmp_path: Path) -> None:
    """In a process that sees the wheel's files first, and no torch."""
    (tmp_path / "net.onnx").write_bytes(small_model().SerializeToString())
    code = """
import json, sys
sys.modules["torch"] = None
import bittwin, bittwin_cgen, bittwin_cgen.runtime
made = bittwin.generate("net.onnx")
report = bittwin.verify("net.onnx", samples=2)
print(json.dumps({
    "places": [bittwin.__file__, bittwin_cgen.__file__, str(bittwin_cgen.runtime.runtime_folder())],
    "files": sorted(made.files), "passed": report.passed, "differ": report.differ, "compared": report.compared,
}))
"""
    found = json.loads(run(sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(installed)))
    for place in found["places"]:
        assert Path(place).is_relative_to(installed), place
    assert {"net.c", "net.h", "btw/btw.h", "btw/conv2d_s8_scalar.c"} <= set(found["files"])
    assert found["passed"]
    assert (found["differ"], found["compared"]) == (0, 2 * 4 * 6 * 6)


def test_installed_command_writes_c_that_compiles(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(small_model().SerializeToString())
    printed = run(
        sys.executable, "-m", "bittwin", "generate", "net.onnx", "-o", "made", "--json", folder=tmp_path,
        PYTHONPATH=str(installed),
    )  # fmt: skip
    assert "made/net.c" in json.loads(printed)["files"]
    run("cc", "-std=c11", "-Wall", "-Werror", "-c", "made/net.c", "-o", "net.o", folder=tmp_path)
