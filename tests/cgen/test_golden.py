"""The C of three tiny networks, byte for byte as in tests/golden: what a change of the emitter does shows in review.

`make golden` rewrites them; read the difference before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import generate
from bittwin_cgen.emit.calls import joined

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def pattern(*shape: int) -> NDArray[np.int64]:
    """Numbers from -127 to 127 without an obvious order, the same everywhere."""
    return (np.arange(int(np.prod(shape)), dtype=np.int64) * 89 % 255 - 127).reshape(shape)


class Writer:
    """Collects the nodes and constants of a model."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        """The name of its output, which is the node's."""
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def meaning(self, name: str, scale: float, zero_point: int) -> tuple[str, str]:
        return self.constant(f"{name}_scale", np.float32(scale)), self.constant(f"{name}_zero", np.int8(zero_point))

    def quantized(self, x: str, scale: float, zero_point: int) -> str:
        """`x` behind a QuantizeLinear, its codes called <x>_codes, and a DequantizeLinear."""
        meaning = self.meaning(x, scale, zero_point)
        codes = self.node("QuantizeLinear", f"{x}_codes", x, *meaning)
        return self.node("DequantizeLinear", f"{x}_real", codes, *meaning)

    def weight(self, name: str, *shape: int) -> str:
        """Codes with a scale for each output channel."""
        codes = self.constant(f"{name}_codes", pattern(*shape).astype(np.int8))
        scales = ((np.arange(shape[0]) % 3 + 3) / 1024).astype(np.float32)
        scale, zero = self.constant(f"{name}_scale", scales), self.constant(f"{name}_zero", np.zeros(shape[0], np.int8))
        return self.node("DequantizeLinear", name, codes, scale, zero, axis=0)

    def model(self, element: int, inputs: dict[str, list[int]], outputs: dict[str, list[int]]) -> onnx.ModelProto:
        ports = [
            [helper.make_tensor_value_info(name, element, shape) for name, shape in side.items()]
            for side in (inputs, outputs)
        ]
        graph = helper.make_graph(self.nodes, "graph", *ports, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def int8_branches() -> onnx.ModelProto:
    """Codes in and out: reflect padding, a convolution, a depthwise one beside it, their sum, a concatenation."""
    graph = Writer()
    image = graph.node("DequantizeLinear", "image_real", "image", *graph.meaning("image", 0.02, -3))
    pads = graph.constant("pads", np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    padded = graph.quantized(graph.node("Pad", "pad", image, pads, mode="reflect"), 0.02, -3)
    bias = graph.constant("bias", (pattern(4) / 64).astype(np.float32))
    conv = graph.quantized(graph.node("Conv", "conv", padded, graph.weight("weight", 4, 3, 3, 3), bias), 0.09, 5)
    filters = graph.weight("filters", 4, 1, 3, 3)
    depthwise = graph.node("Conv", "depthwise", conv, filters, group=4, pads=[1, 1, 1, 1])
    filtered = graph.quantized(graph.node("Relu", "relu", depthwise), 0.11, -128)
    total = graph.quantized(graph.node("Add", "add", conv, filtered), 0.13, -20)
    graph.quantized(graph.node("Concat", "concat", total, conv, axis=1), 0.13, -20)
    return graph.model(TensorProto.INT8, {"image": [1, 3, 6, 5]}, {"concat_codes": [1, 8, 6, 5]})


def float_classifier() -> onnx.ModelProto:
    """Convolution with Relu, max pool, fully connected layer behind a Flatten."""
    graph = Writer()
    weight = graph.constant("weight", (pattern(4, 2, 3, 3) / 256).astype(np.float32))
    bias = graph.constant("bias", (pattern(4) / 512).astype(np.float32))
    conv = graph.node("Relu", "relu", graph.node("Conv", "conv", "image", weight, bias, pads=[1, 1, 1, 1]))
    pool = graph.node("MaxPool", "pool", conv, kernel_shape=[2, 2], strides=[2, 2])
    matrix = graph.constant("matrix", (pattern(3, 36) / 256).astype(np.float32))
    graph.node("Gemm", "scores", graph.node("Flatten", "flatten", pool), matrix, transB=1)
    return graph.model(TensorProto.FLOAT, {"image": [1, 2, 6, 6]}, {"scores": [1, 3]})


def int8_classifier() -> onnx.ModelProto:
    """Two images at once; real values in, quantized by the caller; a Softmax that stays float."""
    graph = Writer()
    image = graph.quantized("pair", 0.03, 1)
    conv = graph.node("Conv", "conv", image, graph.weight("weight", 4, 2, 2, 2), strides=[2, 2])
    pool = graph.quantized(graph.node("GlobalAveragePool", "pool", graph.quantized(conv, 0.08, 4)), 0.05, 2)
    flat = graph.quantized(graph.node("Flatten", "flatten", pool), 0.05, 2)
    scores = graph.node("Gemm", "scores", flat, graph.weight("matrix", 3, 4), transB=1)
    graph.node("Softmax", "chances", graph.quantized(scores, 0.04, 0), axis=1)
    return graph.model(TensorProto.FLOAT, {"pair": [2, 2, 6, 6]}, {"chances": [2, 3]})


MODELS: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {  # with the schedule
    "int8_branches": (int8_branches, "layers"),
    "float_classifier": (float_classifier, "ram"),
    "int8_classifier": (int8_classifier, "ram"),
}


@pytest.mark.parametrize("name", MODELS)
def test_generated_files_are_those_of_the_review(name: str, request: pytest.FixtureRequest) -> None:
    """The model's own files of C and data; those in btw/ are copies of runtime_c."""
    build, schedule = MODELS[name]
    files = generate(build(), schedule=schedule, name=name).files
    made = {path: text for path, text in files.items() if "/" not in path and path.endswith((".c", ".h", ".json"))}
    folder = GOLDEN / name
    if request.config.getoption("--update-golden"):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for path, text in made.items():
            (folder / path).write_bytes(text.encode())
    found = {path.name: path.read_bytes().decode() for path in folder.iterdir()} if folder.is_dir() else {}
    assert sorted(found) == sorted(made), "run: make golden"
    for path, text in made.items():
        assert text == found[path], f"{folder / path} is not what is generated now; run: make golden, and read the diff"


@pytest.mark.parametrize("name", MODELS)
def test_what_was_reviewed_is_right(name: str) -> None:
    build, schedule = MODELS[name]
    report = verify(build(), schedule=schedule, samples=4, name=name)
    assert report.passed
    assert report.differ == 0


def test_nothing_else_lies_among_the_goldens() -> None:
    """.clang-format there says that generated C is not reformatted."""
    assert {path.name for path in GOLDEN.iterdir()} == {*MODELS, ".clang-format"}


def test_goldens_stay_small_enough_to_read() -> None:
    for path in GOLDEN.rglob("*.*"):
        assert len(path.read_text().splitlines()) <= 400, path


def test_long_statements_are_broken_between_their_parts() -> None:
    many = [f"made->some_layer_with_a_name_{i} > made->another_layer + 1" for i in range(4)]
    text = joined("        if (", [*many, "((a && b) || c)"], "&&", ") {")
    lines = text.splitlines()
    assert len(lines) > 2 and all(len(line) <= 120 for line in lines)
    assert {len(line) - len(line.lstrip()) for line in lines[1:]} == {len("        if (")}
    assert "".join(line.strip() + " " for line in lines).strip() == f"if ({' && '.join([*many, '((a && b) || c)'])}) {{"
    assert joined("if (", ["a"], "||", ")") == "if (a)"
