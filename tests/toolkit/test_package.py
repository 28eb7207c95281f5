"""Packages: they compile without a warning, run, find what is wrong, and keep the conventions of their ecosystems."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
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
from bittwin_cgen.targets import TARGETS
from tests.graphs import GraphBuilder, random_model

STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror".split()
EXACT = ["-O2", "-ffp-contract=off"]
PASSED = "self-test: passed\n"
ECOSYSTEMS = Path(__file__).with_name("ecosystems")  # stand-ins for what is too large to install


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


def test_samples_whose_outputs_are_no_numbers_are_refused() -> None:
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Log", ["x"], ["y"], "log")],
        "log",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    for value in (0.0, -1.0):
        with pytest.raises(BittwinError, match="output 'y': is infinite or NaN for a sample"):
            package(model, "plain", inputs={"x": np.full((1, 4), value, np.float32)})


def test_hostile_names_of_layers_stay_inside_their_string(tmp_path: Path) -> None:
    proto = onnx.ModelProto()
    proto.CopyFrom(small())
    for node in proto.graph.node:
        if node.op_type == "Conv":
            node.name = 'x"; int y = system("rm") ??/" \\ \n' + node.name
    made = package(proto, "plain", name="net")
    assert "system(" in made.files["net_selftest.c"]
    assert run_plain(made, tmp_path).endswith(PASSED)


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-Os", "-O3"])
def test_compilers_may_optimize_as_they_like(level: str, tmp_path: Path) -> None:
    """GCC 12 dropped the calls of layers that dequantize within the arena, at -O1 and -O2."""
    made = package(random_model(2, "int8", batch=2, outputs=3, layers=6), "plain", name="net", samples=1)
    assert any(layer["op"] == "DequantizeLinear" for layer in made.model.manifest["layers"])
    write(made.files, tmp_path)
    for compiler in compilers():
        sources = sorted(tmp_path.glob("*.c"))
        call(compiler, "-std=c11", level, "-ffp-contract=off", *sources, "-lm", "-o", "example", folder=tmp_path)
        assert call("./example", folder=tmp_path).endswith(PASSED), compiler


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


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "host"])
def test_compiler_for_another_core_says_what_the_c_was_made_for(target: str, tmp_path: Path) -> None:
    """The first error, on this machine and on the other side of what the core has, says which flags would do."""
    made = package(small(), "plain", target, name="net")
    write(made.files, tmp_path)
    others = [["cc"]]
    if target.startswith("cortex-m") and shutil.which("arm-none-eabi-gcc"):
        other = "cortex-m4" if target == "cortex-m0" else "cortex-m0"
        others += [["arm-none-eabi-gcc", f"-mcpu={other}", "-mthumb"]]
    for compiler in others:
        done = subprocess.run([*compiler, "-E", "net.c"], cwd=tmp_path, capture_output=True, text=True)
        first = next(line for line in done.stderr.splitlines() if "error" in line)
        assert re.search(r'#error "made for .*: compile .*-m(cpu|arch|fpu)=', first), done.stderr


def test_code_for_an_fpu_asks_for_its_flags(tmp_path: Path) -> None:
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not installed")
    write(package(small("float32"), "plain", "cortex-m4", name="net").files, tmp_path)
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-E", "net.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert '#error "made for an FPU: compile with -mfpu=fpv4-sp-d16 -mfloat-abi=hard' in done.stderr
    call(*command[:2], "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", *command[2:], folder=tmp_path)


@pytest.mark.parametrize("target", ["host", "cortex-m0", "cortex-m4", "cortex-m55", "cortex-a53", "armv7-a"])
def test_command_in_the_readme_of_plain_files_is_right(target: str, tmp_path: Path) -> None:
    """It is run as it stands; for a microcontroller it leaves objects to link, elsewhere it ends in a self-test."""
    made = package(small(), "plain", target, name="net")
    command = re.search(r"^- Build and run the example: `(.*?)`", made.files["README.md"], re.MULTILINE)
    assert command
    tools = [word for word in command[1].split() if re.match(r"\w+-.*gcc$|qemu-", word)]
    if not all(map(shutil.which, tools)):
        pytest.skip(f"not installed: {tools}")
    write(made.files, tmp_path / "net")
    text = call("sh", "-c", command[1], folder=tmp_path / "net")
    if target.startswith("cortex-m"):
        assert (tmp_path / "net" / "net.o").is_file()
        assert f"-mcpu={target}" in command[1]
    else:
        assert text.endswith(PASSED)


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


# ---------------------------------------------------------------- Arduino (the sketch is built in tests/arm)


def test_arduino_library_follows_the_specification() -> None:
    """The Arduino library specification, format 1.5: fields, their values, the layout of the folders."""
    made = package(small(), "arduino", name="net")
    lines = made.files["library.properties"].splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    required = "name version author maintainer sentence paragraph category url architectures".split()
    assert len(lines) == len(fields) and set(required) <= fields.keys()
    assert all(fields[key] for key in required)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    categories = (
        "Display|Communication|Signal Input/Output|Sensors|Device Control|Timing|Data Storage|Data Processing|Other"
    )
    assert fields["category"] in categories.split("|")
    assert all(f"src/{header}" in made.files for header in fields["includes"].split(","))
    assert not fields["sentence"].startswith(fields["name"])
    (sketch,) = [Path(path) for path in made.files if path.endswith(".ino")]
    assert (sketch.stem, sketch.parent.name, sketch.parts[0]) == ("net_example", "net_example", "examples")
    folders = {path.split("/")[0] for path in made.files if "/" in path}
    assert folders == {"src", "examples"}


@pytest.mark.parametrize("target", TARGETS)
def test_arduino_names_the_boards_that_fit_or_refuses(target: str) -> None:
    if not target.startswith(("cortex-m", "host")):
        with pytest.raises(BittwinError, match=r"is for Linux.*cortex-m4.*--format cmake"):
            package(small(), "arduino", target)
        return
    made = package(small(), "arduino", target, name="net")
    fields = dict(line.split("=", 1) for line in made.files["library.properties"].splitlines())
    assert (fields["architectures"] == "*") == (target in ("host", "cortex-m55"))
    core = "boards of 32 bits" if target == "host" else f"boards with a {target.removesuffix('+nofp').title()}"
    assert core in fields["paragraph"]
    assert core in made.files["README.md"]


def test_arduino_library_compiles_file_by_file(tmp_path: Path) -> None:
    """Arduino compiles each .c below src: those of kernels are empty by themselves."""
    write(package(small(), "arduino", name="net").files, tmp_path)
    sources = sorted((tmp_path / "src").rglob("*.c"))
    assert any(path.parent.name == "btw" for path in sources)
    for compiler in compilers():
        call(compiler, "-std=gnu11", "-Os", *STRICT, "-Isrc", "-c", *sources, folder=tmp_path)
    call("cc", *[f"{path.stem}.o" for path in sources], "-shared", "-o", "all.so", folder=tmp_path, status=0)


# ---------------------------------------------------------------- PlatformIO


def test_platformio_takes_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO's own schema; the list of licences that it would fetch stands here."""
    schema = pytest.importorskip("platformio.package.manifest.schema", reason="platformio is not installed")
    from platformio.package.manifest.parser import ManifestParserFactory

    made = package(small(), "platformio", name="net")
    write(made.files, tmp_path)
    licenses = {"licenses": [{"licenseId": "MIT-0"}]}
    monkeypatch.setattr(schema.ManifestSchema, "load_spdx_licenses", staticmethod(lambda *_: licenses))
    parsed = ManifestParserFactory.new_from_file(str(tmp_path / "library.json")).as_dict()
    known = schema.ManifestSchema().load_manifest(parsed)
    assert (known["name"], known["license"]) == ("net", "MIT-0")
    (example,) = known["examples"]
    assert all((tmp_path / example["base"] / path).is_file() for path in example["files"])
    assert all((tmp_path / "src" / header).is_file() for header in known["headers"])


def test_platformio_names_the_platforms_that_fit() -> None:
    def manifest(target: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(package(small(), "platformio", target).files["library.json"])
        return found

    assert manifest("host")["platforms"] == ["*"]
    assert "ststm32" in manifest("cortex-m4")["platforms"]  # type: ignore[operator]
    assert "nordicnrf51" not in manifest("cortex-m4+nofp")["platforms"]  # type: ignore[operator]
    assert manifest("cortex-a53")["platforms"] == ["native"]
    assert "for cortex-m4" in str(manifest("cortex-m4")["description"])


def test_platformio_library_compiles_with_its_flags(tmp_path: Path) -> None:
    """As `platform = native` does: each .c of srcDir with the library's flags, then the example's."""
    made = package(small(), "platformio", name="net")
    write(made.files, tmp_path)
    flags = json.loads(made.files["library.json"])["build"]["flags"]
    sources = [path.relative_to(tmp_path) for path in sorted((tmp_path / "src").rglob("*.c"))]
    call("cc", *flags, *STRICT, "-c", *sources, folder=tmp_path)
    objects = [f"{path.stem}.o" for path in sources]
    main = "examples/net_example/src/main.c"
    call("cc", "-Isrc", *STRICT, main, *objects, "-lm", "-o", "program", folder=tmp_path)
    assert call("./program", folder=tmp_path).endswith(PASSED)


# ---------------------------------------------------------------- Zephyr


def test_zephyr_module_file_follows_the_schema() -> None:
    """The keys that scripts/zephyr_module.py of Zephyr knows, and the paths that it follows."""
    yaml = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    made = package(small(), "zephyr", name="net")
    module = yaml.YAML(typ="safe").load(made.files["zephyr/module.yml"])
    assert module.keys() <= {"name", "build", "samples"}
    assert module["build"].keys() <= {"cmake", "kconfig"}
    assert f"{module['build']['cmake']}/CMakeLists.txt" in made.files
    assert module["build"]["kconfig"] in made.files
    assert all(any(path.startswith(f"{folder}/") for path in made.files) for folder in module["samples"])
    (sample,) = [text for path, text in made.files.items() if path.endswith("sample.yaml")]
    described = yaml.YAML(typ="safe").load(sample)
    assert described["tests"]["sample.bittwin.net"]["harness_config"]["regex"] == ["self-test: passed"]


def test_zephyr_configuration_is_understood(tmp_path: Path) -> None:
    """kconfiglib, on which Zephyr's own is built, reads the Kconfig, and the sample's settings switch the module on."""
    kconfiglib = pytest.importorskip("kconfiglib", reason="kconfiglib is not installed")
    write(package(small(), "zephyr", name="net").files, tmp_path)
    (tmp_path / "Kconfig").write_text(f'source "{tmp_path}/zephyr/Kconfig"\nconfig MAIN_STACK_SIZE\n\tint "stack"\n')
    configuration = kconfiglib.Kconfig(str(tmp_path / "Kconfig"))
    configuration.load_config(str(tmp_path / "samples" / "net_example" / "prj.conf"))
    assert not configuration.warnings
    assert configuration.syms["BITTWIN_NET"].str_value == configuration.syms["BITTWIN_NET_SELFTEST"].str_value == "y"


@pytest.mark.parametrize(
    ("target", "core"),
    [
        ("cortex-m0", "ARMV6_M_ARMV8_M_BASELINE"),
        ("cortex-m3", "ARMV7_M_ARMV8_M_MAINLINE"),
        ("cortex-m4", "CPU_CORTEX_M4 ARMV7_M_ARMV8_M_MAINLINE FPU"),
        ("cortex-m33+nofp", "ARMV8_M_DSP ARMV7_M_ARMV8_M_MAINLINE"),
        ("cortex-m55", "ARMV8_M_DSP ARMV7_M_ARMV8_M_MAINLINE FPU ARMV8_1_M_MVEF"),
        ("cortex-a76", "ARM64"),
    ],
)
def test_zephyr_module_can_be_chosen_only_for_cores_that_run_it(target: str, core: str, tmp_path: Path) -> None:
    kconfiglib = pytest.importorskip("kconfiglib", reason="kconfiglib is not installed")
    write(package(small(), "zephyr", target, name="net").files, tmp_path)
    choices = []
    for symbols in (core.split(), ["XTENSA"]):
        text = f'source "{tmp_path}/zephyr/Kconfig"\n'
        text += "".join(f"config {symbol}\n\tbool\n\tdefault y\n" for symbol in symbols)
        (tmp_path / "Kconfig").write_text(text)
        configuration = kconfiglib.Kconfig(str(tmp_path / "Kconfig"))
        configuration.syms["BITTWIN_NET"].set_value("y")
        choices.append(configuration.syms["BITTWIN_NET"].str_value)
    assert choices == ["y", "n"]


def test_zephyr_sample_builds_and_runs_with_a_stand_in(tmp_path: Path) -> None:
    """Zephyr itself is too large for this: its CMake functions and two headers are stood in for, on this machine."""
    write(package(small(), "zephyr", name="net").files, tmp_path / "net")
    sample = tmp_path / "net" / "samples" / "net_example"
    call("cmake", "-S", sample, "-B", "build", f"-DZephyr_DIR={ECOSYSTEMS / 'zephyr'}", folder=tmp_path)
    call("cmake", "--build", "build", folder=tmp_path)
    assert call("build/app", folder=tmp_path).endswith(PASSED)


# ---------------------------------------------------------------- ESP-IDF


def test_esp_idf_manifests_pass_the_component_manager(tmp_path: Path) -> None:
    """`compote manifest lint`, Espressif's own tool."""
    pytest.importorskip("idf_component_tools", reason="idf-component-manager is not installed")
    write(package(small(), "esp-idf", name="net").files, tmp_path)
    compote = Path(sys.executable).with_name("compote")
    call(compote, "manifest", "lint", folder=tmp_path)
    manifest = tmp_path / "idf_component.yml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "one"))
    assert subprocess.run([compote, "manifest", "lint"], cwd=tmp_path, capture_output=True).returncode != 0


def test_esp_idf_example_builds_and_runs_with_a_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ESP-IDF itself is too large for this: its CMake functions and a header are stood in for, on this machine."""
    monkeypatch.setenv("IDF_PATH", str(ECOSYSTEMS / "esp_idf"))
    write(package(small(), "esp-idf", name="net").files, tmp_path / "net")
    call("cmake", "-S", "net/examples/net_example", "-B", "build", folder=tmp_path)
    call("cmake", "--build", "build", folder=tmp_path)
    assert call("build/net_example.elf", folder=tmp_path).endswith(PASSED)


def test_esp_idf_refuses_code_for_arm() -> None:
    with pytest.raises(BittwinError, match="no chip of Espressif has an Arm core"):
        package(small(), "esp-idf", "cortex-m4")


# ---------------------------------------------------------------- CMSIS-Pack

# Of PACK.xsd 1.7.28 (Open-CMSIS-Pack): the order of elements of a package, and values that are enumerated there.
PACKAGE_ORDER = "vendor name description url license releases keywords taxonomy conditions components".split()
CATEGORIES = {"doc", "header", "include", "library", "object", "source", "other"}
CORES = {"Cortex-M0", "Cortex-M0+", "Cortex-M1", "Cortex-M23", "Cortex-M3", "Cortex-M4", "Cortex-M7", "Cortex-M33"}
CORES |= {"Cortex-M35P", "Cortex-M52", "Cortex-M55", "Cortex-M85"}


@pytest.mark.parametrize("target", ["host", "cortex-m0", "cortex-m4", "cortex-m33+nofp", "cortex-m55"])
def test_cmsis_pack_follows_the_schema(target: str) -> None:
    made = package(small(), "cmsis-pack", target, name="net")
    assert "bittwin.net.pdsc" in made.files  # Vendor.Name.pdsc
    pack = ElementTree.fromstring(made.files["bittwin.net.pdsc"])
    order = [child.tag for child in pack]
    assert order == PACKAGE_ORDER
    texts = {child.tag: child.text or "" for child in pack}
    assert (texts["vendor"], texts["name"]) == ("bittwin", "net")
    assert re.fullmatch(r"\d+\.\d+\.\d+", pack.findall("releases/release")[0].attrib["version"])
    assert {accept.attrib["Dcore"] for accept in pack.iter("accept")} <= CORES
    accepted = {accept.attrib["Dcore"] for accept in pack.iter("accept")}
    assert ("Cortex-M0" in accepted) == (target in ("host", "cortex-m0"))
    assert ("Cortex-M4" in accepted) == (target not in ("cortex-m0", "cortex-m55"))
    for accept in pack.iter("accept"):
        assert set(accept.attrib) <= {"Dcore", "Ddsp", "Dfpu", "Dmve"}
        assert accept.attrib.get("Ddsp", "DSP") == "DSP"
        assert accept.attrib.get("Dfpu", "SP_FPU") in ("SP_FPU", "DP_FPU")
        assert ("Dfpu" in accept.attrib) == (target == "cortex-m4")
        assert accept.attrib.get("Dmve") == ("FP_MVE" if target == "cortex-m55" else None)
    conditions = {condition.attrib["id"] for condition in pack.iter("condition")}
    components = pack.findall("components/component")
    assert {component.attrib["condition"] for component in components} <= conditions
    keys = [tuple(component.attrib[key] for key in ("Cclass", "Cgroup", "Csub")) for component in components]
    assert len(keys) == len(set(keys)) == 2
    for component in components:
        assert [child.tag for child in component] == ["description", "files"]
    files = [file.attrib for file in pack.iter("file")]
    assert {file["category"] for file in files} <= CATEGORIES
    named = {file["name"] for file in files} | {texts["license"], "bittwin.net.pdsc"}
    assert named == set(made.files)
    compiled = {file["name"] for file in files if file["category"] == "source" and "attr" not in file}
    assert compiled == {f"src/net{part}.c" for part in ("", "_weights", "_samples", "_selftest")}


def test_cmsis_pack_refuses_other_processors() -> None:
    with pytest.raises(BittwinError, match=r"is no Cortex-M.*cortex-m4"):
        package(small(), "cmsis-pack", "cortex-a53")


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
