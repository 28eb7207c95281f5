"""Max(x, 0), which is how clamp(min=0) is exported, becomes Relu, which quantization folds into x's producer."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto

from bittwin.onnx_passes.values import constant, is_standard, shape


def replace_max_zero(model: ModelProto) -> ModelProto:
    """Either order of inputs; a zero that would broadcast x to a larger shape, and integers, stay."""
    result = ModelProto()
    result.CopyFrom(model)
    for node in result.graph.node:
        if is_standard(node, "Max") and len(node.input) == 2:
            x = _input_beside_zero(result.graph, node)
            if x is not None:
                node.op_type = "Relu"
                node.input[:] = [x]
    return result


def _input_beside_zero(graph: GraphProto, node: NodeProto) -> str | None:
    for x, other in (node.input, reversed(node.input)):
        zero = constant(graph, other)
        if zero is None or not np.issubdtype(zero.dtype, np.floating) or np.any(zero != 0):
            continue
        x_shape = shape(graph, x)
        if zero.ndim == 0 or (x_shape is not None and np.broadcast_shapes(x_shape, zero.shape) == x_shape):
            return str(x)
    return None
