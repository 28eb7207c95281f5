"""LpPool: the length of each window, by an average pool."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Node
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import average_pool
from bittwin_cgen.ops.binary import KERNELS as BINARY_KERNELS
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.unary import KERNELS as UNARY_KERNELS
from bittwin_cgen.ops.unary import Unary

KERNELS = (*average_pool.KERNELS, *BINARY_KERNELS, *UNARY_KERNELS)


def read_lp_pool(node: OnnxNode) -> list[Node]:
    """ONNX LpPool with p of 1 or 2: the average of |x| or of squares, times the size of the window, and its root."""
    order, rank = node.attribute("p", 2), node.rank()
    if order not in (1, 2) or rank not in (3, 4):
        raise node.refuse(f"p is {order} on an input of rank {rank}", "Use 1 or 2, and images")
    if node.attribute("ceil_mode", 0):
        raise node.refuse("ceil_mode is 1", "Use pads")
    x, y = node.activation(0), node.outputs[0]
    each, mean, size, total = (f"{y}/{name}" for name in ("each", "mean", "size", "sum"))
    values = math.prod(node.sizes("kernel_shape", rank - 2))
    types = {**node.types, each: node.types[x]}
    attributes = {**node.attributes, "count_include_pad": 1}
    pool = replace(node, op_type="AveragePool", inputs=(each,), outputs=(mean,), types=types, attributes=attributes)
    return [
        Node(each, Unary("Abs"), (x,), each) if order == 1 else Node(each, Binary("Mul"), (x, x), each),
        *average_pool.read_average_pool(pool),
        Node(size, Known(np.full((1,) * rank, values, np.float32)), (), size),
        Node(node.name, Binary("Mul"), (mean, size), y if order == 1 else total),
        *([Node(f"{node.name}/root", Unary("Sqrt"), (total,), y)] if order == 2 else []),
    ]
