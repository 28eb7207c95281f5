"""The C in front of a network equals its reference in every bit, in a frame and line by line, and stays in bounds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest

from bittwin.builder import SANITIZERS, WARNINGS
from bittwin.camera import CameraLibrary, camera_of, compare_camera, draw_frames, taken_values
from bittwin.cli import main
from bittwin.generator import generate
from bittwin.packager import package
from bittwin.verifier import verify
from bittwin_cgen import BittwinError
from bittwin_cgen.camera import image
from bittwin_cgen.ir import GeneratedModel
from tests.graphs import GraphBuilder


@cache
def network(channels: int, dtype: str = "int8", ports: str = "real") -> onnx.ModelProto:
    """A convolution and a mean over [1, channels, 11, 13]."""
    builder = GraphBuilder(np.random.default_rng(5), dtype, ports)  # type: ignore[arg-type]
    x = builder.conv(builder.input(1, channels, 11, 13), 4, (3, 3), pads=(1, 1, 1, 1))
    builder.output(builder.global_average_pool(builder.conv(x, 3, (3, 3), stride=(2, 2))))
    return builder.model()


def made(text: str, channels: int = 3, dtype: str = "int8", schedule: str = "ram") -> GeneratedModel:
    return generate(network(channels, dtype), schedule=schedule, name="net", camera=text)


CAMERAS = [
    ("rgb888:29x23:crop", 3, "int8"),
    ("rgb888:13x11:crop+bilinear:mean=0.4,0.5,0.6:deviation=0.2", 3, "int8"),
    ("rgb565be:30x40:crop+nearest", 3, "int8"),
    ("rgb565le:7x5:bilinear", 3, "int8"),
    ("yuv422:40x30:bilinear", 3, "int8"),
    ("uyvy422:16x90:nearest", 3, "float32"),
    ("yuv422:18x12:crop", 1, "int8"),
    ("uyvy422:40x30:crop+bilinear", 1, "int8"),
    ("gray8:33x21:bilinear", 1, "float32"),
    ("gray8:9x9:nearest", 3, "int8"),
    ("bayer_rggb:41x31:bilinear", 3, "int8"),
    ("bayer_rggb:5x3:bilinear", 3, "int8"),
    ("bayer_rggb:2x2:nearest", 1, "int8"),
    ("bayer_rggb:17x14:crop", 3, "int8"),
]


@pytest.mark.parametrize(("text", "channels", "dtype"), CAMERAS)
def test_c_equals_the_reference_in_frames_and_lines(text: str, channels: int, dtype: str) -> None:
    model = made(text, channels, dtype)
    assert model.manifest["pushed"]
    compared, differ, largest = compare_camera(model, draw_frames(camera_of(model), 3))
    assert (compared, differ, largest) == (3 * 11 * 13 * channels, 0, 0.0)


@pytest.mark.parametrize("order", ["be", "le"])
def test_c_knows_every_pixel_of_16_bits(order: str) -> None:
    """A frame has 143 pixels, so that it takes 459."""
    model = made(f"rgb565{order}:13x11:nearest")
    words = (np.arange(459 * 143) % (1 << 16)).astype(">u2" if order == "be" else "<u2")
    assert compare_camera(model, words.view(np.uint8).reshape(459, 11, 26))[:2] == (459 * 429, 0)


def test_without_pushed_rows_there_is_the_frame_alone() -> None:
    model = made("rgb888:29x23:crop", schedule="layers")
    assert not model.manifest["pushed"]
    assert "push_line" not in model.files["net_camera.h"]
    assert compare_camera(model, draw_frames(camera_of(model), 2))[1] == 0


def test_a_wrong_constant_is_found() -> None:
    model = made("rgb888:29x23:crop")
    source = model.files["net_camera.c"]
    first = source.index("net_camera_codes[3][256] = {")
    changed = source[:first] + source[first:].replace("-", "", 1)
    broken = replace(model, files={**model.files, "net_camera.c": changed})
    assert compare_camera(broken, draw_frames(camera_of(model), 2))[1] > 0
    report = verify(network(3), model=broken, samples=2)
    assert (report.passed, report.first_difference, report.layers[0].passed) == (False, "camera", False)
    assert all(row.passed for row in report.layers[1:])


@pytest.mark.parametrize(("dtype", "ports"), [("int8", "real"), ("int8", "codes"), ("float32", "real")])
def test_verify_compares_the_way_from_pixels_to_answers(dtype: str, ports: str) -> None:
    """onnxruntime gets (p / 255 - mean) / deviation, C the frame."""
    camera = "rgb565be:30x40:mean=0.5:deviation=0.25"
    report = verify(network(3, dtype, ports), samples=3, camera=camera)
    assert report.passed and report.differ == 0
    first = report.layers[0]
    assert (first.name, first.op, first.compared, first.kernel) == ("camera", "Camera", 3 * 429, "btw_camera_rgb565be")


def test_verify_takes_frames_or_inputs() -> None:
    with pytest.raises(BittwinError, match=r"a camera's frames are the inputs"):
        verify(network(3), inputs={"x": np.zeros((1, 3, 11, 13), np.float32)}, camera="rgb888:29x23")


@pytest.mark.parametrize("text", ["bayer_rggb:5x3:bilinear", "yuv422:16x12:bilinear", "rgb888:13x11:crop"])
def test_reads_and_writes_stay_inside(text: str, tmp_path: Path) -> None:
    """Under ASan and UBSan, with a frame, an input and lines that are heap blocks of exactly their size."""
    model = made(text)
    camera = camera_of(model)
    for path, content in model.files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "main.c").write_text(
        f"""#include "net_camera.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{{
    uint8_t *frame = malloc({camera.frame_bytes}), *line = malloc({camera.line_bytes});
    int8_t *input = malloc({11 * 13 * 3});
    net_camera *camera = malloc(sizeof *camera);
    net_arena *arena = aligned_alloc(16, sizeof *arena);
    int8_t output[3];
    if (fread(frame, 1, {camera.frame_bytes}, stdin) != {camera.frame_bytes})
        return 2;
    net_camera_image(frame, input);
    fwrite(input, 1, {11 * 13 * 3}, stdout);
    net_camera_begin(camera, arena);
    for (int y = 0; y < {camera.height}; y++) {{
        memcpy(line, frame + y * {camera.line_bytes}, {camera.line_bytes});
        net_camera_push_line(camera, arena, line);
    }}
    net_output(arena, (void *)output);
    free(frame), free(line), free(input), free(camera), free(arena);
    return 0;
}}
"""
    )
    sources = ["main.c", "net.c", "net_weights.c", "net_camera.c"]
    subprocess.run(["cc", "-std=c11", *SANITIZERS, *sources, "-o", "program"], cwd=tmp_path, check=True)
    (frame,) = draw_frames(camera, 1)
    done = subprocess.run([tmp_path / "program"], input=frame.tobytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == taken_values(model, image(camera, frame)).tobytes()


@pytest.mark.parametrize("format", ["plain", "cmake", "cmsis-pack", "arduino"])
def test_packages_carry_the_camera(format: str, tmp_path: Path) -> None:
    """Compiled without a warning, and linked into the package's own example."""
    pack = package(network(3), format, name="net", camera="bayer_rggb:41x31:bilinear")
    for path, content in pack.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (unit,) = tmp_path.rglob("net_camera.c")
    strict = [flag for flag in WARNINGS if flag != "-Wundef"] + ["-Wundef", "-std=c11", "-O2", "-c"]
    for compiler in ("gcc", "clang"):
        subprocess.run([compiler, *strict, unit, "-o", "camera.o"], cwd=tmp_path, check=True)
    assert "net_camera_push_line" in pack.files["README.md"]
    if format == "cmake":
        assert "src/net_camera.c" in pack.files["CMakeLists.txt"]
    if format == "cmsis-pack":
        assert '"header" name="src/net_camera.h"' in pack.files["bittwin.net.pdsc"]
        assert '"source" name="src/net_camera.c"' in pack.files["bittwin.net.pdsc"]


def test_command_generates_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.onnx").write_bytes(network(3).SerializeToString())

    def call(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--json"])
        return ended.value.code, capsys.readouterr().out

    status, printed = call("generate", "net.onnx", "--camera", "rgb565be:160x120:crop", "-o", "out")
    assert (status, {"out/net_camera.c", "out/net_camera.h"} <= set(json.loads(printed)["files"])) == (0, True)
    facts = json.loads(Path("out/net.json").read_text())["camera"]
    assert (facts["format"], facts["left"], facts["window_width"]) == ("rgb565be", 73, 13)
    status, printed = call("verify", "net.onnx", "--camera", "rgb565be:160x120:crop", "--samples", "2")
    assert (status, json.loads(printed)["layers"][0]["name"]) == (0, "camera")
    status, printed = call("generate", "net.onnx", "--camera", "rgb565:160x120", "-o", "no")
    assert (status, "no format 'rgb565'" in printed, Path("no").exists()) == (2, True, False)


def test_models_of_two_inputs_have_no_camera() -> None:
    builder = GraphBuilder(np.random.default_rng(5))
    builder.output(builder.add(builder.input(1, 3, 5, 5), builder.input(1, 3, 5, 5)))
    with pytest.raises(BittwinError, match=r"takes 2 inputs"):
        generate(builder.model(), camera="rgb888:5x5")


def test_library_gives_frames_of_the_networks_type() -> None:
    model = made("gray8:33x21:bilinear", 1, "float32")
    library = CameraLibrary(model, camera_of(model))
    assert library.image(draw_frames(camera_of(model), 1)[0]).dtype == np.float32
