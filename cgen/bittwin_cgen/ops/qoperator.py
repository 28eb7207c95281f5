"""QOperator nodes (QLinearConv, ...): read as dequantize, operator, quantize, so that one pass fuses every dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bittwin_cgen.ir import Node, TensorType
from bittwin_cgen.onnx_node import Codes, OnnxNode
from bittwin_cgen.ops.add import read_add
from bittwin_cgen.ops.average_pool import read_average_pool
from bittwin_cgen.ops.binary import read_binary
from bittwin_cgen.ops.concat import read_concat
from bittwin_cgen.ops.conv2d import read_conv
from bittwin_cgen.ops.global_average_pool import read_global_average_pool
from bittwin_cgen.ops.matmul import read_gemm, read_matmul
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear, quantization_of
from bittwin_cgen.ops.softmax import read_softmax
from bittwin_cgen.ops.unary import read_unary
from bittwin_cgen.ops.where import read_where

Reader = Callable[[OnnxNode], list[Node]]


def _around(
    node: OnnxNode,
    read: Reader,
    activations: list[tuple[int, int, int]],
    output: tuple[int, int],
    constant_inputs: tuple[str, ...] = (),
    condition: tuple[str, ...] = (),
    **changes: Any,
) -> list[Node]:
    """Nodes of `read` between a DequantizeLinear for each (input, scale, zero point) and a QuantizeLinear."""
    before, names, types = [], [], dict(node.types)
    for index, scale, zero_point in activations:
        codes = node.activation(index)
        real = f"{codes}/{node.name}/{index}"
        before.append(Node(real, DequantizeLinear(quantization_of(node, scale, zero_point)), (codes,), real))
        types[real] = TensorType(node.shape(index), "float32")
        names.append(real)
    result = f"{node.outputs[0]}/real"
    inner = replace(node, inputs=(*condition, *names, *constant_inputs), outputs=(result,), types=types, **changes)
    after = Node(f"{node.name}/quantize", QuantizeLinear(quantization_of(node, *output)), (result,), node.outputs[0])
    return [*before, *read(inner), after]


def _weighted(node: OnnxNode, read: Reader, bias_index: int, output: tuple[int, int], axis: int) -> list[Node]:
    """A node with inputs x, scale, zero point, weight, scale, zero point, and a bias of int32 codes."""
    codes, scale, zero_point = (
        node.constant(3, "weight"),
        node.scales(4, "weight scale"),
        node.constant(5, "zero point"),
    )
    if codes.dtype not in (np.int8, np.uint8):
        raise node.refuse(f"weights are {codes.dtype}", "Quantize weights to int8: weight_type=QuantType.QInt8")
    weight = Codes(codes, scale, zero_point, axis)
    along = scale.reshape([-1 if i == axis else 1 for i in range(codes.ndim)]) if scale.size > 1 else scale
    names = [f"{node.name}/weight"]
    origin = zero_point.reshape(along.shape) if zero_point.size > 1 else zero_point.reshape(())
    with np.errstate(over="ignore"):
        real = (codes.astype(np.int16) - origin.astype(np.int16)).astype(np.float32) * along
    constants = {**node.constants, names[0]: real.astype(np.float32)}
    known = {**node.codes, names[0]: weight}
    if node.has(bias_index):
        bias = node.constant(bias_index, "bias")
        names.append(f"{node.name}/bias")
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.float32(node.scales(1).reshape(-1)[0]) * scale
            constants[names[1]] = (bias.astype(np.float32) * total).astype(np.float32)
        known[names[1]] = Codes(bias, total, np.zeros((), np.int32), 0)
    return _around(node, read, [(0, 1, 2)], output, constant_inputs=tuple(names), constants=constants, codes=known)


def read_qlinear_conv(node: OnnxNode) -> list[Node]:
    """ONNX QLinearConv."""
    return _weighted(node, read_conv, 8, (6, 7), 0)


def read_qlinear_matmul(node: OnnxNode) -> list[Node]:
    """ONNX QLinearMatMul, by a constant matrix or of two that are computed."""
    weight, zero_point = node.known(3), node.known(5)
    centred = weight is not None and weight.dtype == np.int8 and zero_point is not None and not zero_point.any()
    if weight is None or weight.ndim != 2 or (node.constant(4, "scale").size == 1 and not centred):
        return _around(node, read_matmul, [(0, 1, 2), (3, 4, 5)], (6, 7), op_type="MatMul")
    return _weighted(node, read_matmul, 99, (6, 7), 1)


def read_qgemm(node: OnnxNode) -> list[Node]:
    """com.microsoft QGemm: x, scale, zero point, w, scale, zero point, bias, y scale, y zero point."""
    if not node.has(7) or node.attribute("alpha", 1.0) != 1.0:
        raise node.refuse("a float output or alpha other than 1", "Quantize the output too")
    return _weighted(node, read_gemm, 6, (7, 8), 0 if node.attribute("transB", 0) else 1)


def read_qlinear_add(node: OnnxNode) -> list[Node]:
    """com.microsoft QLinearAdd of two activations."""
    return _around(node, read_add, [(0, 1, 2), (3, 4, 5)], (6, 7))


def read_qlinear_softmax(node: OnnxNode) -> list[Node]:
    """com.microsoft QLinearSoftmax, computed in float32."""
    opset = node.attribute("opset", 13)
    return _around(node, read_softmax, [(0, 1, 2)], (3, 4), op_type="Softmax", opset=opset)


def read_qlinear_mul(node: OnnxNode) -> list[Node]:
    """com.microsoft QLinearMul."""
    return _around(node, read_binary, [(0, 1, 2), (3, 4, 5)], (6, 7), op_type="Mul")


def _read_qlinear_pool(read: Reader) -> Reader:
    def reader(node: OnnxNode) -> list[Node]:
        if node.attribute("channels_last", 0):
            raise node.refuse("channels_last is 1", "Save the model without layout optimization")
        return _around(node, read, [(0, 1, 2)], (3, 4))

    return reader


def _read_qlinear_unary(operator: str) -> Reader:
    def reader(node: OnnxNode) -> list[Node]:
        return _around(node, read_unary, [(0, 1, 2)], (3, 4), op_type=operator)

    return reader


def read_qlinear_concat(node: OnnxNode) -> list[Node]:
    """com.microsoft QLinearConcat: y scale, y zero point, then a triple for each input."""
    triples = [(i, i + 1, i + 2) for i in range(2, len(node.inputs), 3)]
    return _around(node, read_concat, triples, (0, 1))


def read_qlinear_where(node: OnnxNode) -> list[Node]:
    """com.microsoft QLinearWhere: a condition, two triples, y scale, y zero point."""
    return _around(node, read_where, [(1, 2, 3), (4, 5, 6)], (7, 8), condition=(node.activation(0),), op_type="Where")


QOPERATORS: dict[str, Reader] = {
    "QGemm": read_qgemm,
    "QLinearAdd": read_qlinear_add,
    "QLinearAveragePool": _read_qlinear_pool(read_average_pool),
    "QLinearConcat": read_qlinear_concat,
    "QLinearConv": read_qlinear_conv,
    "QLinearGlobalAveragePool": _read_qlinear_pool(read_global_average_pool),
    "QLinearLeakyRelu": _read_qlinear_unary("LeakyRelu"),
    "QLinearMatMul": read_qlinear_matmul,
    "QLinearMul": read_qlinear_mul,
    "QLinearSoftmax": read_qlinear_softmax,
    "QLinearSigmoid": _read_qlinear_unary("Sigmoid"),
    "QLinearWhere": read_qlinear_where,
}
