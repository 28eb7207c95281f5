"""Ring 1: every row of every kernel table on random odd shapes, shared and inlined, with guard bytes and under ASan.

What has to come out is said by onnxruntime on a model of one node, or by numpy, and by the operator's `interpret`.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import cffi
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.builder import compile_files
from bittwin.golden import why_not_golden
from bittwin_cgen import ops
from bittwin_cgen.fixed_point import (
    accumulator_range,
    dequantize_linear,
    move_scales,
    prove_add,
    prove_requantization,
    quantize_linear,
    softmax_exponentials,
)
from bittwin_cgen.ir import NUMBERS, Array, Kernel, Op, Quantization, TensorType
from bittwin_cgen.ops.add import Add, _scales
from bittwin_cgen.ops.arg_extreme import ArgExtreme
from bittwin_cgen.ops.average_pool import AveragePool
from bittwin_cgen.ops.binary import FUNCTIONS as BINARY_FUNCTIONS
from bittwin_cgen.ops.binary import KERNELS as BINARY_KERNELS
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.cast import Cast
from bittwin_cgen.ops.clip import Clip
from bittwin_cgen.ops.compare import KERNELS as COMPARE_KERNELS
from bittwin_cgen.ops.compare import OPERATORS as COMPARISONS
from bittwin_cgen.ops.compare import Compare
from bittwin_cgen.ops.concat import Concat
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.conv_integer2d import ConvInteger2d
from bittwin_cgen.ops.conv_transpose2d import ConvTranspose2d
from bittwin_cgen.ops.copy import Copy
from bittwin_cgen.ops.dynamic_quantize_linear import DynamicQuantize, DynamicScale, DynamicZeroPoint
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.ops.image import Image
from bittwin_cgen.ops.linear import Linear
from bittwin_cgen.ops.matmul import MatMul
from bittwin_cgen.ops.max_pool import MaxPool, Pooling
from bittwin_cgen.ops.max_pool_indices import MaxPoolIndices
from bittwin_cgen.ops.mul import Mul
from bittwin_cgen.ops.normalize import Normalize
from bittwin_cgen.ops.pad import Pad
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.quantize_wide import DequantizeWide, QuantizeWide
from bittwin_cgen.ops.recentre import Recentre
from bittwin_cgen.ops.reduce import Axes, Extreme, Reduce
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.resize import Along, Resize, linear
from bittwin_cgen.ops.softmax import Softmax
from bittwin_cgen.ops.table import Table
from bittwin_cgen.ops.take import Take
from bittwin_cgen.ops.transpose import Transpose
from bittwin_cgen.ops.unary import FUNCTIONS, Unary
from bittwin_cgen.ops.unary import KERNELS as UNARY_KERNELS
from bittwin_cgen.ops.weighted import folded_bias
from bittwin_cgen.ops.where import Where
from bittwin_cgen.runtime import runtime_files
from tests.runtime_c.kernel_harness import FLAGS, KernelCase, Kind, LoadedCases, run_sanitized

F = np.float32
Random = np.random.Generator
MODES = ("constant", "reflect", "edge", "wrap")
ELEMENTS = {
    "float32": TensorProto.FLOAT,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}
DTYPES = {"f32": "float32", "s32": "int32", "s64": "int64", "u8": "bool"}
FLOAT_TOLERANCE = 1e-5

pytestmark = pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")


def kernel_rows() -> list[Kernel]:
    """The rows of all tables, found by looking, so that a new one cannot be forgotten here."""
    modules = [
        importlib.import_module(f"{ops.__name__}.{module.name}") for module in pkgutil.iter_modules(ops.__path__)
    ]
    return [row for module in modules for row in getattr(module, "KERNELS", ())]


# ---------------------------------------------------------------- expected values


def onnxruntime_gives(
    operator: str,
    output: str,
    activations: Sequence[Array],
    *inputs: Array | None,
    domain: str = "",
    version: int = 20,
    **attributes: Any,
) -> Array:
    """The output of a model of one node. `inputs` are all of its inputs; those in `activations` are not constant."""
    names, initializers, feeds, ports = [], [], {}, []
    for number, value in enumerate(inputs):
        if value is None:
            names.append("")
            continue
        names.append(f"i{number}")
        if any(value is x for x in activations):
            feeds[names[-1]] = value
            ports.append(helper.make_tensor_value_info(names[-1], ELEMENTS[str(value.dtype)], value.shape))
        else:
            initializers.append(numpy_helper.from_array(np.asarray(value), names[-1]))
    node = helper.make_node(operator, names, ["y"], domain=domain, **attributes)
    result = helper.make_tensor_value_info("y", ELEMENTS[output], None)
    graph = helper.make_graph([node], "one", ports, [result], initializers)
    opsets = [helper.make_opsetid("", version), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, feeds)[0]  # type: ignore[no-any-return]


def onnxruntime_second(operator: str, x: Array, **attributes: Any) -> Array:
    """The second output of a model of one node, int64."""
    node = helper.make_node(operator, ["x"], ["z", "y"], **attributes)
    result = helper.make_tensor_value_info("y", TensorProto.INT64, None)
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    graph = helper.make_graph([node], "one", ports, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]  # type: ignore[no-any-return]


def codes_type(quantization: Quantization, shape: tuple[int, ...]) -> TensorType:
    return TensorType(shape, "int8", quantization)


def pair(quantization: Quantization) -> tuple[Array, Array]:
    """Scale and zero point as onnxruntime takes them."""
    return np.float32(quantization.scale), np.array(quantization.zero_point, np.int8)  # type: ignore[return-value]


# ---------------------------------------------------------------- random layers


def draw_quantization(random: Random, scale: float | None = None) -> Quantization:
    """A power of two (exact ties) one time in three; zero points at both ends too."""
    exponent = math.log2(scale) if scale else random.uniform(-7, 0)
    exponent = round(exponent) if random.random() < 0.33 else exponent
    zero_point = int(random.choice([-128, 127, 0, *random.integers(-128, 128, 2)]))
    return Quantization(float(np.float32(2.0**exponent)), zero_point)


def draw_codes(random: Random, shape: Sequence[int]) -> Array:
    if random.random() < 0.15:
        return random.choice(np.array([-128, 127], np.int8), shape)
    return random.integers(-128, 128, shape, np.int8)


def draw_real(random: Random, shape: Sequence[int]) -> Array:
    return random.standard_normal(shape).astype(np.float32)


def draw_image(random: Random, wide: bool = False) -> tuple[int, ...]:
    """[1, channels, height, width], odd and small; `wide` has more channels."""
    channels = int(random.integers(8, 40) if wide else random.integers(1, 8))
    return (1, channels, int(random.integers(1, 8)), int(random.integers(1, 10)))


def draw_window(random: Random, sizes: Sequence[int], mode: str) -> tuple[Any, Any, Any, Any]:
    """(kernel, stride, dilation, padding) of a window that fits; pads that reach beyond the kernel too."""
    kernel, stride, dilation = ([int(v) for v in random.integers(1, most + 1, 2)] for most in (5, 3, 2))
    most = [{"reflect": size - 1, "wrap": size}.get(mode, 4) for size in sizes]
    pads = [int(random.integers(0, min(limit, 4) + 1)) for limit in (*most, *most)]
    for i, size in enumerate(sizes):
        while (kernel[i] - 1) * dilation[i] + 1 > size + pads[i] + pads[i + 2]:
            kernel[i] -= 1
    return tuple(kernel), tuple(stride), tuple(dilation), tuple(pads)


def few_outputs_s8(random: Random) -> KernelCase:
    """Half of them without a proof."""
    ties = bool(random.random() < 0.5)
    sizes = 1, 1 if ties else int(random.integers(1, 6)), int(random.integers(1, 3))
    case = conv_s8(random, depthwise=False, quiet=not ties, ties=ties, sizes=sizes, longer=80 if ties else 8)
    return replace(case, has_fpu=not ties)


def grouped_s8(random: Random, quiet: bool = True) -> KernelCase:
    """Groups of several channels."""
    sizes = int(random.integers(2, 5)), int(random.integers(1, 13)), int(random.integers(1, 13))
    return conv_s8(random, False, "1x1" if random.random() < 0.3 else "any", quiet, sizes=sizes)


def channels_of_pairs(random: Random, end: int = 22) -> tuple[int, int, int]:
    """One group; input and output channels of layers that are computed two rows at a time."""
    return 1, int(random.integers(4, end)), int(random.integers(4, end))


def conv_s8(
    random: Random,
    depthwise: bool,
    shape: str = "any",
    quiet: bool = False,
    wide: bool = False,
    sizes: tuple[int, int, int] | None = None,
    ties: bool = False,
    longer: int = 0,
    provable: bool = False,
) -> KernelCase:
    """`quiet`: scales that mostly have a proof, one output channel for each input channel of a depthwise one.

    `wide`: more channels than vectors have lanes. `sizes`: groups, input and output channels of each. `ties`: scales
    that are powers of two, where no channel has a proof. `longer`: pixels of a row in addition. `provable`: scales are
    moved until each has a proof, as `quantize` does.
    """
    mode = str(random.choice(MODES))
    _, _, height, width = draw_image(random)
    width += longer
    flat = random.random() < 0.15
    height = 1 if flat else height
    kernel, stride, dilation, pads = draw_window(random, (height, width), mode)
    if shape.startswith("3x3"):
        pads = tuple(int(random.integers(0, min(most, 2) + 1)) for most in (height - 1, width - 1) * 2)
        height, width = height + 4, width + 4
        kernel, dilation, flat = (3, 3), (1, 1 if shape == "3x3x3" else int(random.integers(1, 3))), False
    if shape == "3x3 of pairs":  # of rows: large enough for them to be faster
        width, stride, dilation, sizes = width + 4, (1, 1), (1, 1), sizes or channels_of_pairs(random)
    if shape == "1x1":
        kernel, stride, dilation, pads, mode = (1, 1), (1, 1), (1, 1), (0, 0, 0, 0), "constant"
    if flat:
        kernel, stride, dilation, pads = (1, kernel[1]), (1, stride[1]), (1, dilation[1]), (0, pads[1], 0, pads[3])
    if depthwise:
        groups, group_channels = int(random.integers(2, 36 if wide else 8)), 1
        output_channels = groups * (1 if quiet or ties else int(random.integers(1, 4)))
    else:
        groups = 1 if quiet else int(random.choice([1, 1, 4, 8] if wide else [1, 1, 2, 3]))
        group_channels = int(random.integers(1, 6))
        group_channels = max(group_channels, 2) if groups > 1 else group_channels
        group_channels = int(random.integers(1, 36)) if wide and groups == 1 else group_channels
        output_channels = groups * int(random.integers(1, 20 if wide and groups == 1 else 5))
        if sizes:
            groups, group_channels, output_channels = sizes[0], sizes[1], sizes[0] * sizes[2]
        if shape == "3x3x3":
            group_channels, output_channels = 3, 4 * int(random.integers(1, 4))
    x_quantization = draw_quantization(random)
    codes = draw_codes(random, (output_channels, group_channels, *kernel))
    spread = 18.0 if random.random() < 0.25 and not quiet else 1.0  # powers of two between the scales of one layer
    weight_scale = np.float32(2.0 ** -random.uniform(0, spread, output_channels) / 64)
    if ties or (random.random() < 0.4 and not quiet):
        weight_scale = np.exp2(np.rint(np.log2(weight_scale)))
    reach = 74.0 * np.sqrt((codes.astype(np.float64) ** 2).reshape(output_channels, -1).sum(1).max()) + 1
    y_quantization = draw_quantization(random, reach * x_quantization.scale * float(weight_scale.max()) / 50)
    if ties:
        x_quantization, y_quantization = (
            replace(each, scale=2.0 ** round(math.log2(each.scale))) for each in (x_quantization, y_quantization)
        )
    bias = random.integers(-int(reach), int(reach) + 1, output_channels, np.int32)
    if provable:
        folded = folded_bias(codes, bias, codes_type(x_quantization, (1,)))
        low, high, _ = accumulator_range(codes.reshape(output_channels, -1), folded)
        ends = y_quantization.scale, y_quantization.zero_point
        weight_scale = move_scales(x_quantization.scale, weight_scale, *ends, low, high).weight_scale
    op = Conv2d(
        weight=codes,
        bias=bias,
        stride=stride,
        dilation=dilation,
        padding=pads,
        groups=groups,
        mode=mode,  # type: ignore[arg-type]
        outside=float(x_quantization.zero_point),
        weight_scale=weight_scale,
    )
    x = draw_codes(random, (1, groups * group_channels, height, width))
    image = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), mode) if mode != "constant" else x  # type: ignore[call-overload]
    fields: dict[str, Any] = dict(strides=stride, dilations=dilation, pads=pads if mode == "constant" else [0] * 4)
    y = onnxruntime_gives(
        "QLinearConv",
        "int8",
        [image],
        image,
        *pair(x_quantization),
        codes,
        weight_scale,
        np.zeros(output_channels, np.int8),
        *pair(y_quantization),
        bias,
        group=groups,
        **fields,
    )
    given = (1, x.shape[1], width) if flat else x.shape
    result = (1, output_channels, y.shape[3]) if flat else y.shape
    types = (codes_type(x_quantization, given),), codes_type(y_quantization, result)
    return KernelCase(op, *types, (x.reshape(given),), y.reshape(result))


def one_or_more_s8(random: Random, shape: str) -> KernelCase:
    """One output channel, or so many that they fill vectors."""
    if random.random() < 0.5:
        channels = int(random.integers(1, 50 if shape == "1x1" else 9))
        return conv_s8(random, False, shape, sizes=(1, channels, 1), longer=int(random.integers(16)))
    return linear_s8(random, wide=True) if shape == "1x1" else conv_s8(random, depthwise=False, wide=True)


def winograd_s8(random: Random) -> KernelCase:
    """Layers that Winograd's transforms suit, by proved integers or by scales; some make less than a vector."""
    sizes = (1, int(random.integers(20, 30)), 7) if random.random() < 0.2 else channels_of_pairs(random, 40)
    provable, longer = bool(random.random() < 0.6), int(random.integers(14))
    return conv_s8(random, False, "3x3 of pairs", provable, sizes=sizes, longer=longer, provable=provable)


def conv_f32(random: Random, depthwise: bool, shape_of: str = "any", blocks: bool = False) -> KernelCase:
    """`shape_of`: "1x1" has one group and no window, "wide" more channels, "3x3" of these no dilation.

    `blocks`: more pixels and channels than there is room for in registers.
    """
    mode = str(random.choice(MODES))
    shape = draw_image(random)
    kernel, stride, dilation, pads = draw_window(random, shape[2:], mode)
    if shape_of == "3x3":
        shape = (1, shape[1], shape[2] + 4, shape[3] + 4)
        kernel, stride, dilation, pads = (3, 3), (stride[0], int(random.integers(1, 3))), (dilation[0], 1), (1, 1, 1, 1)
    if blocks:
        shape = (*shape[:3], shape[3] + int(random.integers(0, 24)))
    if shape_of == "3x3 of pairs":
        shape, dilation, stride = (*shape[:2], shape[2] + 3, shape[3] + 9), (1, 1), (1, 1)
        kernel, pads = (3, 3), tuple(int(p) for p in random.integers(0, 2, 4))
        groups, group_channels, each = channels_of_pairs(random)
    elif shape_of == "1x1":
        mode, kernel, stride, dilation, pads = "constant", (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)
        groups, group_channels, each = 1, int(random.integers(1, 40)), int(random.integers(1, 20))
    elif depthwise and shape_of != "any":
        groups, group_channels, each = int(random.integers(4, 20)), 1, 1
    elif depthwise:
        groups, group_channels, each = max(2, shape[1]), 1, int(random.integers(1, 4))
    else:
        groups, group_channels, each = (
            int(random.choice([1, 2, 3])),
            int(random.integers(2, 6)),
            int(random.integers(1, 5)),
        )
    if blocks and depthwise:
        groups = int(random.integers(4, 40))
    elif blocks:
        groups, group_channels, each = max(1, groups % 3), int(random.integers(1, 22)), int(random.integers(1, 41))
    x = draw_real(random, (1, groups * group_channels, *shape[2:]))
    weight, bias = draw_real(random, (groups * each, group_channels, *kernel)), draw_real(random, [groups * each])
    if blocks or shape_of == "3x3 of pairs":
        weight /= F(math.sqrt(weight[0].size))  # sums of hundreds stay as near to onnxruntime's as those of a few
    outside = float(random.choice([0.0, 0.0, 1.5])) if mode == "constant" else 0.0
    op = Conv2d(
        weight=weight,
        bias=bias,
        stride=stride,
        dilation=dilation,
        padding=pads,
        groups=groups,
        mode=mode,  # type: ignore[arg-type]
        outside=outside,
    )
    extra: dict[str, Any] = {"constant_values": outside} if mode == "constant" else {}
    image = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), mode, **extra)  # type: ignore[call-overload]
    y = onnxruntime_gives(
        "Conv", "float32", [image], image, weight, bias, group=groups, strides=stride, dilations=dilation
    )
    return real_case(op, [x], y)


def real_case(op: Op, values: Sequence[Array], y: Array) -> KernelCase:
    types = tuple(TensorType(x.shape, "float32") for x in values)
    return KernelCase(op, types, TensorType(y.shape, "float32"), tuple(values), y, FLOAT_TOLERANCE)


def linear_s8(random: Random, quiet: bool = False, wide: bool = False) -> KernelCase:
    """Fully connected, or a 1x1 convolution pixel by pixel."""
    if random.random() < 0.4:
        return conv_s8(random, depthwise=False, shape="1x1", quiet=quiet, wide=wide)
    count, outputs = int(random.integers(1, 40)), int(random.integers(1, 36 if wide else 12))
    x_quantization = draw_quantization(random)
    codes, x = draw_codes(random, (outputs, count)), draw_codes(random, (int(random.choice([1, 1, 5, 8])), count))
    spread = 18.0 if random.random() < 0.25 and not quiet else 1.0
    scale = np.float32(2.0 ** -random.uniform(0, spread, outputs) / 64)
    reach = 74.0 * np.sqrt((codes.astype(np.float64) ** 2).sum(1).max()) + 1
    y_quantization = draw_quantization(random, reach * x_quantization.scale * float(scale.max()) / 50)
    bias = random.integers(-int(reach), int(reach) + 1, outputs, np.int32)
    op = Linear(weight=codes, bias=bias, weight_scale=scale)
    weight = (codes, scale, np.zeros(outputs, np.int8), bias)
    given = (x, *pair(x_quantization), *weight, *pair(y_quantization))
    y = onnxruntime_gives("QGemm", "int8", [x], *given, domain="com.microsoft", transB=1)
    return KernelCase(op, (codes_type(x_quantization, x.shape),), codes_type(y_quantization, y.shape), (x,), y)


def linear_f32(random: Random, most_outputs: int = 12) -> KernelCase:
    x = draw_real(random, (int(random.choice([1, 1, 5, 8])), int(random.integers(1, 40))))
    weight = draw_real(random, (int(random.integers(1, most_outputs)), x.shape[1]))
    bias = draw_real(random, [len(weight)])
    y = onnxruntime_gives("Gemm", "float32", [x], x, weight, bias, transB=1)
    return real_case(Linear(weight=weight, bias=bias), [x], y)


def pixels_f32(random: Random) -> KernelCase:
    """Fully connected, or a 1x1 convolution pixel by pixel, with more than a block of outputs."""
    if random.random() < 0.3:
        return linear_f32(random, 50)
    return conv_f32(random, depthwise=False, shape_of="1x1", blocks=True)


def draw_pooling(random: Random, sizes: Sequence[int], dilated: bool) -> tuple[Pooling, dict[str, Any]]:
    """A window that onnxruntime accepts: pads below the kernel size."""
    kernel = [min(int(random.integers(1, 5)), size) for size in sizes]
    dilation = [int(random.integers(1, 3)) if dilated else 1 for _ in sizes]
    dilation = [d if (k - 1) * d < size else 1 for k, d, size in zip(kernel, dilation, sizes, strict=True)]
    stride = [int(v) for v in random.integers(1, 4, 2)]
    pads = [int(random.integers(0, k)) for k in (*kernel, *kernel)]
    ceil = bool(random.random() < 0.4)
    pooling = Pooling(tuple(kernel), tuple(stride), tuple(dilation), tuple(pads), ceil)  # type: ignore[arg-type]
    attributes: dict[str, Any] = dict(kernel_shape=kernel, strides=stride, pads=pads, ceil_mode=int(ceil))
    return pooling, attributes | ({"dilations": dilation} if dilated else {})


def max_pool_s8(random: Random, wide: bool = False) -> KernelCase:
    shape = draw_image(random, wide)
    pooling, attributes = draw_pooling(random, shape[2:], dilated=True)
    x, quantization = draw_codes(random, shape), draw_quantization(random)
    x = np.minimum(x, random.integers(-128, 128)).astype(np.int8)
    y = onnxruntime_gives("MaxPool", "int8", [x], x, **attributes)
    types = (codes_type(quantization, shape),), codes_type(quantization, y.shape)
    return KernelCase(MaxPool(pooling), *types, (x,), y)


def max_pool_f32(random: Random, wide: bool = False) -> KernelCase:
    shape = draw_image(random, wide)
    pooling, attributes = draw_pooling(random, shape[2:], dilated=True)
    x = draw_real(random, shape) - 5  # pads are not zero
    return real_case(MaxPool(pooling), [x], onnxruntime_gives("MaxPool", "float32", [x], x, **attributes))


def average_pool_s8(random: Random, wide: bool = False, tiny: bool = False, sums: bool = False) -> KernelCase:
    """`tiny`: scales so small that no integer form is tried. `sums`: some for a target without an FPU."""
    shape = draw_image(random, wide)
    pooling, attributes = draw_pooling(random, shape[2:], dilated=False)
    include = bool(random.random() < 0.5)
    x, from_, to = draw_codes(random, shape), draw_quantization(random), draw_quantization(random)
    if random.random() < 0.5:
        to = from_  # as the quantizer writes it: many exact ties
    if tiny:
        from_, to = (replace(each, scale=each.scale * 2.0**-70) for each in (from_, to))
    attributes |= dict(count_include_pad=int(include))
    given = (x, *pair(from_), *pair(to))
    y = onnxruntime_gives("QLinearAveragePool", "int8", [x], *given, domain="com.microsoft", **attributes)
    types = (codes_type(from_, shape),), codes_type(to, y.shape)
    has_fpu = not sums or bool(random.random() < 0.3)
    return KernelCase(AveragePool(pooling, include), *types, (x,), y, has_fpu=has_fpu)


def average_pool_f32(random: Random, wide: bool = False) -> KernelCase:
    shape = draw_image(random, wide)
    pooling, attributes = draw_pooling(random, shape[2:], dilated=True)
    include = bool(random.random() < 0.5)
    x = draw_real(random, shape) + 3
    y = onnxruntime_gives("AveragePool", "float32", [x], x, count_include_pad=int(include), **attributes)
    return real_case(AveragePool(pooling, include), [x], y)


def global_average_pool_s8(random: Random, wide: bool = False) -> KernelCase:
    shape, from_, to = draw_image(random, wide), draw_quantization(random), draw_quantization(random)
    shape = shape[:2] + ((shape[2], shape[3]) if random.random() < 0.7 else (1, 1))
    x = draw_codes(random, shape)
    given = (x, *pair(from_), *pair(to))
    y = onnxruntime_gives("QLinearGlobalAveragePool", "int8", [x], *given, domain="com.microsoft", channels_last=0)
    return KernelCase(GlobalAveragePool(), (codes_type(from_, shape),), codes_type(to, y.shape), (x,), y)


def global_average_pool_f32(random: Random, most: int = 8) -> KernelCase:
    x = draw_real(random, (1, int(random.integers(1, most)), *draw_image(random)[2:]))
    return real_case(GlobalAveragePool(), [x], onnxruntime_gives("GlobalAveragePool", "float32", [x], x))


def draw_add(random: Random, kind: str) -> tuple[Quantization, Quantization, Quantization]:
    """Scales whose sum takes the form `kind`: odd multiples of a power of two make ties, huge ratios leave int32."""
    while True:
        a, b, y = (draw_quantization(random) for _ in range(3))
        if kind == "table":
            unit = 2.0 ** round(random.uniform(-6, 0))
            a = Quantization(
                unit * int(random.choice([3, 5, 7, 9, 11])) / 2 ** int(random.integers(1, 6)), a.zero_point
            )
            b = Quantization(float(np.float32(unit * random.uniform(0.1, 2))), b.zero_point)
            y = Quantization(unit, y.zero_point)
        elif kind == "float":
            a = Quantization(2.0**23 * y.scale, 0)
        elif random.random() < 0.4:  # exact halves
            a, b, y = (
                replace(meaning, scale=scale) for meaning, scale in zip((a, b, y), (0.25, 0.5, 0.5), strict=True)
            )
        types = [codes_type(quantization, (1, 2, 2, 2)) for quantization in (a, b, y)]
        if prove_add(_scales(types[:2], types[2])).kind == kind:
            return a, b, y


def add_s8(random: Random, kind: str) -> KernelCase:
    shape = draw_image(random)
    if kind == "linear" and random.random() < 0.2:
        shape = (1, 1, 1, 1)  # onnxruntime adds the other way round
    quantizations = draw_add(random, kind)
    a, b = draw_codes(random, shape), draw_codes(random, shape)
    if kind == "float":
        a = random.choice(np.array([0, 0, 0, 1, -1], np.int8), shape)
    given = (a, *pair(quantizations[0]), b, *pair(quantizations[1]), *pair(quantizations[2]))
    y = onnxruntime_gives("QLinearAdd", "int8", [a, b], *given, domain="com.microsoft")
    types = [codes_type(quantization, shape) for quantization in quantizations]
    return KernelCase(Add(), (types[0], types[1]), types[2], (a, b), y)


def add_f32(random: Random) -> KernelCase:
    shape = draw_image(random)
    a, b = draw_real(random, shape), draw_real(random, shape)
    return real_case(Add(), [a, b], a + b)


def clip_f32(random: Random) -> KernelCase:
    x = draw_real(random, draw_image(random))
    return real_case(Clip(-math.inf, math.inf), [x], x)


def draw_parts(random: Random, most: int = 6) -> tuple[list[tuple[int, ...]], int]:
    shape, axis = list(draw_image(random)), int(random.integers(1, 4))
    shapes = []
    for _ in range(int(random.integers(1, 4))):
        shape[axis] = int(random.integers(1, most))
        shapes.append(tuple(shape))
    return shapes, axis


def concat_s8(random: Random, most: int = 6) -> KernelCase:
    shapes, axis = draw_parts(random, most)
    to = draw_quantization(random)
    froms = [to if random.random() < 0.4 else draw_quantization(random, to.scale) for _ in shapes]
    parts = [draw_codes(random, shape) for shape in shapes]
    given = [value for x, from_ in zip(parts, froms, strict=True) for value in (x, *pair(from_))]
    y = onnxruntime_gives("QLinearConcat", "int8", parts, *pair(to), *given, domain="com.microsoft", axis=axis)
    types = tuple(codes_type(from_, x.shape) for x, from_ in zip(parts, froms, strict=True))
    return KernelCase(Concat(axis), types, codes_type(to, y.shape), tuple(parts), y)


def concat_f32(random: Random, most: int = 6) -> KernelCase:
    shapes, axis = draw_parts(random, most)
    parts = [draw_real(random, shape) for shape in shapes]
    return real_case(Concat(axis), parts, np.concatenate(parts, axis))


def draw_any(random: Random) -> tuple[Array, TensorType]:
    """Values of either type that are only moved."""
    shape = draw_image(random)
    if random.random() < 0.5:
        return draw_real(random, shape), TensorType(shape, "float32")
    return draw_codes(random, shape), codes_type(draw_quantization(random), shape)


def copy_u8(random: Random) -> KernelCase:
    x, type = draw_any(random)
    return KernelCase(Copy(), (type,), type, (x,), x)


def recentre_u8(random: Random) -> KernelCase:
    x = draw_codes(random, draw_image(random)).view(np.uint8)
    y = (x.astype(np.int16) - 128).astype(np.int8)
    types = TensorType(x.shape, "uint8"), TensorType(x.shape, "int8")
    if random.random() < 0.5:
        return KernelCase(Recentre(), types[:1], types[1], (x,), y)
    return KernelCase(Recentre(), types[1:], types[0], (y,), x)


def image_u8(random: Random) -> KernelCase:
    images = int(random.integers(2, 5))
    x = draw_real(random, (images, *draw_image(random)[1:]))
    index = int(random.integers(images))
    y = x[index : index + 1]
    return KernelCase(Image(index), (TensorType(x.shape, "float32"),), TensorType(y.shape, "float32"), (x,), y)


def unary_f32(random: Random, name: str) -> KernelCase:
    """Small and large values of both signs; of logarithm and root the positive ones."""
    x = draw_real(random, draw_image(random)) * np.float32(random.choice([0.1, 1, 5]))
    x = np.abs(x) if name in ("Log", "Sqrt") else x
    operator, _, approximate = name.partition(" ")
    attributes: dict[str, Any] = {"approximate": approximate} if approximate else {}
    parameters = FUNCTIONS[name].parameters or {}
    values = [float(np.float32(random.uniform(0.1, 2.0))) for _ in parameters]
    attributes |= dict(zip(parameters, values, strict=True))
    if name == "Pow":
        x = np.abs(x)
        y = onnxruntime_gives("Pow", "float32", [x], x, np.float32(values[0]))
    elif name == "Swish":  # onnxruntime has it as two operators
        y = (x / (1 + np.exp(-values[0] * x.astype(np.float64)))).astype(np.float32)
    else:
        y = onnxruntime_gives(operator, "float32", [x], x, **attributes)
    return real_case(Unary(name, *values), [x], y)


def draw_operands(random: Random, wide: bool = False) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of one rank that kernels step through: of one shape, a value a channel, a pixel, one value."""
    shape = draw_image(random, wide)
    other = [shape, (1, shape[1], 1, 1), (1, 1, *shape[2:]), (1, 1, 1, 1)][int(random.integers(4))]
    return (shape, other) if random.random() < 0.7 else (other, shape)


def binary_f32(random: Random, name: str, wide: bool = False) -> KernelCase:
    shapes = draw_operands(random, wide)
    a, b = (draw_real(random, shape) for shape in (sorted(shapes, reverse=True) if name == "PRelu" else shapes))
    a = np.abs(a) if name == "Pow" else a
    return real_case(Binary(name), [a, b], onnxruntime_gives(name, "float32", [a, b], a, b))


def binary_s32(random: Random, name: str, wide: bool = False) -> KernelCase:
    """int32 of all sizes; numpy says how it wraps."""
    a, b = (random.integers(-(2**31), 2**31, shape).astype(np.int32) for shape in draw_operands(random, wide))
    a, b = a >> random.integers(0, 31, a.shape).astype(np.int32), b >> random.integers(0, 31, b.shape).astype(np.int32)
    if name == "Div":
        b = np.where(b == 0, np.int32(-1), b)
        y = np.trunc(a.astype(np.longdouble) / b.astype(np.longdouble)).astype(np.int64).astype(np.int32)
    else:
        y = BINARY_FUNCTIONS[name][1](a, b).astype(np.int32)
    types = tuple(TensorType(x.shape, "int32") for x in (a, b))
    return KernelCase(Binary(name), types, TensorType(y.shape, "int32"), (a, b), y)


def binary_s8(random: Random, name: str, wide: bool = False) -> KernelCase:
    """DequantizeLinear, the operator and QuantizeLinear by onnxruntime."""
    meanings = [draw_quantization(random) for _ in range(3)]
    shapes = draw_operands(random, wide)
    codes = [draw_codes(random, shape) for shape in (sorted(shapes, reverse=True) if name == "PRelu" else shapes)]
    reals = [
        onnxruntime_gives("DequantizeLinear", "float32", [x], x, *pair(meaning))
        for x, meaning in zip(codes, meanings, strict=False)
    ]
    with np.errstate(all="ignore"):
        real = onnxruntime_gives(name, "float32", reals, *reals)
    y = onnxruntime_gives("QuantizeLinear", "int8", [real], real, *pair(meanings[2]))
    types = tuple(codes_type(meaning, x.shape) for x, meaning in zip(codes, meanings, strict=False))
    return KernelCase(Binary(name), types, codes_type(meanings[2], y.shape), tuple(codes), y)


def mul_s8(random: Random, wide: bool = False, fours: bool = False) -> KernelCase:
    """`fours`: a value for each or all of 4, 8, 12 channels."""
    meanings = [draw_quantization(random) for _ in range(3)]
    shapes = draw_operands(random, wide)
    if fours:
        one, four = (1, 1, *shapes[0][2:]), 4 * int(random.integers(1, 4))
        shapes = (1, four, *one[2:]), one if random.random() < 0.6 else (1, four, 1, 1)
        shapes = shapes if random.random() < 0.5 else shapes[::-1]
    a, b = (draw_codes(random, shape) for shape in shapes)
    given = (a, *pair(meanings[0]), b, *pair(meanings[1]), *pair(meanings[2]))
    y = onnxruntime_gives("QLinearMul", "int8", [a, b], *given, domain="com.microsoft")
    types = tuple(codes_type(meaning, x.shape) for x, meaning in zip((a, b), meanings, strict=False))
    return KernelCase(Mul(), types, codes_type(meanings[2], y.shape), (a, b), y)


def add_broadcast_s8(random: Random, wide: bool = False) -> KernelCase:
    meanings = draw_add(random, str(random.choice(["linear", "table"])))
    a, b = (draw_codes(random, shape) for shape in draw_operands(random, wide))
    given = (a, *pair(meanings[0]), b, *pair(meanings[1]), *pair(meanings[2]))
    y = onnxruntime_gives("QLinearAdd", "int8", [a, b], *given, domain="com.microsoft")
    types = [codes_type(meaning, x.shape) for x, meaning in zip((a, b), meanings, strict=False)]
    output = codes_type(meanings[2], y.shape)
    usable = Add().quantized(types, output) is not None
    return KernelCase(Add(), (types[0], types[1]), output, (a, b), y) if usable else add_s8(random, "linear")


def draw_few(random: Random, shape: tuple[int, ...], dtype: str) -> Array:
    """Few values, so that equal ones meet; both ends of integers, zeros of both signs and infinities of float32."""
    few = [-math.inf, -1.5, -0.0, 0.0, 1.5, math.inf] if dtype == "float32" else [0, 1]
    if dtype in ("int32", "int64"):
        few += [-1, np.iinfo(dtype).min, np.iinfo(dtype).max]
    return random.choice(np.array(few, dtype), shape)


def compare(random: Random, function: str, dtype: str) -> KernelCase:
    operator = next(name for name, (kernel, swapped) in COMPARISONS.items() if kernel == function and not swapped)
    a, b = (draw_few(random, shape, dtype) for shape in draw_operands(random))
    y = onnxruntime_gives(operator, "bool", [a, b], a, b)
    types = TensorType(a.shape, dtype), TensorType(b.shape, dtype)
    return KernelCase(Compare(function), types, TensorType(y.shape, "bool"), (a, b), y)


def where(random: Random, dtype: str) -> KernelCase:
    """One of the three has the shape of the output."""
    shape, other = sorted(draw_operands(random), reverse=True)
    shapes = random.permutation(np.array([shape, other, (1, shape[1], 1, 1)]))
    condition, (a, b) = random.random(shapes[0]) < 0.5, (draw_few(random, tuple(s), dtype) for s in shapes[1:])
    types = TensorType(condition.shape, "bool"), TensorType(a.shape, dtype), TensorType(b.shape, dtype)
    y = onnxruntime_gives("Where", dtype, [condition, a, b], condition, a, b)
    return KernelCase(Where(), types, TensorType(y.shape, dtype), (condition, a, b), y)


def where_s8(random: Random) -> KernelCase:
    """onnxruntime's QLinearWhere; a side has the output's scale now and then."""
    meanings = [draw_quantization(random) for _ in range(3)]
    meanings = [meanings[2] if random.random() < 0.3 else meaning for meaning in meanings]
    shapes = draw_operands(random)
    condition, (a, b) = random.random(shapes[0]) < 0.5, (draw_codes(random, shape) for shape in shapes)
    given = (condition, a, *pair(meanings[0]), b, *pair(meanings[1]), *pair(meanings[2]))
    y = onnxruntime_gives("QLinearWhere", "int8", [condition, a, b], *given, domain="com.microsoft")
    types = [codes_type(meaning, x.shape) for x, meaning in zip((a, b), meanings, strict=False)]
    inputs = (TensorType(condition.shape, "bool"), types[0], types[1])
    return KernelCase(Where(requantizes=True), inputs, codes_type(meanings[2], y.shape), (condition, a, b), y)


def cast_u8(random: Random) -> KernelCase:
    source, result = (str(random.choice(sorted(NUMBERS))) for _ in range(2))
    x = random.integers(-(2**40), 2**40, draw_image(random)).astype(np.int64) >> random.integers(0, 41)
    x = x.astype(np.float32) * np.float32(0.3) if source == "float32" else x.astype(source)
    y = (
        x.astype(np.int64).astype(result)
        if source == "float32" and result not in ("float32", "bool")
        else x.astype(result)
    )
    return KernelCase(Cast(result), (TensorType(x.shape, source),), TensorType(x.shape, result), (x,), y)


def draw_axes(random: Random, x: Array) -> Axes:
    axes = [axis for axis in range(x.ndim) if random.random() < 0.5] or [1]
    return Axes(tuple(axes), bool(random.random() < 0.5))


def reduce_f32(random: Random, function: str) -> KernelCase:
    x = draw_real(random, draw_image(random)[int(random.integers(2)) :])
    over = draw_axes(random, x)
    axes = np.array(over.axes, np.int64)
    y = onnxruntime_gives(f"Reduce{function}", "float32", [x], x, axes, keepdims=int(over.keep))
    return real_case(Reduce(function.lower(), over), [x], y)


def extreme(random: Random, function: str, dtype: str, spatial: bool = False) -> KernelCase:
    x = draw_real(random, draw_image(random)) if dtype == "float32" else draw_codes(random, draw_image(random))
    over = Axes((2, 3), True) if spatial else draw_axes(random, x)
    y = (np.max if function == "max" else np.min)(x, axis=over.axes, keepdims=over.keep)
    return KernelCase(Extreme(function, over), (TensorType(x.shape, dtype),), TensorType(y.shape, dtype), (x,), y)


def arg_extreme_f32(random: Random) -> KernelCase:
    """Few different values, so that many are equal."""
    x = random.integers(-3, 3, draw_image(random)).astype(np.float32)
    axis, smallest, last, keep = int(random.integers(4)), *(bool(random.random() < 0.5) for _ in range(3))
    y = onnxruntime_gives(
        "ArgMin" if smallest else "ArgMax", "int64", [x], x, axis=axis, keepdims=int(keep), select_last_index=int(last)
    )
    op = ArgExtreme(Axes((axis,), keep), smallest, last)
    return KernelCase(op, (TensorType(x.shape, "float32"),), TensorType(y.shape, "int64"), (x,), y)


def softmax_axis_f32(random: Random, log: bool) -> KernelCase:
    x = draw_real(random, draw_image(random)) * np.float32(random.choice([1, 30]))
    axis = int(random.integers(1, 4))
    name = "LogSoftmax" if log else "Softmax"
    return real_case(Softmax(axis, log), [x], onnxruntime_gives(name, "float32", [x], x, axis=axis))


def normalize_f32(random: Random) -> KernelCase:
    shape = (1, 6, *draw_image(random)[2:])
    x = draw_real(random, shape) + np.float32(3)
    if random.random() < 0.5:
        axis = int(random.integers(1, 4))
        ones = np.ones(shape[axis:], np.float32)
        return real_case(
            Normalize(1e-5, axis=axis), [x], onnxruntime_gives("LayerNormalization", "float32", [x], x, ones, axis=axis)
        )
    groups = int(random.choice([1, 2, 3, 6]))
    grouped = x.reshape(1, groups, -1)
    ones, zeros = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    y = onnxruntime_gives("InstanceNormalization", "float32", [grouped], grouped, ones, zeros)
    return real_case(Normalize(1e-5, groups=groups), [x], y.reshape(shape))


def draw_matrices(random: Random, wide: bool = False) -> tuple[MatMul, tuple[int, ...], tuple[int, ...]]:
    """Stacks of matrices, one side perhaps repeated, perhaps transposed."""
    rows, depth, columns = (int(v) for v in random.integers([2, 1, 4] if wide else 1, [20, 70, 30] if wide else 7, 3))
    stack: tuple[int, ...] = [(), (2,), (2, 3)][int(random.integers(3))]
    turned = [bool(random.random() < 0.3) for _ in range(2)]
    a = (*stack, depth, rows) if turned[0] else (*stack, rows, depth)
    other = tuple(1 if random.random() < 0.3 else size for size in stack)
    b = (*other, columns, depth) if turned[1] else (*other, depth, columns)
    return MatMul(*turned), a, b


def turned(op: MatMul, a: Array, b: Array) -> tuple[Array, Array]:
    return np.swapaxes(a, -1, -2) if op.transpose_a else a, np.swapaxes(b, -1, -2) if op.transpose_b else b


def matmul_f32(random: Random) -> KernelCase:
    op, *shapes = draw_matrices(random)
    a, b = (draw_real(random, shape) for shape in shapes)
    return real_case(op, [a, b], np.matmul(*turned(op, a, b)))


def matmul_s8(random: Random, wide: bool = False) -> KernelCase:
    """`wide`: blocks of several rows and columns, a scale that few sums saturate, exact ties where there is no FPU."""
    has_fpu = not wide or bool(random.random() < 0.7)
    op, *shapes = draw_matrices(random, wide)
    meanings = [draw_quantization(random) for _ in range(2)]
    most = meanings[0].scale * meanings[1].scale * 60 * math.sqrt(70)
    meanings.append(draw_quantization(random, most if wide else None))
    a, b = (draw_codes(random, shape) for shape in shapes)
    if not has_fpu:
        meanings = [replace(meaning, scale=scale) for meaning, scale in zip(meanings, (0.25, 0.5, 2.0), strict=True)]
        a = np.clip(a // 50 + meanings[0].zero_point, -128, 127).astype(np.int8)
    x, w = (np.ascontiguousarray(v) for v in turned(op, a, b))
    given = (x, *pair(meanings[0]), w, *pair(meanings[1]), *pair(meanings[2]))
    y = onnxruntime_gives("QLinearMatMul", "int8", [x, w], *given)
    types = tuple(codes_type(meaning, v.shape) for v, meaning in zip((a, b), meanings, strict=False))
    return KernelCase(op, types, codes_type(meanings[2], y.shape), (a, b), y, has_fpu=has_fpu)


def max_pool_indices_f32(random: Random) -> KernelCase:
    x = draw_real(random, draw_image(random))
    pooling, attributes = draw_pooling(random, x.shape[2:], dilated=True)
    columns = bool(random.random() < 0.3)
    y = onnxruntime_second("MaxPool", x, storage_order=int(columns), **attributes)
    output = TensorType(y.shape, "int64")
    return KernelCase(MaxPoolIndices(pooling, columns), (TensorType(x.shape, "float32"),), output, (x,), y)


def pad_u8(random: Random) -> KernelCase:
    x, type = draw_any(random)
    mode = str(random.choice(MODES))
    _, _, _, pads = draw_window(random, x.shape[2:], mode)
    value = float(random.integers(-128, 128)) if mode == "constant" else 0.0
    extra: dict[str, Any] = {"constant_values": value} if mode == "constant" else {}
    y = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), mode, **extra)  # type: ignore[call-overload]
    op = Pad(pads, mode, value)  # type: ignore[arg-type]
    return KernelCase(op, (type,), TensorType(y.shape, type.dtype, type.quantization), (x,), y)


def transpose_u8(random: Random) -> KernelCase:
    """Between channels last and the flat ONNX order, both ways."""
    x, type = draw_any(random)
    flat = (1, x.size)
    shapes = [x.shape, flat] if random.random() < 0.5 else [flat, x.shape]
    types = [TensorType(shape, type.dtype, type.quantization) for shape in shapes]
    return KernelCase(Reshape(shapes[1]), (types[0],), types[1], (x.reshape(shapes[0]),), x.reshape(shapes[1]))


def blocks_u8(random: Random) -> KernelCase:
    """Blocks of pixels that become channels, or channels that become such blocks."""
    b, c, h, w = int(random.integers(2, 4)), *(int(n) for n in random.integers(1, 5, 3))
    first = random.random() < 0.5  # the block is the slower part of the channels
    if random.random() < 0.5:
        split, axes = (1, c, h, b, w, b), (0, 3, 5, 1, 2, 4) if first else (0, 1, 3, 5, 2, 4)
        given, made = (1, c, h * b, w * b), (1, c * b * b, h, w)
    else:
        split, axes = ((1, b, b, c, h, w), (0, 3, 4, 1, 5, 2)) if first else ((1, c, b, b, h, w), (0, 1, 4, 2, 5, 3))
        given, made = (1, c * b * b, h, w), (1, c, h * b, w * b)
    x = draw_real(random, given)
    type = TensorType(given, "float32")
    if random.random() < 0.5:
        x, type = draw_codes(random, given), codes_type(draw_quantization(random), given)
    y = np.ascontiguousarray(x.reshape(split).transpose(axes).reshape(made))
    return KernelCase(Transpose(split, axes, made), (type,), TensorType(made, type.dtype, type.quantization), (x,), y)


def gather_u8(random: Random) -> KernelCase:
    """Values taken along axes, or axes in another order; numpy says what comes out."""
    if random.random() < 0.3:
        return blocks_u8(random)
    x, type = draw_any(random)
    _, c, h, w = x.shape
    if random.random() < 0.4:
        axes = [(0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2), (0, 3, 2, 1)][int(random.integers(4))]
        y = np.ascontiguousarray(x.transpose(axes))
        op: Op = Transpose(x.shape, axes, y.shape)
    else:
        low = -1 if random.random() < 0.5 else 0
        kind = int(random.integers(3))
        channels = tuple(int(i) for i in random.integers(low, c, int(random.integers(1, 7))))
        rows: Sequence[int] = range(int(random.integers(h)), h, int(random.integers(1, 3)))
        if random.random() < 0.5:
            rows = [int(i) for i in random.integers(0, h, int(random.integers(1, 9)))]
        columns = tuple(int(i) for i in random.integers(low, w, int(random.integers(1, 7))))
        indices = (None, channels if kind != 1 else None, tuple(rows) if kind else None, columns if kind else None)
        op = Take(indices, "Take", 7.0)
        y = x
        for axis, chosen in enumerate(indices):
            if chosen is not None:
                y = np.take(np.concatenate([y, np.full_like(y.take([0], axis), 7)], axis), chosen, axis)
    return KernelCase(op, (type,), TensorType(y.shape, type.dtype, type.quantization), (x,), y)


def resize(random: Random, dtype: str, taps: int = 2, wide: bool = False, one_scale: bool = False) -> KernelCase:
    """`taps` of a pixel along each axis; those beyond 2 weigh nothing."""
    shape = draw_image(random, wide)
    x = draw_codes(random, shape) if dtype == "int8" else draw_real(random, shape)
    sizes = [*x.shape[:2], *(int(random.integers(1, 2 * size + 2)) for size in x.shape[2:])]
    mode = str(random.choice(["half_pixel", "asymmetric", "align_corners"]))
    rows, columns = (linear(Along(a, b, float(F(b) / F(a))), mode) for a, b in zip(x.shape[2:], sizes[2:], strict=True))
    rows, columns = (
        replace(axis, **{name: np.pad(values, ((0, 0), (0, taps - 2))) for name, values in vars(axis).items()})
        for axis in (rows, columns)
    )
    op, attributes = Resize(rows, columns, "linear"), dict(mode="linear", coordinate_transformation_mode=mode)
    given, type = draw_quantization(random), TensorType(x.shape, "float32")
    real = dequantize_linear(x, F(given.scale), given.zero_point) if dtype == "int8" else x
    y = onnxruntime_gives("Resize", "float32", [real], real, None, None, np.array(sizes), **attributes)
    if dtype == "float32":
        return real_case(op, [x], y)
    wanted = given if one_scale else draw_quantization(random)
    codes = quantize_linear(y, F(wanted.scale), wanted.zero_point)
    type = codes_type(given, x.shape)
    return KernelCase(op, (type,), codes_type(wanted, codes.shape), (x,), codes)


def conv_transpose_f32(random: Random, most: int = 3, one: bool = False) -> KernelCase:
    groups, inputs, outputs = (int(random.integers(1, end + 1)) for end in (1 if one else 3, most, 1 if one else most))
    kernel, stride, dilation = (tuple(int(n) for n in random.integers(1, 4, 2)) for _ in range(3))
    top, left = (int(random.integers(0, (k - 1) * d + 1)) for k, d in zip(kernel, dilation, strict=True))
    x = draw_real(random, (1, groups * inputs, int(random.integers(1, 6)), int(random.integers(1, 6))))
    weight, bias = draw_real(random, (groups * inputs, outputs, *kernel)), draw_real(random, (groups * outputs,))
    spatial = dict(strides=stride, dilations=dilation, pads=[top, left, 0, 0])
    y = onnxruntime_gives("ConvTranspose", "float32", [x], x, weight, bias, group=groups, **spatial)
    op = ConvTranspose2d(weight, bias, (y.shape[2], y.shape[3]), stride, dilation, top, left, groups)  # type: ignore[arg-type]
    return real_case(op, [x], y)


def conv_integer_s8(random: Random) -> KernelCase:
    """onnxruntime's ConvInteger takes uint8: codes and zero points 128 higher give the same differences."""
    groups, inputs, outputs = (int(random.integers(1, 4)) for _ in range(3))
    kernel, stride, dilation = (tuple(int(n) for n in random.integers(1, 4, 2)) for _ in range(3))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = tuple(int(random.integers(0, reach[i % 2])) for i in range(4))
    x = draw_codes(random, (1, groups * inputs, *(int(random.integers(size, size + 5)) for size in reach)))
    codes = random.integers(0, 256, (groups * outputs, inputs, *kernel), np.uint8)
    zero_point, weight_zero = np.array(random.integers(-128, 128), np.int8), np.array(random.integers(0, 256), np.uint8)
    higher = (x.astype(np.int16) + 128).astype(np.uint8)
    given = (higher, codes, (zero_point.astype(np.int16) + 128).astype(np.uint8), weight_zero)
    spatial = dict(strides=stride, dilations=dilation, pads=pads)
    y = onnxruntime_gives("ConvInteger", "int32", [higher], *given, group=groups, **spatial)
    op = ConvInteger2d(codes.astype(np.int16) - weight_zero.astype(np.int16), stride, dilation, pads, groups)  # type: ignore[arg-type]
    types = TensorType(x.shape, "int8"), TensorType((), "int8")
    return KernelCase(op, types, TensorType(y.shape, "int32"), (x, zero_point), y)


def dynamic_quantize(random: Random, part: int) -> KernelCase:
    """Codes, scale and zero point that onnxruntime gives; images of one sign among them, and of zeros."""
    shift = float(random.choice([-4.0, 0.0, 0.5, 4.0]))
    x = ((draw_real(random, draw_image(random)) + shift) * random.choice([0.0, 1e-3, 1.0, 90.0])).astype(np.float32)
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])]
    results = [helper.make_tensor_value_info(name, ELEMENTS[t], None) for name, t in DYNAMIC.items()]
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(helper.make_graph(nodes, "one", ports, results), opset_imports=opset, ir_version=10)
    codes, scale, zero = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    real = TensorType(x.shape, "float32")
    if part == 0:
        types = real, TensorType((), "float32"), TensorType((), "uint8")
        return KernelCase(DynamicQuantize(), types, TensorType(x.shape, "uint8"), (x, scale, zero), codes)
    if part == 1:
        return KernelCase(DynamicScale(), (real,), TensorType((), "float32"), (x,), scale)
    return KernelCase(DynamicZeroPoint(), (real,), TensorType((), "uint8"), (x,), zero)


DYNAMIC = {"y": "uint8", "scale": "float32", "zero": "uint8"}


def table_s8(random: Random) -> KernelCase:
    x, quantization = draw_codes(random, draw_image(random)), draw_quantization(random)
    codes = random.integers(-128, 128, 256, np.int8)
    type = codes_type(quantization, x.shape)
    return KernelCase(Table(codes, "anything"), (type,), type, (x,), codes[x.astype(int) + 128])


def quantize_s8(random: Random) -> KernelCase:
    """Values of all sizes: halves of a scale, far outside, infinite."""
    quantization, shape = draw_quantization(random), draw_image(random)
    x = draw_real(random, shape) * np.float32(quantization.scale) * random.choice(np.float32([1, 100, 1e6]), shape)
    halves = np.float32(quantization.scale) * (random.integers(-300, 300, shape) + 0.5).astype(np.float32)
    x = np.where(random.random(shape) < 0.4, halves, x).astype(np.float32)
    x = np.where(random.random(shape) < 0.1, random.choice(np.float32([np.inf, -np.inf, np.nan, -0.0, 3e38]), shape), x)
    y = onnxruntime_gives("QuantizeLinear", "int8", [x], x, *pair(quantization))
    type = TensorType(shape, "float32")
    return KernelCase(QuantizeLinear(quantization), (type,), codes_type(quantization, shape), (x,), y)


def dequantize_f32(random: Random) -> KernelCase:
    quantization, shape = draw_quantization(random), draw_image(random)
    x = draw_codes(random, shape)
    y = onnxruntime_gives("DequantizeLinear", "float32", [x], x, *pair(quantization))
    op = DequantizeLinear(quantization)
    return KernelCase(op, (codes_type(quantization, shape),), TensorType(shape, "float32"), (x,), y)


def wide_meaning(random: Random, dtype: str) -> tuple[np.float32, Array]:
    """A scale and a zero point: the lowest, the highest, 0, or any."""
    limits = np.iinfo(dtype)
    zero_point = random.choice([limits.min, limits.max, 0, random.integers(limits.min, limits.max + 1)])
    return np.float32(2.0 ** random.uniform(-20, 4)), np.array(zero_point, dtype)


def quantize_wide(random: Random, dtype: str) -> KernelCase:
    """Ties, values around both ends of the codes, far outside, infinite."""
    (scale, zero_point), shape = wide_meaning(random, dtype), draw_image(random)
    limits = np.iinfo(dtype)
    codes = random.integers(limits.min, limits.max + 1, shape)
    ends = random.choice([limits.min, limits.max], shape) + random.integers(-3, 4, shape)
    codes = np.where(random.random(shape) < 0.3, ends, codes) - int(zero_point) + random.choice([0, 0.5, 0.3], shape)
    x = scale * codes.astype(np.float32)
    strange = np.float32([np.inf, -np.inf, np.nan, -0.0, 3e38, -3e38])
    x = np.where(random.random(shape) < 0.1, random.choice(strange, shape), x).astype(np.float32)
    y = onnxruntime_gives("QuantizeLinear", dtype, [x], x, scale, zero_point, version=21)
    op = QuantizeWide(dtype, float(scale), int(zero_point))
    return KernelCase(op, (TensorType(shape, "float32"),), TensorType(shape, dtype), (x,), y)


def dequantize_wide(random: Random, dtype: str) -> KernelCase:
    (scale, zero_point), shape = wide_meaning(random, dtype), draw_image(random)
    limits = np.iinfo(dtype)
    x = random.integers(limits.min, limits.max + 1, shape).astype(dtype)
    x = np.where(random.random(shape) < 0.2, random.choice(np.array([limits.min, limits.max], dtype), shape), x)
    y = onnxruntime_gives("DequantizeLinear", "float32", [x], x, scale, zero_point, version=21)
    op = DequantizeWide(float(scale), int(zero_point))
    return KernelCase(op, (TensorType(shape, dtype),), TensorType(shape, "float32"), (x,), y)


def softmax_f32(random: Random) -> KernelCase:
    x = draw_real(random, draw_image(random)) * np.float32(random.choice([0.01, 1, 30, 1000]))
    return real_case(Softmax(), [x], onnxruntime_gives("Softmax", "float32", [x], x, axis=1))


def softmax_s8(random: Random, along_pixels: bool, has_fpu: bool = True) -> KernelCase:
    """Half of them have lines of equal codes, whose shares are halves or near them; without an FPU in integers.

    In half of these float32 products and quotients would round to other codes than those in double.
    """
    shape, few = draw_image(random), random.random() < 0.5
    axis = int(random.integers(2, 4)) if along_pixels else 1
    size = int(random.choice([2, 6, 8, 30, 40] if few else [2, max(2, shape[axis]), 200]))
    meaning, apart = draw_quantization(random), few and random.random() < 0.5
    halves = size // 2 * (2 * int(random.integers(256 // size)) + 1) + 0.5
    levels = halves if few else random.choice([255, 256, 3e7])
    if apart:
        size, levels, meaning = draw_halves(random, meaning.zero_point)
    shape = (*shape[:axis], size, *shape[axis + 1 :])
    meanings = meaning, Quantization(float(np.float32(1 / levels)), int(random.choice([-128, 0])))
    x = draw_codes(random, shape)
    x = (x == 127).astype(np.int8) if few else x
    if apart:
        x = np.where(np.arange(size).reshape(-1, *(1,) * (3 - axis)) < 4, 127, -128) + np.zeros(shape, np.int8)
        x = np.roll(x, int(random.integers(size)), axis).astype(np.int8)
    scales = (*pair(meanings[0]), *pair(meanings[1]))
    y = onnxruntime_gives("QLinearSoftmax", "int8", [x], x, *scales, domain="com.microsoft", axis=axis, opset=13)
    types = [codes_type(meaning, shape) for meaning in meanings]
    return KernelCase(Softmax(axis), (types[0],), types[1], (x,), y, has_fpu=has_fpu)


def draw_halves(random: Random, zero_point: int) -> tuple[int, float, Quantization]:
    """(size, levels, input): four equal codes, the others far below, have 63 or 64 of 254, as float32 rounds or not."""
    while True:
        size, scale = int(random.integers(5, 40)), float(np.float32(random.uniform(0.1, 0.3)))
        exponential = softmax_exponentials(scale, size)[-1]
        total = np.float32(exponential + exponential + exponential) + exponential
        share = np.float32(exponential * np.float32(254)) / total
        if np.rint(share) != np.rint(np.float64(exponential) * 254 / np.float64(total)):
            return size, 254.5, Quantization(scale, zero_point)


CASES: dict[str, tuple[Callable[[Random], KernelCase], int]] = {  # symbol: a random layer for it, how many
    "btw_add_f32_neon": (add_f32, 6),
    "btw_add_broadcast_s8_scalar": (add_broadcast_s8, 10),
    "btw_add_f32_scalar": (add_f32, 6),
    "btw_add_float_s8_scalar": (lambda random: add_s8(random, "float"), 8),
    "btw_add_s8_scalar": (lambda random: add_s8(random, "linear"), 16),
    "btw_add_table_s8_scalar": (lambda random: add_s8(random, "table"), 6),
    "btw_average_pool_f32_neon": (average_pool_f32, 12),
    "btw_arg_extreme_f32_scalar": (arg_extreme_f32, 12),
    "btw_average_pool_f32_scalar": (average_pool_f32, 16),
    "btw_average_pool_s8_scalar": (lambda random: average_pool_s8(random, tiny=True), 16),
    "btw_average_pool_sums_s8_armv7m": (lambda random: average_pool_s8(random, wide=True, sums=True), 16),
    "btw_average_pool_sums_s8_scalar": (lambda random: average_pool_s8(random, sums=True), 24),
    "btw_cast_u8_scalar": (cast_u8, 24),
    "btw_clip_f32_neon": (clip_f32, 6),
    "btw_clip_f32_scalar": (clip_f32, 6),
    "btw_concat_f32_scalar": (concat_f32, 10),
    "btw_concat_s8_scalar": (concat_s8, 16),
    "btw_conv2d_f32_neon": (
        lambda random: conv_f32(
            random, random.random() < 0.1, str(random.choice(["any", "3x3"])), blocks=random.random() < 0.7
        ),
        36,
    ),
    "btw_conv2d_f32_scalar": (lambda random: conv_f32(random, depthwise=False), 16),
    "btw_conv2d_s8_scalar": (lambda random: conv_s8(random, depthwise=False), 40),
    "btw_conv2d_winograd_f32_neon": (lambda random: conv_f32(random, False, "3x3 of pairs", blocks=True), 9),
    "btw_conv2d_winograd_s8_neon": (winograd_s8, 9),
    "btw_copy_u8_scalar": (copy_u8, 6),
    "btw_depthwise_conv2d_3x3_f32_neon": (lambda random: conv_f32(random, True, "3x3", blocks=True), 20),
    "btw_depthwise_conv2d_f32_neon": (lambda random: conv_f32(random, True, "wide", blocks=True), 14),
    "btw_depthwise_conv2d_f32_scalar": (lambda random: conv_f32(random, depthwise=True), 16),
    "btw_depthwise_conv2d_s8_scalar": (lambda random: conv_s8(random, depthwise=True), 30),
    "btw_dequantize_linear_f32_scalar": (dequantize_f32, 6),
    "btw_gather_pixels_u8_scalar": (gather_u8, 8),
    "btw_gather_rows_u8_scalar": (gather_u8, 24),
    "btw_gather_u8_scalar": (gather_u8, 12),
    "btw_global_average_pool_f32_neon": (lambda random: global_average_pool_f32(random, 40), 8),
    "btw_global_average_pool_f32_scalar": (global_average_pool_f32, 8),
    "btw_global_average_pool_s8_scalar": (global_average_pool_s8, 16),
    "btw_image_u8_scalar": (image_u8, 4),
    "btw_linear_f32_neon": (pixels_f32, 24),
    "btw_linear_f32_scalar": (linear_f32, 10),
    "btw_linear_s8_scalar": (linear_s8, 16),
    "btw_max_pool_f32_neon": (max_pool_f32, 12),
    "btw_log_softmax_f32_scalar": (lambda random: softmax_axis_f32(random, True), 6),
    "btw_matmul_f32_scalar": (matmul_f32, 10),
    "btw_matmul_s8_scalar": (matmul_s8, 10),
    "btw_max_pool_f32_scalar": (max_pool_f32, 16),
    "btw_max_pool_indices_f32_scalar": (max_pool_indices_f32, 8),
    "btw_max_pool_s8_scalar": (max_pool_s8, 16),
    "btw_mul_float_s8_scalar": (mul_s8, 6),
    "btw_mul_s8_scalar": (mul_s8, 12),
    "btw_normalize_f32_scalar": (normalize_f32, 10),
    "btw_conv_integer2d_s8_scalar": (conv_integer_s8, 10),
    "btw_conv_transpose2d_f32_scalar": (conv_transpose_f32, 10),
    "btw_dynamic_quantize_linear_scale_f32_scalar": (lambda random: dynamic_quantize(random, 1), 6),
    "btw_dynamic_quantize_linear_u8_scalar": (lambda random: dynamic_quantize(random, 0), 6),
    "btw_dynamic_quantize_linear_zero_point_u8_scalar": (lambda random: dynamic_quantize(random, 2), 6),
    "btw_pad_u8_scalar": (pad_u8, 16),
    "btw_quantize_linear_s8_scalar": (quantize_s8, 12),
    "btw_dequantize_linear_s16_scalar": (lambda random: dequantize_wide(random, "int16"), 6),
    "btw_dequantize_linear_u16_scalar": (lambda random: dequantize_wide(random, "uint16"), 6),
    "btw_quantize_linear_s16_scalar": (lambda random: quantize_wide(random, "int16"), 12),
    "btw_quantize_linear_u16_scalar": (lambda random: quantize_wide(random, "uint16"), 12),
    "btw_recentre_u8_scalar": (recentre_u8, 6),
    "btw_resize_f32_scalar": (lambda random: resize(random, "float32"), 8),
    "btw_resize_s8_scalar": (lambda random: resize(random, "int8", taps=3), 6),
    "btw_resize_sums_s8_scalar": (lambda random: resize(random, "int8"), 16),
    "btw_softmax_axis_f32_scalar": (lambda random: softmax_axis_f32(random, False), 6),
    "btw_softmax_axis_s8_scalar": (lambda random: softmax_s8(random, True), 8),
    "btw_softmax_axis_parts_s8_scalar": (lambda random: softmax_s8(random, True, False), 8),
    "btw_softmax_parts_s8_scalar": (lambda random: softmax_s8(random, False, False), 8),
    "btw_softmax_f32_neon": (softmax_f32, 8),
    "btw_softmax_axis_f32_neon": (lambda random: softmax_axis_f32(random, False), 6),
    "btw_softmax_f32_scalar": (softmax_f32, 8),
    "btw_softmax_s8_scalar": (lambda random: softmax_s8(random, False), 12),
    "btw_table_s8_scalar": (table_s8, 6),
    "btw_transpose_u8_scalar": (transpose_u8, 10),
    "btw_where_s8_scalar": (where_s8, 10),
}


def compact(case: KernelCase) -> KernelCase:
    """With a byte a weight."""
    assert isinstance(case.op, (Conv2d, Linear))
    return replace(case, op=replace(case.op, compact=True))


for _function in ("Prod", "Sum"):
    CASES[f"btw_reduce_{_function.lower()}_f32_scalar"] = (lambda random, name=_function: reduce_f32(random, name), 8)
for _dtype, _suffix in (("float32", "f32"), ("int8", "s8")):
    CASES[f"btw_reduce_rows_max_{_suffix}_scalar"] = (lambda random, d=_dtype: extreme(random, "max", d, True), 4)
    for _function in ("max", "min"):
        _draw_extreme = lambda random, name=_function, d=_dtype: extreme(random, name, d)  # noqa: E731
        CASES[f"btw_reduce_{_function}_{_suffix}_scalar"] = (_draw_extreme, 6)
for _row in BINARY_KERNELS:
    _draw_binary = {"f32": binary_f32, "s32": binary_s32, "s8": binary_s8}[_row.dtype]
    _operator = next(name for name, (kernel, _) in BINARY_FUNCTIONS.items() if f"_{kernel}_" in _row.symbol)
    _wide = _row.isa == "neon"
    CASES[_row.symbol] = (
        lambda random, draw=_draw_binary, name=_operator, w=_wide: draw(random, name, w and random.random() < 0.7),
        6 if _wide else 3,
    )
for _row in COMPARE_KERNELS:
    _name, _dtype = _row.symbol.removeprefix("btw_compare_").removesuffix("_scalar").rsplit("_", 1)
    _draw_compare = lambda random, n=_name, d=DTYPES[_dtype]: compare(random, n, d)  # noqa: E731
    CASES[_row.symbol] = (_draw_compare, 3)
for _suffix in ("f32", "s32", "s64", "u8"):
    _dtype = DTYPES[_suffix] if _suffix != "u8" else "uint8"
    CASES[f"btw_where_{_suffix}_scalar"] = (lambda random, d=_dtype: where(random, d), 4)
for _name, _function in FUNCTIONS.items():
    CASES[f"btw_unary_{_function.name}_f32_scalar"] = (lambda random, name=_name: unary_f32(random, name), 2)
    for _isa in ("mve", "neon"):
        if f"btw_unary_{_function.name}_f32_{_isa}" in {row.symbol for row in UNARY_KERNELS}:
            CASES[f"btw_unary_{_function.name}_f32_{_isa}"] = (lambda random, name=_name: unary_f32(random, name), 4)
for _symbol, _draw in {  # kernels of other processors, as their plain C twins: layers that they accept
    "btw_add_s8_armv7m": lambda random: add_s8(random, "linear"),
    "btw_add_broadcast_s8_armv7m": lambda random: add_broadcast_s8(random, wide=True),
    "btw_add_s8_mve": lambda random: add_s8(random, "linear"),
    "btw_add_broadcast_s8_mve": lambda random: add_broadcast_s8(random, wide=random.random() < 0.5),
    "btw_add_table_s8_mve": lambda random: add_s8(random, "table"),
    "btw_conv2d_3x3x3_s8_dsp": lambda random: conv_s8(random, depthwise=False, shape="3x3x3", quiet=True),
    "btw_conv2d_few_channels_s8_mve": lambda random: conv_s8(random, depthwise=False),
    "btw_conv2d_s8_dsp": lambda random: (
        grouped_s8(random) if random.random() < 0.3 else conv_s8(random, depthwise=False, quiet=True)
    ),
    "btw_conv2d_groups_s8_dsp": grouped_s8,
    "btw_conv2d_groups_s8_dsp_float": lambda random: grouped_s8(random, quiet=False),
    "btw_conv2d_winograd_f32_fpu": lambda random: replace(
        conv_f32(random, depthwise=False, shape_of="3x3 of pairs"), by="btw_conv2d_winograd_f32_fpu"
    ),
    "btw_conv2d_winograd_s8_dsp": lambda random: conv_s8(random, depthwise=False, shape="3x3 of pairs", quiet=True),
    "btw_conv2d_winograd_s8_dsp_float": lambda random: conv_s8(random, depthwise=False, shape="3x3 of pairs"),
    "btw_conv2d_s8_dsp_float": lambda random: conv_s8(random, depthwise=False),
    "btw_conv2d_groups_s8_mve": lambda random: conv_s8(random, depthwise=random.random() < 0.2, wide=True),
    "btw_conv2d_s8_mve": lambda random: conv_s8(random, depthwise=False),
    "btw_depthwise_conv2d_3x3_s8_dsp": lambda random: conv_s8(random, depthwise=True, shape="3x3", quiet=True),
    "btw_depthwise_conv2d_3x3_s8_mve": lambda random: conv_s8(random, depthwise=True, shape="3x3", quiet=True),
    "btw_depthwise_conv2d_s8_dsp": lambda random: conv_s8(random, depthwise=True, quiet=True),
    "btw_depthwise_conv2d_s8_dsp_float": lambda random: conv_s8(random, depthwise=True, ties=True),
    "btw_depthwise_conv2d_s8_mve": lambda random: conv_s8(random, depthwise=True),
    "btw_global_average_pool_s8_dsp": global_average_pool_s8,
    "btw_global_average_pool_s8_mve": global_average_pool_s8,
    "btw_linear_s8_dsp": lambda random: linear_s8(random, quiet=True),
    "btw_linear_s8_dsp_float": linear_s8,
    "btw_linear_few_outputs_f32_mve": lambda random: conv_f32(random, depthwise=False, shape_of="1x1"),
    "btw_linear_s8_mve": linear_s8,
    "btw_conv2d_s8_dsp_compact": lambda random: compact(conv_s8(random, depthwise=False, quiet=True)),
    "btw_linear_s8_dsp_compact": lambda random: compact(linear_s8(random, quiet=True)),
    "btw_matmul_s8_armv7m": lambda random: matmul_s8(random, wide=True),
    "btw_matmul_s8_mve": lambda random: matmul_s8(random, wide=random.random() < 0.8),
    "btw_matmul_s8_dsp": lambda random: matmul_s8(random, wide=True),
    "btw_matmul_s8_dsp_float": lambda random: matmul_s8(random, wide=True),
    "btw_max_pool_s8_dsp": lambda random: max_pool_s8(random, wide=True),
    "btw_table_s8_armv7m": table_s8,
    "btw_table_s8_mve": table_s8,
    "btw_average_pool_sums_s8_mve": lambda random: average_pool_s8(random, wide=random.random() < 0.5),
    "btw_average_pool_s8_mve": lambda random: average_pool_s8(random, wide=random.random() < 0.5),
    "btw_conv_transpose2d_f32_fpu": lambda random: conv_transpose_f32(random, 12),
    "btw_conv_transpose2d_one_output_f32_fpu": lambda random: conv_transpose_f32(random, 12, one=True),
    "btw_conv_transpose2d_f32_mve": lambda random: conv_transpose_f32(random, 12),
    "btw_resize_f32_mve": lambda random: resize(random, "float32"),
    "btw_resize_s8_mve": lambda random: resize(random, "int8", taps=int(random.integers(2, 4)), one_scale=True),
    "btw_resize_sums_s8_mve": lambda random: resize(random, "int8", wide=random.random() < 0.5),
    "btw_softmax_axis_s8_mve": lambda random: softmax_s8(random, True),
    "btw_softmax_s8_mve": lambda random: softmax_s8(random, False),
    "btw_softmax_axis_f32_mve": lambda random: softmax_axis_f32(random, False),
    "btw_softmax_f32_mve": softmax_f32,
    "btw_gather_pixels_u8_mve": gather_u8,
    "btw_reduce_max_f32_mve": lambda random: extreme(random, "max", "float32"),
    "btw_reduce_max_s8_mve": lambda random: extreme(random, "max", "int8"),
    "btw_reduce_rows_max_f32_mve": lambda random: extreme(random, "max", "float32", True),
    "btw_reduce_rows_max_s8_mve": lambda random: extreme(random, "max", "int8", True),
    "btw_reduce_sum_f32_mve": lambda random: reduce_f32(random, str(random.choice(["Sum", "Mean"]))),
    "btw_conv2d_few_outputs_f32_mve": lambda random: conv_f32(random, depthwise=False),
    "btw_copy_u8_mve": copy_u8,
    "btw_dequantize_linear_f32_mve": dequantize_f32,
    "btw_dequantize_linear_f32_fpu": dequantize_f32,
    "btw_quantize_linear_s8_fpu": quantize_s8,
    "btw_quantize_linear_s8_mve": quantize_s8,
    "btw_concat_s8_armv7m": lambda random: concat_s8(random, 12),
    "btw_concat_f32_mve": lambda random: concat_f32(random, 12),
    "btw_concat_s8_mve": lambda random: concat_s8(random, 40),
    "btw_mul_s8_dsp": lambda random: mul_s8(random, wide=random.random() < 0.5, fours=random.random() < 0.7),
    "btw_mul_s8_mve": lambda random: mul_s8(random, wide=random.random() < 0.5),
    "btw_mul_float_s8_mve": lambda random: mul_s8(random, wide=random.random() < 0.5),
    "btw_max_pool_s8_mve": lambda random: max_pool_s8(random, wide=random.random() < 0.5),
}.items():
    CASES[_symbol] = (_draw, 12)
CASES["btw_conv2d_joined_s8_dsp"] = (few_outputs_s8, 24)
CASES["btw_conv2d_s8_armv7m_compact"] = (lambda random: compact(conv_s8(random, False, quiet=True)), 12)
CASES["btw_linear_s8_armv7m_compact"] = (lambda random: compact(linear_s8(random, quiet=True)), 12)
for _isa in ("armv6m", "armv7m"):
    CASES[f"btw_depthwise_conv2d_3x3_s8_{_isa}"] = (lambda random: conv_s8(random, depthwise=True, shape="3x3"), 12)
    CASES[f"btw_conv2d_s8_{_isa}"] = (lambda random: conv_s8(random, depthwise=False), 12)
    CASES[f"btw_depthwise_conv2d_s8_{_isa}"] = (lambda random: conv_s8(random, depthwise=True), 12)
    CASES[f"btw_linear_s8_{_isa}"] = (linear_s8, 12)
for _isa in ("fpu", "mve"):
    for _name, _draw in {
        "add": add_f32,
        "conv2d": lambda random: conv_f32(random, bool(random.random() < 0.2), blocks=random.random() < 0.6),
        "depthwise_conv2d_3x3": lambda random: conv_f32(random, depthwise=True, shape_of="3x3"),
        "depthwise_conv2d": lambda random: conv_f32(random, depthwise=True, shape_of="wide"),
        "average_pool": lambda random: average_pool_f32(random, wide=True),
        "global_average_pool": lambda random: global_average_pool_f32(random, 40),
        "max_pool": lambda random: max_pool_f32(random, wide=True),
        "linear": lambda random: (
            linear_f32(random)
            if random.random() < 0.3
            else conv_f32(random, depthwise=False, shape_of="1x1", blocks=random.random() < 0.7)
        ),
    }.items():
        CASES[f"btw_{_name}_f32_{_isa}"] = (_draw, 21 if _name in ("conv2d", "linear") else 14)
for _isa in ("neon", "dotprod", "i8mm"):  # with intrinsics that stand in for theirs
    CASES[f"btw_linear_s8_{_isa}"] = (lambda random: one_or_more_s8(random, "1x1"), 10)
    CASES[f"btw_conv2d_s8_{_isa}"] = (lambda random: one_or_more_s8(random, "any"), 10)
    CASES[f"btw_conv2d_windows_s8_{_isa}"] = (lambda random: conv_s8(random, depthwise=False, wide=True), 6)
    if _isa != "i8mm":
        CASES[f"btw_depthwise_conv2d_3x3_s8_{_isa}"] = (
            lambda random: conv_s8(random, depthwise=True, shape="3x3", quiet=random.random() < 0.7, wide=True),
            8,
        )
CASES |= {
    "btw_add_fused_s8_neon": (lambda random: add_s8(random, "table"), 8),
    "btw_add_s8_neon": (lambda random: add_s8(random, "linear"), 12),
    "btw_add_broadcast_s8_neon": (lambda random: add_broadcast_s8(random, wide=random.random() < 0.7), 12),
    "btw_concat_s8_neon": (lambda random: concat_s8(random, 40), 12),
    "btw_mul_s8_neon": (lambda random: mul_s8(random, wide=random.random() < 0.7), 12),
    "btw_mul_float_s8_neon": (lambda random: mul_s8(random, wide=random.random() < 0.7), 8),
    "btw_conv_transpose2d_f32_neon": (lambda random: conv_transpose_f32(random, 20), 10),
    "btw_resize_f32_neon": (lambda random: resize(random, "float32", wide=random.random() < 0.5), 6),
    "btw_resize_s8_neon": (lambda random: resize(random, "int8", wide=random.random() < 0.5), 10),
    "btw_average_pool_s8_neon": (lambda random: average_pool_s8(random, wide=True), 8),
    "btw_dequantize_linear_f32_neon": (dequantize_f32, 4),
    "btw_global_average_pool_s8_neon": (lambda random: global_average_pool_s8(random, wide=True), 12),
    "btw_max_pool_s8_neon": (lambda random: max_pool_s8(random, wide=True), 8),
    "btw_quantize_linear_s8_neon": (quantize_s8, 8),
    "btw_table_s8_neon": (table_s8, 6),
}
CASES["btw_depthwise_conv2d_s8_neon"] = (lambda random: conv_s8(random, depthwise=True, wide=True), 8)
ISAS = {row.symbol: row.isa for row in kernel_rows()}


BOUNDS = (
    (0.0, 0.5),
    (0.0, math.inf),
    (-math.inf, math.inf),
    (-0.5, 0.25),
    (-0.5, 0.0),
    (-math.inf, 0.25),
    (-0.25, math.inf),
)


def bounded(case: KernelCase, low: float, high: float) -> KernelCase:
    """With the bounds of a Relu or Clip behind it, where its float32 results can have some."""
    if case.output.dtype != "float32" or not isinstance(case.op, (Add, Clip, Conv2d, Linear)):
        return case
    clipped = np.clip(case.expected, np.float32(low), np.float32(high))
    return replace(case, op=replace(case.op, low=low, high=high), expected=clipped)


@cache
def cases_of(symbol: str) -> list[KernelCase]:
    """Random layers for which the operator chooses this kernel; each of the bounds in its turn."""
    draw, count = CASES[symbol]
    cases: list[KernelCase] = []
    for number in range(40 * count):
        case = replace(draw(np.random.default_rng([number, *symbol.encode()])), isa=ISAS.get(symbol, "scalar"))
        if case.call.kernel.symbol == symbol:
            cases.append(bounded(case, *BOUNDS[len(cases) % len(BOUNDS)]))
        if len(cases) == count:
            return cases
    raise AssertionError(f"operators chose {symbol} for {len(cases)} of {40 * count} layers")


@pytest.mark.parametrize("kernel", ["conv2d", "linear"])
@pytest.mark.parametrize("isa", ["fpu", "mve", "neon"])
def test_results_of_blocks_are_clipped_in_some_case(kernel: str, isa: str) -> None:
    """A block of 4 channels by 4 pixels once clipped its second pixel at the channels of the first."""
    layers = [(case.op, case.output.layout) for case in cases_of(f"btw_{kernel}_f32_{isa}")]
    seen = {
        (op.low, op.high)
        for op, (height, width, channels) in layers
        if isinstance(op, Conv2d) and channels // op.groups > 4 and height * width >= 4
    }
    assert seen >= {(0.0, 0.5), (0.0, math.inf), (-0.5, 0.25)}


@cache
def cases_for(isa: str) -> tuple[dict[str, int], list[KernelCase]]:
    """({symbol: number of its first case}, the cases of all kernels of an instruction set one behind the other)."""
    first, cases = {}, []
    for symbol in CASES:
        if ISAS.get(symbol) == isa:
            first[symbol] = len(cases)
            cases += cases_of(symbol)
    return first, cases


@pytest.fixture(scope="module")
def loaded() -> Callable[[str, Kind], LoadedCases]:
    return cache(lambda isa, kind: LoadedCases(cases_for(isa)[1], kind))


def check(case: KernelCase, y: Array, expected: Array, what: str) -> None:
    assert y.shape == expected.shape, what
    if case.tolerance == 0.0:
        wrong = y != expected
    else:
        error = np.abs(y.astype(np.float64) - expected)
        wrong = ~(error <= case.tolerance * max(1.0, float(np.abs(expected).max(initial=0.0))))
    assert not wrong.any(), f"{what}: {wrong.sum()} of {wrong.size} differ: {y[wrong][:5]} is not {expected[wrong][:5]}"


# ---------------------------------------------------------------- tests


def test_every_kernel_has_cases() -> None:
    assert {row.symbol for row in kernel_rows()} == set(CASES)


@pytest.mark.parametrize("symbol", CASES)
def test_interpret_is_onnxruntime(symbol: str) -> None:
    for number, case in enumerate(cases_of(symbol)):
        check(case, case.interpreted(), case.expected, f"case {number}, {case.op}, {case.inputs}")


@pytest.mark.parametrize("kind", ["shared", "inlined"])
@pytest.mark.parametrize("symbol", CASES)
def test_kernel(symbol: str, kind: Kind, loaded: Callable[[str, Kind], LoadedCases]) -> None:
    first, isa = cases_for(ISAS[symbol])[0][symbol], ISAS[symbol]
    for number, case in enumerate(cases_of(symbol)):
        y = loaded(isa, kind).run(first + number)
        check(case, y, case.expected, f"case {number}, {case.op}, {case.inputs}")
        check(case, y, case.interpreted(), f"case {number} against interpret")


@pytest.mark.parametrize("isa", sorted(set(ISAS.values())))
def test_kernels_stay_inside_their_rows(isa: str) -> None:
    """Under ASan and UBSan, each row and tensor a heap block of its own: the same values, and no report."""
    cases = cases_for(isa)[1]
    outputs, report = run_sanitized(cases, "shared")
    assert not report, report[-3000:]
    for number, (case, y) in enumerate(zip(cases, outputs, strict=True)):
        check(case, y, case.expected, f"case {number}, {case.op}")


CONV = "kernels/conv2d/conv2d_s8_scalar.c"


@pytest.mark.parametrize(
    ("text", "wrong", "report"),
    [
        ("acc += x[ic] * w[ic];", "acc += x[ic + 1] * w[ic];", "heap-buffer-overflow"),
        ("*y++ = btw_requantize", "*++y = btw_requantize", "heap-buffer-overflow"),
        ("int32_t acc = layer->bias[oc];", "int32_t acc = INT32_MAX;", "signed integer overflow"),
    ],
)
def test_sanitized_runs_report_wrong_kernels(text: str, wrong: str, report: str) -> None:
    """The harness itself: a kernel that reads or writes beside its row, or overflows, is caught."""
    runtime = runtime_files()
    assert text in runtime[CONV]
    runtime[CONV] = runtime[CONV].replace(text, wrong)
    outputs, found = run_sanitized(cases_of("btw_conv2d_s8_scalar"), "shared", runtime)
    assert not outputs
    assert report in found


def test_average_pool_counts_beyond_the_padding() -> None:
    pooling = Pooling((3, 3), (2, 2), (1, 1), (1, 1, 1, 1), ceil=True)
    quantization = Quantization(0.05, 3)
    x = draw_codes(np.random.default_rng(0), (1, 2, 6, 6))
    y = onnxruntime_gives(
        "QLinearAveragePool",
        "int8",
        [x],
        x,
        *pair(quantization),
        *pair(quantization),
        domain="com.microsoft",
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[1, 1, 1, 1],
        ceil_mode=1,
        count_include_pad=1,
    )
    types = (codes_type(quantization, x.shape),), codes_type(quantization, y.shape)
    case = KernelCase(AveragePool(pooling, count_include_pad=True), *types, (x,), y)
    check(case, case.interpreted(), y, "interpret")


# ---------------------------------------------------------------- requantization by itself

SHIM = """#include "btw_fixed_point.h"
void exact(const int32_t *acc, const uint32_t *scale, const int32_t *zero_point, int8_t *y, int count);
void proved(const int32_t *multiplier, const uint32_t *scale, int32_t offset, int shift, int zero_point,
            const int32_t *channel, const int32_t *acc, int8_t *y, int count);
void exact(const int32_t *acc, const uint32_t *scale, const int32_t *zero_point, int8_t *y, int count)
{
    for (int i = 0; i < count; i++)
        y[i] = btw_requantize_exact(acc[i], scale[i], zero_point[i]);
}
void proved(const int32_t *multiplier, const uint32_t *scale, int32_t offset, int shift, int zero_point,
            const int32_t *channel, const int32_t *acc, int8_t *y, int count)
{
    const btw_requantization layer = {multiplier, scale, offset, shift, zero_point};
    for (int i = 0; i < count; i++)
        y[i] = btw_requantize(&layer, channel[i], acc[i]);
}
"""
SHIM_INTERFACE = "".join(f"{part};" for part in SHIM.split("{")[0].partition("\n")[2].split(";")[:2])


class Requantization:
    """btw_fixed_point.h behind arrays."""

    def __init__(self) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(SHIM_INTERFACE)
        files = {"shim.c": SHIM, "btw_fixed_point.h": runtime_files()["include/btw_fixed_point.h"]}
        self._library: Any = self._ffi.dlopen(
            str(compile_files(files, ["shim.c"], [*FLAGS, "-fPIC", "-shared"], ".so"))
        )

    def _pointer(self, kind: str, values: Array) -> Any:
        return self._ffi.cast(f"{kind} *", values.ctypes.data)

    def exact(self, acc: Array, scale: Array, zero_point: Array) -> Array:
        y = np.empty(acc.shape, np.int8)
        arrays = [np.ascontiguousarray(v) for v in (acc.astype(np.int32), scale.view(np.uint32), zero_point)]
        pointers = [self._pointer(kind, v) for kind, v in zip(("int32_t", "uint32_t", "int32_t"), arrays, strict=True)]
        self._library.exact(*pointers, self._pointer("int8_t", y), y.size)
        return y

    def layer(self, proof: Any, channel: Array, acc: Array) -> Array:
        y = np.empty(acc.shape, np.int8)
        arrays = [proof.multiplier, np.ascontiguousarray(proof.scale).view(np.uint32), channel, acc]
        multiplier, scale, channels, accs = (
            self._pointer("uint32_t" if v.dtype == np.uint32 else "int32_t", v) for v in arrays
        )
        fields = proof.offset, proof.shift, proof.zero_point
        self._library.proved(multiplier, scale, *fields, channels, accs, self._pointer("int8_t", y), y.size)
        return y


def float_formula(acc: Array, scale: Array, zero_point: Any) -> Array:
    """clamp(round_half_even((float)acc * scale) + zero_point), step by step in float32."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.rint(acc.astype(np.float32) * scale)
    return np.clip(np.clip(rounded, -1000, 1000).astype(np.int32) + zero_point, -128, 127).astype(np.int8)


@pytest.fixture(scope="module")
def requantization() -> Requantization:
    return Requantization()


def edge_accumulators() -> Array:
    """Ends of int32, powers of two, and what float32 rounds: 24 to 31 significant bits, ties among them."""
    random = np.random.default_rng(1)
    values = {0, 1, 2, 3, 2**31 - 1, -(2**31), 2**31 - 64, 2**31 - 65, 2**24 + 1, 2**24 + 3, 2**25 + 2, 2**25 + 6}
    values |= {(1 << bits) + d for bits in range(1, 31) for d in (-1, 0, 1)}
    values |= {((1 << 24) + int(v)) * 2**s + 2 ** (s - 1) for s in (1, 3, 6) for v in random.integers(0, 1 << 23, 6)}
    values = {v for v in values if -(2**31) <= v < 2**31}
    return np.array(sorted(values | {-v for v in values if v != -(2**31)}), np.int64)


def edge_scales() -> Array:
    """All exponents of normal float32 numbers: powers of two, their neighbours, halves of small integers."""
    powers = np.exp2(np.arange(-126, 128)).astype(np.float32)
    near = np.exp2(np.arange(-40, 9)).astype(np.float32)
    odd = (np.arange(1, 64, 2)[:, None] * np.exp2([-6, -12, -30])).ravel().astype(np.float32)
    neighbours = [np.nextafter(near, F(0)), np.nextafter(near, F(9)), (near * F(1.5)).astype(np.float32)]
    return np.concatenate([powers, *neighbours, odd])


def test_exact_requantization_at_its_edges(requantization: Requantization) -> None:
    acc, scale = (v.ravel() for v in np.meshgrid(edge_accumulators(), edge_scales()))
    for zero_point in (-128, -1, 0, 5, 127):
        zero_points = np.full(acc.shape, zero_point, np.int32)
        y = requantization.exact(acc, scale, zero_points)
        np.testing.assert_array_equal(y, float_formula(acc, scale, zero_point))


def draw_accumulators(random: Random, count: int) -> Array:
    """Of all magnitudes."""
    return np.rint(2.0 ** random.uniform(0, 31, count) * random.choice([-1, 1], count)).clip(-(2**31), 2**31 - 1)


def test_exact_requantization_of_millions(requantization: Requantization) -> None:
    """Random pairs; and scales chosen so that products fall next to halves, where rounding is decided."""
    random, count = np.random.default_rng(2), 1_500_000
    acc = draw_accumulators(random, count).astype(np.int64)
    zero_point = random.integers(-128, 128, count).astype(np.int32)
    scales = {
        "any": 2.0 ** random.uniform(-32, 2, count),
        "halves": np.abs((random.integers(-256, 256, count) + 0.5) / np.where(acc == 0, 1, acc)),
        "powers": np.exp2(random.integers(-32, 2, count)),
    }
    for what, values in scales.items():
        scale = values.astype(np.float32)
        wrong = requantization.exact(acc, scale, zero_point) != float_formula(acc, scale, zero_point)
        assert not wrong.any(), f"{what}: {wrong.sum()} differ, first {acc[wrong][0]} * {scale[wrong][0]!r}"


def ranges(random: Random, scale: Array) -> tuple[Array, Array]:
    """Accumulators of a layer: some channels saturate, some use few codes, some the whole of int32."""
    size = np.minimum(2.0 ** random.uniform(3, 10, len(scale)) / scale, 2.0**31 - 1)
    size = np.where(random.random(len(scale)) < 0.05, 2.0**31 - 1, size).astype(np.int64)
    return -size, np.maximum(size - random.integers(0, 50, len(scale)), 1)


def near_halves(random: Random, scale: Array, low: Array, high: Array, count: int) -> tuple[Array, Array]:
    """(channel, accumulator): every code's threshold of every channel, its neighbours, the ends, and any others."""
    codes = np.arange(-300, 300) + 0.5
    ties = np.rint(codes / scale[:, None].astype(np.float64))[:, :, None] + np.arange(-2, 3)
    others = low[:, None] + np.rint(random.random((len(scale), count)) * (high - low)[:, None])
    acc = np.concatenate([ties.reshape(len(scale), -1), others, low[:, None], high[:, None]], 1)
    acc = np.clip(acc, low[:, None], high[:, None]).astype(np.int32)
    channel = np.broadcast_to(np.arange(len(scale), dtype=np.int32)[:, None], acc.shape)
    return np.ascontiguousarray(channel).ravel(), acc.ravel()


LAYERS = {
    "any": (lambda random: 2.0 ** random.uniform(-14, -4, 40), None),
    "ratio of 2**18": (lambda random: 2.0 ** -random.uniform(4, 22, 40), None),
    "exact ties": (lambda random: np.exp2(random.integers(-12, -2, 40)), None),
    "shift 1": (lambda random: 2.0 ** random.uniform(-10, -1, 40), 1),
    "shift 16": (lambda random: 2.0 ** random.uniform(-20, -14, 40), 16),
    "large scales": (lambda random: 2.0 ** random.uniform(-3, 6, 40), None),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_requantize_as_the_float_formula(name: str, requantization: Requantization) -> None:
    """Channels with a proof, and those with multiplier 0, which take the exact form."""
    draw, shift = LAYERS[name]
    random = np.random.default_rng([3, *name.encode()])
    unproved = channels = 0
    for zero_point in (-128, 127, 0, int(random.integers(-127, 127))):
        scale = draw(random).astype(np.float32)
        low, high = ranges(random, scale)
        proof = prove_requantization(scale, zero_point, low, high, shift)
        unproved, channels = unproved + proof.unproved, channels + len(scale)
        channel, acc = near_halves(random, scale, low, high, 2000)
        y, expected = requantization.layer(proof, channel, acc), float_formula(acc, scale[channel], zero_point)
        wrong = y != expected
        first = (acc[wrong][:1], scale[channel][wrong][:1], proof.multiplier[channel][wrong][:1])
        assert not wrong.any(), f"{wrong.sum()} of {wrong.size} differ, first {first}"
    if name != "exact ties":
        assert channels > unproved, "no channel has a proof"
    if name in ("ratio of 2**18", "shift 1", "exact ties"):
        assert unproved, "no channel takes the exact form"


def test_saturating_and_rounding_helpers() -> None:
    """btw_quantize_s8 and btw_saturate_s8 at halves, far outside, and at infinity."""
    text = """#include "btw_fixed_point.h"
void convert(const float *x, int8_t *saturated, int8_t *quantized, int count);
void convert(const float *x, int8_t *saturated, int8_t *quantized, int count)
{
    for (int i = 0; i < count; i++) {
        saturated[i] = btw_saturate_s8(x[i]);
        quantized[i] = btw_quantize_s8(x[i], 0.75f, -3);
    }
}
"""
    ffi = cffi.FFI()
    ffi.cdef("void convert(const float *x, int8_t *saturated, int8_t *quantized, int count);")
    files = {"shim.c": text, "btw_fixed_point.h": runtime_files()["include/btw_fixed_point.h"]}
    library: Any = ffi.dlopen(str(compile_files(files, ["shim.c"], [*FLAGS, "-fPIC", "-shared"], ".so")))
    halves = np.arange(-2000, 2000) / 4
    near = [np.nextafter(halves.astype(np.float32), F(bound)) for bound in (-np.inf, np.inf)]
    ends = [np.inf, -np.inf, 3e38, -3e38, 1e-45, -1e-45, -0.0, 2.0**22, 2.0**23 + 1, 2.0**31, -(2.0**31)]
    x = np.concatenate([halves, *near, np.array(halves * 0.75), ends]).astype(np.float32)
    saturated, quantized = np.empty(x.shape, np.int8), np.empty(x.shape, np.int8)
    pointers = [ffi.cast("int8_t *", y.ctypes.data) for y in (saturated, quantized)]
    library.convert(ffi.cast("const float *", x.ctypes.data), *pointers, x.size)
    np.testing.assert_array_equal(saturated, np.clip(np.rint(x), -128, 127).astype(np.int8))
    with np.errstate(over="ignore"):
        expected = np.clip(np.clip(np.rint(x / F(0.75)), -1000, 1000) - 3, -128, 127)
    np.testing.assert_array_equal(quantized, expected.astype(np.int8))
