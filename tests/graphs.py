"""Small random ONNX models for tests: float32, or int8 as QuantizeLinear / DequantizeLinear pairs, made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
DType = Literal["float32", "int8"]
Pads = tuple[int, int, int, int]  # top, left, bottom, right
MODES = ("constant", "reflect", "edge", "wrap")
OPSET = 20


@dataclass(frozen=True)
class Tensor:
    """A real value in the graph: its name, its shape, where its values lie, and the codes it was dequantized from."""

    name: str
    shape: tuple[int, ...]
    low: float
    high: float
    scale: np.float32 | None = None
    zero_point: int = 0


class GraphBuilder:
    """Writes a model node by node; methods take and give tensors.

    In int8 each result is quantized and dequantized with a scale that about fits its values, a power of two (exact
    ties) one time in four. `ports` says whether the graph takes and gives int8 codes or real values. `spread`: weight
    scales of the channels of one layer reach over that many powers of two.
    """

    def __init__(
        self,
        random: np.random.Generator,
        dtype: DType = "int8",
        ports: Literal["codes", "real"] = "codes",
        spread: float = 1.5,
    ) -> None:
        self.random, self.dtype, self.ports, self.spread = random, dtype, ports, spread
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._counts: dict[str, int] = {}

    # ------------------------------------------------------------ ports

    def input(self, *shape: int, name: str | None = None) -> Tensor:
        """A graph input of values near N(0, 1)."""
        name = name or self._name("x")
        if self.dtype == "float32":
            self.inputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
            return Tensor(name, shape, -3.0, 3.0)
        element = onnx.TensorProto.INT8 if self.ports == "codes" else onnx.TensorProto.FLOAT
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        scale, zero_point = self.draw_quantization(-3.0, 3.0)
        if self.ports == "codes":
            return self._dequantize(name, Tensor(name, shape, -3.0, 3.0, scale, zero_point))
        return self.quantized(Tensor(name, shape, -3.0, 3.0), scale, zero_point)

    def output(self, x: Tensor) -> None:
        """A graph output: the codes behind `x` where ports are codes, else its real value."""
        real = self.dtype == "float32" or self.ports == "real" or x.scale is None
        name = x.name if real else next(node.input[0] for node in self.nodes if node.output[0] == x.name)
        element = onnx.TensorProto.FLOAT if real else onnx.TensorProto.INT8
        self.outputs.append(helper.make_tensor_value_info(name, element, x.shape))

    def model(self) -> onnx.ModelProto:
        """The model, checked by onnx, shapes included."""
        graph = helper.make_graph(self.nodes, "graph", self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return model

    # ------------------------------------------------------------ operators

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        pads: Pads = (0, 0, 0, 0),
        groups: int = 1,
        mode: str = "constant",
        clip: tuple[float, float] | None = None,
        bias: Literal["", "float", "codes"] = "float",
    ) -> Tensor:
        """A convolution; other modes than zeros through a Pad before it. `clip` is a Relu or Clip behind it."""
        if mode != "constant":
            x, pads = self.pad(x, pads, mode), (0, 0, 0, 0)
        shape = (channels, x.shape[1] // groups, *kernel)
        inputs = [x.name, *self._weights(x, shape, bias)]
        attributes = dict(group=groups, strides=stride, dilations=dilation, pads=pads)
        size = [
            (x.shape[2 + i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilation[i] - 1) // stride[i] + 1
            for i in (0, 1)
        ]
        return self._result("Conv", inputs, (x.shape[0], channels, *size), x.low, x.high, clip, **attributes)

    def depthwise(self, x: Tensor, multiplier: int = 1, **attributes: Any) -> Tensor:
        """A convolution of each channel by itself."""
        return self.conv(x, x.shape[1] * multiplier, groups=x.shape[1], **attributes)

    def gemm(self, x: Tensor, outputs: int, clip: tuple[float, float] | None = None, bias: Any = "float") -> Tensor:
        """A fully connected layer on [N, K]."""
        inputs = [x.name, *self._weights(x, (outputs, x.shape[1]), bias)]
        return self._result("Gemm", inputs, (x.shape[0], outputs), x.low, x.high, clip, transB=1)

    def add(self, a: Tensor, b: Tensor, clip: tuple[float, float] | None = None) -> Tensor:
        return self._result("Add", [a.name, b.name], a.shape, a.low + b.low, a.high + b.high, clip)

    def mul(self, a: Tensor, b: Tensor) -> Tensor:
        """A product; b may repeat along axes of a."""
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return self._result("Mul", [a.name, b.name], a.shape, min(ends) / 2, max(ends) / 2)

    def gated(self, x: Tensor) -> Tensor:
        """Squeeze and excitation: each channel times a value between 0 and 1 that is made from all of the image."""
        gate = self.conv(self.global_average_pool(x), x.shape[1], kernel=(1, 1))
        gate = self._result("Sigmoid", [gate.name], gate.shape, 0.0, 1.0)
        return self._result("Mul", [x.name, gate.name], x.shape, min(x.low, 0.0), max(x.high, 0.0))

    def concat(self, parts: Sequence[Tensor], axis: int = 1) -> Tensor:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        low, high = min(part.low for part in parts), max(part.high for part in parts)
        return self._result("Concat", [part.name for part in parts], tuple(shape), low, high, axis=axis)

    def max_pool(self, x: Tensor, kernel: tuple[int, int], **attributes: Any) -> Tensor:
        return self._moved("MaxPool", x, self._pooled(x, kernel, attributes), kernel_shape=kernel, **attributes)

    def average_pool(self, x: Tensor, kernel: tuple[int, int], **attributes: Any) -> Tensor:
        shape = self._pooled(x, kernel, attributes)
        return self._result("AveragePool", [x.name], shape, x.low, x.high, kernel_shape=kernel, **attributes)

    def global_average_pool(self, x: Tensor) -> Tensor:
        shape = (*x.shape[:2], 1, 1)
        return self._result("GlobalAveragePool", [x.name], shape, x.low / 2, x.high / 2)

    def pad(self, x: Tensor, pads: Pads, mode: str = "constant", value: float = 0.0) -> Tensor:
        top, left, bottom, right = pads
        amounts = self._constant("pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
        extra = [self._constant("value", np.float32(value))] if value else []
        shape = (*x.shape[:2], x.shape[2] + top + bottom, x.shape[3] + left + right)
        return self._moved("Pad", x, shape, inputs=[amounts, *extra], mode=mode)

    def resize(self, x: Tensor, size: tuple[int, int], mode: str, coordinates: str) -> Tensor:
        shape = (*x.shape[:2], *size)
        inputs = ["", "", self._constant("sizes", np.array(shape, np.int64))]
        attributes = dict(mode=mode, coordinate_transformation_mode=coordinates)
        if mode == "nearest":
            return self._moved("Resize", x, shape, inputs=inputs, **attributes)
        return self._result("Resize", [x.name, *inputs], shape, x.low, x.high, **attributes)

    def conv_transpose(
        self, x: Tensor, channels: int, kernel: tuple[int, int], stride: tuple[int, int], pads: Pads
    ) -> Tensor:
        """Float weights, in int8 too: onnxruntime has no integer form."""
        weight = self.random.standard_normal((x.shape[1], channels, *kernel)) / math.sqrt(
            x.shape[1] * math.prod(kernel)
        )
        bias = self.random.standard_normal(channels)
        names = [self._constant("weight", weight.astype(np.float32)), self._constant("bias", bias.astype(np.float32))]
        size = [stride[i] * (x.shape[2 + i] - 1) + kernel[i] - pads[i] - pads[i + 2] for i in (0, 1)]
        shape = (x.shape[0], channels, *size)
        return self._result("ConvTranspose", [x.name, *names], shape, x.low, x.high, strides=stride, pads=pads)

    def depth_to_space(self, x: Tensor, block: int, mode: str) -> Tensor:
        shape = (x.shape[0], x.shape[1] // block**2, x.shape[2] * block, x.shape[3] * block)
        return self._moved("DepthToSpace", x, shape, blocksize=block, mode=mode)

    def space_to_depth(self, x: Tensor, block: int) -> Tensor:
        shape = (x.shape[0], x.shape[1] * block**2, x.shape[2] // block, x.shape[3] // block)
        return self._moved("SpaceToDepth", x, shape, blocksize=block)

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        """A Relu or Clip behind codes: a table in int8."""
        return self._result("Clip", [x.name, *self._bounds(low, high)], x.shape, max(x.low, low), min(x.high, high))

    def flatten(self, x: Tensor) -> Tensor:
        return self.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        return self._moved("Reshape", x, shape, inputs=[self._constant("shape", np.array(shape, np.int64))])

    def softmax(self, x: Tensor) -> Tensor:
        """Real values: never quantized."""
        name = self._node("Softmax", [x.name], axis=1)
        return Tensor(name, x.shape, 0.0, 1.0)

    # ------------------------------------------------------------ quantization

    def draw_quantization(self, low: float, high: float) -> tuple[np.float32, int]:
        """A scale and zero point under which most of [low, high] has a code."""
        low, high = min(low, 0.0), max(high, 1e-3)
        scale = (high - low) / 255 * self.random.uniform(0.6, 1.3)
        if self.random.random() < 0.25:
            scale = 2.0 ** round(math.log2(scale))
        zero_point = round(-128 - low / scale) + int(self.random.integers(-8, 9))
        return np.float32(scale), min(max(zero_point, -128), 127)

    def quantized(self, x: Tensor, scale: np.float32, zero_point: int) -> Tensor:
        """`x` behind QuantizeLinear and DequantizeLinear."""
        known = Tensor(x.name, x.shape, x.low, x.high, np.float32(scale), int(zero_point))
        return self._dequantize(self._node("QuantizeLinear", [x.name, *self._scale(known)]), known)

    def _dequantize(self, codes: str, of: Tensor) -> Tensor:
        name = self._node("DequantizeLinear", [codes, *self._scale(of)])
        return Tensor(name, of.shape, of.low, of.high, of.scale, of.zero_point)

    def _scale(self, x: Tensor) -> list[str]:
        return [self._constant("scale", np.float32(x.scale)), self._constant("zero_point", np.int8(x.zero_point))]

    def _weights(self, x: Tensor, shape: tuple[int, ...], bias: str) -> list[str]:
        """Names of weight and bias: results are about as large as x."""
        count, random = math.prod(shape[1:]), self.random
        if self.dtype == "float32":
            weight = (random.standard_normal(shape) / math.sqrt(count)).astype(np.float32)
            names = [self._constant("weight", weight)]
            if bias:
                names.append(self._constant("bias", random.standard_normal(shape[0]).astype(np.float32) / 2))
            return names
        low = random.choice([-128, -127])
        codes = random.integers(low, 128, shape, np.int8)
        size = shape[0] if random.random() < 0.8 else 1
        scale = 2.0 ** -random.uniform(0, self.spread, size) / (73 * math.sqrt(count))
        scale = (scale if size > 1 or random.random() < 0.5 else scale.reshape(())).astype(np.float32)
        zeros = np.zeros(scale.shape, np.int8)
        axis = {"axis": 0} if scale.size > 1 else {}
        if scale.ndim == 1 and scale.size == 1:
            scale, zeros = scale.reshape(()), zeros.reshape(())
        names = [self._constant("codes", codes), self._constant("scale", scale), self._constant("zero_point", zeros)]
        result = [self._node("DequantizeLinear", names, **axis)]
        unit = (x.scale * scale).astype(np.float32)
        wanted = random.uniform(-1, 1, shape[0]) * max(abs(x.low), abs(x.high)) / 4
        if bias == "float":
            result.append(self._constant("bias", wanted.astype(np.float32)))
        elif bias == "codes":
            values = np.rint(wanted / unit).clip(-(2**30), 2**30).astype(np.int32)
            names = [self._constant("codes", values), self._constant("scale", unit)]
            names.append(self._constant("zero_point", np.zeros(unit.shape, np.int32)))
            result.append(self._node("DequantizeLinear", names, **axis))
        return result

    # ------------------------------------------------------------ text

    def _result(
        self,
        operator: str,
        inputs: list[str],
        shape: tuple[int, ...],
        low: float,
        high: float,
        clip: tuple[float, float] | None = None,
        **attributes: Any,
    ) -> Tensor:
        name = self._node(operator, inputs, **attributes)
        if clip == (0.0, math.inf):
            name = self._node("Relu", [name])
        elif clip is not None:
            name = self._node("Clip", [name, *self._bounds(*clip)])
        if clip is not None:
            low, high = max(low, clip[0]), min(high, clip[1])
        x = Tensor(name, shape, low, high)
        return x if self.dtype == "float32" else self.quantized(x, *self.draw_quantization(low, high))

    def _moved(
        self, operator: str, x: Tensor, shape: tuple[int, ...], inputs: Sequence[str] = (), **attributes: Any
    ) -> Tensor:
        """An operator that only moves values: the codes keep their meaning."""
        name = self._node(operator, [x.name, *inputs], **attributes)
        moved = Tensor(name, shape, x.low, x.high)
        return moved if x.scale is None else self.quantized(moved, x.scale, x.zero_point)

    def _bounds(self, low: float, high: float) -> list[str]:
        names = [self._constant("low", np.float32(low)) if math.isfinite(low) else ""]
        return names + ([self._constant("high", np.float32(high))] if math.isfinite(high) else [])

    @staticmethod
    def _pooled(x: Tensor, kernel: tuple[int, int], attributes: dict[str, Any]) -> tuple[int, ...]:
        strides, pads = attributes.get("strides", (1, 1)), attributes.get("pads", (0, 0, 0, 0))
        dilations, sizes = attributes.get("dilations", (1, 1)), []
        for i in (0, 1):
            span = x.shape[2 + i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1
            count = span // strides[i] + 1
            if attributes.get("ceil_mode", 0) and span % strides[i] and count * strides[i] < x.shape[2 + i] + pads[i]:
                count += 1
            sizes.append(count)
        return (*x.shape[:2], *sizes)

    def _node(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = self._name(operator.lower())
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def _constant(self, role: str, value: Any) -> str:
        name = self._name(role)
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _name(self, role: str) -> str:
        self._counts[role] = self._counts.get(role, 0) + 1
        return f"{role}_{self._counts[role]}"


# ---------------------------------------------------------------- random graphs


def random_model(
    seed: int,
    dtype: DType = "int8",
    ports: Literal["codes", "real"] = "codes",
    batch: int = 1,
    inputs: int = 1,
    outputs: int = 1,
    layers: int = 5,
    gates: bool = False,
    sizes: bool = False,
) -> onnx.ModelProto:
    """A graph of `layers` random operators with branches; the same for the same arguments.

    With `gates`, squeeze-and-excitations are among them; with `sizes`, what makes more rows, or pixels of channels.
    """
    random = np.random.default_rng((seed, int(dtype == "int8"), int(ports == "real"), batch, inputs, outputs, layers))
    graph = GraphBuilder(random, dtype, ports)
    height, width = (int(v) for v in random.integers(5, 10, 2))
    tensors = [graph.input(batch, int(random.integers(1, 6)), height, width) for _ in range(inputs)]
    used: set[str] = set()
    for number in range(layers):
        fresh = [x for x in tensors if x.name not in used] or tensors
        x = (
            fresh[int(random.integers(len(fresh)))]
            if number < inputs
            else tensors[-1 - int(random.integers(2)) % len(tensors)]
        )
        y, read = _random_layer(graph, random, tensors, x, gates, sizes)
        used |= {t.name for t in read}
        tensors.append(y)
    ends = [x for x in tensors[inputs:] if x.name not in used][-outputs:]
    ends += [x for x in reversed(tensors[inputs:]) if x not in ends][: outputs - len(ends)]
    for x in ends:
        if x is ends[-1] and random.random() < 0.4:
            x = graph.gemm(graph.flatten(x), int(random.integers(1, 8)))
        graph.output(x)
    model = graph.model()
    read = {name for node in model.graph.node for name in node.input}
    for value in [value for value in model.graph.input if value.name not in read]:
        model.graph.input.remove(value)
    return model


def _random_layer(
    graph: GraphBuilder, random: np.random.Generator, tensors: list[Tensor], x: Tensor, gates: bool, sizes: bool
) -> tuple[Tensor, list[Tensor]]:
    """(a new tensor, those it was made from)."""
    same = [other for other in tensors if other.shape == x.shape and other is not x]
    beside = [other for other in tensors if other.shape[2:] == x.shape[2:] and other is not x]
    kinds = ["conv", "conv", "conv", "depthwise", "max_pool", "average_pool", "pad", "clip", "global"]
    kinds += ["add"] * 4 * bool(same) + ["concat"] * 2 * bool(beside)
    kinds += ["gate"] * 3 * (gates and x.shape[2] > 1)
    kinds += (
        ["resize", "conv_transpose", "depth_to_space", "space_to_depth"] * 3 * (sizes and math.prod(x.shape) < 3000)
    )
    kind = str(random.choice(kinds))
    clip = [None, (0.0, math.inf), (0.0, 6.0)][int(random.integers(3))]
    if kind == "add":
        other = same[int(random.integers(len(same)))]
        return graph.add(x, other, clip), [x, other]
    if kind == "concat":
        other = beside[int(random.integers(len(beside)))]
        return graph.concat([x, other] if random.random() < 0.5 else [other, x]), [x, other]
    if kind == "gate":
        return graph.gated(x), [x]
    if kind == "resize":
        size = tuple(int(v) for v in random.integers(1, 2 * np.array(x.shape[2:]) + 3))
        coordinates = str(random.choice(["half_pixel", "asymmetric", "align_corners"]))
        return graph.resize(x, size, str(random.choice(["nearest", "linear"])), coordinates), [x]
    if kind == "depth_to_space":
        if x.shape[1] % 4:
            x = graph.conv(x, 4 * int(random.integers(1, 3)), kernel=(1, 1))
        return graph.depth_to_space(x, 2, str(random.choice(["DCR", "CRD"]))), [x]
    if kind == "space_to_depth" and not (x.shape[2] % 2 or x.shape[3] % 2):
        return graph.space_to_depth(x, 2), [x]
    if kind == "conv_transpose":
        kernel, stride = (tuple(int(v) for v in random.integers(1, 4, 2)) for _ in range(2))
        pads = tuple(int(random.integers(0, (k + 1) // 2)) for k in (*kernel, *kernel))
        return graph.conv_transpose(x, int(random.integers(1, 5)), kernel, stride, pads), [x]
    if kind == "global" and x.shape[2] * x.shape[3] > 1 and random.random() < 0.4:
        return graph.global_average_pool(x), [x]
    if kind == "clip":
        return graph.clip(x, *((0.0, math.inf), (-1.0, 1.5))[int(random.integers(2))]), [x]
    if kind in ("max_pool", "average_pool"):
        kernel = tuple(min(int(random.integers(1, 4)), size) for size in x.shape[2:])
        pads = tuple(int(random.integers(0, k)) for k in (*kernel, *kernel))
        stride = tuple(int(v) for v in random.integers(1, 3, 2))
        extra: dict[str, Any] = dict(pads=pads, strides=stride)
        if kind == "average_pool":
            extra["count_include_pad"] = int(random.random() < 0.5)
        inside = all(
            _starts_inside(*sizes) for sizes in zip(x.shape[2:], kernel, stride, pads[:2], pads[2:], strict=True)
        )
        if inside and random.random() < 0.4:
            extra["ceil_mode"] = 1
        return getattr(graph, kind)(x, kernel, **extra), [x]
    mode = str(random.choice(MODES))
    kernel = tuple(int(v) for v in random.integers(1, 4, 2))
    dilation = tuple(int(v) for v in random.integers(1, 3, 2))
    most = [{"reflect": size - 1, "wrap": size}.get(mode, 3) for size in x.shape[2:]]
    pads = tuple(int(random.integers(0, min(3, limit) + 1)) for limit in (*most, *most))
    if kind == "pad":
        return graph.pad(x, pads, mode, 0.5 if mode == "constant" and random.random() < 0.5 else 0.0), [x]
    for i in (0, 1):
        if x.shape[2 + i] + pads[i] + pads[i + 2] < (kernel[i] - 1) * dilation[i] + 1:
            kernel = (1, kernel[1]) if i == 0 else (kernel[0], 1)
    attributes: dict[str, Any] = dict(
        kernel=kernel,
        stride=tuple(int(v) for v in random.integers(1, 3, 2)),
        dilation=dilation,
        pads=pads,
        mode=mode,
        clip=clip,
        bias=str(random.choice(["", "float", "codes"])),
    )
    if kind == "depthwise" and x.shape[1] <= 6:
        return graph.depthwise(x, int(random.integers(1, 3)), **attributes), [x]
    groups = 2 if x.shape[1] % 2 == 0 and random.random() < 0.3 else 1
    return graph.conv(x, groups * int(random.integers(1, 5)), groups=groups, **attributes), [x]


def _starts_inside(size: int, kernel: int, stride: int, before: int, after: int) -> bool:
    """True where the window that ceil_mode adds does not lie in the padding alone: onnx and onnxruntime then agree."""
    count = -(-(size + before + after - kernel) // stride)
    return count * stride < size + before


def sample_inputs(model: onnx.ModelProto, seed: int = 0) -> dict[str, Array]:
    """One batch for every input: all codes alike in int8, N(0, 1) in float32."""
    random = np.random.default_rng(seed)
    samples: dict[str, Array] = {}
    for value in model.graph.input:
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if value.type.tensor_type.elem_type == onnx.TensorProto.INT8:
            samples[value.name] = random.integers(-128, 128, shape, np.int8)
        else:
            samples[value.name] = random.standard_normal(shape).astype(np.float32)
    return samples
