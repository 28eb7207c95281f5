"""Schedules: the same bits whatever the order of rows, no two live buffers in one place, input rows as they come."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest

from bittwin.builder import FLAGS, SANITIZERS, build, compile_files, from_c_order, to_c_order
from bittwin_cgen import BudgetExceeded, generate
from bittwin_cgen.emit.manifest import manifest
from bittwin_cgen.emit.model import ModelText
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import GeneratedModel, Place, Program
from bittwin_cgen.lower import lower, outside_name
from bittwin_cgen.pipeline import compile_graph
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import find_target
from tests.graphs import GraphBuilder, random_model, sample_inputs

GRAPHS = int(os.environ.get("BITTWIN_GRAPHS", "30"))  # make fuzz: 300
TOGETHER = 15  # graphs in one library
SCHEDULES = ("ram", "speed", "layers")
REDZONE = 64


def kinds(seed: int) -> dict[str, Any]:
    """Different shapes of random graphs."""
    return dict(layers=3 + seed % 9, outputs=1 + seed % 2, inputs=1 + (seed % 5 == 0))


def arguments(model: GeneratedModel) -> str:
    facts = model.manifest
    inputs = [f"inputs[{i}]" for i in range(len(facts["inputs"]))]
    return ", ".join(["arena", *inputs, *(f"outputs[{i}]" for i in range(len(facts["outputs"])))])


def library(models: Sequence[GeneratedModel]) -> tuple[Any, Any]:
    """(cffi, library) with run(number, arena, inputs, outputs) for all of the models."""
    includes = "".join(f'#include "{model.name}.h"\n' for model in models)
    cases = "".join(f"    if (number == {i})\n        {m.name}_run({arguments(m)});\n" for i, m in enumerate(models))
    interface = "void run(int number, void *arena, const void *const inputs[], void *const outputs[])"
    source = f"{includes}{interface};\n{interface}\n{{\n{cases}}}\n"
    files = {path: text for model in models for path, text in model.files.items()} | {"all.c": source}
    sources = [name for model in models for name in (f"{model.name}.c", f"{model.name}_weights.c")]
    sources += sorted(
        {path for model in models for path in model.files if path.startswith("btw/") and path.endswith(".c")}
    )
    flags = [flag for flag in FLAGS if flag != "-O3"] + ["-DBTW_SHARED_KERNELS", "-O1", "-shared", "-fPIC"]
    ffi = cffi.FFI()
    ffi.cdef(f"{interface};")
    return ffi, ffi.dlopen(str(compile_files(files, ["all.c", *sources], flags, ".so")))


def run(ffi: Any, loaded: Any, number: int, model: GeneratedModel, samples: dict[str, Any]) -> list[bytes]:
    """Outputs in C order; the arena starts with what a run before might have left."""
    facts = model.manifest
    given = [to_c_order(samples[port["name"]]) for port in facts["inputs"]]
    arena = np.random.default_rng(number).integers(0, 256, facts["arena_bytes"] + 16, np.uint8)
    start = -arena.ctypes.data % 16
    outputs = [np.zeros(int(np.prod(port["shape"])), port["dtype"]) for port in facts["outputs"]]
    x = ffi.new("void *[]", [ffi.cast("void *", values.ctypes.data) for values in given])
    y = ffi.new("void *[]", [ffi.cast("void *", values.ctypes.data) for values in outputs])
    loaded.run(number, ffi.cast("void *", arena.ctypes.data + start), x, y)
    return [values.tobytes() for values in outputs]


@pytest.mark.parametrize("first", range(0, GRAPHS, TOGETHER))
def test_all_schedules_give_the_bits_of_the_reference(first: int) -> None:
    models, expected, samples = [], [], []
    for seed in range(first, first + TOGETHER):
        proto = random_model(seed, "int8", **kinds(seed))
        graph = compile_graph(proto)
        given = sample_inputs(proto, seed)
        values = interpret(graph, given)
        wanted = [to_c_order(values[port.tensor]).tobytes() for port in graph.outputs]
        for schedule in SCHEDULES:
            models.append(generate(proto, schedule=schedule, name=f"{schedule}{seed}"))
            samples.append(given)
            expected.append(wanted)
    ffi, loaded = library(models)
    for number, model in enumerate(models):
        assert run(ffi, loaded, number, model, samples[number]) == expected[number], model.name


@pytest.mark.parametrize("seed", range(0, GRAPHS, 3))
def test_no_live_buffers_overlap(seed: int) -> None:
    """An independent look at the plan: lifetimes from who reads what, not from the planner."""
    program = generate(random_model(seed, "int8", **kinds(seed))).program
    root = program.memory_of
    when: dict[str, list[int]] = {}
    for number, segment in enumerate(program.segments):
        for step in segment.steps:
            for name in (*step.inputs, step.output):
                when.setdefault(root(name), []).append(number)
    alive = [(place, min(when[name]), max(when[name])) for name, place in program.places.items() if name in when]
    alive += [(place, place.first, place.last) for name, place in program.places.items() if name not in when]
    for index, (a, first, last) in enumerate(alive):
        assert a.offset % 16 == 0
        assert a.offset + a.bytes <= program.arena_bytes
        for b, from_, to in alive[:index]:
            if first <= to and from_ <= last:
                assert a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
    for name, buffer in program.buffers.items():
        if name in program.places:
            assert program.places[name].bytes == buffer.bytes


def spread(program: Program) -> Program:
    """Every buffer for itself, with a red zone behind it."""
    places, offset = {}, REDZONE
    for name, place in program.places.items():
        places[name] = Place(offset, place.bytes, place.first, place.last)
        offset += -(-(place.bytes + REDZONE) // 16) * 16
    return replace(program, places=places, arena_bytes=offset)


def generated(program: Program) -> GeneratedModel:
    text = ModelText(program, program.graph.name)
    return GeneratedModel(text.name, program, text.files(runtime_files()), manifest(text))


@pytest.mark.parametrize("schedule", ["ram", "layers"])
def test_each_buffer_as_a_block_of_its_own_under_the_address_sanitizer(schedule: str, tmp_path: Path) -> None:
    models, bodies, wanted = [], [], []
    for seed in range(12):
        proto = random_model(1000 + seed, "int8", **kinds(seed))
        graph = compile_graph(proto, f"net{seed}")
        model = generated(spread(lower(graph, find_target("host"), schedule)))
        given = sample_inputs(proto, seed)
        values = interpret(graph, given)
        wanted.append(b"".join(to_c_order(values[port.tensor]).tobytes() for port in graph.outputs))
        models.append(model)
        bodies.append(poisoned_run(model, given, tmp_path / f"{seed}"))
    includes = "".join(f'#include "{model.name}.h"\n' for model in models)
    main = (
        "#include <sanitizer/asan_interface.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        + includes
        + "static void *block(const char *path, size_t bytes)\n{\n    void *b = malloc(bytes);\n"
        '    FILE *f = path ? fopen(path, "rb") : NULL;\n'
        "    if (!b || (f && fread(b, 1, bytes, f) != bytes))\n        exit(3);\n    if (f)\n        fclose(f);\n"
        "    return b;\n}\n"
        + 'int main(int argc, char **argv)\n{\n    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;\n'
        "    if (!out)\n        return 3;\n" + "".join(bodies) + "    return fclose(out);\n}\n"
    )
    files = {path: text for model in models for path, text in model.files.items()} | {"main.c": main}
    sources = [name for model in models for name in (f"{model.name}.c", f"{model.name}_weights.c")]
    sources += sorted(path for path in files if path.startswith("btw/") and path.endswith(".c"))
    flags = ["-std=c11", "-ffp-contract=off", "-DBTW_SHARED_KERNELS", *SANITIZERS]
    program = compile_files(files, ["main.c", *sources], flags, ".exe")
    done = subprocess.run([str(program), str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
    assert (tmp_path / "out").read_bytes() == b"".join(wanted)


def poisoned_run(model: GeneratedModel, samples: dict[str, Any], path: Path) -> str:
    """C that runs a model in an arena of which only the buffers may be touched."""
    facts = model.manifest
    inputs = []
    for i, port in enumerate(facts["inputs"]):
        file = path.with_suffix(f".{i}")
        file.write_bytes(to_c_order(samples[port["name"]]).tobytes())
        inputs.append(f'block("{file}", {file.stat().st_size})')
    sizes = [int(np.prod(port["shape"])) * np.dtype(port["dtype"]).itemsize for port in facts["outputs"]]
    outputs = [f"block(NULL, {size})" for size in sizes]
    open_ = "".join(
        f"        __asan_unpoison_memory_region((char *)arena + {place.offset}, {place.bytes});\n"
        for place in model.program.places.values()
    )
    writes = "".join(f"        fwrite(outputs[{i}], 1, {size}, out);\n" for i, size in enumerate(sizes))
    frees = "".join(f"        free((void *)inputs[{i}]);\n" for i in range(len(inputs)))
    frees += "".join(f"        free(outputs[{i}]);\n" for i in range(len(outputs)))
    return f"""    {{
        {model.name}_arena *arena = aligned_alloc(16, sizeof *arena);
        const void *inputs[] = {{{", ".join(inputs)}}};
        void *outputs[] = {{{", ".join(outputs)}}};
        memset(arena, 0x5a, sizeof *arena);
        __asan_poison_memory_region(arena, sizeof *arena);
{open_}        {model.name}_run({arguments(model)});
        __asan_unpoison_memory_region(arena, sizeof *arena);
{writes}{frees}        free(arena);
    }}
"""


def test_a_missing_row_in_a_ring_is_seen() -> None:
    """The test above can fail: with one row less in a ring the result differs."""
    graph = GraphBuilder(np.random.default_rng(5), "int8", "codes")
    x = graph.input(1, 4, 12, 9)
    y = graph.conv(x, 6, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph.output(graph.conv(graph.conv(y, 5, kernel=(3, 3), pads=(1, 1, 1, 1)), 3, kernel=(3, 3)))
    proto = graph.model()
    program = generate(proto).program
    ring = next(name for name, buffer in program.buffers.items() if buffer.ring and buffer.channels == 6)
    assert program.buffers[ring].slots == 3
    short = replace(program, buffers={**program.buffers, ring: replace(program.buffers[ring], slots=2)})
    samples = sample_inputs(proto)
    right = build(generated(program)).run(samples).outputs
    wrong = build(generated(short)).run(samples).outputs
    assert any((right[name] != wrong[name]).any() for name in right)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_rows_pushed_one_by_one_give_the_bits_of_run(dtype: str) -> None:
    """Through the public functions only, each row in memory of its own that is overwritten afterwards."""
    graph = GraphBuilder(np.random.default_rng(3), dtype, "codes")  # type: ignore[arg-type]
    x = graph.input(1, 3, 17, 11)
    a = graph.conv(x, 6, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1), clip=(0.0, 6.0))
    b = graph.depthwise(a, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph.output(graph.gemm(graph.flatten(graph.global_average_pool(graph.add(a, b))), 4))
    proto = graph.model()
    model = generate(proto, name="camera")
    assert model.manifest["pushed"]
    (given,), (result,) = model.manifest["inputs"], model.manifest["outputs"]
    kind = {"int8": "int8_t", "float32": "float"}
    source = f"""#include "camera.h"
#include <string.h>
void push(void *arena, const {kind[given["dtype"]]} *image, {kind[result["dtype"]]} *output);
void push(void *arena, const {kind[given["dtype"]]} *image, {kind[result["dtype"]]} *output)
{{
    {kind[given["dtype"]]} row[CAMERA_{given["parameter"].upper()}_ROW_SIZE];
    camera_begin(arena);
    for (int y = 0; y < CAMERA_{given["parameter"].upper()}_HEIGHT; y++) {{
        memcpy(row, image + y * CAMERA_{given["parameter"].upper()}_ROW_SIZE, sizeof row);
        camera_push_row(arena, row);
        memset(row, 0x7f, sizeof row);
    }}
    camera_output(arena, output);
}}
"""
    files = {**model.files, "push.c": source}
    ffi = cffi.FFI()
    ffi.cdef("void push(void *arena, const void *image, void *output);")
    path = compile_files(files, ["camera.c", "camera_weights.c", "push.c"], [*FLAGS, "-fPIC", "-shared"], ".so")
    samples = sample_inputs(proto)
    values = to_c_order(samples[given["name"]])
    arena = np.full(model.manifest["arena_bytes"] + 16, 0x33, np.uint8)
    output = np.zeros(int(np.prod(result["shape"])), result["dtype"])
    ffi.dlopen(str(path)).push(
        ffi.cast("void *", arena.ctypes.data + -arena.ctypes.data % 16),
        ffi.cast("void *", values.ctypes.data),
        ffi.cast("void *", output.ctypes.data),
    )
    expected = build(model).run(samples).outputs[result["name"]]
    assert from_c_order(output, result["shape"]).tobytes() == expected.tobytes()
    by_layers = build(generate(proto, schedule="layers")).run(samples).outputs[result["name"]]
    assert expected.tobytes() == by_layers.tobytes()


def long_chain() -> Any:
    graph = GraphBuilder(np.random.default_rng(1), "int8", "codes")
    x = graph.input(1, 3, 32, 32)
    for channels in (8, 8, 16, 16):
        x = graph.conv(x, channels, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph.output(x)
    return graph.model()


def test_a_budget_takes_the_fastest_that_fits() -> None:
    proto = long_chain()
    least, most = (generate(proto, schedule=name).manifest["arena_bytes"] for name in ("ram", "layers"))
    assert least < most
    assert generate(proto, ram=most).manifest["arena_bytes"] == most
    streamed = []
    for budget in (least, (least + most) // 2):
        facts = generate(proto, ram=budget).manifest
        assert facts["arena_bytes"] <= budget
        streamed.append(sum(len(segment) for segment in facts["segments"] if len(segment) > 1))
    assert streamed[1] <= streamed[0]


def test_a_budget_that_cannot_hold_says_what_is_needed() -> None:
    proto = long_chain()
    least = generate(proto).manifest["arena_bytes"]
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, ram=least - 1)
    assert f"{least:,}" in raised.value.what
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, schedule="layers", ram=least)
    assert "--schedule ram" in raised.value.do


def test_two_padding_values_that_print_alike_have_a_row_each() -> None:
    """Two convolutions that read one whole tensor, padded with values that differ in the eighth digit."""
    random = np.random.default_rng(2)
    graph = GraphBuilder(random, "float32", "codes")
    x = graph.input(1, 2, 6, 5)
    graph.output(graph.conv(graph.pad(x, (1, 0, 1, 0), "constant", 0.1234567), 2, kernel=(3, 1)))
    graph.output(graph.conv(graph.pad(x, (1, 0, 1, 0), "constant", 0.1234568), 2, kernel=(3, 1)))
    for schedule in SCHEDULES:
        program = generate(graph.model(), schedule=schedule).program
        values = {step.name: step.call.window.value for step in program.steps() if step.name in program.outside}  # type: ignore[union-attr]
        assert len({program.outside[name] for name in values}) == len(set(values.values()))
    assert outside_name(0, "float32", 0.1234567) != outside_name(0, "float32", 0.1234568)


def test_the_memory_map_shows_every_buffer() -> None:
    model = generate(long_chain(), name="chain")
    svg = model.files["chain_memory.svg"]
    import xml.etree.ElementTree as tree

    titles = [element.text or "" for element in tree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    for place in model.program.places.values():
        assert any(f"{place.bytes:,} bytes at {place.offset:,}" in title for title in titles)
