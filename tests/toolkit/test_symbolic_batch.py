"""A batch with a name instead of a number is 1, and that is said; other sizes that are not known are refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from bittwin import check, quantize, verify
from bittwin.cli import app
from bittwin_cgen import BittwinError
from bittwin_cgen.read_onnx import load_model
from tests.graphs import GraphBuilder

NETWORK = """<ir_version: 10, opset_import: ["": 20]>
net (float[{input}] x) => (float[{output}] y) <int64 zero = {{0}}, int64[1] rest = {{-1}}, int64[1] axis = {{0}}>
{{
    r = Relu (x)
    p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
    shape = Shape (p)
    batch = Gather (shape, zero)
    first = Unsqueeze (batch, axis)
    wanted = Concat <axis = 0> (first, rest)
    y = Reshape (p, wanted)
}}"""


def network(given: str, result: str = "N,12") -> onnx.ModelProto:
    return onnx.parser.parse_model(NETWORK.format(input=given, output=result))


def with_sizes(model: onnx.ModelProto, *sizes: int) -> onnx.ModelProto:
    """The sizes of its input as they are, -1 too."""
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim, sizes, strict=True):
        dimension.dim_value = size
    return model


@pytest.mark.parametrize("name", ["N", "batch_size", "?"])
def test_a_batch_with_a_name_is_one(name: str) -> None:
    model = network(f"{name},3,4,4") if name != "?" else with_sizes(network("1,3,4,4"), -1, 3, 4, 4)
    given = model.SerializeToString()
    report = verify(model)
    assert report.passed
    (note,) = report.notes
    assert "is set to 1" in note
    assert name == "?" or repr(name) in note
    assert check(model)["notes"] == [note]
    assert model.SerializeToString() == given
    assert load_model(model).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1


def test_a_batch_of_a_number_needs_no_note() -> None:
    assert check(network("2,3,4,4"))["notes"] == []


def test_a_quantized_model_of_such_a_batch() -> None:
    graph = GraphBuilder(np.random.default_rng(0), "float32")
    graph.output(graph.conv(graph.input(1, 3, 4, 4, name="x"), 4))
    model = graph.model()
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    result = quantize(model, np.random.default_rng(0).standard_normal((4, 3, 4, 4)).astype(np.float32))
    report = verify(result.model)
    assert report.passed
    assert (report.dtype, report.differ) == ("int8", 0)


@pytest.mark.parametrize(
    ("given", "said", "way_out"),
    [
        ("N,3,height,4", "dimension 0 is dynamic ('N')", "--dim_param N --dim_value SIZE"),
        ("1,3,height,4", "dimension 2 is dynamic ('height')", "--dim_param height --dim_value SIZE"),
        ("N,3,N,4", "dimension 0 is dynamic ('N')", "--dim_param N --dim_value SIZE"),
        ("N", "dimension 0 is dynamic ('N')", "--dim_param N --dim_value SIZE"),
    ],
)
def test_other_sizes_are_refused_with_the_command_that_fixes_them(given: str, said: str, way_out: str) -> None:
    model = network(given)
    with pytest.raises(BittwinError) as error:
        verify(model)
    assert error.value.what == said
    assert f"make_dynamic_shape_fixed {way_out} " in error.value.do


def test_a_name_in_the_command_is_no_command() -> None:
    model = network("1,3,height,4")
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "h; rm -rf ~"
    with pytest.raises(BittwinError, match="--dim_param 'h; rm -rf ~' "):
        verify(model)


def test_a_size_without_a_name_is_given_with_the_whole_shape() -> None:
    with pytest.raises(BittwinError, match="--input_name x --input_shape 1,3,SIZE,4 "):
        verify(with_sizes(network("1,3,4,4"), 1, 3, -1, 4))


def test_the_command_says_it(tmp_path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(network("N,3,4,4"), path)
    for verb in ("check", "verify"):
        done = CliRunner().invoke(app, [verb, str(path)])
        assert done.exit_code == 0
        assert "batch: 'N' is set to 1" in done.output
