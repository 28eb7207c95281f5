"""Schedules: the same bits whatever the order of rows, no two live buffers in one place, input rows as they come."""

from __future__ import annotations

import itertools
import os
import subprocess
import xml.etree.ElementTree as tree
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import onnx
import pytest

from bittwin.builder import FLAGS, build, compile_files, from_c_order, to_c_order
from bittwin.verifier import verify
from bittwin_cgen import generate
from bittwin_cgen.emit.manifest import manifest
from bittwin_cgen.emit.model import ModelText
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array, Files, GeneratedModel, Program, Step
from bittwin_cgen.lower import counters_name, lower
from bittwin_cgen.pipeline import compile_graph
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import find_target
from tests.cgen.test_budget import long_chain
from tests.cgen.test_schedule import PADDING, bottom, wanted_rows
from tests.graphs import GraphBuilder, random_model, sample_inputs

GRAPHS = int(os.environ.get("BITTWIN_GRAPHS", "300"))
TOGETHER = 30  # graphs in one library
SCHEDULES = ("ram", "speed", "layers")
REDZONE = 64


def kinds(seed: int) -> dict[str, Any]:
    """Different shapes of random graphs."""
    return dict(
        layers=3 + seed % 9, outputs=1 + seed % 2, inputs=1 + (seed % 5 == 0), gates=seed % 3 == 1, sizes=seed % 3 == 2
    )


def generated(program: Program, name: str) -> GeneratedModel:
    text = ModelText(program, name)
    return GeneratedModel(name, program, Files(text.files(runtime_files())), manifest(text))


@dataclass(frozen=True)
class Case:
    """A random graph under one schedule, with what numpy makes of it, all in C order."""

    model: GeneratedModel
    inputs: list[Array]
    outputs: list[bytes]


def cases(
    seeds: Sequence[int], schedules: Sequence[str], change: Callable[[Program], Program] = lambda p: p
) -> list[Case]:
    """Each graph under each schedule."""
    found = []
    for seed in seeds:
        proto = random_model(seed, "int8", **kinds(seed))
        graph = compile_graph(proto, f"net{seed}")
        given = sample_inputs(proto, seed)
        values = interpret(graph, given)
        inputs = [to_c_order(given[port.name]) for port in graph.inputs]
        outputs = [to_c_order(values[port.tensor]).tobytes() for port in graph.outputs]
        for schedule in schedules:
            program = change(lower(graph, find_target("host"), schedule))
            found.append(Case(generated(program, f"{schedule}{seed}"), inputs, outputs))
    return found


def arguments(model: GeneratedModel) -> str:
    facts = model.manifest
    inputs = [f"inputs[{i}]" for i in range(len(facts["inputs"]))]
    return ", ".join(["arena", *inputs, *(f"outputs[{i}]" for i in range(len(facts["outputs"])))])


def all_files(models: Sequence[GeneratedModel], before: str, behind: str) -> dict[str, str]:
    """One C file, all.c, that includes the others: the compiler starts once."""
    files = {path: text for model in models for path, text in model.files.items()}
    parts = "".join(f'#include "{path}"\n' for path in sorted(files) if path.endswith(".c"))
    return files | {"all.c": f"{before}{parts}{behind}"}


# ---------------------------------------------------------------- the same bits, and no row overwritten too early


@dataclass(frozen=True)
class Event:
    """A row that C has made (or a whole tensor at once): its step, and where it lies in the arena, if it does."""

    step: Step
    segment: int
    row: int
    offset: int
    bytes: int


OBSERVED = """#include <stdint.h>
static struct { int layer, row, bytes; intptr_t address; } events[1 << 14];
static int event_count;
static void note(int layer, int row, const void *pointer, int bytes)
{
    events[event_count].layer = layer, events[event_count].row = row, events[event_count].bytes = bytes;
    events[event_count++].address = (intptr_t)pointer;
}
#define BTW_OBSERVE(layer, row, pointer, bytes) note(layer, row, pointer, bytes)
"""
INTERFACE = "int run(int number, void *arena, const void *const inputs[], void *const outputs[])"
RESULTS = "int layer_of(int i)", "int row_of(int i)", "int bytes_of(int i)", "intptr_t address_of(int i)"


def library(models: Sequence[GeneratedModel]) -> tuple[Any, Any]:
    """(cffi, library) with run(number, arena, inputs, outputs) for all of the models: rows made, to be asked for.

    A model that takes rows as they come has a second number, behind all models: rows in memory that is overwritten.
    """
    calls = "".join(f"    if (number == {i})\n        {m.name}_run({arguments(m)});\n" for i, m in enumerate(models))
    calls += "".join(pushing(len(models) + i, model) for i, model in enumerate(models) if model.program.pushed)
    results = "".join(f"{text};\n{text} {{ return events[i].{text.split()[1].split('_')[0]}; }}\n" for text in RESULTS)
    behind = f"{INTERFACE};\n{INTERFACE}\n{{\n    event_count = 0;\n{calls}    return event_count;\n}}\n{results}"
    flags = [flag for flag in FLAGS if flag != "-O3"] + ["-DBTW_SHARED_KERNELS", "-O0", "-shared", "-fPIC"]
    ffi = cffi.FFI()
    ffi.cdef("".join(f"{text};" for text in (INTERFACE, *RESULTS)))
    return ffi, ffi.dlopen(str(compile_files(all_files(models, OBSERVED, behind), ["all.c"], flags, ".so")))


def pushing(number: int, model: GeneratedModel) -> str:
    """C that pushes the rows of an input one by one."""
    (given,) = model.manifest["inputs"]
    row = f"{model.name.upper()}_{given['parameter'].upper()}"
    outputs = ", ".join(["arena", *(f"outputs[{i}]" for i in range(len(model.manifest["outputs"])))])
    return f"""    if (number == {number}) {{
        int8_t values[{row}_ROW_SIZE];
        {model.name}_begin(arena);
        for (int y = 0; y < {row}_HEIGHT; y++) {{
            memcpy(values, (const int8_t *)inputs[0] + y * {row}_ROW_SIZE, sizeof values);
            {model.name}_push_row(arena, values);
            memset(values, 0x7f, sizeof values);
        }}
        {model.name}_output({outputs});
    }}
"""


def run(ffi: Any, loaded: Any, number: int, case: Case) -> tuple[list[bytes], list[Event]]:
    """Outputs and rows made; the arena starts with what a run before might have left."""
    facts, program = case.model.manifest, case.model.program
    arena = np.random.default_rng(number).integers(0, 256, facts["arena_bytes"] + 16, np.uint8)
    start = arena.ctypes.data + -arena.ctypes.data % 16
    outputs = [np.zeros(int(np.prod(port["shape"])), port["dtype"]) for port in facts["outputs"]]
    x = ffi.new("void *[]", [ffi.cast("void *", values.ctypes.data) for values in case.inputs])
    y = ffi.new("void *[]", [ffi.cast("void *", values.ctypes.data) for values in outputs])
    count = loaded.run(number, ffi.cast("void *", start), x, y)
    steps = [(step, i) for i, segment in enumerate(program.segments) for step in segment.steps]
    events = [
        Event(*steps[loaded.layer_of(i)], loaded.row_of(i), loaded.address_of(i) - start, loaded.bytes_of(i))
        for i in range(count)
    ]
    return [values.tobytes() for values in outputs], events


def check_rows(program: Program, events: Sequence[Event]) -> None:
    """Follows who wrote each byte of the arena last: a step finds every row that it reads as it was made.

    What a step reads follows from its window; where rows lie, from the addresses that C wrote to.
    """
    writer = np.full(program.arena_bytes, -1)  # of each byte: the event, or -1
    made: dict[tuple[str, int], tuple[int, slice]] = {}  # row of a tensor: its event, its bytes with their pads
    begins: dict[int, int] = {}  # event with which a segment begins
    together = {name: program.shared.get(name, name) for name in program.buffers}

    def reserved(event: Event) -> list[slice]:
        """Counters and rows of padding values of its segment."""
        names = [counters_name(event.segment, program.types), *set(program.outside.values())]
        return [
            slice(place.offset, place.offset + place.bytes)
            for name in names
            if (place := program.places.get(name)) and place.first <= order[event.step.name] <= place.last
        ]

    order = {step.name: i for i, step in enumerate(program.steps())}
    for number, event in enumerate(events):
        step = event.step
        begin = begins.setdefault(event.segment, number)
        if step.name in program.scratch:
            place = program.places[program.scratch[step.name]]
            writer[place.offset : place.offset + place.bytes] = number
        for name in dict.fromkeys(step.inputs):
            for row in rows_read(program, event, name):
                if (known := made.get((program.memory_of(name), row))) is not None:
                    assert (writer[known[1]] == known[0]).all(), f"{step.name} row {event.row}: row {row} of {name}"
        if 0 <= event.offset < program.arena_bytes:
            buffer = program.buffers[step.output]
            each = buffer.row_bytes if event.bytes == buffer.row_bytes else event.bytes
            pixel = buffer.channels * buffer.itemsize
            place = slice(event.offset - buffer.left * pixel, event.offset + each + buffer.right * pixel)
            assert place.start >= 0
            assert place.stop <= program.arena_bytes
            if buffer.mode == "constant":
                for pads in (slice(place.start, event.offset), slice(event.offset + each, place.stop)):
                    for other in np.unique(writer[pads]).tolist():
                        same = together[events[other].step.output] == together[step.output]
                        assert other < begin or same, f"{step.name} row {event.row}: its pads were overwritten"
            writer[place] = number
            height = buffer.height if event.bytes > buffer.row_bytes else 1
            for i in range(height):
                part = slice(place.start + i * buffer.row_bytes, place.start + (i + 1) * buffer.row_bytes)
                made[step.output, event.row + i] = number, place if height == 1 else part
        for place in reserved(event):
            assert (writer[place] < begin).all(), f"{step.name} row {event.row}: over counters or rows of padding"


def rows_read(program: Program, event: Event, name: str) -> list[int]:
    """Rows of a tensor that exist, behind one call."""
    step, height = event.step, program.buffers[program.memory_of(name)].height
    window, calls = step.call.window, program.buffers[step.output].height
    if step.call.kernel.form == "reduce":
        return [height - 1]  # its other calls make no row
    if window is None:
        whole = height < calls or calls == 1 or event.bytes > program.buffers[step.output].row_bytes
        return list(range(height)) if whole else [event.row]
    return [row for row in wanted_rows(window, event.row, height, bottom(window, height, calls)) if row != PADDING]


@pytest.mark.parametrize("first", range(0, GRAPHS, TOGETHER))
def test_all_schedules_give_the_bits_of_the_reference_and_lose_no_row(first: int) -> None:
    tried = cases(range(first, min(first + TOGETHER, GRAPHS)), SCHEDULES)
    ffi, loaded = library([case.model for case in tried])
    pushed = 0
    for number, case in enumerate(tried):
        outputs, events = run(ffi, loaded, number, case)
        assert outputs == case.outputs, case.model.name
        check_rows(case.model.program, events)
        if case.model.program.pushed:
            pushed += len(case.model.program.segments) > 1
            assert run(ffi, loaded, len(tried) + number, case)[0] == case.outputs, f"{case.model.name}, row by row"
            assert case.model.program.buffers[case.model.program.segments[0].steps[0].output].ring  # no image is stored
    assert pushed  # with more than one segment


def test_an_overlap_is_seen() -> None:
    """The check above can fail: with any two rings in one place."""
    proto = long_chain()
    program = lower(compile_graph(proto, "net"), find_target("host"), "ram")
    given = [to_c_order(values) for values in sample_inputs(proto).values()]
    rings = [name for name, buffer in program.buffers.items() if name in program.places and buffer.ring]
    assert len(rings) >= 3
    for name, other in itertools.combinations(rings, 2):
        moved = replace(program.places[name], offset=program.places[other].offset)
        size = max(program.arena_bytes, moved.offset + moved.bytes)
        broken = replace(program, places={**program.places, name: moved}, arena_bytes=size)
        case = Case(generated(broken, "broken"), given, [])
        _, events = run(*library([case.model]), 0, case)
        with pytest.raises(AssertionError, match="row"):
            check_rows(broken, events)


# ---------------------------------------------------------------- each buffer a heap block of its own


def spread(program: Program) -> Program:
    """Every buffer for itself, far from the next."""
    places, offset = {}, REDZONE
    for name, place in program.places.items():
        places[name] = replace(place, offset=offset)
        offset += -(-(place.bytes + REDZONE) // 16) * 16
    return replace(program, places=places, arena_bytes=offset)


BLOCKS = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "btw/btw.h"
typedef struct { int offset, bytes; unsigned char *memory; } block;
static block *blocks;
/* Where an offset of the arena lies now. */
static void *block_at(int offset)
{
    for (const block *b = blocks; b->bytes; b++)
        if (offset >= b->offset && offset < b->offset + b->bytes)
            return b->memory + (offset - b->offset);
    fprintf(stderr, "offset %d is in no buffer\\n", offset);
    exit(4);
}
static void open_blocks(block *all)
{
    blocks = all;
    for (block *b = blocks; b->bytes; b++) {
        b->memory = aligned_alloc(16, ((size_t)b->bytes + 15) / 16 * 16); /* not a byte more, but for the alignment */
        if (!b->memory)
            exit(3);
        memset(b->memory, 0x5a, (size_t)b->bytes);
        if (b->bytes % 16)
            __asan_poison_memory_region(b->memory + b->bytes, 16 - (size_t)b->bytes % 16);
    }
}
static void close_blocks(void)
{
    for (const block *b = blocks; b->bytes; b++)
        free(b->memory);
}
static void *load(const unsigned char *values, size_t bytes)
{
    void *copy = malloc(bytes);
    if (!copy)
        exit(3);
    return memcpy(copy, values, bytes);
}
#define btw_at(arena, offset) ((void)(arena), block_at(offset))
"""


@pytest.mark.parametrize("first", range(0, GRAPHS, TOGETHER))
def test_each_buffer_as_a_block_of_its_own_under_the_address_sanitizer(first: int, tmp_path: Path) -> None:
    """As placed for least memory; layer by layer for some, for there steps do not take turns."""
    seeds = range(first, min(first + TOGETHER, GRAPHS))
    tried = cases(seeds, ["ram"], spread) + cases(seeds[:5], ["layers"], spread)
    bodies = "".join(block_by_block(case) for case in tried)
    main = f"""int main(int argc, char **argv)
{{
    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;
    if (!out)
        return 3;
{bodies}    return fclose(out);
}}
"""
    before = f"#include <sanitizer/asan_interface.h>\n{BLOCKS}"
    flags = ["-std=c11", "-ffp-contract=off", "-DBTW_SHARED_KERNELS", "-g1", "-O0", "-fsanitize=address"]
    program = compile_files(all_files([case.model for case in tried], before, main), ["all.c"], flags, ".exe")
    done = subprocess.run([str(program), str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
    assert (tmp_path / "out").read_bytes() == b"".join(values for case in tried for values in case.outputs)


def block_by_block(case: Case) -> str:
    """C that runs a model whose arena is heap blocks."""
    name, places = case.model.name, case.model.program.places.values()
    table = ", ".join(f"{{{place.offset}, {place.bytes}, NULL}}" for place in places)
    codes = [", ".join(map(str, values.view(np.uint8).reshape(-1).tolist())) for values in case.inputs]
    inputs = ", ".join(
        f"load((const unsigned char[]){{{text}}}, {values.nbytes})"
        for text, values in zip(codes, case.inputs, strict=True)
    )
    outputs = ", ".join(f"malloc({len(values)})" for values in case.outputs)
    writes = "".join(f"        fwrite(outputs[{i}], 1, {len(v)}, out);\n" for i, v in enumerate(case.outputs))
    frees = "".join(f"        free(inputs[{i}]);\n" for i in range(len(case.inputs)))
    frees += "".join(f"        free(outputs[{i}]);\n" for i in range(len(case.outputs)))
    return f"""    {{
        static {name}_arena whole, *const arena = &whole; /* not touched */
        block table[] = {{{", ".join([table, "{0, 0, NULL}"]) if table else "{0, 0, NULL}"}}};
        void *inputs[] = {{{inputs}}}, *outputs[] = {{{outputs}}};
        open_blocks(table);
        {name}_run({arguments(case.model)});
        close_blocks();
{writes}{frees}    }}
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
    right = build(generated(program, "right")).run(samples).outputs
    wrong = build(generated(short, "wrong")).run(samples).outputs
    assert any((right[name] != wrong[name]).any() for name in right)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_rows_pushed_one_by_one_give_the_bits_of_run(dtype: str) -> None:
    """Through the public functions only, each row in memory of its own that is overwritten afterwards."""
    graph = GraphBuilder(np.random.default_rng(3), dtype, "codes")  # type: ignore[arg-type]
    x = graph.input(1, 3, 17, 11)
    a = graph.conv(x, 6, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1), clip=(0.0, 6.0))
    b = graph.depthwise(a, kernel=(3, 3), pads=(1, 1, 1, 1))
    y = graph.conv(graph.add(a, b), 7, kernel=(3, 3), pads=(1, 1, 1, 1), mode="wrap")
    graph.output(graph.gemm(graph.flatten(graph.global_average_pool(y)), 4))
    proto = graph.model()
    model = generate(proto, name="camera")
    assert model.manifest["pushed"]
    assert len(model.manifest["segments"]) > 1  # all rows are there before the one that wraps around begins
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


@pytest.mark.parametrize(
    ("operator", "result"),
    [
        ("ArgMax <axis = 1> (s)", "int64[1,1,9,7]"),
        ("ReduceMean (s, channels)", "float[1,1,9,7]"),
        ("ReduceMax (s, columns)", "float[1,5,9,1]"),
        ("LogSoftmax <axis = 1> (s)", "float[1,5,9,7]"),
        ("Softmax <axis = 3> (s)", "float[1,5,9,7]"),
    ],
)
def test_what_keeps_rows_apart_is_computed_row_by_row(operator: str, result: str) -> None:
    """Along channels or columns, though the kernel takes tensors; onnxruntime says what comes out."""
    model = onnx.parser.parse_model(f"""<ir_version: 10, opset_import: ["": 20]>
        rows (float[1,5,9,7] x) => ({result} y) <int64[1] channels = {{1}}, int64[1] columns = {{3}}>
        {{ s = Sigmoid (x) y = {operator} }}""")
    assert generate(model).program.buffers["s"].slots == 1
    assert verify(model).passed


@pytest.mark.parametrize("operator", ["AveragePool", "MaxPool"])
@pytest.mark.parametrize("kernel", [(9, 7), (8, 6)])
def test_a_pool_with_one_window_keeps_one_row(operator: str, kernel: tuple[int, int]) -> None:
    """Also where the window leaves out a row and a column."""
    model = onnx.parser.parse_model(f"""<ir_version: 10, opset_import: ["": 20]>
        pools (float[1,5,9,7] x) => (float[1,5,1,1] y)
        {{ s = Exp (x) p = {operator} <kernel_shape = {list(kernel)}, strides = [3, 3]> (s) y = Neg (p) }}""")
    program = generate(model).program
    assert program.buffers["s"].slots == 1
    assert not [step for step in program.steps() if "average pool" in step.call.summary and step.call.window]
    assert verify(model).passed


def test_a_max_pool_of_codes_with_one_window_keeps_one_row() -> None:
    graph = GraphBuilder(np.random.default_rng(6))
    graph.output(graph.max_pool(graph.conv(graph.input(1, 3, 9, 7), 5), (7, 5)))
    program = generate(graph.model()).program
    assert {buffer.slots for name, buffer in program.buffers.items() if buffer.height == 7} == {1}
    report = verify(graph.model())
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


def test_another_name_of_the_input_is_its_rows_as_well() -> None:
    """An Identity of the input, read beside it, while rows are pushed."""
    graph = GraphBuilder(np.random.default_rng(4), "float32")
    x = graph.input(1, 3, 9, 7)
    same = graph.reshape(x, x.shape)
    graph.output(graph.conv(graph.concat([same, graph.conv(x, 3, kernel=(1, 1))]), 2))
    proto = graph.model()
    samples = sample_inputs(proto)
    models = [generate(proto, schedule=schedule) for schedule in ("ram", "layers")]
    assert models[0].manifest["pushed"]
    streamed, whole = (build(model).run(samples).outputs for model in models)
    for name, values in whole.items():
        assert (streamed[name] == values).all()


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


def test_the_memory_map_shows_every_buffer() -> None:
    """Steps below the columns, each buffer with its bytes, its place and its steps; hostile names do no harm."""
    proto = long_chain()
    for number, node in enumerate(proto.graph.node):
        node.name = f'{number}</title><script>alert("&{node.name}")</script>'
    model = generate(proto, name="chain")
    drawing = tree.fromstring(model.files["chain_memory.svg"])
    space = "{http://www.w3.org/2000/svg}"
    assert {element.tag.removeprefix(space) for element in drawing.iter()} == {
        "svg",
        "title",
        "rect",
        "text",
        "line",
        "g",
    }
    titles = [element.text or "" for element in drawing.iter(f"{space}title")]
    steps = [step.name for step in model.program.steps()]
    assert set(steps) <= set(titles)
    for entry in model.manifest["memory"]:
        place = f"{entry['bytes']:,} bytes at {entry['offset']:,}, step"
        last = f"{entry['first']} to {entry['last']}" if entry["last"] > entry["first"] else f"{entry['first']}"
        assert any(place in title and title.endswith(last) for title in titles), entry
    assert len(model.manifest["memory"]) == len(model.program.places)
