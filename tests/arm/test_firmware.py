"""Firmware of `package --format cmake` under QEMU: onnxruntime's class, and a self-test that finds one changed byte."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from bittwin.boards import MICROBIT, Board
from bittwin.camera import camera_of, taken_values
from bittwin.exporter import export
from bittwin.files import write_folder
from bittwin.generator import generate
from bittwin.packager import Package, package
from bittwin.packagers import PACKAGERS, Contents
from bittwin.packagers.cmake import emulated_board
from bittwin.packagers.contents import EXACT_FLOATS
from bittwin.quantizer import quantize
from bittwin.runner import draw_samples, model_ports
from bittwin.selftest import Golden, golden_runs, selftest_files
from bittwin_cgen.camera import image
from bittwin_cgen.ir import GeneratedModel
from tests.arm.test_emulator import need
from tests.graphs import GraphBuilder

ARDUINO = Path(__file__).with_name("arduino_core")  # a core for QEMU's board, in the layout of Arduino's platforms
NAMES = ("digits", "mobilenet_v1")
TARGETS = ("cortex-m0", "cortex-m4", "cortex-m55")


@cache
def network(name: str) -> onnx.ModelProto:
    """The int8 network, exported and quantized once."""
    module = importlib.import_module(f"models.{name}")
    return quantize(export(module.build(), module.INPUT_SHAPE), {"x": module.sample_inputs(8, seed=1)}).model


@cache
def generated(name: str, target: str) -> tuple[GeneratedModel, list[Golden]]:
    """The C of a network, and its golden runs of one sample."""
    model = generate(network(name), target, name=name)
    return model, golden_runs(network(name), model, draw_samples(model_ports(network(name)), 1))


@cache
def packed(name: str, target: str) -> tuple[Package, int]:
    """A package with one sample, and the class that onnxruntime's own session gives it."""
    proto = network(name)
    x = importlib.import_module(f"models.{name}").sample_inputs(1, seed=3)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {session.get_inputs()[0].name: x})
    return package(proto, "cmake", target, name=name, inputs={"x": x}), int(answer[0].argmax())


def emulate(folder: Path) -> tuple[int, str]:
    """Exit status and output of the project's own target `emulate`."""
    build = folder.with_name(f"{folder.name}_build")
    (toolchain,) = folder.glob("*.cmake")
    configure = ["cmake", "-S", folder, "-B", build, "--toolchain", toolchain]
    subprocess.run([*configure, "-DCMAKE_C_FLAGS_RELEASE=-Os"], check=True, capture_output=True)
    done = subprocess.run(
        ["cmake", "--build", build, "--target", "emulate"], capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_firmware_prints_the_class_of_onnxruntime_and_passes(name: str, target: str, tmp_path: Path) -> None:
    need(target)
    made, expected = packed(name, target)
    write_folder(tmp_path / name, made.files)
    status, text = emulate(tmp_path / name)
    assert status == 0, text
    assert f"{name}: class {expected}, onnxruntime gave {expected}" in text
    assert "self-test: passed" in text


@pytest.mark.parametrize("target", ["cortex-a53", "armv7-a"])
def test_program_for_linux_on_arm_prints_the_class_and_passes(target: str, tmp_path: Path) -> None:
    need(target)
    made, expected = packed("digits", target)
    write_folder(tmp_path / "digits", made.files)
    status, text = emulate(tmp_path / "digits")
    assert (status, f"class {expected}, onnxruntime gave {expected}" in text) == (0, True), text


@pytest.mark.parametrize("format", ["plain", "platformio", "zephyr", "esp-idf", "cmsis-pack"])
@pytest.mark.parametrize("name", NAMES)
def test_every_other_package_compiles_for_the_core(name: str, format: str, tmp_path: Path) -> None:
    """C of every package, the example too where it needs no framework, with a firmware's flags and no warning."""
    board = need("cortex-m4")
    target = "host" if format == "esp-idf" else "cortex-m4"
    model, runs = generated(name, target)
    sources = {path: text for path, text in model.files.items() if path.endswith((".c", ".h"))}
    write_folder(tmp_path / name, PACKAGERS[format](Contents(model, sources, selftest_files(model, runs))))
    foreign = {"zephyr": "samples", "esp-idf": "examples"}.get(format)
    units = [path for path in tmp_path.rglob("*.c") if foreign not in path.parts]
    assert len(units) >= 4
    strict = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror".split()
    command = [board.compiler, *board.cpu, "-mthumb", "-std=c11", "-O1", "-ffp-contract=off", *strict, "-c", "-Isrc"]
    subprocess.run([*command, *units], check=True, cwd=tmp_path / name)


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4"])
def test_camera_gives_its_reference_on_the_core(target: str, tmp_path: Path) -> None:
    """A frame of made noise goes through the C in QEMU; the CRC-32 of the input is that of the reference."""
    need(target)
    made = package(network("digits"), "cmake", target, name="net", samples=1, camera="bayer_rggb:21x17:bilinear")
    camera = camera_of(made.model)
    state, values = 1, []
    for _ in range(camera.frame_bytes):
        state = (state * 1664525 + 1013904223) % (1 << 32)
        values.append(state >> 24)
    frame = np.array(values, np.uint8).reshape(camera.height, camera.line_bytes)
    expected = zlib.crc32(taken_values(made.model, image(camera, frame)).tobytes())
    main = """#include "net_camera.h"
#include <stdio.h>
static uint8_t frame[NET_CAMERA_FRAME_BYTES];
static int8_t input[NET_INPUT_SIZE];
int main(void)
{
    uint32_t state = 1, crc = 0xffffffffu;
    for (int i = 0; i < NET_CAMERA_FRAME_BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        frame[i] = (uint8_t)(state >> 24);
    }
    net_camera_image(frame, input);
    for (int i = 0; i < NET_INPUT_SIZE; i++) {
        crc ^= (uint8_t)input[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
    }
    printf("crc %lu\\n", (unsigned long)~crc);
    return 0;
}
"""
    write_folder(tmp_path / "net", {**made.files, "example/main.c": main})
    status, text = emulate(tmp_path / "net")
    assert (status, f"crc {expected}\n" in text) == (0, True), text


def qemu(board: Board, program: Path) -> tuple[int, str]:
    """Exit status and console of a program that was built by other means than CMake."""
    command = [board.emulator, "-M", str(board.machine), "-display", "none", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_arduino_builds_the_sketch_with_its_own_tool(name: str, tmp_path: Path) -> None:
    """arduino-builder, with a core for QEMU's board; the flags are those of Arduino's cores for Arm."""
    board = need("cortex-m4")
    if not shutil.which("arduino-builder"):
        pytest.skip("arduino-builder is not installed, and not in every distribution")
    made = package(network(name), "arduino", "cortex-m4", name=name, samples=1)
    write_folder(tmp_path / "libraries" / name, made.files)
    platform = tmp_path / "hardware" / "bittwin" / "arm"
    shutil.copytree(ARDUINO, platform)
    for path, text in emulated_board(board).items():
        (platform / "cores" / "qemu" / Path(path).name).write_text(text)
    (tmp_path / "tools").mkdir()
    (tmp_path / "build").mkdir()
    sketch = tmp_path / "libraries" / name / "examples" / f"{name}_example" / f"{name}_example.ino"
    folders = [f"-{word}={tmp_path / word}" for word in ("hardware", "tools", "libraries")]
    options = ["-fqbn=bittwin:arm:qemu", f"-build-path={tmp_path / 'build'}", "-ide-version=10819", "-warnings=all"]
    done = subprocess.run(
        ["arduino-builder", "-compile", *folders, *options, sketch], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr, done.stderr
    status, text = qemu(board, tmp_path / "build" / f"{name}_example.ino.elf")
    assert status == 0, text
    shown = re.search(r": class (\d+), onnxruntime gave (\d+)", text)
    assert shown and shown[1] == shown[2]
    assert "self-test: passed" in text


@pytest.mark.parametrize("format", ["plain", "arduino", "cmsis-pack"])
def test_compiler_may_fuse_where_a_package_cannot_give_it_flags(format: str, tmp_path: Path) -> None:
    """GCC fuses the products and sums of an average pool on an FPU, unless the C forbids it: means of four are ties."""
    board = need("cortex-m4")
    builder = GraphBuilder(np.random.default_rng(5))
    x = builder.input(1, 8, 24, 24)
    builder.output(builder._moved("AveragePool", x, (1, 8, 23, 23), kernel_shape=(2, 2)))  # scales in and out are alike
    made = package(builder.model(), format, "cortex-m4", name="net")
    folder = "" if format == "plain" else "src/"
    example = "example.c" if format == "plain" else "example/main.c"
    files = {path.removeprefix(folder): text for path, text in made.files.items() if path.startswith(folder)}
    files |= {
        "main.c": made.files.get(example) or package(builder.model(), "cmake", name="net").files["example/main.c"]
    }
    files |= {"cycles.h": next(text for path, text in made.files.items() if path.endswith("cycles.h"))}
    files |= {Path(path).name: text for path, text in emulated_board(board).items()}
    files.pop("example.c", None)

    def run(folder: Path) -> str:
        write_folder(folder, files)
        command = [board.compiler, *board.cpu, "-mthumb", "-std=gnu11", "-O2", "--specs=nano.specs", "-nostartfiles"]
        command += [
            "-T",
            "cortex_m.ld",
            "-Wl,--defsym=STACK_BYTES=65536",
            "-Wl,--no-warn-rwx-segments",
            "-o",
            "net.elf",
        ]
        subprocess.run([*command, *sorted(path.name for path in folder.glob("*.c"))], check=True, cwd=folder)
        return qemu(board, folder / "net.elf")[1]

    assert "self-test: passed" in run(tmp_path / "as_it_is")
    files["net.c"] = files["net.c"].replace(EXACT_FLOATS, "")
    assert "self-test: FAILED" in run(tmp_path / "fused")


def with_one_changed(made: Package, step: str) -> dict[str, str]:
    """The files with a bit of a layer's weights flipped: the ninth number lies behind the biases of a stream."""
    path = f"src/{made.name}_weights.c"
    array = re.compile(rf"(const \w+ {made.name}_{step}_\w+\[\d+\] = {{\n)(.*?)(\n}};)", re.DOTALL)
    found = [match for match in array.finditer(made.files[path]) if "bias" not in match[1]]
    numbers = [text.strip() for text in found[0][2].split(",") if text.strip()]
    numbers[8] = str(int(numbers[8]) ^ 0x40)
    text = made.files[path]
    changed = text[: found[0].start(2)] + ", ".join(numbers) + text[found[0].end(2) :]
    return {**made.files, path: changed}


@pytest.mark.parametrize("target", TARGETS)
def test_selftest_names_the_layer_whose_weight_was_changed(target: str, tmp_path: Path) -> None:
    need(target)
    made, _ = packed("digits", target)
    layers = [layer for layer in made.model.manifest["layers"] if layer["macs"]]
    layer = layers[2]
    write_folder(tmp_path / "digits", with_one_changed(made, layer["name"]))
    status, text = emulate(tmp_path / "digits")
    assert status != 0
    assert f"self-test: FAILED, first layer that differs: {layer['node']}\n" in text


def test_firmware_fits_the_memory_of_a_real_cortex_m0(tmp_path: Path) -> None:
    """256 KiB of flash and 16 KiB of RAM: the board of QEMU changes, the project stays."""
    need("cortex-m0")
    made, expected = packed("digits", "cortex-m0")
    lists = made.files["CMakeLists.txt"]
    lists = lists.replace("mps2-an385", "microbit").replace(
        "STACK_BYTES=1048576", f"STACK_BYTES={MICROBIT.stack_bytes}"
    )
    write_folder(tmp_path / "digits", {**made.files, **emulated_board(MICROBIT), "CMakeLists.txt": lists})
    status, text = emulate(tmp_path / "digits")
    assert (status, f"class {expected}, onnxruntime gave {expected}" in text) == (0, True), text


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m4+nofp", "cortex-m33", "cortex-m33+nofp"])
def test_package_compiles_without_a_warning_with_and_without_fpu(target: str, tmp_path: Path) -> None:
    board = need(target)
    made, _ = packed("digits", target)
    write_folder(tmp_path / "digits", made.files)
    source = tmp_path / "digits" / "src"
    strict = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror".split()
    units = sorted(source.glob("*.c"))
    command = [board.compiler, *board.cpu, "-mthumb", "-std=c11", "-O2", "-ffp-contract=off", *strict, "-c", *units]
    subprocess.run(command, check=True, cwd=tmp_path)
