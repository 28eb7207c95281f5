"""Quantized networks as other tools export them: the graphs that torchao (pt2e) and brevitas (QCDQ) write, by hand.

Both tools are large and not needed here: what counts is where they put their QuantizeLinear, DequantizeLinear, Clip
and constants, which was read from files that torchao 0.18 and brevitas 0.13 had exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin import golden, run, verify
from bittwin.verifier import VerificationReport

F = np.float32


class Network:
    """A network written node by node. `constants`: as Constant nodes (brevitas), else as initializers (torchao)."""

    def __init__(self, constants: bool) -> None:
        self.constants, self.random = constants, np.random.default_rng(7)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, value: Any) -> str:
        name = f"constant_{len(self.nodes)}_{len(self.initializers)}"
        tensor = numpy_helper.from_array(np.asarray(value), name)
        if self.constants:
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.initializers.append(tensor)
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], f"node_{output}", **attributes))
        return output

    def quantized(self, x: str, scale: float, zero: Any, clip: tuple[int, int] | None = None, output: str = "") -> str:
        """x through QuantizeLinear, a Clip of codes where there is one, DequantizeLinear."""
        names = [self.constant(F(scale)), self.constant(zero)]
        codes = self.node("QuantizeLinear", [x, *names])
        if clip:
            codes = self.node("Clip", [codes, *(self.constant(zero.dtype.type(bound)) for bound in clip)])
        return self.node("DequantizeLinear", [codes, *names], output)

    def weight(self, shape: tuple[int, ...], per_channel: bool, clip: bool) -> tuple[str, Any]:
        """(the real weight, its scales): codes from -127 on, clipped to that range where brevitas does."""
        codes = self.random.integers(-127, 128, shape, np.int8)
        size = (shape[0],) if per_channel else ()
        scale = (self.random.uniform(0.5, 1, size) / 100 / np.sqrt(np.prod(shape[1:]))).astype(F)
        name = self.constant(codes)
        if clip:
            name = self.node("Clip", [name, self.constant(np.int8(-127)), self.constant(np.int8(127))])
        names = [name, self.constant(scale), self.constant(np.zeros(size, np.int8))]
        return self.node("DequantizeLinear", names, **({"axis": 0} if per_channel else {})), scale

    def bias(self, size: int, unit: Any, codes: bool) -> str:
        """A float bias, or the DequantizeLinear of an int32 one."""
        values = self.random.uniform(-0.3, 0.3, size)
        if not codes:
            return self.constant(values.astype(F))
        whole = np.rint(values / unit).astype(np.int32)
        axis = {"axis": 0} if np.ndim(unit) else {}
        zero = np.zeros(np.shape(unit), np.int32)
        return self.node(
            "DequantizeLinear", [self.constant(whole), self.constant(np.asarray(unit)), self.constant(zero)], **axis
        )

    def model(self, shape: tuple[int, ...], result: tuple[int, ...], listed: bool = False) -> onnx.ModelProto:
        """`listed`: initializers are among the graph's inputs, as torch's older exporter writes them."""
        given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        if listed:
            given += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.initializers]
        made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)]
        graph = helper.make_graph(self.nodes, "main_graph", given, made, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return model


def pt2e(bias_codes: bool, kind: type[np.generic]) -> onnx.ModelProto:
    """torchao's pt2e with XNNPACK's quantizer: weights per channel along axis 0, Relu before QuantizeLinear, a mean.

    With `bias_codes`, int32 biases behind DequantizeLinear; kind: of activations.
    """
    net = Network(constants=False)
    zero = kind(128 if kind is np.uint8 else 3)
    low = kind(0 if kind is np.uint8 else -128)
    x, scale = net.quantized("x", 0.024, zero), 0.024

    def layer(operator: str, x: str, scale: float, shape: tuple[int, ...], **attributes: Any) -> str:
        weight, unit = net.weight(shape, True, False)
        bias = net.bias(shape[0], (F(scale) * unit).astype(F), bias_codes)
        return net.node(operator, [x, weight, bias], **attributes)

    c = layer("Conv", x, scale, (8, 3, 3, 3), pads=[1, 1, 1, 1], kernel_shape=[3, 3], auto_pad="NOTSET")
    r = net.quantized(net.node("Relu", [c]), 0.011, low)
    c = layer("Conv", r, 0.011, (8, 1, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2], group=8, kernel_shape=[3, 3])
    r = net.quantized(net.node("Relu", [c]), 0.007, low)
    c = net.quantized(layer("Conv", r, 0.007, (8, 8, 1, 1)), 0.009, zero)
    y = net.quantized(net.node("Add", [r, c]), 0.013, zero)
    axes = net.constant(np.array([2, 3], np.int64))
    y = net.quantized(net.node("ReduceMean", [y, axes], keepdims=0, noop_with_empty_axes=0), 0.013, zero)
    y = layer("Gemm", y, 0.013, (10, 8), transB=1, alpha=1.0, beta=1.0)
    net.quantized(y, 0.006, zero, output="y")
    return net.model((1, 3, 12, 12), (1, 10))


def qcdq(bias_codes: bool, unsigned: bool, narrow: bool) -> onnx.ModelProto:
    """brevitas' QCDQ: constants as nodes, weights per tensor behind a Clip of codes, uint8 behind Relu (`unsigned`).

    A Clip between QuantizeLinear and DequantizeLinear where the range is `narrow`.
    """
    net = Network(constants=True)
    clip = (-127, 127) if narrow else None
    after = np.uint8(0) if unsigned else np.int8(0)
    after_clip = ((0, 254) if unsigned else (-127, 127)) if narrow else None

    def layer(operator: str, x: str, scale: float, shape: tuple[int, ...], **attributes: Any) -> str:
        weight, unit = net.weight(shape, False, True)
        return net.node(operator, [x, weight, net.bias(shape[0], F(F(scale) * unit), bias_codes)], **attributes)

    x = net.quantized("x", 0.03, np.int8(0), clip)
    c = layer("Conv", x, 0.03, (8, 3, 3, 3), pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    r = net.quantized(net.node("Relu", [c]), 0.012, after, after_clip)
    c = layer("Conv", r, 0.012, (8, 1, 3, 3), strides=[2, 2], group=8, kernel_shape=[3, 3])
    r = net.quantized(net.node("Relu", [c]), 0.008, after, after_clip)
    y = layer("Gemm", net.node("Flatten", [r], axis=1), 0.008, (10, 8 * 5 * 5), transB=1)
    net.quantized(y, 0.02, np.int8(0), clip, output="y")
    return net.model((1, 3, 12, 12), (1, 10), listed=True)


def checked(model: onnx.ModelProto) -> VerificationReport:
    """Nothing differs, every layer is compared or says why not, and few codes behind float steps are one off."""
    report = verify(model, samples=4)
    assert report.passed, report.first_difference
    assert (report.dtype, report.differ) == ("int8", 0)
    assert all(row.compared or row.reason for row in report.layers)
    assert report.inexact * 200 < report.compared
    return report


@pytest.mark.parametrize("bias_codes", [False, True])
@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_torchao_pt2e(bias_codes: bool, kind: type[np.generic]) -> None:
    """Equal in every bit up to the mean, which onnxruntime computes in float32."""
    report = checked(pt2e(bias_codes, kind))
    assert report.golden.startswith("onnxruntime")
    ops = [row.op for row in report.layers]
    before = report.layers[: ops.index("ReduceMean")]
    assert sum(row.inexact for row in before) == 0
    kernels = [row.kernel for row in before]
    for part in ("_conv2d_s8", "depthwise_conv2d_s8", "linear_s8", "add_s8"):
        assert any(part in kernel for kernel in kernels), kernels


def test_the_session_follows_zero_points_of_constant_nodes() -> None:
    assert "numpy" not in golden.golden_name(qcdq(True, False, True))
    assert "numpy" in golden.golden_name(qcdq(True, True, True))
    assert golden.session_of(pt2e(False, np.uint8)) == golden.UINT8_SESSION


@pytest.mark.parametrize("bias_codes", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
def test_brevitas_of_one_type(bias_codes: bool, narrow: bool) -> None:
    """Behind a Relu whose zero is not the lowest code, onnxruntime convolves in float32. Clips of codes are tables."""
    report = checked(qcdq(bias_codes, False, narrow))
    assert report.golden.startswith("onnxruntime")
    clips = [row for row in report.layers if row.op == "Clip"]
    assert len(clips) == (4 if narrow else 0)
    assert all("table" in row.kernel or row.reason for row in clips)


@pytest.mark.parametrize("narrow", [False, True])
def test_brevitas_with_uint8_behind_relu(narrow: bool) -> None:
    """No session is right for both types: numpy is the reference. onnxruntime in float is a code away at most."""
    model = qcdq(True, True, narrow)
    assert "numpy" in checked(model).golden
    x = np.random.default_rng(1).standard_normal((6, 3, 12, 12)).astype(F)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    expected = np.concatenate([session.run(None, {"x": image[None]})[0] for image in x])
    assert np.abs(run(model, {"x": x})["y"] - expected).max() <= 0.02 * 1.001
    assert len(np.unique(expected)) > 20
