"""Firmware of `package --format cmake` under QEMU: onnxruntime's class, and a self-test that finds one changed byte."""

from __future__ import annotations

import importlib
import re
import subprocess
from functools import cache
from pathlib import Path

import onnx
import onnxruntime
import pytest

from bittwin.boards import MICROBIT
from bittwin.exporter import export
from bittwin.files import write_folder
from bittwin.packager import Package, package
from bittwin.packagers.cmake import emulated_board
from bittwin.quantizer import quantize
from tests.arm.test_emulator import need

NAMES = ("digits", "mobilenet_v1")
TARGETS = ("cortex-m0", "cortex-m4", "cortex-m55")


@cache
def network(name: str) -> onnx.ModelProto:
    """The int8 network, exported and quantized once."""
    module = importlib.import_module(f"models.{name}")
    return quantize(export(module.build(), module.INPUT_SHAPE), {"x": module.sample_inputs(8, seed=1)}).model


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
    configure = ["cmake", "-S", folder, "-B", build, "--toolchain", folder / "arm-none-eabi.cmake"]
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
