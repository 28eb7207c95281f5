"""Defects that a review found, each as the smallest model or command that showed it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin import generate
from bittwin.cli import main
from bittwin.packager import package
from bittwin.verifier import verify
from bittwin_cgen import pipeline
from bittwin_cgen.ir import Graph
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.targets import TARGETS

Port = tuple[str, Sequence[int]]


class Writer:
    """Nodes and constants of a float model, some of whose tensors are quantized."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Any] = {}

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], f"make {output}", **attributes))
        return output

    def quantized(self, x: str, y: str, scale: float, zero_point: int) -> str:
        self.constants |= {f"{y}_s": np.float32(scale), f"{y}_z": np.int8(zero_point)}
        codes = self.node("QuantizeLinear", [x, f"{y}_s", f"{y}_z"], f"{y}_q")
        return self.node("DequantizeLinear", [codes, f"{y}_s", f"{y}_z"], y)

    def weight(self, name: str, codes: Any, scale: float) -> str:
        self.constants |= {
            f"{name}_c": np.asarray(codes, np.int8),
            f"{name}_s": np.float32(scale),
            f"{name}_z": np.int8(0),
        }
        return self.node("DequantizeLinear", [f"{name}_c", f"{name}_s", f"{name}_z"], name)

    def model(self, inputs: list[Port], outputs: list[Port]) -> onnx.ModelProto:
        ports = [
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in side] for side in (inputs, outputs)
        ]
        constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "graph", *ports, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def shaped(w: Writer, shape: tuple[int, ...]) -> onnx.ModelProto:
    """A model from x to y, whose shape the file does not have."""
    model = w.model([("x", shape)], [("y", ())])
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return model


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("images", [1, 2, 3])
def test_dead_channels_of_images_that_are_no_batch(images: int) -> None:
    w = Writer()
    w.quantized("x", "p", 0.05, 0)
    w.weight("w1", np.array([0, 0, 0, 0, 50, 90]).reshape(6, 1, 1, 1), 0.01)
    w.constants["b1"] = np.array([0.5, 0.5, 1.5, 1.5, 0, 0], np.float32)
    w.node("Conv", ["p", "w1", "b1"], "c1")
    w.quantized("c1", "a", 0.05, 0)
    w.node("Sigmoid", ["a"], "s")
    w.quantized("s", "t", 1 / 256, -128)
    w.weight("w2", np.array([3, 50, -20, 7, 9, 11]).reshape(1, 6, 1, 1), 0.02)
    w.node("Conv", ["t", "w2"], "c2")
    w.quantized("c2", "u", 0.02, 0)
    w.constants["shape"] = np.array([1, -1])
    w.node("Reshape", ["u", "shape"], "y")
    model = w.model([("x", [images, 1, 4, 4])], [("y", [1, images * 16])])
    facts: Any = generate(model).manifest["simplification"]
    assert facts["channels"] > 0
    report = verify(model, samples=2)
    assert report.passed, report.first_difference
    assert report.differ == 0


@pytest.mark.parametrize("shape", [[8], [2, 2, 4, 4]])
def test_codes_of_any_rank_and_pools_of_images_that_are_no_batch(shape: list[int]) -> None:
    w = Writer()
    w.quantized("x", "a", 0.05, 0)
    if len(shape) == 1:
        w.node("Sigmoid", ["a"], "s")
    else:
        w.node("MaxPool", ["a"], "s", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    w.quantized("s", "t", 0.05, 0)
    w.constants["shape"] = np.array([1, -1])
    w.node("Reshape", ["t", "shape"], "y")
    report = verify(w.model([("x", shape)], [("y", [1, int(np.prod(shape))])]), samples=2)
    assert (report.passed, report.differ) == (True, 0)


@pytest.mark.parametrize("shape", [[2, 1], [2, 1, 1, 1], [1, 2, 1, 1], [1, 1, 1, 1]])
def test_order_of_an_addition_is_that_of_the_file(shape: list[int]) -> None:
    """onnxruntime adds b + a where a has one value: of the shapes in the file, not of what becomes of them."""
    a, b, y = (0.012480320408940315, 81), (0.0778161808848381, -44), (0.05843289941549301, -13)
    w = Writer()
    w.quantized("x", "a", *a)
    w.quantized("z", "b", *b)
    w.node("Add", ["a", "b"], "s")
    w.quantized("s", "y", *y)
    x, z = (np.full(shape, (code - zero) * scale, np.float32) for (scale, zero), code in ((a, 50), (b, -119)))
    report = verify(w.model([("x", shape), ("z", shape)], [("y", shape)]), inputs={"x": x, "z": z})
    assert (report.passed, report.differ) == (True, 0)


def test_a_wrong_pass_is_no_better_judge_than_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    def triple(graph: Graph) -> Graph:
        nodes = [
            replace(node, op=replace(node.op, weight=3 * node.op.weight)) if isinstance(node.op, Conv2d) else node
            for node in graph.nodes
        ]
        return graph.rewritten(nodes)

    w = Writer()
    w.constants["w"] = np.random.default_rng(0).standard_normal((2, 2, 1, 1), np.float32)
    w.node("Conv", ["x", "w"], "y")
    model = w.model([("x", [1, 2, 4, 4])], [("y", [1, 2, 4, 4])])
    assert verify(model).passed
    monkeypatch.setattr(pipeline, "PASSES", (*pipeline.PASSES, triple))
    assert not verify(model).passed


def test_names_that_passes_make_up_may_be_in_the_file() -> None:
    w = Writer()
    w.node("Transpose", ["x"], "t", perm=[0, 2, 3, 1])
    w.node("Sigmoid", ["t"], "s")
    w.node("Transpose", ["s"], "y", perm=[0, 3, 1, 2])
    w.node("Relu", ["x"], "s/before make t")
    w.node("Tanh", ["s/before make t"], "z")
    report = verify(w.model([("x", [1, 2, 4, 4])], [("y", [1, 2, 4, 4]), ("z", [1, 2, 4, 4])]))
    assert (report.passed, report.differ) == (True, 0)


def plain_model(inputs: str = "x", output: str = "y") -> onnx.ModelProto:
    w = Writer()
    w.node("Relu", [inputs], output)
    return w.model([(inputs, [1, 4])], [(output, [1, 4])])


@pytest.mark.parametrize(("given", "made"), [("memory", "layers"), ("sample", "layer"), ("observed", "arena")])
def test_ports_may_be_called_as_the_self_test_calls_its_own(given: str, made: str, tmp_path: Path) -> None:
    from bittwin.builder import compile_files

    found = package(plain_model(given, made), "plain", name="net")
    files = {path: text for path, text in found.files.items() if path.endswith((".c", ".h"))}
    sources = [path for path in files if path.endswith(".c")]
    compile_files(files, [*sources, "-lm"], ["-std=c11", "-O1", "-Wall", "-Werror"], ".exe")


def test_self_test_of_large_values_is_c(tmp_path: Path) -> None:
    from bittwin.builder import compile_files

    found = package(plain_model(), "plain", inputs={"x": np.array([[2e5, 0, 1, 2]], np.float32)}, name="net")
    files = {path: text for path, text in found.files.items() if path.endswith((".c", ".h"))}
    sources = [path for path in files if path.endswith(".c")]
    compile_files(files, [*sources, "-lm"], ["-std=c11", "-O1", "-Wall", "-Werror"], ".exe")


# ---------------------------------------------------------------- the command


def test_single_array_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(plain_model(), tmp_path / "net.onnx")
    np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
    assert status("verify", str(tmp_path / "net.onnx"), "--inputs", str(tmp_path / "x.npy"), "--json") == 2
    assert "x.npy" in json.loads(capsys.readouterr().out)["error"]["where"]


def test_result_does_not_replace_what_it_is_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(plain_model(), "net.onnx")
    np.savez("x.npz", x=np.zeros((2, 4), np.float32))
    Path("code.py").write_text("def build(): ...\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert status(*"quantize net.onnx --calibration x.npz -o net.onnx".split()) == 2
    assert status(*"quantize net.onnx --calibration x.npz -o x.npz".split()) == 2
    assert status(*"run net.onnx --inputs x.npz -o x.npz".split()) == 2
    assert status(*"report net.onnx --inputs x.npz -o net.onnx".split()) == 2
    assert status(*"export code:build -o code.py".split()) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_output_may_have_the_name_of_a_parameter_of_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(plain_model(output="file"), "net.onnx")
    np.savez("x.npz", x=np.full((2, 4), 3, np.float32))
    assert status(*"run net.onnx --inputs x.npz -o y.npz".split()) == 0
    with np.load("y.npz", allow_pickle=False) as found:
        assert np.array_equal(found["file"], np.full((2, 4), 3, np.float32))


def test_path_in_a_message_keeps_its_dots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", "../nope.onnx") == 2
    assert "error: ../nope.onnx: " in capsys.readouterr().err


def test_unknown_target_of_a_report_is_refused(tmp_path: Path) -> None:
    onnx.save(plain_model(), tmp_path / "net.onnx")
    page = tmp_path / "report.html"
    assert status("report", str(tmp_path / "net.onnx"), "--profile", "cortex-m9", "-o", str(page)) == 2
    assert not page.exists()


def test_json_has_no_infinity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    w = Writer()
    w.quantized("x", "y", 1.0, 0)
    onnx.save(w.model([("x", [1, 4])], [("y", [1, 4])]), tmp_path / "net.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((1, 4), np.float32))
    arguments = ["report", str(tmp_path / "net.onnx"), "--inputs", str(tmp_path / "x.npz"), "--json"]
    main_status = status(*arguments, "--profile", "cortex-m4", "-o", str(tmp_path / "report.html"))
    assert main_status == 0
    text = capsys.readouterr().out
    assert "Infinity" not in text and "NaN" not in text
    assert json.loads(text)["quantization"][0]["sqnr"] is None


def random_weight(w: Writer, name: str, shape: Sequence[int], scale: float) -> str:
    return w.weight(name, np.random.default_rng(len(name)).integers(-127, 128, shape), scale)


@pytest.mark.parametrize("size", [2, 6])
def test_average_pool_of_the_whole_image_rounds_as_a_global_one(size: int) -> None:
    w = Writer()
    w.quantized("x", "p", 0.02, 3)
    w.node("AveragePool", ["p"], "a", kernel_shape=[size, size], strides=[size, size])
    w.quantized("a", "y", 0.02, -22)
    report = verify(w.model([("x", (1, 64, size, size))], [("y", (1, 64, 1, 1))]), samples=16)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


def test_matmul_of_vectors_in_any_arrangement_is_computed_on_codes() -> None:
    """Compared as well where no float tensor is an output: one keeps onnxruntime from fusing what makes it."""
    w = Writer()
    w.quantized("x", "p", 0.02, 3)
    w.node("MatMul", ["p", random_weight(w, "w", (12, 16), 0.01)], "m")
    w.quantized("m", "q", 0.05, -7)
    w.node("LayerNormalization", ["q", "g"], "n")
    w.constants["g"] = np.ones(16, np.float32)
    w.quantized("n", "y", 0.03, 0)
    report = verify(w.model([("x", (1, 5, 12))], [("y", (1, 5, 16))]), samples=16)
    assert (report.passed, report.differ) == (True, 0)
    (row,) = (row for row in report.layers if row.name == "make q_q")
    assert (row.compared, row.inexact) == (16 * 5 * 16, 0)


@pytest.mark.parametrize("moves", [["Reshape"], ["Transpose"], ["MaxPool"], ["Slice"], ["Identity", "Transpose"]])
def test_convolution_with_moves_before_its_codes_is_computed_on_codes(moves: list[str]) -> None:
    w = Writer()
    w.constants |= {"s": np.array([1, -1]), "b": np.array([1]), "e": np.array([3])}
    given: dict[str, tuple[list[str], dict[str, Any]]] = {
        "Reshape": (["s"], {}),
        "Transpose": ([], {"perm": [0, 2, 3, 1]}),
        "MaxPool": ([], {"kernel_shape": [2, 2]}),
        "Slice": (["b", "e", "b"], {}),
        "Identity": ([], {}),
    }
    w.quantized("x", "p", 0.02, 3)
    last = w.node("Conv", ["p", random_weight(w, "w", (4, 3, 3, 3), 0.01)], "c")
    for number, move in enumerate(moves):
        inputs, attributes = given[move]
        last = w.node(move, [last, *inputs], f"m{number}", **attributes)
    w.quantized(last, "y", 0.05, -5)
    model = shaped(w, (1, 3, 8, 8))
    report = verify(model, samples=32)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)
    assert "conv2d" in json.dumps(generate(model).manifest["layers"])
    assert not any(layer["dtype"] == "f32" for layer in generate(model).manifest["layers"] if "dtype" in layer)


def test_constants_of_the_file_have_rows_that_say_so() -> None:
    w = Writer()
    w.constants["two"] = np.array([2])
    w.node("Shape", ["x"], "shape")
    w.node("Slice", ["shape", "zero", "two"], "start")
    w.constants |= {"zero": np.array([0]), "rest": np.array([-1])}
    w.node("Concat", ["start", "rest"], "sizes", axis=0)
    w.node("Reshape", ["x", "sizes"], "flat")
    w.node("Relu", ["flat"], "y")
    report = verify(w.model([("x", (1, 3, 4, 4))], [("y", (1, 3, 16))]))
    rows = {row.name: row for row in report.layers}
    assert set(rows) == {f"make {name}" for name in ("shape", "start", "sizes", "flat", "y")}
    for name in ("shape", "start", "sizes"):
        row = rows[f"make {name}"]
        assert (row.compared, row.dtype) == (0, "int64")
        assert "a constant" in row.reason


def test_pad_of_uint8_codes() -> None:
    """A Pad between QOperators has a code as its value."""
    constants = {"s": np.float32(0.02), "z": np.uint8(128), "pads": np.array([0, 0, 0, 0, 0, 2, 0, 0])}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], "q"),
        helper.make_node("QLinearLeakyRelu", ["q", "s", "z", "s", "z"], ["r"], "r", domain="com.microsoft"),
        helper.make_node("Pad", ["r", "pads", "z"], ["p"], "p"),
        helper.make_node("DequantizeLinear", ["p", "s", "z"], ["y"], "d"),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 4, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 5, 4, 4))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    report = verify(helper.make_model(graph, opset_imports=opsets, ir_version=10))
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


def test_output_without_a_shape_in_the_file() -> None:
    w = Writer()
    w.node("Relu", ["x"], "y")
    model = shaped(w, (1, 3, 4, 4))
    assert verify(model).passed
    assert not model.graph.output[0].type.tensor_type.HasField("shape")


@pytest.mark.parametrize(("kernel", "shape"), [([3, 1, 1], (2, 9, 6, 5, 4)), ([1, 2, 3], (1, 6, 2, 7, 8))])
def test_pool_of_three_dimensions_that_leaves_some_alone(kernel: list[int], shape: tuple[int, ...]) -> None:
    """As PyTorch writes LocalResponseNorm."""
    w = Writer()
    pads = [size // 2 for size in kernel] * 2
    w.node("AveragePool", ["x"], "y", kernel_shape=kernel, pads=pads, count_include_pad=1)
    report = verify(shaped(w, shape))
    assert (report.passed, report.differ) == (True, 0)


def test_uint8_codes_without_a_zero_point() -> None:
    w = Writer()
    w.constants |= {"s": np.float32(0.03), "t": np.float32(0.02)}
    w.node("QuantizeLinear", ["x", "s"], "q")
    w.node("DequantizeLinear", ["q", "s"], "d")
    w.node("Sigmoid", ["d"], "f")
    w.node("QuantizeLinear", ["f", "t"], "r")
    w.node("DequantizeLinear", ["r", "t"], "y")
    report = verify(w.model([("x", (1, 3, 4, 4))], [("y", (1, 3, 4, 4))]))
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


def test_uint8_model_whose_layers_share_weights() -> None:
    """onnxruntime fails to load it with session.x64quantprecision."""
    w = Writer()
    w.constants |= {"s": np.float32(0.02), "z": np.uint8(128)}
    random_weight(w, "w", (6, 6), 0.01)
    last = "x"
    for number in range(3):
        w.node("QuantizeLinear", [last, "s", "z"], f"q{number}")
        w.node("DequantizeLinear", [f"q{number}", "s", "z"], f"d{number}")
        last = w.node("MatMul", [f"d{number}", "w"], f"m{number}")
    w.node("QuantizeLinear", [last, "s", "z"], "q")
    w.node("DequantizeLinear", ["q", "s", "z"], "y")
    model = w.model([("x", (1, 6))], [("y", (1, 6))])
    report = verify(model)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)
    assert report.golden.startswith("onnxruntime")


def test_integer_product_of_vectors_in_another_arrangement() -> None:
    """As quantize_dynamic writes a linear layer on tokens."""
    w = Writer()
    w.node("Identity", ["x"], "same")
    w.nodes.append(helper.make_node("DynamicQuantizeLinear", ["same"], ["q", "s", "z"], "dynamic"))
    w.constants |= {"w": np.random.default_rng(0).integers(-127, 128, (6, 4)).astype(np.int8), "o": np.int8(0)}
    w.node("MatMulInteger", ["q", "w", "z", "o"], "m")
    w.node("Cast", ["m"], "y", to=TensorProto.FLOAT)
    assert verify(w.model([("x", (2, 3, 6))], [("y", (2, 3, 4))])).passed


def test_multiplications_of_every_row_count() -> None:
    w = Writer()
    w.constants["w"] = np.ones((12, 16), np.float32)
    w.node("MatMul", ["x", "w"], "y")
    assert generate(w.model([("x", (1, 5, 12))], [("y", (1, 5, 16))])).manifest["macs"] == 5 * 12 * 16


def test_moves_of_codes_where_node_and_tensor_share_a_name() -> None:
    """A node without a name goes by its output's, which here is the name of another node."""
    w = Writer()
    w.quantized("x", "p", 0.05, 3)
    random_weight(w, "w", (6, 3, 3, 3), 0.01)
    w.node("Conv", ["p", "w"], "c")
    w.node("Transpose", ["c"], "t", perm=[0, 2, 3, 1])
    w.node("MaxPool", ["t"], "m", kernel_shape=[2, 1])
    w.quantized("m", "y", 0.07, -5)
    model = w.model([("x", (1, 3, 6, 7))], [("y", (1, 4, 4, 6))])
    names = {"y_q": "", "t": "y_q"}
    for node in model.graph.node:
        node.name = names.get(node.output[0], node.name)
    report = verify(model, samples=2)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


def small_model(path: Path) -> str:
    w = Writer()
    w.node("Relu", ["x"], "y")
    onnx.save(w.model([("x", (1, 4))], [("y", (1, 4))]), path)
    return str(path)


def test_the_folder_that_this_runs_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, made = small_model(tmp_path / "m.onnx"), tmp_path / "made"
    made.mkdir()
    monkeypatch.chdir(made)
    for folder in (".", str(made), "../made"):
        assert status("generate", model, "-o", folder) == 2
        assert "is the folder that this runs in" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert status("generate", model, "-o", "made") == 0
    files = sorted(made.rglob("*"))
    monkeypatch.chdir(made / "btw")
    assert status("generate", model, "-o", "..") == 2
    assert sorted(made.rglob("*")) == files


def test_a_list_of_files_that_is_not_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, made = small_model(tmp_path / "m.onnx"), tmp_path / "made"
    assert status("generate", model, "-o", str(made)) == 0
    (made / ".bittwin").write_bytes(b"\xff\xfe\x00")
    assert status("generate", model, "-o", str(made)) == 2
    assert "holds files that bittwin did not write" in capsys.readouterr().err


@pytest.mark.parametrize("target", TARGETS)
def test_real_sums_that_broadcast(target: str) -> None:
    """The kernels of an Add that broadcasts are those of Binary, which ask what is computed."""
    w = Writer()
    w.node("Sigmoid", ["z"], "s")
    w.node("Add", ["x", "s"], "y")
    model = generate(w.model([("x", (1, 8, 3, 5)), ("z", (1, 8, 1, 1))], [("y", (1, 8, 3, 5))]), target)
    assert [layer["kernel"] for layer in model.manifest["layers"]][-1].startswith("btw_binary_add_f32")


def test_lengths_of_nothing_but_zeros() -> None:
    """onnxruntime leaves them as they are; 0 / 0 is not a number."""
    w = Writer()
    w.node("Relu", ["x"], "r")
    for order in (1, 2):
        w.node("LpNormalization", ["r"], f"y{order}", axis=1, p=order)
    report = verify(w.model([("x", (1, 2, 4, 5))], [("y1", (1, 2, 4, 5)), ("y2", (1, 2, 4, 5))]), samples=4)
    assert (report.passed, report.differ) == (True, 0)


def test_pools_larger_than_the_image_that_round_up() -> None:
    """MaxPool2d(2, ceil_mode=True) of one row: the first window reaches past the image."""
    w = Writer()
    pool = dict(kernel_shape=[2, 3], strides=[2, 3], ceil_mode=1)
    w.node("MaxPool", ["x"], "m", **pool)
    w.node("AveragePool", ["x"], "a", **pool)
    w.node("AveragePool", ["x"], "b", count_include_pad=1, **pool)
    report = verify(w.model([("x", (1, 3, 1, 2))], [(y, (1, 3, 1, 1)) for y in "mab"]), samples=4)
    assert (report.passed, report.differ) == (True, 0)


def test_normalization_of_equal_values_is_zero() -> None:
    """A mean of equal values lay beside them, by a rounding that a deviation of almost nothing made large."""
    w = Writer()
    w.constants["scale"] = np.ones(15, np.float32)
    w.node("LayerNormalization", ["x", "scale"], "y", axis=-1)
    report = verify(
        w.model([("x", (1, 4, 15))], [("y", (1, 4, 15))]), inputs={"x": np.full((1, 4, 15), 0.73, np.float32)}
    )
    assert (report.passed, report.differ) == (True, 0)
