"""BatchNormalization by the statistics of its own input, as torch exports it with track_running_stats=False."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Array, Node, Op
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import conv2d
from bittwin_cgen.ops.add import Add
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.reduce import Axes, Reduce
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.unary import Unary

KERNELS = conv2d.KERNELS


def read_batch_normalization(node: OnnxNode) -> list[Node]:
    """ONNX BatchNormalization, with given statistics or (training_mode) its input's; then the running ones, too."""
    if not node.attribute("training_mode", 0):
        return conv2d.read_batch_normalization(node)
    scale, bias, old_mean, old_variance = (
        node.weight(i, role) for i, role in ((1, "scale"), (2, "bias"), (3, "mean"), (4, "variance"))
    )
    epsilon, momentum = node.attribute("epsilon", 1e-5), node.attribute("momentum", 0.9)
    shape = node.shape()
    if len(shape) < 2 or any(value.shape != shape[1:2] for value in (scale, bias, old_mean, old_variance)):
        raise node.refuse(f"parameters for an input of shape {list(shape)}", "Give one of each for every channel")
    if not 0 < epsilon < 1e3 or not 0 <= momentum <= 1:
        raise node.refuse(f"epsilon {epsilon}, momentum {momentum}", "Repair the model")
    nodes: list[Node] = []

    def made(role: str, op: Op, *inputs: str, output: str = "") -> str:
        name = output or f"{node.outputs[0]}/{role}"
        nodes.append(Node(node.name if output == node.outputs[0] else name, op, inputs, name))
        return name

    def known(role: str, values: Array) -> str:
        return made(role, Known(values.astype(np.float32)))

    per_channel = (1, len(scale), *[1] * (len(shape) - 2))
    over, x = Axes(tuple(axis for axis in range(len(shape)) if axis != 1), keep=True), node.activation(0)
    mean = made("mean", Reduce("mean", over), x)
    centred = made("centred", Binary("Sub"), x, mean)
    variance = made("variance", Reduce("mean", over), made("squares", Binary("Mul"), centred, centred))
    shifted = made("shifted", Add(), variance, known("epsilon", np.full(per_channel, epsilon)))
    scaled = made("scaled", Binary("Div"), centred, made("deviation", Unary("Sqrt"), shifted))
    product = made("product", Binary("Mul"), scaled, known("scale", scale.reshape(per_channel)))
    made("", Add(), product, known("bias", bias.reshape(per_channel)), output=node.outputs[0])
    for output, new, old in zip(node.outputs[1:3], (mean, variance), (old_mean, old_variance), strict=False):
        if output:
            flat = made(f"{output}/flat", Reshape(scale.shape), new)
            part = made(
                f"{output}/part", Binary("Mul"), flat, known(f"{output}/share", np.full_like(old, 1 - momentum))
            )
            made("", Add(), part, known(f"{output}/old", old * np.float32(momentum)), output=output)
    return nodes
