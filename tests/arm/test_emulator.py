"""Generated C on every emulated target: whole networks equal onnxruntime, and what is wrong there is found."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest

from bittwin.boards import BOARDS, MICROBIT, Board
from bittwin.emulator import Emulated, require_tools
from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.runner import draw_samples, model_ports, run_model
from bittwin.verifier import verify
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ir import GeneratedModel
from bittwin_cgen.targets import TARGETS
from models import digits
from tests.graphs import DType, GraphBuilder

CORTEX_M = [target for target, board in BOARDS.items() if board.machine]
ONE_OF_EACH_TOOLCHAIN = ["cortex-m3", "cortex-a53", "armv7-a"]


def need(target: str) -> Board:
    """The board of a target. Without its tools the test is skipped, or fails where BITTWIN_REQUIRE_ARM is 1."""
    board = BOARDS[target]
    try:
        require_tools(board)
    except BittwinError as error:
        if os.environ.get("BITTWIN_REQUIRE_ARM") == "1":
            raise
        pytest.skip(str(error))
    return board


@functools.cache
def network(name: str) -> onnx.ModelProto:
    """digits or a small one, as "digits int8", "small float32", ..."""
    kind, dtype = name.split()
    if kind == "small":
        return small_network("int8" if dtype == "int8" else "float32")
    if dtype == "int8":
        return quantize(network("digits float32"), digits.load_data().calibration.images).model
    return export(digits.build(), digits.INPUT_SHAPE)


def small_network(dtype: DType) -> onnx.ModelProto:
    """Convolution, depthwise with stride 2, 1x1, add, pooling, fully connected; odd sizes and channels."""
    builder = GraphBuilder(np.random.default_rng(7), dtype)
    x = builder.conv(builder.input(1, 3, 9, 7), 6, (3, 3), pads=(1, 1, 1, 1))
    y = builder.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.add(x, builder.conv(y, 6, (1, 1)))
    x = builder.depthwise(x, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1))
    builder.output(builder.gemm(builder.flatten(builder.max_pool(x, (2, 2))), 5))
    return builder.model()


def probe(
    body: str, arena_bytes: int = 16, constants: str = "", outputs: int = 4, macs: int = 0, inline: bool = True
) -> GeneratedModel:
    """A model written by hand: `body` is that of run, or with inline=False everything that defines it."""
    signature = f"void probe_run(probe_arena *arena, const int8_t input[4], int8_t output[{outputs}])"
    header = (
        "#ifndef PROBE_H\n#define PROBE_H\n#include <stdint.h>\n"
        f"typedef struct {{ _Alignas(16) uint8_t bytes[{arena_bytes}]; }} probe_arena;\n{signature};\n#endif\n"
    )
    source = f'#include "probe.h"\n{constants and "extern const uint8_t probe_constants[];"}\n'
    source += f"{signature}\n{{\n    (void)arena, (void)input, (void)output;\n{body}\n}}\n" if inline else body
    port = {"shape": [1, 4], "dtype": "int8"}
    facts: Mapping[str, Any] = {
        "name": "probe",
        "batch": 1,
        "arena_bytes": arena_bytes,
        "macs": macs,
        "inputs": [{"name": "x", "parameter": "x", **port}],
        "outputs": [{"name": "y", "parameter": "y", "shape": [1, outputs], "dtype": "int8"}],
        "layers": [],
    }
    files = {"probe.h": header, "probe.c": source, "probe_weights.c": f"#include <stdint.h>\n{constants}\n"}
    program: Any = None
    return GeneratedModel("probe", program, files, facts)


INPUT = {"x": np.array([[1, 2, 3, 4]], np.int8)}


def run_probe(body: str, target: str, **options: Any) -> list[int]:
    emulated = Emulated(probe(body, **options), need(target))
    return [int(value) for value in emulated.run(INPUT).outputs["y"][0]]


# ---------------------------------------------------------------- whole networks


def test_every_target_but_the_host_has_a_board() -> None:
    assert set(BOARDS) == set(TARGETS) - {"host"}


@pytest.mark.parametrize("target", BOARDS)
@pytest.mark.parametrize("name", ["digits int8", "digits float32", "small int8"])
def test_networks_equal_onnxruntime(name: str, target: str) -> None:
    need(target)
    report = verify(network(name), target, samples=2, name="net")
    assert report.passed, report.first_difference
    assert report.differ == 0
    assert report.target == target
    assert all(row.compared or row.reason for row in report.layers)


@pytest.mark.parametrize("target", ONE_OF_EACH_TOOLCHAIN)
def test_a_wrong_layer_fails_and_is_named(target: str) -> None:
    need(target)
    model = generate(network("small int8"), target, "layers", name="net")
    layer = model.manifest["layers"][2]
    text, count = re.subn(
        r"(    BTW_OBSERVE\(2, \w+, (\w+), )", r"    ((int8_t *)\2)[0] ^= 1;\n\1", model.files["net.c"]
    )
    assert count == 1
    report = verify(
        network("small int8"), target, "layers", samples=2, model=replace(model, files={**model.files, "net.c": text})
    )
    assert not report.passed
    named = next(row for row in report.layers if row.name == report.first_difference)
    assert named.tensor == layer["tensor"]
    assert report.alone == "C"


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-a76"])
def test_run_gives_what_the_host_gives(target: str) -> None:
    need(target)
    proto = network("small int8")
    ports = model_ports(proto)
    samples = draw_samples(ports, 5).inputs
    expected = run_model(proto, samples)
    found = run_model(proto, samples, target)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_digits_fit_a_microbit() -> None:
    need("cortex-m0")
    proto = network("digits int8")
    model = generate(proto, "cortex-m0", name="net")
    port = model.manifest["inputs"][0]
    codes = np.random.default_rng(0).integers(-128, 128, port["shape"]).astype(np.int8)
    inputs = {port["name"]: codes}
    small, large = (Emulated(model, board, "observed").run(inputs) for board in (MICROBIT, BOARDS["cortex-m0"]))
    assert small.tensors.keys() == large.tensors.keys()
    for name, values in large.tensors.items():
        np.testing.assert_array_equal(small.tensors[name], values)


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("target", BOARDS)
def test_megabytes_of_constants_and_arena_fit(target: str) -> None:
    body = """    for (int i = 0; i < 4; i++) {
        arena->bytes[(6 << 20) - 1 - i] = (uint8_t)(input[i] + probe_constants[0]);
        output[i] = (int8_t)arena->bytes[(6 << 20) - 1 - i];
    }"""
    constants = "extern const uint8_t probe_constants[];\nconst uint8_t probe_constants[6 << 20] = {5};"
    assert run_probe(body, target, arena_bytes=6 << 20, constants=constants) == [6, 7, 8, 9]


def test_what_does_not_fit_is_said() -> None:
    need("cortex-m0")
    with pytest.raises(BittwinError, match=r"does not fit microbit: ram lacks [\d,]+ bytes"):
        Emulated(probe("", arena_bytes=20_000), MICROBIT)


@pytest.mark.parametrize("target", ONE_OF_EACH_TOOLCHAIN)
@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("output + 4", "output y"),
        ("output - 1", "output y"),
        ("arena->bytes + 16", "its arena"),
        ("input - 1", "input x"),
        ("input + 4", "input x"),
    ],
)
def test_writes_outside_are_found(target: str, place: str, what: str) -> None:
    body = f"    uint8_t *volatile there = (uint8_t *)(uintptr_t)({place});\n    *there = 1;"
    with pytest.raises(BittwinError, match=f"C wrote outside {what}"):
        run_probe(body, target)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("target", BOARDS)
def test_a_fault_is_reported_with_its_place_and_registers(target: str) -> None:
    board = need(target)
    with pytest.raises(BittwinError) as error:
        run_probe('    __asm__ volatile("udf #0");', target)
    what = error.value.what
    assert ("SIGILL" if board.machine is None else "HardFault (undefined instruction)") in what
    assert f"in probe_run on {target}: " in what
    assert re.search(r"pc=0x[0-9a-f]+ lr=0x[0-9a-f]+ sp=0x[0-9a-f]+", what)
    assert ("cfsr=" in what) == (board.machine is not None)


@pytest.mark.parametrize("target", BOARDS)
def test_a_bad_address_is_a_fault(target: str) -> None:
    with pytest.raises(BittwinError, match=r"SIGSEGV|bus error"):
        run_probe("    *(volatile uint32_t *)(uintptr_t)0xF0000000u = 1;", target)


def test_unaligned_words_fault_on_cortex_m0_only() -> None:
    body = """    uint32_t word;
    __asm__ volatile("ldr %0, [%1]" : "=r"(word) : "r"(arena->bytes + 1));
    output[0] = output[1] = output[2] = output[3] = (int8_t)(word & 0);"""
    assert run_probe(body, "cortex-m3") == [0, 0, 0, 0]
    with pytest.raises(BittwinError, match="unaligned access"):
        run_probe(body, "cortex-m0")


@pytest.mark.parametrize("target", ["cortex-m4+nofp", "cortex-m33+nofp"])
def test_float_instructions_fault_without_an_fpu(target: str) -> None:
    with pytest.raises(BittwinError, match="no such coprocessor"):
        run_probe('    __asm__ volatile(".inst.w 0xEE300A20"); /* vadd.f32 s0, s0, s1 */', target)


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-a53"])
def test_a_hang_is_an_error(target: str) -> None:
    emulated = Emulated(probe('    for (;;)\n        __asm__ volatile("");'), need(target))
    emulated.seconds = 1
    with pytest.raises(BittwinError, match="did not end within 1 s"):
        emulated.run(INPUT)


# ---------------------------------------------------------------- tools


@pytest.mark.parametrize(
    ("target", "packages"),
    [
        ("cortex-m55", "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"),
        ("cortex-a53", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"),
        ("armv7-a", "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user"),
    ],
)
def test_missing_tools_are_named_with_what_installs_them(
    target: str, packages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BittwinError, match="make setup-arm") as error:
        verify(network("small int8"), target)
    assert f"sudo apt-get install {packages} " in error.value.do
    assert BOARDS[target].emulator in error.value.what
    assert error.value.exit_status == 2
