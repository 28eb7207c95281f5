"""Channels that no output depends on go, those that only look so at the border stay; every bit is onnxruntime's."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import generate

Array = NDArray[Any]


class Net:
    """int8 QDQ nodes behind each other; every result has codes of its own."""

    def __init__(self, channels: int, size: int = 6) -> None:
        self.random = np.random.default_rng(channels)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.shape = (1, channels, size, size)
        self.last = self.codes("x")

    def constant(self, value: Any) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def codes(self, x: str, scale: float = 0.05, zero_point: int = 3) -> str:
        meaning = [self.constant(np.float32(scale)), self.constant(np.int8(zero_point))]
        name = f"q{len(self.nodes)}"
        self.nodes.append(helper.make_node("QuantizeLinear", [x, *meaning], [name], name))
        self.nodes.append(helper.make_node("DequantizeLinear", [name, *meaning], [f"{name}_real"], f"{name}_real"))
        return f"{name}_real"

    def put(self, operator: str, *inputs: str, zero_point: int = 3, **attributes: Any) -> None:
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.last, *inputs], [name], name, **attributes))
        self.last = self.codes(name, zero_point=zero_point)

    def weights(self, codes: Array) -> str:
        name = f"w{len(self.nodes)}"
        given = [self.constant(codes.astype(np.int8)), self.constant(np.float32(0.01)), self.constant(np.int8(0))]
        self.nodes.append(helper.make_node("DequantizeLinear", given, [name], name))
        return name

    def draw(self, *shape: int) -> Array:
        codes: Array = self.random.integers(1, 100, shape) * self.random.choice([-1, 1], shape)
        return codes

    def conv(self, weight: Array, bias: Array | None = None, zero_point: int = 3, **attributes: Any) -> None:
        inputs = [self.weights(weight)] + ([] if bias is None else [self.constant(bias.astype(np.float32))])
        self.put("Conv", *inputs, zero_point=zero_point, **attributes)

    def simplified(self) -> dict[str, Any]:
        """What went, of a model that was verified: no code differs."""
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        model = onnx.shape_inference.infer_shapes(model)
        report = verify(model, samples=2)
        assert report.passed and report.differ == report.inexact == 0, report.first_difference
        facts: dict[str, Any] = generate(model).manifest["simplification"]
        return facts


def first(net: Net, bias: Array | None = None, zero_point: int = 3) -> None:
    """A convolution whose channels 1 and 4 of 6 have no weights."""
    weight = net.draw(6, net.shape[1], 3, 3)
    weight[[1, 4]] = 0
    net.conv(weight, bias, zero_point)


def test_channels_without_weights_go_with_their_readers() -> None:
    """Through a depthwise convolution, Relu and a pool; they are zero, as is the padding."""
    net = Net(3)
    first(net)
    net.put("Relu")
    net.conv(net.draw(6, 1, 3, 3), pads=[1, 1, 1, 1], group=6)
    net.put("MaxPool", kernel_shape=[2, 2])
    net.conv(net.draw(5, 6, 2, 2))
    facts = net.simplified()
    assert facts["channels"] == 2 * 4
    assert facts["weights"] == 2 * (3 * 9) + 2 * 9 + 2 * 5 * 4
    assert {len(live) for live in facts["live"].values()} == {4}


def test_a_constant_that_is_not_zero_goes_into_the_bias() -> None:
    net = Net(3)
    first(net, bias=np.linspace(-1, 1, 6))
    net.conv(net.draw(5, 6, 1, 1), net.random.standard_normal(5))
    assert net.simplified()["channels"] == 2


@pytest.mark.parametrize("depthwise", [False, True])
def test_a_constant_stays_where_padding_has_another_value(depthwise: bool) -> None:
    """At the border the window holds zeros beside the constant: it is not the same everywhere."""
    net = Net(3)
    first(net, bias=np.full(6, 0.7))
    if depthwise:
        net.conv(net.draw(6, 1, 3, 3), pads=[1, 1, 1, 1], group=6)
        net.conv(net.draw(5, 6, 1, 1))
    else:
        net.conv(net.draw(5, 6, 3, 3), pads=[0, 0, 1, 1])
    assert net.simplified()["channels"] == 0


def test_channels_that_only_zeros_read_go_too() -> None:
    """And the weights behind them: the channels of the first that only they read."""
    net = Net(3)
    net.conv(net.draw(4, 3, 1, 1))
    middle = net.draw(6, 4, 3, 3)
    middle[:5, 2] = 0  # channel 2 is read by output 5 alone
    net.conv(middle)
    last = net.draw(5, 6, 1, 1)
    last[:, 5] = 0
    net.conv(last)
    assert net.simplified()["channels"] == 2


def test_a_flattened_channel_goes_with_its_columns() -> None:
    net = Net(3)
    first(net, bias=np.full(6, 0.3))
    net.put("Flatten")
    weight = net.weights(net.draw(7, 6 * 16))
    net.put("Gemm", weight, transB=1)
    facts = net.simplified()
    assert facts["channels"] == 2 + 2 * 16
    assert facts["weights"] == 2 * 27 + 7 * 2 * 16


def test_one_channel_is_left() -> None:
    net = Net(3)
    net.conv(np.zeros((4, 3, 3, 3)), np.arange(4))
    net.conv(net.draw(2, 4, 1, 1))
    assert net.simplified()["channels"] == 3


def test_nothing_goes_where_every_channel_counts() -> None:
    net = Net(3)
    net.conv(net.draw(4, 3, 3, 3))
    net.conv(net.draw(2, 4, 1, 1))
    assert net.simplified()["channels"] == 0
