"""Layout moves of converted graphs cancel, channel shuffles are one move, flattens cost nothing; all verified."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import generate

TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


class Net:
    """A chain of nodes, each behind the last; int8: codes between every two."""

    def __init__(self, shape: tuple[int, ...], quantized: bool) -> None:
        self.shape, self.quantized = shape, quantized
        self.random = np.random.default_rng(len(shape))
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.last = "x"
        self.codes()

    def constant(self, values: object) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: object) -> None:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.last, *inputs], [name], name, **attributes))
        self.last = name

    def codes(self, scale: float = 0.05) -> None:
        if self.quantized:
            meaning = [self.constant(np.float32(scale)), self.constant(np.int8(3))]
            self.node("QuantizeLinear", *meaning)
            self.node("DequantizeLinear", *meaning)

    def weight(self, *shape: int) -> str:
        values = self.random.integers(-127, 128, shape, np.int8)
        if not self.quantized:
            return self.constant(values.astype(np.float32) * np.float32(0.01))
        last, self.last = self.last, self.constant(values)
        self.node("DequantizeLinear", self.constant(np.float32(0.01)), self.constant(np.int8(0)))
        weight, self.last = self.last, last
        return weight

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model)


def moving(model: onnx.ModelProto) -> list[str]:
    """The kernels that move values, in a model that was verified."""
    report = verify(model, samples=2)
    assert report.passed, report.first_difference
    made = generate(model)
    layers = made.manifest["layers"]
    return [layer["kernel"] for layer in layers if "gather" in layer["kernel"] or "transpose" in layer["kernel"]]


@pytest.mark.parametrize("quantized", [False, True])
def test_layout_changes_between_convolutions_cancel(quantized: bool) -> None:
    """Convolution, to channels last, Relu, back, convolution: as a converted TFLite graph has it."""
    net = Net((1, 3, 6, 5), quantized)
    net.node("Conv", net.weight(4, 3, 3, 3))
    net.node("Transpose", perm=TO_LAST)
    net.codes()
    net.node("Relu")
    net.codes()
    net.node("Transpose", perm=TO_FIRST)
    net.codes()
    net.node("Conv", net.weight(2, 4, 1, 1))
    net.codes()
    assert moving(net.model()) == []


@pytest.mark.parametrize("quantized", [False, True])
def test_flatten_of_channels_last_costs_nothing(quantized: bool) -> None:
    net = Net((1, 3, 6, 5), quantized)
    net.node("Conv", net.weight(4, 3, 3, 3))
    net.codes()
    net.node("Transpose", perm=TO_LAST)
    net.node("Reshape", net.constant(np.array([1, -1])))
    net.codes()
    net.node("Gemm", net.weight(5, 48), transB=1)
    net.codes()
    assert moving(net.model()) == []


@pytest.mark.parametrize("quantized", [False, True])
def test_a_transposed_flatten_goes_into_the_weights(quantized: bool) -> None:
    net = Net((1, 3, 6, 5), quantized)
    net.node("Conv", net.weight(4, 3, 3, 3))
    net.codes()
    net.node("Transpose", perm=[0, 3, 2, 1])
    net.node("Reshape", net.constant(np.array([1, -1])))
    net.codes()
    net.node("Gemm", net.weight(5, 48), transB=1)
    net.codes()
    assert moving(net.model()) == []


@pytest.mark.parametrize("quantized", [False, True])
def test_a_channel_shuffle_is_one_move_of_pixels(quantized: bool) -> None:
    net = Net((1, 6, 4, 5), quantized)
    net.node("Conv", net.weight(6, 6, 1, 1))
    net.codes()
    net.node("Reshape", net.constant(np.array([1, 2, 3, 4, 5])))
    net.codes()
    net.node("Transpose", perm=[0, 2, 1, 3, 4])
    net.codes()
    net.node("Reshape", net.constant(np.array([1, 6, 4, 5])))
    net.codes()
    net.node("Conv", net.weight(2, 6, 3, 3))
    net.codes()
    assert moving(net.model()) == ["btw_gather_pixels_u8_scalar"]


def test_two_transposes_are_one() -> None:
    net = Net((1, 3, 4, 5), False)
    net.node("Relu")
    net.node("Transpose", perm=[0, 2, 3, 1])
    net.node("Reshape", net.constant(np.array([1, 4, 15])))
    net.node("Transpose", perm=[0, 2, 1])
    assert len(moving(net.model())) <= 1
