"""Packages: they compile without a warning, run, find what is wrong, and keep the conventions of their ecosystems."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest

from bittwin.cli import main
from bittwin.packager import Package, package
from bittwin.packagers import PACKAGERS
from bittwin_cgen import BittwinError
from tests.graphs import GraphBuilder, random_model

STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror".split()
EXACT = ["-O2", "-ffp-contract=off"]
PASSED = "self-test: passed\n"


@cache
def small(dtype: str = "int8", ports: str = "codes") -> onnx.ModelProto:
    """Convolution, depthwise, addition, pooling, fully connected layer."""
    builder = GraphBuilder(np.random.default_rng(11), dtype, ports)  # type: ignore[arg-type]
    x = builder.conv(builder.input(1, 3, 9, 7), 6, (3, 3), pads=(1, 1, 1, 1), mode="reflect")
    x = builder.add(x, builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1)))
    x = builder.gemm(builder.flatten(builder.max_pool(x, (2, 2))), 5)
    builder.output(builder.softmax(x) if dtype == "float32" else x)
    return builder.model()


def write(files: Mapping[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def call(*command: object, folder: Path, status: int = 0) -> str:
    """Standard output; fails with the error output where the exit status is another one."""
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def compilers() -> list[str]:
    return [name for name in ("gcc", "clang") if shutil.which(name)]


def run_plain(made: Package, folder: Path, status: int = 0, compiler: str = "cc") -> str:
    """What the example of a plain package prints; the flags are strict."""
    write(made.files, folder)
    sources = sorted(folder.glob("*.c"))
    call(compiler, "-std=c11", *EXACT, *STRICT, *sources, "-lm", "-o", "example", folder=folder)
    return call("./example", folder=folder, status=status)


# ---------------------------------------------------------------- plain


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_plain_is_two_files_that_compile_without_a_warning(dtype: str, compiler: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    made = package(small(dtype), "plain", name="net")
    own = {path for path in made.files if not re.search(r"selftest|samples|example|cycles|README", path)}
    assert own == {"net.h", "net.c"}
    assert run_plain(made, tmp_path, compiler=compiler).endswith(PASSED)
    assert not re.search(r'#include "(?!net\.h)', made.files["net.c"])


@pytest.mark.parametrize("schedule", ["ram", "layers", "speed"])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_selftest_passes_in_every_schedule_and_order_of_ports(dtype: str, schedule: str, tmp_path: Path) -> None:
    proto = random_model(5, dtype, inputs=2, outputs=2, layers=6)  # type: ignore[arg-type]
    made = package(proto, "plain", schedule=schedule, name="net", samples=3)
    assert run_plain(made, tmp_path).endswith(PASSED)


@pytest.mark.parametrize(("dtype", "batch", "ports"), [("int8", 3, "real"), ("float32", 2, "codes")])
def test_selftest_passes_for_batches_and_real_ports(dtype: str, batch: int, ports: str, tmp_path: Path) -> None:
    proto = random_model(9, dtype, ports, batch=batch)  # type: ignore[arg-type]
    assert run_plain(package(proto, "plain", name="net"), tmp_path).endswith(PASSED)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_selftest_names_each_layer_whose_constants_are_changed(dtype: str, tmp_path: Path) -> None:
    """The largest number of each array of constants becomes another: the layer that reads it is named."""
    made = package(small(dtype), "cmake", name="net")
    write(made.files, tmp_path)
    weights = tmp_path / "src" / "net_weights.c"
    sources = [tmp_path / "example" / "main.c", *sorted((tmp_path / "src").glob("net*.c"))]
    command = ["cc", "-std=c11", "-O1", "-ffp-contract=off", "-Isrc", *sources, "-lm", "-o", "program"]
    original = weights.read_text()
    changed = 0
    for layer in made.model.manifest["layers"]:
        arrays = re.finditer(
            rf"const (?:int8_t|float) net_{layer['name']}_weights\w*\[\d+\] = {{\n(.*?)\n}}", original, re.DOTALL
        )
        for array in arrays:
            numbers = [text.strip() for text in array[1].split(",") if text.strip()]
            place = int(np.argmax(np.abs([float(text.rstrip("f")) for text in numbers])))
            numbers[place] = "0" if dtype == "int8" else "9.0f"
            text = original[: array.start(1)] + ", ".join(numbers) + original[array.end(1) :]
            weights.write_text(text)
            call(*command, folder=tmp_path)
            printed = call("./program", folder=tmp_path, status=1)
            assert f"first layer that differs: {layer['node']}\n" in printed
            changed += 1
    assert changed == 3


def test_selftest_sees_an_output_that_only_the_shipped_code_gets_wrong(tmp_path: Path) -> None:
    made = package(small(), "plain", name="net")
    last = made.model.manifest["layers"][-1]["name"]
    call_of_kernel = re.search(rf"^\w+ void net_{last}\(.*?\n}}", made.files["net.c"], re.DOTALL | re.MULTILINE)
    assert call_of_kernel
    broken = call_of_kernel[0].replace("BTW_OBSERVE", "if (!NET_OBSERVED) y[0] ^= 1; BTW_OBSERVE", 1)
    text = "#if !defined(NET_OBSERVED)\n#define NET_OBSERVED 0\n#endif\n" + made.files["net.c"]
    files = {**made.files, "net.c": text.replace(call_of_kernel[0], broken)}
    files["net_selftest.c"] = "#define NET_OBSERVED 1\n" + files["net_selftest.c"]
    write(files, tmp_path)
    call("cc", "-std=c11", *EXACT, *sorted(tmp_path.glob("*.c")), "-lm", "-o", "example", folder=tmp_path)
    assert "first layer that differs: output " in call("./example", folder=tmp_path, status=1)


def test_hostile_names_of_layers_stay_inside_their_string(tmp_path: Path) -> None:
    proto = onnx.ModelProto()
    proto.CopyFrom(small())
    for node in proto.graph.node:
        if node.op_type == "Conv":
            node.name = 'x"; int y = system("rm") ??/" \\ \n' + node.name
    made = package(proto, "plain", name="net")
    assert "system(" in made.files["net_selftest.c"]
    assert run_plain(made, tmp_path).endswith(PASSED)


# ---------------------------------------------------------------- callers and linkage

CALLER = """
#include "net.h"
#include "net_samples.h"
#include "net_selftest.h"
#include "other.h"

static net_selftest_memory memory;
static other_arena other;

int main(void)
{
    static float output[OTHER_OUTPUT_SIZE];
    static const float input[OTHER_INPUT_SIZE] = {0};
    other_run(&other, input, output);
    return net_selftest(&memory) != NULL;
}
"""


@pytest.mark.parametrize("caller", ["c99", "c11", "c++11"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_c_and_cpp_callers_link_with_two_models(compiler: str, caller: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    made = {name: package(small(dtype), "cmake", name=name) for name, dtype in (("net", "int8"), ("other", "float32"))}
    for name, each in made.items():
        write(each.files, tmp_path / name)
    text = CALLER if caller != "c++11" else CALLER.replace("= {0}", "= {}").replace("NULL", "nullptr")
    for side, word in (("inputs", "INPUT"), ("outputs", "OUTPUT")):
        text = text.replace(word, made["other"].model.manifest[side][0]["parameter"].upper())
    (tmp_path / ("main.cpp" if caller == "c++11" else "main.c")).write_text(text)
    front = ({"gcc": "g++", "clang": "clang++"}[compiler], "main.cpp") if caller == "c++11" else (compiler, "main.c")
    include = ["-Inet/src", "-Iother/src"]
    units = [*sorted((tmp_path / "net/src").glob("*.c")), tmp_path / "other/src/other.c"]
    units.append(tmp_path / "other/src/other_weights.c")
    call(compiler, "-std=c11", *EXACT, *STRICT, "-c", *units, folder=tmp_path)
    objects = [f"{unit.stem}.o" for unit in units]
    call(front[0], f"-std={caller}", *STRICT, *include, front[1], *objects, "-lm", "-o", "two", folder=tmp_path)
    call("./two", folder=tmp_path)


def test_a_macro_places_the_weights_in_a_section(tmp_path: Path) -> None:
    write(package(small(), "plain", name="net").files, tmp_path)
    section = '-DBTW_WEIGHTS=__attribute__((section("qspi")))'
    call("cc", "-std=c11", *EXACT, section, "-c", "net.c", folder=tmp_path)
    listing = call("objdump", "-t", "net.o", folder=tmp_path)
    constants = [line.split() for line in listing.splitlines() if re.search(r"net_\w+_(weights|bias)\w*$", line)]
    assert constants
    assert all("qspi" in fields for fields in constants)


# ---------------------------------------------------------------- CMake


def test_cmake_project_builds_and_runs_here(tmp_path: Path) -> None:
    write(package(small(), "cmake", name="net").files, tmp_path / "net")
    call("cmake", "-S", "net", "-B", "build", folder=tmp_path)
    call("cmake", "--build", "build", folder=tmp_path)
    assert call("build/net_example", folder=tmp_path).endswith(PASSED)


def test_cmake_project_is_a_subproject(tmp_path: Path) -> None:
    """add_subdirectory brings the library and its headers, and neither self-test nor example."""
    write(package(small(), "cmake", name="net").files, tmp_path / "net")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(user C)\nadd_subdirectory(net)\n"
        "add_executable(user user.c)\ntarget_link_libraries(user PRIVATE net)\n"
    )
    (tmp_path / "user.c").write_text('#include "net.h"\nint main(void) { return sizeof(net_arena) % 16; }\n')
    call("cmake", "-S", ".", "-B", "build", folder=tmp_path)
    text = call("cmake", "--build", "build", "--verbose", folder=tmp_path)
    assert "net_selftest.c" not in text
    call("build/user", folder=tmp_path)


# ---------------------------------------------------------------- all formats


@pytest.mark.parametrize("format", PACKAGERS)
def test_every_package_says_how_it_is_used_in_few_lines(format: str) -> None:
    made = package(small(), format, name="net")
    readme = next(text for path, text in made.files.items() if path.endswith("README.md"))
    assert len(readme.splitlines()) <= 12
    assert "net_selftest" in readme
    kernels = {path.rsplit("/", 1)[1] for path in made.files if "/btw/" in path}
    assert format == "plain" or kernels == {path[4:] for path in made.model.files if path.startswith("btw/")}


def test_unknown_format_is_refused() -> None:
    with pytest.raises(BittwinError, match=r"no such format.*cmake"):
        package(small(), "autotools")


def test_command_writes_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.onnx").write_bytes(small().SerializeToString())
    with pytest.raises(SystemExit) as ended:
        main(["package", "net.onnx", "--format", "cmake", "--samples", "1", "-o", "out", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert (report["name"], report["format"], report["static_bytes"]) == ("net", "cmake", 0)
    assert sorted(report["files"]) == sorted(str(p) for p in Path("out").rglob("*") if p.is_file() and p.name[0] != ".")
    with pytest.raises(SystemExit) as ended:
        main(["package", "net.onnx", "--format", "cmake", "-o", "small", "--ram", "10"])
    assert ended.value.code == 1
    assert not Path("small").exists()


def test_packaging_needs_no_torch() -> None:
    code = "import sys, bittwin.packager; print('torch' in sys.modules)"
    assert call(sys.executable, "-c", code, folder=Path.cwd()) == "False\n"
