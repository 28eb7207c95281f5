"""Export: each pass fires where it must and only there, the result agrees with torch, and what is wrong is said."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.testing import assert_allclose
from onnx import ModelProto, numpy_helper
from torch import nn

from bittwin.exporter import export, export_spec, normalize
from bittwin.onnx_passes.remove_unused import remove_unused
from bittwin.onnx_passes.replace_batch_normalization import replace_batch_normalization
from bittwin.onnx_passes.replace_max_zero import replace_max_zero
from bittwin.onnx_passes.replace_reduce_mean import replace_reduce_mean
from bittwin.onnx_passes.values import shape
from bittwin_cgen.errors import BittwinError

Pass = Callable[[ModelProto], ModelProto]


def _model(text: str, opset: int = 20, **initializers: np.ndarray) -> ModelProto:
    """A model from ONNX's text form, with checked types and inferred shapes."""
    graph = onnx.parser.parse_graph(text)
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in initializers.items())
    opsets = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid("custom", 1)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return onnx.shape_inference.infer_shapes(model)


def _ops(model: ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def _run(model: ModelProto, seed: int) -> list[np.ndarray]:
    """Outputs for random inputs, without onnxruntime's own rewriting."""
    random = np.random.default_rng(seed)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {
        value.name: random.standard_normal(value.shape).astype(np.float32)
        if value.type == "tensor(float)"
        else random.integers(-9, 9, value.shape)
        for value in session.get_inputs()
    }
    return list(session.run(None, feeds))


def _assert_fires(rewrite: Pass, model: ModelProto, expected_ops: list[str]) -> ModelProto:
    """The pass leaves its argument alone, gives a valid model of these ops and the same outputs by the same names."""
    before = model.SerializeToString()
    result = rewrite(model)
    assert model.SerializeToString() == before
    assert _ops(result) == expected_ops
    onnx.checker.check_model(result, full_check=True)
    assert [value.name for value in result.graph.output] == [value.name for value in model.graph.output]
    for seed in range(3):
        for old, new in zip(_run(model, seed), _run(result, seed), strict=True):
            assert old.shape == new.shape
            assert_allclose(new, old, rtol=1e-5, atol=1e-6)
    return result


def _assert_stays(rewrite: Pass, model: ModelProto) -> None:
    assert rewrite(model) == model


# ReduceMean to GlobalAveragePool


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [3, 2], [2, -1]])
def test_reduce_mean_keeping_dimensions_becomes_global_average_pool(axes: list[int]) -> None:
    model = _model("g (float[2,3,4,5] x) => (float[2,3,1,1] y) { y = ReduceMean (x, axes) }", axes=np.array(axes))
    _assert_fires(replace_reduce_mean, model, ["GlobalAveragePool"])


def test_reduce_mean_dropping_dimensions_becomes_pool_and_flatten() -> None:
    model = _model(
        "g (float[2,3,4,5] x) => (float[2,3] y) { y = ReduceMean <keepdims=0> (x, axes) }", axes=np.array([2, 3])
    )
    _assert_fires(replace_reduce_mean, model, ["GlobalAveragePool", "Flatten"])


def test_reduce_mean_with_axes_of_a_constant_node() -> None:
    model = _model(
        "g (float[1,3,4,5] x) => (float[1,3,1,1] y) { axes = Constant <value_ints=[2,3]> () y = ReduceMean (x, axes) }"
    )
    _assert_fires(replace_reduce_mean, model, ["Constant", "GlobalAveragePool"])


@pytest.mark.parametrize(("keepdims", "ops"), [(1, ["GlobalAveragePool"]), (0, ["GlobalAveragePool", "Flatten"])])
def test_reduce_mean_with_axes_as_attribute(keepdims: int, ops: list[str]) -> None:
    output = "float[1,3,1,1]" if keepdims else "float[1,3]"
    text = f"g (float[1,3,4,5] x) => ({output} y) {{ y = ReduceMean <axes=[-2,-1], keepdims={keepdims}> (x) }}"
    _assert_fires(replace_reduce_mean, _model(text, opset=13), ops)


def test_reduce_mean_of_a_sequence() -> None:
    model = _model("g (float[2,3,7] x) => (float[2,3,1] y) { y = ReduceMean (x, axes) }", axes=np.array([-1]))
    _assert_fires(replace_reduce_mean, model, ["GlobalAveragePool"])


def test_reduce_mean_keeps_names_metadata_and_neighbours() -> None:
    model = _model(
        "g (float[1,2,3,3] x) => (float[1,2] y) { a = Relu (x) y = ReduceMean <keepdims=0> (a, axes) }",
        axes=np.array([2, 3]),
    )
    model.graph.node[1].name = "head"
    model.graph.node[1].metadata_props.add(key="namespace", value="net.head")
    result = _assert_fires(replace_reduce_mean, model, ["Relu", "GlobalAveragePool", "Flatten"])
    assert result.graph.node[1].name == "head"
    assert [node.metadata_props[0].value for node in result.graph.node[1:]] == ["net.head"] * 2


@pytest.mark.parametrize("axes", [[1], [2], [3], [1, 2, 3], [0, 2, 3]])
def test_reduce_mean_over_other_axes_stays(axes: list[int]) -> None:
    output = [1 if axis in axes else size for axis, size in enumerate((2, 3, 4, 5))]
    model = _model(f"g (float[2,3,4,5] x) => (float{output} y) {{ y = ReduceMean (x, axes) }}", axes=np.array(axes))
    _assert_stays(replace_reduce_mean, model)


def test_reduce_mean_over_everything_or_over_axes_given_at_run_time_stays() -> None:
    _assert_stays(replace_reduce_mean, _model("g (float[2,3,4,5] x) => (float[1,1,1,1] y) { y = ReduceMean (x) }"))
    text = "g (float[2,3,4,5] x, int64[2] axes) => (float[a,b,c,d] y) { y = ReduceMean (x, axes) }"
    _assert_stays(replace_reduce_mean, _model(text))
    _assert_stays(replace_reduce_mean, _model(text, axes=np.array([2, 3])))


def test_reduce_mean_of_unknown_shape_or_of_a_matrix_stays() -> None:
    unknown = _model("g (float[N,3,H,W] x) => (float[N,3,1,1] y) { y = ReduceMean (x, axes) }", axes=np.array([2, 3]))
    _assert_stays(replace_reduce_mean, unknown)
    matrix = _model("g (float[2,3] x) => (float[2,1] y) { y = ReduceMean (x, axes) }", axes=np.array([1]))
    _assert_stays(replace_reduce_mean, matrix)
    nothing = _model("g (float[2,3] x) => (float[1,1] y) { y = ReduceMean (x, axes) }", axes=np.array([], np.int64))
    _assert_stays(replace_reduce_mean, nothing)


# Max(x, 0) to Relu


@pytest.mark.parametrize("inputs", ["x, zero", "zero, x"])
@pytest.mark.parametrize("zero_shape", [(), (1,), (3, 1, 1), (1, 3, 4, 5)])
def test_max_with_zero_becomes_relu(inputs: str, zero_shape: tuple[int, ...]) -> None:
    model = _model(
        f"g (float[2,3,4,5] x) => (float[2,3,4,5] y) {{ y = Max ({inputs}) }}", zero=np.zeros(zero_shape, np.float32)
    )
    assert list(_assert_fires(replace_max_zero, model, ["Relu"]).graph.node[0].input) == ["x"]


def test_max_with_a_constant_node_becomes_relu() -> None:
    model = _model("g (float[3] x) => (float[3] y) { zero = Constant <value_float=0.0> () y = Max (x, zero) }")
    _assert_fires(replace_max_zero, model, ["Constant", "Relu"])


@pytest.mark.parametrize("value", [1.0, -1.0, 1e-30, [0.0, 0.0, 1.0]])
def test_max_with_another_constant_stays(value: object) -> None:
    model = _model("g (float[2,3] x) => (float[2,3] y) { y = Max (x, c) }", c=np.array(value, np.float32))
    _assert_stays(replace_max_zero, model)


def test_max_that_broadcasts_x_stays() -> None:
    zero = np.zeros((2, 3), np.float32)
    _assert_stays(replace_max_zero, _model("g (float[1,3] x) => (float[2,3] y) { y = Max (x, c) }", c=zero))
    _assert_stays(replace_max_zero, _model("g (float[3] x) => (float[2,3] y) { y = Max (x, c) }", c=zero))


def test_max_of_integers_of_two_inputs_of_three_and_min_stay() -> None:
    _assert_stays(
        replace_max_zero, _model("g (int64[3] x) => (int64[3] y) { y = Max (x, c) }", c=np.zeros((), np.int64))
    )
    _assert_stays(replace_max_zero, _model("g (float[3] x, float[3] z) => (float[3] y) { y = Max (x, z) }"))
    zero = np.zeros((), np.float32)
    _assert_stays(replace_max_zero, _model("g (float[3] x, float[3] z) => (float[3] y) { y = Max (x, z, c) }", c=zero))
    _assert_stays(replace_max_zero, _model("g (float[3] x) => (float[3] y) { y = Min (x, c) }", c=zero))


# BatchNormalization to a depthwise Conv


def _parameters(channels: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    drawn = {name: random.standard_normal(channels) for name in ("s", "b", "m")} | {
        "v": random.uniform(0.01, 4, channels)
    }
    return {name: array.astype(np.float32) for name, array in drawn.items()}


@pytest.mark.parametrize("epsilon", [1e-5, 0.5])
def test_batch_normalization_becomes_a_depthwise_convolution(epsilon: float) -> None:
    text = (
        f"g (float[2,3,4,5] x) => (float[2,3,4,5] y) {{ y = BatchNormalization <epsilon={epsilon}> (x, s, b, m, v) }}"
    )
    parameters = _parameters(3)
    result = _assert_fires(replace_batch_normalization, _model(text, **parameters), ["Conv"])
    weight, bias = (numpy_helper.to_array(tensor) for tensor in result.graph.initializer[-2:])
    s, b, m, v = (array.astype(np.float64) for array in parameters.values())
    epsilon64 = float(np.float32(epsilon))
    assert np.array_equal(weight[:, 0, 0, 0], (s / np.sqrt(v + epsilon64)).astype(np.float32))
    assert np.array_equal(bias, (b - m * (s / np.sqrt(v + epsilon64))).astype(np.float32))


def test_batch_normalization_default_epsilon_and_taken_names() -> None:
    text = """g (float[1,2,3,3] x) => (float[1,2,3,3] z)
        { y_weight = Relu (x) y = BatchNormalization (y_weight, s, b, m, v) z = BatchNormalization (y, s, b, m, v) }"""
    model = _model(text, **{**_parameters(2), "v": np.array([1e-6, 1e-5], np.float32)})
    result = _assert_fires(replace_batch_normalization, model, ["Relu", "Conv", "Conv"])
    assert len({tensor.name for tensor in result.graph.initializer}) == len(result.graph.initializer)


def test_batch_normalization_of_other_ranks_stays() -> None:
    text = "g (float[2,3] x) => (float[2,3] y) { y = BatchNormalization (x, s, b, m, v) }"
    _assert_stays(replace_batch_normalization, _model(text, **_parameters(3)))
    text = "g (float[2,3,4] x) => (float[2,3,4] y) { y = BatchNormalization (x, s, b, m, v) }"
    _assert_stays(replace_batch_normalization, _model(text, **_parameters(3)))


def test_batch_normalization_in_training_or_with_parameters_given_at_run_time_stays() -> None:
    text = """g (float[2,3,4,5] x) => (float[2,3,4,5] y, float[3] rm, float[3] rv)
        { y, rm, rv = BatchNormalization <training_mode=1> (x, s, b, m, v) }"""
    _assert_stays(replace_batch_normalization, _model(text, **_parameters(3)))
    text = "g (float[2,3,4,5] x, float[3] s) => (float[2,3,4,5] y) { y = BatchNormalization (x, s, b, m, v) }"
    parameters = _parameters(3)
    del parameters["s"]
    _assert_stays(replace_batch_normalization, _model(text, **parameters))


@pytest.mark.parametrize("rewrite", [replace_reduce_mean, replace_max_zero, replace_batch_normalization])
@pytest.mark.parametrize("op", ["ReduceMean", "Max", "BatchNormalization"])
def test_operators_of_other_domains_stay(rewrite: Pass, op: str) -> None:
    text = f"g (float[1,2,3,3] x) => (float[1,2,3,3] y) {{ y = custom.{op} (x, c) }}"
    model = _model(text, c=np.zeros((), np.float32))
    _assert_stays(rewrite, model)


# remove_unused


def test_unused_constants_go_and_what_a_branch_reads_stays() -> None:
    text = """g (float[2] x, bool condition) => (float[2] y) {
        dead = Constant <value_float=1.0> ()
        y = If (condition) <
            then_branch = t () => (float[2] a) { a = Add (x, used) },
            else_branch = e () => (float[2] b) { b = Relu (x) }
        >
    }"""
    model = _model(text, used=np.ones(2, np.float32), unused=np.ones(2, np.float32))
    model.graph.value_info.append(onnx.helper.make_tensor_value_info("gone", onnx.TensorProto.FLOAT, [1]))
    result = remove_unused(model)
    assert _ops(result) == ["If"]
    assert [tensor.name for tensor in result.graph.initializer] == ["used"]
    assert not any(value.name in ("gone", "dead") for value in result.graph.value_info)
    _assert_stays(remove_unused, result)


# what torch writes, through all passes


class Everything(nn.Module):
    """One of each thing that export must normalize."""

    def __init__(self) -> None:
        super().__init__()
        self.lone = nn.BatchNorm2d(3)
        self.pad = nn.ZeroPad2d((0, 1, 2, 0))
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.folded = nn.BatchNorm2d(4)
        self.pool = nn.AdaptiveAvgPool2d(1)
        with torch.no_grad():
            for norm in (self.lone, self.folded):
                for value, low in (
                    (norm.weight, 0.5),
                    (norm.bias, -0.5),
                    (norm.running_mean, -0.5),
                    (norm.running_var, 0.5),
                ):
                    assert value is not None
                    value.uniform_(low, low + 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.folded(self.conv(self.pad(self.lone(x)))).clamp(min=0)
        return self.pool(y), y.mean([2, 3])


def test_everything_is_normalized_and_static() -> None:
    torch.manual_seed(0)
    model = export(Everything(), (1, 3, 9, 9))
    assert _ops(model) == ["Conv", "Conv", "Relu", "GlobalAveragePool", "GlobalAveragePool", "Flatten"]
    pads = [attribute.ints for attribute in model.graph.node[1].attribute if attribute.name == "pads"]
    assert [list(values) for values in pads] == [[2, 0, 0, 1]]
    assert all(shape(model.graph, name) for node in model.graph.node for name in (*node.input, *node.output))
    read = {name for node in model.graph.node for name in node.input}
    assert all(tensor.name in read for tensor in model.graph.initializer)
    assert [opset.version for opset in model.opset_import] == [20]
    scopes = [prop.value for node in model.graph.node for prop in node.metadata_props if prop.key == "namespace"]
    modules = ["lone", "folded", "clamp", "pool", "mean_1", "mean_1"]
    assert [scope.split("/")[1].split(":")[0] for scope in scopes] == modules


def test_every_part_gets_its_training_flag_back() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout(0.9))
    network.train()
    network[1].eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    model = export(network, (1, 1, 4, 4))
    assert _ops(model) == ["Conv"]
    assert [part.training for part in network.modules()] == [True, True, False, True]
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_training_flags_come_back_after_an_error() -> None:
    network = nn.Conv2d(3, 2, 1).train()
    with pytest.raises(BittwinError):
        export(network, (1, 4, 2, 2))
    assert network.training


class Two(nn.Module):
    def forward(self, left: torch.Tensor, right: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"sum": left + right, "product": left * right}


@pytest.mark.parametrize("kind", ["shapes", "arrays", "mixed"])
def test_several_inputs_and_outputs(kind: str) -> None:
    array, tensor = np.ones((1, 2, 3, 3), np.float32), torch.ones(1, 2, 3, 3)
    inputs = {
        "shapes": [(1, 2, 3, 3), (1, 2, 3, 3)],
        "arrays": [array, tensor],
        "mixed": [array, (1, 2, 3, 3)],
    }[kind]
    model = export(Two(), inputs)
    assert [value.name for value in model.graph.input] == ["left", "right"]
    assert len(model.graph.output) == 2


def test_one_example_array_is_one_input() -> None:
    model = export(nn.ReLU(), np.ones((2, 3), np.float32))
    assert shape(model.graph, model.graph.input[0].name) == (2, 3)


def test_integer_examples_are_kept() -> None:
    model = export(nn.Embedding(5, 2), torch.tensor([[0, 4]]))
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64


def test_export_is_quiet_and_leaves_logging_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export(nn.Conv2d(1, 1, 1), (1, 1, 2, 2))
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET


def test_first_export_of_a_process_is_quiet() -> None:
    """Some of the exporter's chatter comes once, when its registry is built."""
    code = "from torch import nn; from bittwin.exporter import export; export(nn.ReLU(), (1, 2))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "")


def test_written_file_is_the_model_in_one_file(tmp_path: Path) -> None:
    model = export(nn.Conv2d(1, 1, 3), (1, 1, 4, 4), tmp_path / "net.onnx")
    assert [file.name for file in tmp_path.iterdir()] == ["net.onnx"]
    assert onnx.load(tmp_path / "net.onnx") == model


def test_unwritable_path_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BittwinError, match=r"net\.onnx"):
        export(nn.ReLU(), (1, 2), tmp_path / "absent" / "net.onnx")
    assert not list(tmp_path.iterdir())


# comparison with torch


def test_a_wrong_graph_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def halve_first_weight(model: ModelProto) -> ModelProto:
        result = normalize(model)
        weight = result.graph.initializer[0]
        array = numpy_helper.to_array(weight).copy()
        array.flat[0] *= 0.5
        weight.CopyFrom(numpy_helper.from_array(array, weight.name))
        return result

    monkeypatch.setattr("bittwin.exporter.normalize", halve_first_weight)
    with pytest.raises(BittwinError, match=r"Conv2d: onnxruntime and torch differ in conv2d: .* of 9 values, by up to"):
        export(nn.Conv2d(1, 1, 2), (1, 1, 4, 4))


def test_a_wrong_output_shape_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def transpose(model: ModelProto) -> ModelProto:
        return _model("g (float[2,3] input) => (float[3,2] y) { y = Transpose <perm=[1,0]> (input) }")

    monkeypatch.setattr("bittwin.exporter.normalize", transpose)
    with pytest.raises(BittwinError, match=r"float32\[3, 2\] against float32\[2, 3\]"):
        export(nn.ReLU(), (2, 3))


class Cancelling(nn.Module):
    """Large terms that cancel: no two orders of float32 sums agree."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(1000 * torch.randn(2000, 4, generator=generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight - torch.flip(x, [1]) @ torch.flip(self.weight, [0])


def test_float64_arbitrates_where_float32_is_ill_conditioned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def deny(*arguments: object) -> bool:
        asked.append(arguments)
        return False

    export(Cancelling(), (1, 2000))
    monkeypatch.setattr("bittwin.exporter._arbitrate", deny)
    with pytest.raises(BittwinError, match="differ"):
        export(Cancelling(), (1, 2000))
    assert len(asked) == 1


# what is refused


def _assert_refused(error: pytest.ExceptionInfo[BittwinError], where: str, what: str, do: str) -> None:
    assert error.value.where == where
    assert what in error.value.what
    assert do in error.value.do


class DependsOnValues(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1 if x.sum() > 0 else x - 1


class DynamicOutput(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nonzero(x)


@pytest.mark.parametrize(
    ("module", "inputs", "what", "do"),
    [
        (nn.Conv2d(3, 2, 1), (1, 4, 2, 2), "it fails on inputs of shape (1, 4, 2, 2): RuntimeError: ", "input shape"),
        (nn.ReLU(), (1, 0, 2), "input shape (1, 0, 2) is not whole sizes", "1,3,32,32"),
        (nn.ReLU(), (1, 2.5), "input shape (1, 2.5) is not whole sizes", "1,3,32,32"),
        (nn.ReLU(), (), "no input shape is given", "1,3,32,32"),
        (DependsOnValues(), (1, 2), "torch.onnx.export failed: ", "control flow"),
        (DynamicOutput(), (2, 2), "is not static", "independent of the values"),
        (nn.Conv2d(1, 1, 1, device="meta"), (1, 1, 2, 2), "its weights are on meta", "module.cpu()"),
    ],
    ids=["wrong shape", "zero size", "fraction", "nothing", "control flow", "dynamic", "device"],
)
def test_bad_modules(module: nn.Module, inputs: tuple[int, ...], what: str, do: str) -> None:
    with pytest.raises(BittwinError) as error:
        export(module, inputs)
    _assert_refused(error, type(module).__name__, what, do)


def test_an_opset_that_torch_cannot_write() -> None:
    with pytest.raises(BittwinError) as error:
        export(nn.ReLU(), (1, 2), opset=99)
    _assert_refused(error, "ReLU", "99", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with modules of networks; what is imported from it is forgotten afterwards."""
    (tmp_path / "some_nets.py").write_text(
        "from torch import nn\n"
        "print('hello')\n"
        "INPUT_SHAPE = (1, 2, 3, 3)\n"
        "def build(): return nn.Conv2d(2, 1, 1)\n"
        "def marked(): return nn.Conv2d(4, 1, 1)\n"
        "marked.input_shape = (1, 4, 3, 3)\n"
        "def two(): return nn.Bilinear(2, 3, 1)\n"
        "def broken(): raise ValueError('no such width')\n"
        "def number(): return 7\n"
        "def needs(width): return nn.ReLU()\n"
        "constant = 3\n"
    )
    (tmp_path / "no_shape.py").write_text("from torch import nn\nbuild = nn.ReLU\n")
    (tmp_path / "missing_import.py").write_text("import not_installed_at_all\n")
    (tmp_path / "bad_syntax.py").write_text("def build(:\n")
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    path = list(sys.path)
    yield tmp_path
    assert sys.path == path
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("spec", "argument", "shapes"),
    [
        ("some_nets:build", None, [(1, 2, 3, 3)]),
        ("some_nets:build", "1,2,5,7", [(1, 2, 5, 7)]),
        ("some_nets:marked", None, [(1, 4, 3, 3)]),
        ("some_nets:marked", "2,4,1,1", [(2, 4, 1, 1)]),
        ("some_nets:two", "1,2; 1,3", [(1, 2), (1, 3)]),
        ("no_shape:build", "1,2", [(1, 2)]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_export_spec_finds_the_input_shape(
    spec: str, argument: str | None, shapes: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    model = export_spec(spec, argument)
    assert [shape(model.graph, value.name) for value in model.graph.input] == shapes
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("spec", "argument", "where", "what", "do"),
    [
        ("some_nets", None, "some_nets", "not of the form module:callable", "models.digits:build"),
        ("some_nets:", None, "some_nets:", "not of the form module:callable", "models.digits:build"),
        (":build", None, ":build", "not of the form module:callable", "models.digits:build"),
        ("absent:build", None, "absent:build", "there is no module absent", "folder"),
        ("some_nets.deep:build", None, "some_nets.deep:build", "there is no module some_nets.deep", "folder"),
        ("..some_nets:build", None, "..some_nets:build", "importing ..some_nets raised", "importable"),
        ("missing_import:build", None, "missing_import:build", "needs not_installed_at_all", "Install"),
        ("bad_syntax:build", None, "bad_syntax:build", "raised SyntaxError", "importable"),
        ("some_nets:absent", None, "some_nets:absent", "some_nets has no absent", "function or class"),
        ("some_nets:constant", None, "some_nets:constant", "constant is int, not callable", "function or class"),
        ("some_nets:broken", None, "some_nets:broken", "raised ValueError: no such width", "arguments"),
        ("some_nets:needs", None, "some_nets:needs", "raised TypeError", "arguments"),
        ("some_nets:number", None, "some_nets:number", "it returned int", "Return the network"),
        ("no_shape:build", None, "no_shape:build", "no input shape is known", "--input-shape"),
        ("no_shape:build", "1,x", "--input-shape 1,x", "not sizes separated by commas", "1,3,32,32"),
        ("no_shape:build", "", "--input-shape ", "not sizes separated by commas", "1,3,32,32"),
        ("no_shape:build", "1,-2", "no_shape:build", "input shape (1, -2) is not whole sizes", "1,3,32,32"),
        ("some_nets:build", "1,3,2,2", "some_nets:build", "it fails on inputs of shape (1, 3, 2, 2)", "input shape"),
        (
            "some_nets:build",
            "1,2,2,2;1,2",
            "some_nets:build",
            "it fails on inputs of shape (1, 2, 2, 2); (1, 2)",
            "input",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_bad_specs(spec: str, argument: str | None, where: str, what: str, do: str) -> None:
    with pytest.raises(BittwinError) as error:
        export_spec(spec, argument)
    _assert_refused(error, where, what, do)


def test_without_torch_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for call in (lambda: export_spec("models.digits:build"), lambda: export(None, (1, 2))):  # type: ignore[arg-type]
        with pytest.raises(BittwinError) as error:
            call()
        _assert_refused(error, "export", "PyTorch is not installed", 'pip install "bittwin[torch]"')


def test_importing_export_does_not_import_torch() -> None:
    code = "import sys, bittwin.exporter; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_exported_files_hold_no_path_of_this_machine():
    """torch keeps a stack trace of each node; module paths stay."""
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU())
    traced = export(module, (1, 1, 5, 5))
    keys = {entry.key for node in traced.graph.node for entry in node.metadata_props}
    assert keys
    assert not any("stack_trace" in key for key in keys)
    assert str(Path(__file__).parent).encode() not in traced.SerializeToString()
