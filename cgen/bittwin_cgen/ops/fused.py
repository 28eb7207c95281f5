"""float32 operators of com.microsoft that onnxruntime fuses: read as the operators that they are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bittwin_cgen.ir import Node, Op
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import binary, clip, unary
from bittwin_cgen.ops.binary import read_binary
from bittwin_cgen.ops.clip import Clip
from bittwin_cgen.ops.conv2d import read_conv
from bittwin_cgen.ops.matmul import read_gemm
from bittwin_cgen.ops.unary import FUNCTIONS, Unary, read_unary

KERNELS = (*binary.KERNELS, *clip.KERNELS, *unary.KERNELS)
ACTIVATIONS = ("HardSigmoid", "LeakyRelu", "Sigmoid", "Tanh")  # and Relu, Clip


def _activation(node: OnnxNode, name: str, parameters: Sequence[float]) -> Op:
    """The function that a node ends with; its parameters in the order of its own attributes."""
    if not all(math.isfinite(value) for value in parameters):
        raise node.refuse(f"its parameters are {list(parameters)}", "Repair the model")
    if name == "Relu":
        return Clip(low=0.0)
    if name == "Clip" and len(parameters) == 2:
        return Clip(min(parameters), parameters[1])
    names = list(FUNCTIONS[name].parameters or {}) if name in ACTIVATIONS else None
    if names is None or len(parameters) < len(names):
        raise node.refuse(f"activation {name!r} with parameters {list(parameters)}", "Save the model unoptimized")
    return Unary(name, *parameters[: len(names)])


def read_fused_conv(node: OnnxNode) -> list[Node]:
    """com.microsoft FusedConv: a Conv, a tensor added, a function; the latter two where they are given.

    It is float32 beside codes too: onnxruntime makes no integer convolution of it.
    """
    name = node.attribute("activation", "")
    steps = ["conv", *(["sum"] if node.has(3) else []), *(["activation"] if name else [])]
    outputs = {step: f"{node.outputs[0]}/{step}" for step in steps} | {steps[-1]: node.outputs[0]}
    conv = outputs["conv"]
    nodes = read_conv(replace(node, op_type="Conv", inputs=node.inputs[:3], outputs=(conv,), codes={}))
    if node.has(3):
        type = nodes[-1].op.infer((node.types[node.activation(0)],))
        if type.shape != node.shape(3):
            raise node.refuse(f"a tensor of shape {node.shape(3)} is added to {type.shape}", "Repair the model")
        inputs, types = (conv, node.inputs[3]), {**node.types, conv: type}
        nodes += read_binary(replace(node, op_type="Add", inputs=inputs, outputs=(outputs["sum"],), types=types))
    if name:
        op = _activation(node, name, node.attribute("activation_params", []))
        nodes.append(Node(f"{node.name}/activation", op, (nodes[-1].output,), node.outputs[0]))
    return nodes


def read_fused_gemm(node: OnnxNode) -> list[Node]:
    """com.microsoft FusedGemm: a Gemm and a function."""
    y, name = node.outputs[0], node.attribute("activation", "")
    if not name:
        return read_gemm(replace(node, op_type="Gemm", codes={}))
    parameters = [node.attribute(f"activation_{key}", math.nan) for key in ("alpha", "beta")]
    given = [value for value in parameters if not math.isnan(value)]
    made = f"{y}/gemm"
    op = _activation(node, name, given)
    return [
        *read_gemm(replace(node, op_type="Gemm", outputs=(made,), codes={})),
        Node(f"{node.name}/activation", op, (made,), y),
    ]


def read_biased_gelu(node: OnnxNode) -> list[Node]:
    """com.microsoft BiasGelu and FastGelu: Gelu, exact or by tanh, of a sum with a bias, which FastGelu may lack."""
    name = "Gelu tanh" if node.op_type == "FastGelu" else "Gelu"
    if not node.has(1):
        return node.node(Unary(name), node.activation(0))
    if node.shape(1) != node.shape()[-1:]:
        raise node.refuse(f"a bias of shape {node.shape(1)} for an input of {node.shape()}", "Repair the model")
    total = f"{node.outputs[0]}/sum"
    added = read_binary(replace(node, op_type="Add", outputs=(total,)))
    return [*added, Node(f"{node.name}/gelu", Unary(name), (total,), node.outputs[0])]


def read_quick_gelu(node: OnnxNode) -> list[Node]:
    """com.microsoft QuickGelu: x * sigmoid(alpha * x)."""
    alpha = node.attribute("alpha", 1.702)
    return read_unary(replace(node, op_type="Swish", attributes={"alpha": alpha}))
