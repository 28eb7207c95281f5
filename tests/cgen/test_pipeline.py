"""Ring 2: random small graphs as C, observed and sanitized: every layer as the numpy reference and onnxruntime."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx.parser
import pytest

from bittwin.builder import build, run_sanitized
from bittwin.golden import run, session, why_not_golden
from bittwin_cgen import generate
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array, GeneratedModel
from bittwin_cgen.ops.quantize_linear import QuantizeLinear
from tests.graphs import GraphBuilder, random_model, sample_inputs

MODES = ("constant", "reflect", "edge", "wrap")
SCHEDULES = ("ram", "speed", "layers")
MOST_SECONDS = 3  # of this process; a test needs less than one


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """A compiler that does not come to an end fails its test instead of stopping all others."""

    def stop(number: int, frame: Any) -> None:
        raise TimeoutError(f"no end after {MOST_SECONDS} s of computing")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def check(y: Array, expected: Array, what: str) -> None:
    """Bits in int8; in float32 1e-4 of the value and 1e-5 of the largest."""
    assert y.shape == expected.shape, what
    assert y.dtype == expected.dtype, what
    if expected.dtype == np.int8:
        wrong = y != expected
    else:
        error, largest = np.abs(y.astype(np.float64) - expected), float(np.abs(expected).max(initial=1.0))
        wrong = ~(error <= 1e-4 * np.abs(expected) + 1e-5 * largest)
    assert not wrong.any(), f"{what}: {wrong.sum()} of {wrong.size} differ: {y[wrong][:4]} is not {expected[wrong][:4]}"


def reference(model: GeneratedModel, inputs: dict[str, Array]) -> dict[str, Array]:
    """Every tensor of the graph for a batch of images: each by itself, as C does."""
    batch = int(model.manifest["batch"])
    images = [
        interpret(model.program.graph, {name: x[i : i + 1] for name, x in inputs.items()} if batch > 1 else inputs)
        for i in range(batch)
    ]
    return {name: np.concatenate([image[name] for image in images]) for name in images[0]}


def quantized_inputs(model: GeneratedModel, inputs: dict[str, Array]) -> dict[str, Array]:
    """What C takes: codes where the port is int8 but the file's input is real."""
    given = {}
    for port in model.manifest["inputs"]:
        x = inputs[port["name"]]
        if x.dtype == np.float32 and port["dtype"] == "int8":
            codes = np.rint(x / np.float32(port["scale"])) + port["zero_point"]
            x = np.clip(codes, -128, 127).astype(np.int8)
        given[port["name"]] = x
    return given


def check_layers(onnx_model: onnx.ModelProto, name: str, seed: int, schedule: str = "ram") -> GeneratedModel:
    """Every tensor that C makes is that of the reference, and so are the outputs of the shipped build's twin."""
    model = generate(onnx_model, schedule=schedule, name=name)
    inputs = quantized_inputs(model, sample_inputs(onnx_model, seed))
    expected = reference(model, inputs)
    values = build(model, "observed").run(inputs)
    compared = 0
    for tensor, y in values.tensors.items():
        source = tensor
        while source not in expected:  # rows of a tensor with padding of their own, or a copy for an output
            step = next(step for step in model.program.steps() if step.output == source)
            source = step.inputs[0]
        check(y, expected[source], f"{name}, {schedule}: {tensor}")
        compared += 1
    assert compared == len(model.manifest["layers"])
    for port in model.manifest["outputs"]:
        check(values.outputs[port["name"]], expected[port["tensor"]], f"{name}, output {port['name']}")
    return model


def check_golden(onnx_model: onnx.ModelProto, model: GeneratedModel, seed: int) -> None:
    """Outputs are those of onnxruntime; where codes are made from computed real values, rounding may differ by one."""
    given = sample_inputs(onnx_model, seed)
    inputs = quantized_inputs(model, given)
    computed = interpret(model.program.graph, {k: v[:1] for k, v in inputs.items()})
    golden = run(session(onnx_model), given)
    rounds = any(isinstance(node.op, QuantizeLinear) for node in model.program.graph.nodes)
    for port in model.manifest["outputs"]:
        y, expected = computed[port["tensor"]], golden[port["name"]][:1]
        if "scale" in port and expected.dtype == np.float32:
            y = (y.astype(np.float32) - np.float32(port["zero_point"])) * np.float32(port["scale"])
        if rounds and expected.dtype == np.int8:
            assert np.abs(y.astype(int) - expected).max() <= 1
        else:
            check(y, expected, f"reference and onnxruntime, {port['name']}")


# ---------------------------------------------------------------- random graphs

GRAPHS: list[tuple[str, dict[str, Any]]] = [
    *((f"int8_{i}", dict(seed=i, dtype="int8")) for i in range(14)),
    *((f"int8_real_{i}", dict(seed=i, dtype="int8", ports="real")) for i in range(3)),
    *((f"float_{i}", dict(seed=i, dtype="float32")) for i in range(10)),
    *((f"inputs_{i}", dict(seed=i, dtype="int8", inputs=2 + i % 2, outputs=2, layers=7)) for i in range(5)),
    *((f"real_inputs_{i}", dict(seed=i, dtype="float32", inputs=2, outputs=3, layers=7)) for i in range(3)),
    *((f"batch_{i}", dict(seed=i, dtype="int8" if i % 2 else "float32", batch=3)) for i in range(5)),
]


@pytest.mark.parametrize(("name", "parameters"), GRAPHS, ids=[name for name, _ in GRAPHS])
def test_random_graphs(name: str, parameters: dict[str, Any]) -> None:
    onnx_model = random_model(**parameters)
    seed = parameters["seed"]
    model = check_layers(onnx_model, name, seed, ("ram", "speed", "ram", "layers")[seed % 4])
    if parameters["dtype"] == "float32" or not why_not_golden():
        check_golden(onnx_model, model, seed)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_random_graphs_use_all_operators(dtype: Any) -> None:
    """The graphs above are not all alike."""
    chosen = [parameters for _, parameters in GRAPHS if parameters["dtype"] == dtype]
    found = {node.op_type for parameters in chosen for node in random_model(**parameters).graph.node}
    wanted = {"Conv", "Gemm", "Add", "Concat", "MaxPool", "AveragePool", "GlobalAveragePool", "Pad", "Clip", "Relu"}
    assert wanted <= found


@pytest.mark.parametrize("parameters", [dict(seed=s, dtype=d, layers=6) for s, d in ((21, "int8"), (22, "float32"))])
def test_random_graphs_under_sanitizers(parameters: dict[str, Any]) -> None:
    onnx_model = random_model(**parameters)
    model = generate(onnx_model, name="sanitized")
    inputs = quantized_inputs(model, sample_inputs(onnx_model, 3))
    expected = reference(model, inputs)
    outputs = run_sanitized(model, inputs)
    for port in model.manifest["outputs"]:
        check(outputs[port["name"]], expected[port["tensor"]], port["name"])


# ---------------------------------------------------------------- graphs by hand


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_padding_of_all_modes_in_one_network(schedule: str, dtype: Any) -> None:
    """Convolutions behind each other and beside each other that disagree on what lies outside."""
    graph = GraphBuilder(np.random.default_rng(5), dtype)
    x = graph.input(1, 2, 7, 6)
    parts = [graph.conv(x, 2, kernel=(3, 2), pads=(2, 1, 1, 2), mode=mode) for mode in MODES]
    y = parts[0]
    for mode in MODES:
        y = graph.conv(y, 2, kernel=(2, 3), pads=(1, 1, 0, 1), stride=(1, 1), mode=mode)
    graph.output(graph.concat([*parts, y]))
    graph.output(graph.pad(y, (1, 0, 2, 1), "edge"))
    check_layers(graph.model(), f"modes_{dtype}", 7, schedule)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_pads_as_large_as_the_image_allows(mode: str, dtype: Any) -> None:
    """Windows that lie in the padding alone, behind a layer that is made row by row; under sanitizers."""
    graph = GraphBuilder(np.random.default_rng(6), dtype)
    x = graph.conv(graph.input(1, 2, 6, 5), 2, kernel=(3, 3))
    height, width = x.shape[2:]
    top, left = {"reflect": (height - 1, width - 1), "wrap": (height, width)}.get(mode, (5, 4))
    y = graph.conv(x, 3, kernel=(2, 1), pads=(top, left, top, left), stride=(2, 1), mode=mode)
    graph.output(graph.max_pool(y, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1)))
    onnx_model = graph.model()
    model = check_layers(onnx_model, f"large_{mode}_{dtype}", 8)
    inputs = sample_inputs(onnx_model, 8)
    expected = reference(model, inputs)
    for name, y in run_sanitized(model, inputs).items():
        port = next(port for port in model.manifest["outputs"] if port["name"] == name)
        check(y, expected[port["tensor"]], name)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_residuals_and_reshapes(dtype: Any) -> None:
    """An input that is added to what was made from it, a Flatten between layouts, one tensor given twice."""
    graph = GraphBuilder(np.random.default_rng(9), dtype)
    x = graph.input(1, 3, 5, 4)
    y = graph.conv(x, 3, pads=(1, 1, 1, 1), clip=(0.0, 6.0))
    z = graph.add(graph.conv(y, 3, pads=(1, 1, 1, 1)), x)
    z = graph.add(z, z)
    graph.output(z)
    flat = graph.gemm(graph.flatten(graph.max_pool(z, (2, 2), strides=(2, 2))), 6, clip=(0.0, np.inf))
    graph.output(flat)
    graph.output(graph.reshape(y, (1, 5, 3, 4)))
    graph.output(graph.gemm(flat, 4))
    onnx_model = graph.model()
    model = check_layers(onnx_model, f"residual_{dtype}", 4)
    if dtype == "float32" or not why_not_golden():
        check_golden(onnx_model, model, 4)


def test_a_float_tail_behind_codes() -> None:
    """A Softmax after the last DequantizeLinear stays float32."""
    graph = GraphBuilder(np.random.default_rng(10), "int8", ports="real")
    x = graph.global_average_pool(graph.conv(graph.input(1, 2, 6, 6), 5))
    graph.output(graph.softmax(graph.gemm(graph.flatten(x), 4)))
    onnx_model = graph.model()
    model = check_layers(onnx_model, "tail", 5)
    assert [port["dtype"] for port in model.manifest["inputs"]] == ["int8"]
    assert [port["dtype"] for port in model.manifest["outputs"]] == ["float32"]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_headers_that_kernels_include_come_along(target: str) -> None:
    """Of an addition by itself: its kernel uses a header that no row of a table names."""
    program = """<ir_version: 10, opset_import: ["" : 20]>
g (float[1, 8] a, float[1, 8] b) => (float[1, 8] y) { y = Add(a, b) }"""
    files = generate(onnx.parser.parse_model(program), target=target).files
    assert "btw/btw_f32.h" in files
    included = {name for text in files.values() for name in re.findall(r'#include "(?:btw/)?(btw_\w+\.h)"', text)}
    assert {f"btw/{name}" for name in included if not name.endswith("_twin.h")} <= set(files)


# ---------------------------------------------------------------- determinism


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_the_same_model_gives_the_same_text(dtype: Any) -> None:
    content = random_model(3, dtype, outputs=2, layers=7).SerializeToString()
    first, second = (generate(content, name="same") for _ in range(2))
    assert list(first.files) == list(second.files)
    for path, text in first.files.items():
        assert text == second.files[path], path


def test_random_models_are_the_same_each_time() -> None:
    assert random_model(4).SerializeToString() == random_model(4).SerializeToString()
