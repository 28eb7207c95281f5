"""Ring 3: whole models, generated C against onnxruntime, every tensor; and wrong C, which has to be found and named."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bittwin import golden
from bittwin.verifier import VerificationReport, verify
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ir import Array, GeneratedModel

SAMPLES = 3
INT8_FORM = ("QuantizeLinear", "QLinear", "QGemm")


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A compiler that does not come to an end fails its test instead of stopping all."""

    def late(*_: object) -> None:
        raise TimeoutError("no end after 60 s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)


class Net:
    """A model while it is written, float or QDQ: the same calls make either."""

    def __init__(self, dtype: str, seed: int = 0) -> None:
        self.quantized = dtype == "int8"
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: dict[str, Array] = {}

    def constant(self, name: str, value: object, dtype: object = np.float32) -> str:
        self.constants[name] = np.asarray(value, dtype)  # type: ignore[call-overload]
        return name

    def node(self, operator: str, inputs: Sequence[str], name: str = "", **attributes: object) -> str:
        name = name or f"{operator.lower()}_{len(self.nodes)}"
        domain = "com.microsoft" if operator in MICROSOFT else ""
        self.nodes.append(helper.make_node(operator, inputs, [f"{name}:0"], name, domain=domain, **attributes))
        return f"{name}:0"

    def input(self, name: str, *shape: int, scale: float = 0.03, zero: int = -7, codes: bool = False) -> str:
        element = TensorProto.INT8 if codes and self.quantized else TensorProto.FLOAT
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        if codes and self.quantized:
            self.scales(name, scale, zero)
            return self.node("DequantizeLinear", [name, f"{name}/scale", f"{name}/zero"], f"{name}_dq")
        return self.q(name, scale, zero)

    def scales(self, of: str, scale: float, zero: int) -> list[str]:
        return [self.constant(f"{of}/scale", scale), self.constant(f"{of}/zero", zero, np.int8)]

    def q(self, value: str, scale: float = 0.05, zero: int = 3) -> str:
        """The value behind QuantizeLinear and DequantizeLinear; the value itself in a float model."""
        if not self.quantized:
            return value
        pair, base = self.scales(value, scale, zero), value.split(":")[0]
        codes = self.node("QuantizeLinear", [value, *pair], f"{base}_q")
        return self.node("DequantizeLinear", [codes, *pair], f"{base}_dq")

    def weight(self, name: str, *shape: int, axis: int = 0) -> str:
        if not self.quantized:
            return self.constant(name, self.random.standard_normal(shape) / np.sqrt(np.prod(shape[1:])))
        self.constant(f"{name}/codes", self.random.integers(-127, 128, shape), np.int8)
        self.constant(f"{name}/scale", self.random.uniform(0.5, 1, shape[axis]) / 64 / np.sqrt(np.prod(shape[1:])))
        self.constant(f"{name}/zero", np.zeros(shape[axis]), np.int8)
        return self.node("DequantizeLinear", [f"{name}/codes", f"{name}/scale", f"{name}/zero"], name, axis=axis)

    def conv(
        self, x: str, name: str, inputs: int, outputs: int, size: int = 3, bias: bool = True, **attributes: object
    ) -> str:
        """A convolution without a QuantizeLinear behind it."""
        group = int(attributes.get("group", 1))  # type: ignore[call-overload]
        weight = self.weight(f"{name}/w", outputs, inputs // group, size, size)
        biases = [self.constant(f"{name}/b", self.random.standard_normal(outputs))] if bias else []
        return self.node("Conv", [x, weight, *biases], name, **attributes)

    def output(self, value: str, rank: int = 4, name: str = "", codes: bool = False) -> None:
        """The value as a graph output; `codes` gives the int8 tensor behind the last DequantizeLinear instead."""
        if codes and self.quantized:
            last = next(node for node in self.nodes if node.output[0] == value)
            self.nodes.remove(last)
            value = last.input[0]
        if name:
            for node in self.nodes:
                node.output[:] = [name if made == value else made for made in node.output]
                node.input[:] = [name if used == value else used for used in node.input]
            value = name
        element = TensorProto.INT8 if codes and self.quantized else TensorProto.FLOAT
        self.outputs.append(helper.make_tensor_value_info(value, element, [f"d{i}" for i in range(rank)]))

    def model(self) -> onnx.ModelProto:
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "net", self.inputs, self.outputs, constants)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


MICROSOFT = {"QGemm", "QLinearAdd", "QLinearConcat", "QLinearAveragePool", "QLinearGlobalAveragePool"}


def every_tensor(model: onnx.ModelProto) -> dict[str, str]:
    """{tensor: name of its node} that verify has to compare or to explain."""
    constants = {tensor.name for tensor in model.graph.initializer}
    known: set[str] = set()
    wanted = {}
    for node in model.graph.node:
        if all(name in constants | known for name in node.input):
            known.update(node.output)
            continue
        wanted[node.output[0]] = (node.name, node.op_type.startswith(INT8_FORM))
    quantized = any(int8 for _, int8 in wanted.values())
    return {tensor: name for tensor, (name, int8) in wanted.items() if int8 or not quantized}


def sizes_of(model: onnx.ModelProto, tensors: Sequence[str]) -> dict[str, int]:
    """Elements of each tensor, as onnxruntime says."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_mem_reuse = False  # its shapes for ceil_mode are wrong: it would use memory of another size again
    session = onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {
        value.name: np.zeros(value.shape, np.int8 if value.type == "tensor(int8)" else np.float32)
        for value in session.get_inputs()
    }
    return {name: np.size(value) for name, value in zip(tensors, session.run(tensors, feeds), strict=True)}


def check_complete(report: VerificationReport, model: onnx.ModelProto, samples: int = SAMPLES) -> None:
    """Every tensor has its row, compared on all samples or with a reason; sums agree; JSON can be written."""
    rows = {row.tensor: row for row in report.layers}
    assert len(rows) == len(report.layers)
    outputs = [value.name for value in model.graph.output]
    wanted = every_tensor(model)
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    sizes = sizes_of(model, [*dict.fromkeys([*wanted, *outputs])])
    for tensor, size in sizes.items():
        assert tensor in rows, f"{tensor} has no row"
        row = rows[tensor]
        assert row.name == wanted.get(tensor, row.name)
        whole = size // batch * samples
        assert row.compared == whole or (row.compared == 0 and row.reason and tensor not in outputs), row
    assert report.samples == samples
    assert report.compared == sum(row.compared for row in report.layers) > 0
    assert report.differ == sum(row.differ for row in report.layers)
    text = json.loads(json.dumps(report.as_json()))
    assert {"target", "golden", "onnxruntime", "dtype", "samples", "compared", "differ", "max_error", "passed"} <= set(
        text
    )
    for layer in text["layers"]:
        assert {"name", "op", "dtype", "kernel", "compared", "differ", "max_error", "reason"} <= set(layer)


def check_passes(model: onnx.ModelProto, samples: int = SAMPLES, **options: object) -> VerificationReport:
    report = verify(model, samples=samples, name="net", **options)  # type: ignore[arg-type]
    failed = [row for row in report.layers if not row.passed]
    assert report.passed, f"{report.first_difference}, alone: {report.alone}\n" + "\n".join(map(str, failed))
    assert (report.differ, report.first_difference, report.alone) == (0, None, None)
    check_complete(report, model, samples)
    return report


# ---------------------------------------------------------------- models


def convolution(net: Net, mode: str, **attributes: object) -> onnx.ModelProto:
    """Two convolutions, each behind a Pad of that mode: one on the graph's input, one on a layer."""
    x = net.input("x", 1, 3, 7, 5)
    for name, inputs, outputs in (("first", 3, 4), ("second", 4, 5)):
        if mode:
            pads = net.constant(f"{name}/pads", [0, 0, 1, 2, 0, 0, 2, 1], np.int64)
            x = net.node("Pad", [x, pads], f"{name}_pad", mode=mode)
            if net.quantized:
                of = net.nodes[-2].input[0].removesuffix("_q:0")
                scales = [f"{of}/scale", f"{of}/zero"] if of == "x" else [f"{of}:0/scale", f"{of}:0/zero"]
                codes = net.node("QuantizeLinear", [x, *scales], f"{name}_pad_q")
                x = net.node("DequantizeLinear", [codes, *scales], f"{name}_pad_dq")
        x = net.q(net.conv(x, name, inputs, outputs, **attributes), 0.04, 11)
    net.output(x)
    return net.model()


def depthwise(net: Net) -> onnx.ModelProto:
    """Depthwise with and without multiplier, grouped, dilated, then 1x1."""
    x = net.q(net.conv(net.input("x", 1, 6, 9, 7), "depthwise", 6, 6, group=6, pads=[1, 1, 1, 1]))
    x = net.q(net.conv(x, "multiplier", 6, 12, group=6, strides=[2, 1], pads=[0, 1, 2, 0]))
    x = net.q(net.conv(x, "grouped", 12, 9, group=3, dilations=[1, 2], pads=[1, 2, 1, 2]), 0.03, -128)
    net.output(net.q(net.conv(x, "pointwise", 9, 4, size=1, bias=False), 0.02, 127))
    return net.model()


def relus(net: Net) -> onnx.ModelProto:
    """Relu and Clip that vanish into saturation, that stay because they cut, and between Q and DQ of their own."""
    x = net.q(net.node("Relu", [net.conv(net.input("x", 1, 3, 6, 6), "one", 3, 4)], "vanishes"), 0.02, -128)
    x = net.q(net.node("Relu", [net.conv(x, "two", 4, 4)], "stays"), 0.02, 5)
    six = [net.constant("low", 0), net.constant("high", 6)]
    x = net.q(net.node("Clip", [net.conv(x, "three", 4, 4, size=1), *six], "relu6"), 6 / 255, -128)
    x = net.q(net.conv(x, "four", 4, 4, size=1), 0.03, 10)
    x = net.q(net.node("Relu", [x], "alone"), 0.02, -128)
    narrow = [net.constant("low 2", 0.11), net.constant("high 2", 1.3)]
    net.output(net.q(net.node("Clip", [x, *narrow], "narrow"), 0.01, -100))
    return net.model()


def residual(net: Net, first: float, second: float, result: float) -> onnx.ModelProto:
    """Two branches that are added, then added to themselves."""
    x = net.input("x", 1, 4, 5, 5)
    a = net.q(net.conv(x, "a", 4, 6, pads=[1, 1, 1, 1]), first, 4)
    b = net.q(net.conv(x, "b", 4, 6, size=1), second, -9)
    y = net.q(net.node("Add", [a, b], "add"), result, 2)
    y = net.q(net.node("Add", [y, a], "again"), result, -3)
    net.output(net.q(net.node("Add", [y, y], "twice"), 2 * result, 0))
    return net.model()


def concatenation(net: Net, axis: int) -> onnx.ModelProto:
    """Three parts: the scale of the result, another scale, another zero point."""
    x = net.input("x", 1, 4, 5, 5)
    parts = [
        net.q(net.conv(x, name, 4, 4, pads=[1, 1, 1, 1]), scale, zero)
        for name, scale, zero in (("a", 0.03, 5), ("b", 0.02, 5), ("c", 0.03, -20))
    ]
    joined = net.q(net.node("Concat", parts, "join", axis=axis), 0.03, 5)
    net.output(net.q(net.conv(joined, "after", 12 if axis == 1 else 4, 3, pads=[1, 1, 1, 1])))
    return net.model()


def pools(net: Net) -> onnx.ModelProto:
    """One behind the other, every option once, with scales kept and changed."""
    x = net.q(net.conv(net.input("x", 1, 3, 17, 15), "conv", 3, 5, pads=[1, 1, 1, 1]), 0.03, -20)
    same = (0.03, -20)
    x = net.q(net.node("MaxPool", [x], "max", kernel_shape=[3, 2], strides=[1, 1], pads=[1, 0, 1, 1]), *same)
    x = net.q(net.node("MaxPool", [x], "max_ceil", kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1), *same)
    x = net.q(
        net.node("MaxPool", [x], "max_dilated", kernel_shape=[2, 2], dilations=[2, 2], pads=[1, 1, 1, 1]), 0.02, 0
    )
    x = net.q(net.node("AveragePool", [x], "average", kernel_shape=[2, 3], pads=[1, 1, 0, 1]), 0.02, 0)
    x = net.q(
        net.node("AveragePool", [x], "padded", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1), 0.015, 7
    )
    x = net.q(net.node("AveragePool", [x], "ceil", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), 0.015, 7)
    net.output(net.q(net.node("GlobalAveragePool", [x], "global"), 0.01, -3))
    return net.model()


def classifier(net: Net, softmax: bool) -> onnx.ModelProto:
    """Convolution, flatten, two fully connected layers (Gemm, MatMul), perhaps a float Softmax at the end."""
    x = net.input("x", 1, 2, 4, 3)
    x = net.q(net.conv(x, "conv", 2, 5, pads=[1, 1, 1, 1]), 0.03, -8)
    x = net.q(net.node("Flatten", [x], "flat"), 0.03, -8)
    bias = net.constant("dense/b", net.random.standard_normal(7))
    x = net.q(net.node("Gemm", [x, net.weight("dense/w", 7, 60), bias], "dense", transB=1), 0.04, 1)
    x = net.q(net.node("MatMul", [x, net.weight("last/w", 7, 4, axis=1)], "last"), 0.05, -2)
    net.output(net.node("Softmax", [x], "softmax") if softmax else x, rank=2)
    return net.model()


def ports(net: Net, codes: bool) -> onnx.ModelProto:
    """Two inputs, three outputs, one of them in the middle and read again."""
    a = net.input("a", 1, 3, 6, 6, codes=codes)
    b = net.input("b", 1, 2, 6, 6, scale=0.01, zero=100, codes=codes)
    x = net.q(net.conv(a, "conv_a", 3, 4, pads=[1, 1, 1, 1]), 0.03, -7)
    y = net.q(net.conv(b, "conv_b", 2, 4, pads=[0, 0, 2, 2]), 0.02, 9)
    total = net.q(net.node("Add", [x, y], "add"), 0.04, 0)
    net.output(total)
    last = net.q(net.node("MaxPool", [total], "pool", kernel_shape=[2, 2]), 0.04, 0)
    net.output(net.q(net.node("GlobalAveragePool", [y], "mean"), 0.01, 0), name="mean of b")
    net.output(last, codes=codes)
    return net.model()


def branches(net: Net) -> onnx.ModelProto:
    """One tensor read by convolutions with other pads and modes, a pool, a flatten and a residual."""
    x = net.q(net.conv(net.input("x", 1, 3, 6, 6), "stem", 3, 4, pads=[1, 1, 1, 1]), 0.03, -7)
    wide = net.q(net.conv(x, "wide", 4, 4, size=5, pads=[2, 2, 2, 2]), 0.04, 8)
    narrow = net.q(net.conv(x, "narrow", 4, 4, size=1), 0.04, 8)
    uneven = net.q(net.conv(x, "uneven", 4, 4, size=2, pads=[0, 1, 1, 0]), 0.05, 0)
    pooled = net.q(net.node("MaxPool", [x], "pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), 0.03, -7)
    total = net.q(net.node("Add", [wide, narrow], "add_1"), 0.05, 1)
    total = net.q(net.node("Add", [uneven, total], "add_2"), 0.06, 1)
    total = net.q(net.node("Add", [total, pooled], "add_3"), 0.07, -1)
    net.output(net.q(net.conv(total, "end", 4, 2, group=2), 0.04, 0))
    shape = net.constant("shape", [1, -1], np.int64)
    flat = net.q(net.node("Reshape", [x, shape], "flat"), 0.03, -7)
    net.output(net.q(net.node("Gemm", [flat, net.weight("g", 3, 144)], "dense", transB=1), 0.03, 0), rank=2)
    return net.model()


def batch(net: Net) -> onnx.ModelProto:
    x = net.q(net.conv(net.input("x", 3, 2, 5, 5), "conv", 2, 3, pads=[1, 1, 1, 1]), 0.03, -7)
    x = net.q(net.node("GlobalAveragePool", [x], "mean"), 0.02, 0)
    shape = net.constant("shape", [3, 3], np.int64)
    x = net.q(net.node("Reshape", [x, shape], "flat"), 0.02, 0)
    net.output(net.q(net.node("Gemm", [x, net.weight("g", 4, 3)], "dense", transB=1), 0.02, 0), rank=2)
    return net.model()


def one_dimension(net: Net) -> onnx.ModelProto:
    """Convolution and pool over [N, C, L]."""
    x = net.input("x", 1, 3, 20)
    weight = net.weight("w", 4, 3, 5)
    x = net.q(net.node("Conv", [x, weight], "conv", pads=[2, 2], strides=[2]), 0.03, 3)
    x = net.q(net.node("MaxPool", [x], "pool", kernel_shape=[2]), 0.03, 3)
    net.output(net.q(net.node("GlobalAveragePool", [x], "mean"), 0.02, 0), rank=3)
    return net.model()


def one_pixel(net: Net) -> onnx.ModelProto:
    x = net.q(net.conv(net.input("x", 1, 1, 1, 1), "conv", 1, 2, size=1), 0.03, 3)
    x = net.q(net.conv(x, "padded", 2, 3, size=3, pads=[1, 1, 1, 1]), 0.03, 3)
    net.output(net.q(net.conv(x, "larger", 3, 1, size=2, pads=[1, 1, 1, 1]), 0.03, 3))
    return net.model()


MODELS: dict[str, Callable[[Net], onnx.ModelProto]] = {
    "zeros": lambda net: convolution(net, "", pads=[1, 2, 0, 1]),
    "constant": lambda net: convolution(net, "constant"),
    "reflect": lambda net: convolution(net, "reflect"),
    "replicate": lambda net: convolution(net, "edge", strides=[2, 1]),
    "circular": lambda net: convolution(net, "wrap", dilations=[1, 2]),
    "same": lambda net: convolution(net, "", auto_pad="SAME_LOWER", strides=[2, 2]),
    "depthwise": depthwise,
    "relus": relus,
    "residual": lambda net: residual(net, 0.03, 0.025, 0.05),
    "residual with ties": lambda net: residual(net, 1 / 32, 1 / 64, 1 / 16),
    "residual of one scale": lambda net: residual(net, 0.03, 0.03, 0.03),
    "concat channels": lambda net: concatenation(net, 1),
    "concat rows": lambda net: concatenation(net, 2),
    "concat columns": lambda net: concatenation(net, 3),
    "pools": pools,
    "classifier": lambda net: classifier(net, False),
    "softmax": lambda net: classifier(net, True),
    "ports": lambda net: ports(net, False),
    "ports of codes": lambda net: ports(net, True),
    "branches": branches,
    "batch": batch,
    "one dimension": one_dimension,
    "one pixel": one_pixel,
}


def known(name: str, reason: str) -> Any:
    """A case that was wrong once; the reason says how it showed."""
    return pytest.param(name)


ONE_ROW = "does not compile: unused parameter oy"
CASES = [known(name, ONE_ROW) if name in ("one dimension", "one pixel") else name for name in MODELS]


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_model_is_onnxruntime(name: str, dtype: str) -> None:
    report = check_passes(MODELS[name](Net(dtype)))
    assert report.dtype == dtype
    assert report.inexact == 0
    assert report.onnxruntime == onnxruntime.__version__
    assert report.golden.startswith("onnxruntime")
    if dtype == "int8":
        assert report.max_error == 0 or name in ("softmax", "relus")  # they have a part in float
        assert "qdqisint8allowed" in report.golden


@pytest.mark.parametrize("name", [name for name in CASES if name != "relus"])  # it has a FusedConv in float
def test_model_as_onnxruntime_fuses_it(name: str, tmp_path: Path) -> None:
    """QOperator form: onnxruntime's own optimized graph of the QDQ model is read, and gives the same bits."""
    model = MODELS[name](Net("int8"))
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    fused = onnx.load(tmp_path / "fused.onnx")
    assert any(node.op_type.startswith(("QLinear", "QGemm")) for node in fused.graph.node)
    check_passes(fused)


def test_qoperators_written_by_hand() -> None:
    net = Net("int8")
    net.inputs.append(helper.make_tensor_value_info("x", TensorProto.INT8, [1, 3, 8, 8]))
    x, codes = ["x", *net.scales("x", 0.03, 4)], net.random.integers

    def weights(name: str, *shape: int, axis: int = 0) -> list[str]:
        return [
            net.constant(f"{name}/w", codes(-127, 128, shape), np.int8),
            net.constant(f"{name}/w/scale", net.random.uniform(0.002, 0.004, shape[axis])),
            net.constant(f"{name}/w/zero", np.zeros(shape[axis]), np.int8),
        ]

    def quantized(
        operator: str, inputs: Sequence[str], name: str, scale: float, zero: int, *more: str, **attributes: object
    ) -> list[str]:
        pair = net.scales(name, scale, zero)
        return [net.node(operator, [*inputs, *pair, *more], name, **attributes), *pair]

    bias = net.constant("bias", codes(-5000, 5000, 4), np.int32)
    a = quantized("QLinearConv", [*x, *weights("a", 4, 3, 3, 3)], "a", 0.02, 5, bias, pads=[1, 1, 1, 1])
    b = quantized("QLinearConv", [*x, *weights("b", 4, 3, 1, 1)], "b", 0.03, -5)
    total = quantized("QLinearAdd", [*a, *b], "add", 0.04, 0)
    pair = net.scales("join", 0.04, 0)
    joined = [net.node("QLinearConcat", [*pair, *total, *a], "join", axis=1), *pair]
    pooled = quantized("QLinearAveragePool", joined, "pool", 0.03, 1, kernel_shape=[2, 2], strides=[2, 2])
    mean = quantized("QLinearGlobalAveragePool", pooled, "mean", 0.02, 0)
    flat = net.node("Reshape", [mean[0], net.constant("shape", [1, 8], np.int64)], "flat")
    bias = net.constant("bias 2", codes(-500, 500, 6), np.int32)
    dense = quantized("QGemm", [flat, *mean[1:], *weights("dense", 6, 8), bias], "dense", 0.01, 3, transB=1)
    last = quantized("QLinearMatMul", [*dense, *weights("last", 6, 5, axis=1)], "last", 0.005, -3)
    net.outputs.append(helper.make_tensor_value_info(last[0], TensorProto.INT8, ["n", "c"]))
    report = check_passes(net.model(), samples=20)
    compared = {row.name for row in report.layers if row.compared}
    assert {"a", "b", "add", "join", "pool", "mean", "dense", "last"} <= compared


@pytest.mark.parametrize("schedule", ["ram", "speed", "layers"])
def test_every_schedule_gives_the_same_bits(schedule: str) -> None:
    assert check_passes(branches(Net("int8")), schedule=schedule).schedule == schedule


def test_rows_that_are_not_compared_say_why() -> None:
    report = check_passes(relus(Net("float32")))
    silent = {row.name: row.reason for row in report.layers if not row.compared}
    assert set(silent) == {"one", "two", "three", "four"}
    assert all("clipped as it is stored" in reason for reason in silent.values())
    report = check_passes(convolution(Net("int8"), "reflect"))
    silent = {row.name: row.reason for row in report.layers if not row.compared}
    assert set(silent) == {"first_pad_q", "second_pad_q"}
    assert all("folded into the convolution" in reason for reason in silent.values())


def test_labels_and_batches_that_do_not_divide() -> None:
    model = batch(Net("int8"))
    x = np.random.default_rng(0).standard_normal((7, 2, 5, 5), np.float32)
    padded = np.concatenate([x, x[:2]])
    session = golden.session(model)
    answers = np.concatenate([session.run(None, {"x": padded[i : i + 3]})[0] for i in (0, 3, 6)])[:7]
    labels = answers.argmax(1)
    labels[0] = (labels[0] + 1) % 4
    report = verify(model, inputs={"x": x, "y": labels}, name="net")
    assert report.passed
    assert report.samples == 7
    assert report.accuracy == report.golden_accuracy == pytest.approx(6 / 7)
    assert report.top1_agreement == 1
    check_complete(report, model, 7)


# ---------------------------------------------------------------- random pools


@st.composite
def windows(draw: st.DrawFn, height: int, width: int) -> dict[str, Any]:
    """Attributes of a pool that fits an image of that size and that onnxruntime accepts."""
    operator = draw(st.sampled_from(["MaxPool", "AveragePool"]))
    kernel = [draw(st.integers(1, 4)) for _ in range(2)]
    dilations = [draw(st.integers(1, 2)) if operator == "MaxPool" else 1 for _ in range(2)]
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [draw(st.integers(0, k - 1)) for k in (*kernel, *kernel)]
    for axis, size in enumerate((height, width)):
        if size + pads[axis] + pads[axis + 2] < extent[axis]:
            kernel[axis], dilations[axis], pads[axis], pads[axis + 2] = 1, 1, 0, 0
    found: dict[str, Any] = {
        "operator": operator,
        "kernel_shape": kernel,
        "strides": [draw(st.integers(1, 4)) for _ in range(2)],
        "dilations": dilations,
        "pads": pads,
        "ceil_mode": draw(st.integers(0, 1)),
    }
    if operator == "AveragePool":
        del found["dilations"]  # onnxruntime's QLinearAveragePool has none, and is not loaded with them
        found["count_include_pad"] = draw(st.integers(0, 1))
    return found


def drops_a_window(pool: dict[str, Any], height: int, width: int) -> bool:
    """True where ceil_mode would start a window behind the image: onnxruntime plans memory for it, then fails."""
    found = False
    for axis, size in enumerate((height, width)):
        before, stride = pool["pads"][axis], pool["strides"][axis]
        extent = (pool["kernel_shape"][axis] - 1) * pool.get("dilations", [1, 1])[axis] + 1
        last = -(-(size + before + pool["pads"][axis + 2] - extent) // stride) * stride
        found |= last >= size + before
    return found


def pools_of(net: Net, height: int, width: int, pools: Sequence[dict[str, Any]], own_scale: bool) -> onnx.ModelProto:
    """All pools side by side on one tensor."""
    x = net.q(net.conv(net.input("x", 1, 2, height, width, codes=True), "conv", 2, 3, size=1), 0.03, -20)
    for index, pool in enumerate(pools):
        attributes = {key: value for key, value in pool.items() if key != "operator"}
        y = net.node(str(pool["operator"]), [x], f"pool_{index}", **attributes)
        net.output(net.q(y, *((0.017, 9) if own_scale and index % 2 else (0.03, -20))))
    return net.model()


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # each example is compiled: what fails is not made smaller
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data(), height=st.integers(2, 11), width=st.integers(1, 11), own_scale=st.booleans())
def test_random_pools(dtype: str, data: st.DataObject, height: int, width: int, own_scale: bool) -> None:
    pools = data.draw(st.lists(windows(height, width), min_size=12, max_size=12))
    for pool in pools:  # see test_divisor_of_windows_that_hang_over
        if dtype == "int8" and (pool.get("count_include_pad") or drops_a_window(pool, height, width)):
            pool["ceil_mode"] = 0
    check_passes(pools_of(Net(dtype), height, width, pools, own_scale), samples=2)


def test_divisor_of_windows_that_hang_over() -> None:
    """onnxruntime's QLinearAveragePool divides by the whole kernel where pads count; its float AveragePool does not."""
    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": 1}
    check_passes(pools_of(Net("float32"), 6, 6, [{"operator": "AveragePool", **pool}], False))
    check_passes(pools_of(Net("int8"), 6, 6, [{"operator": "AveragePool", **pool}], False))


@pytest.mark.parametrize("pads", [[0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 2]], ids=str)
@pytest.mark.parametrize("mode", ["constant", "reflect"])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_pointwise_convolution_with_padding(dtype: str, mode: str, pads: list[int]) -> None:
    """1x1, but no plain matrix product of all pixels."""
    net = Net(dtype)
    x = net.q(net.conv(net.input("x", 1, 3, 4, 5), "before", 3, 4, size=1), 0.03, -30)
    if mode == "constant":
        x = net.conv(x, "padded", 4, 3, size=1, pads=pads)
    else:
        values = net.constant("pads", [0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)
        x = net.q(net.node("Pad", [x, values], "pad", mode=mode), 0.03, -30)
        x = net.conv(x, "padded", 4, 3, size=1)
    net.output(net.q(x, 0.03, 5))
    check_passes(net.model())


# ---------------------------------------------------------------- wrong C


def chain(net: Net) -> onnx.ModelProto:
    """Three convolutions with pads."""
    x = net.input("x", 1, 3, 8, 8)
    for name, inputs, outputs in (("one", 3, 4), ("two", 4, 5), ("three", 5, 3)):
        x = net.q(net.conv(x, name, inputs, outputs, pads=[1, 1, 1, 1]), 0.03, -40)
    net.output(x)
    return net.model()


def edited(
    made: GeneratedModel, path: str, pattern: str, change: str | Callable[[re.Match[str]], str]
) -> GeneratedModel:
    """The model with the only match of `pattern` in one file changed."""
    text, count = re.subn(pattern, change, made.files[path])
    assert count == 1, f"{count} matches of {pattern}"
    assert text != made.files[path]
    return replace(made, files={**made.files, path: text})


def plus(step: int) -> Callable[[re.Match[str]], str]:
    """The number in the second group, that much more (less, where it would leave int8)."""
    return lambda match: f"{match[1]}{int(match[2]) + (step if int(match[2]) + step < 128 else -step)}{match[3]}"


WRONG: dict[str, Callable[[GeneratedModel], GeneratedModel]] = {
    "weight": lambda made: edited(made, "net_weights.c", r"(net_two_weights\[\d+\] = \{\s+)(-?\d+)(,)", plus(5)),
    "bias": lambda made: edited(made, "net_weights.c", r"(net_two_bias\[\d+\] = \{\s+)(-?\d+)(,)", plus(-9000)),
    "multiplier": lambda made: edited(
        made,
        "net_weights.c",
        r"(net_two_requantization_multiplier\[\d+\] = \{\s+)(\d+)(,)",
        lambda m: f"{m[1]}{int(m[2]) * 2}{m[3]}",
    ),
    "shift": lambda made: edited(made, "net.c", r"(net_two_layer = [^;]*?\.shift = )(\d+)(,)", plus(1)),
    "zero point in the offset": lambda made: edited(
        made, "net.c", r"(net_two_layer = [^;]*?\.offset = )(-?\d+)(,)", plus(8)
    ),
    "dilation": lambda made: edited(
        made, "net.c", r"(net_two_layer = [^;]*?\.dilation_width = )(1)(,)", lambda m: f"{m[1]}0{m[3]}"
    ),
    "row": lambda made: edited(made, "net.c", r"(void net_two\(.*?oy - )(1)(,)", lambda m: f"{m[1]}0{m[3]}"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_c_is_found_and_named(what: str) -> None:
    model = chain(Net("int8"))
    made = generate(model, schedule="layers", name="net")
    if what == "row":
        made = edited(made, "net.c", r"(?s)(BTW_LAYER void net_two\(.*?oy - )(1)(,)", lambda m: f"{m[1]}0{m[3]}")
    else:
        made = WRONG[what](made)
    report = verify(model, model=made)
    check_wrong(report, "two_q")


def check_wrong(report: VerificationReport, layer: str) -> None:
    assert not report.passed
    assert report.differ > 0
    assert report.max_error > 0
    assert report.first_difference == layer
    assert report.alone == "C"
    rows = {row.name: row for row in report.layers}
    before = report.layers[: report.layers.index(rows[layer])]
    assert all(row.passed and not row.differ for row in before)
    assert not rows[layer].passed
    assert rows[layer].differ > 0


@pytest.mark.parametrize("part", ["beside", "outside"])
def test_wrong_pad_is_found_and_named(part: str) -> None:
    """Padding of the second convolution: columns beside its rows, the row that stands for those outside."""
    model = chain(Net("int8"))
    made = generate(model, schedule="layers", name="net")
    function = "btw_fill_pads_s8" if part == "beside" else "btw_fill_s8"
    places = {item["buffer"]: item["offset"] for item in made.manifest["memory"]}
    offset = places["one_q:0" if part == "beside" else made.program.outside["two"]]
    pattern = rf"({function}\(btw_at\(frame->arena, {offset}\)[^;]*?, )(-40)(\);)"
    fills = re.findall(pattern, made.files["net.c"])
    assert fills
    last = made.files["net.c"].index("".join(fills[0]))
    text = made.files["net.c"]
    wrong = text[:last] + text[last:].replace("".join(fills[0]), "".join([fills[0][0], "-39", fills[0][2]]), 1)
    check_wrong(verify(model, model=replace(made, files={**made.files, "net.c": wrong})), "two_q")


def test_wrong_float_weight_is_found_and_named() -> None:
    model = chain(Net("float32"))
    made = generate(model, schedule="layers", name="net")
    made = edited(
        made,
        "net_weights.c",
        r"(net_two_weights\[\d+\] = \{\s+)(-?[\d.e-]+)(f,)",
        lambda m: f"{m[1]}{float(m[2]) + 0.01}{m[3]}",
    )
    check_wrong(verify(model, model=made), "two")


def test_wrong_last_layer_is_named_by_its_output() -> None:
    model = chain(Net("int8"))
    made = edited(
        generate(model, schedule="layers", name="net"),
        "net_weights.c",
        r"(net_three_weights\[\d+\] = \{\s+)(-?\d+)(,)",
        plus(9),
    )
    check_wrong(verify(model, model=made), "three_q")


def test_wrong_table_and_pool_are_named() -> None:
    model = concatenation(Net("int8"), 1)
    made = generate(model, schedule="layers", name="net")
    wrong = edited(
        made, "net_weights.c", r"(net_join_parts_1_table\[256\] = \{\s+(?:-?\d+,\s+){120})(-?\d+)(,)", plus(1)
    )
    check_wrong(verify(model, model=wrong, samples=20), "join_q")
    model = pools(Net("int8"))
    made = generate(model, schedule="layers", name="net")
    pattern = r"(net_average_layer = [^;]*?\.input_zero_point = )(-?\d+)(,)"
    check_wrong(verify(model, model=edited(made, "net.c", pattern, plus(1))), "average_q")


def test_wrong_only_where_nobody_looks() -> None:
    """What is shipped computes something else than what is observed."""
    model = chain(Net("int8"))
    made = edited(
        generate(model, schedule="layers", name="net"),
        "net.c",
        r"(net_two_layer = [^;]*?\.offset = -?\d+)(,)",
        r"\1 + WRONG\2",
    )
    start = "#ifdef BTW_OBSERVE\n#define WRONG 0\n#else\n#define WRONG 64\n#endif\n"
    with pytest.raises(BittwinError, match="shipped build differs"):
        verify(model, model=replace(made, files={**made.files, "net.c": start + made.files["net.c"]}))


def test_c_that_writes_outside_its_memory_is_found() -> None:
    model = chain(Net("int8"))
    made = edited(
        generate(model, schedule="layers", name="net"),
        "net.c",
        r"(net_three_layer = [^;]*?\.output_width = )(\d+)(,)",
        plus(1),
    )
    with pytest.raises(BittwinError, match="outside"):
        verify(model, model=made)


# ---------------------------------------------------------------- without onnxruntime as the golden


REASON = "onnxruntime computes int8 otherwise on this machine"


@pytest.mark.parametrize(
    "name", ["depthwise", "relus", "residual with ties", "concat channels", "pools", "softmax", "batch", "ports"]
)
def test_numpy_as_the_golden(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(golden, "why_not_golden", lambda _=None: REASON)
    model = MODELS[name](Net("int8"))
    report = check_passes(model)
    text = json.loads(json.dumps(report.as_json()))
    assert text["golden"] == "numpy reference"
    assert any(REASON in note for note in text["notes"])


def test_numpy_as_the_golden_finds_wrong_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "why_not_golden", lambda _=None: REASON)
    model = chain(Net("int8"))
    check_wrong(verify(model, model=WRONG["weight"](generate(model, schedule="layers", name="net"))), "two_q")


def test_float_models_need_no_golden_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "why_not_golden", lambda _=None: REASON)
    report = check_passes(chain(Net("float32")))
    assert report.golden.startswith("onnxruntime")
    assert not report.notes


def test_wrong_golden_is_told_from_wrong_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where C and numpy agree against onnxruntime, onnxruntime is alone."""
    run = golden.run

    def disturbed(session: onnxruntime.InferenceSession, inputs: dict[str, Array]) -> dict[str, Array]:
        found = run(session, inputs)
        if "two_q:0" in found:
            found["two_q:0"] = found["two_q:0"] ^ 1
        return found

    monkeypatch.setattr(golden, "run", disturbed)
    report = verify(chain(Net("int8")), name="net")
    assert not report.passed
    assert (report.first_difference, report.alone) == ("two_q", "onnxruntime")
