"""A BatchNormalization that no convolution absorbed becomes a 1x1 depthwise Conv: its parameters quantize badly."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from bittwin.onnx_passes.values import attribute_values, constant, free_name, is_standard, shape


def replace_batch_normalization(model: ModelProto) -> ModelProto:
    """On [N, C, H, W] with constant parameters, computed in float64, then rounded; other ranks and training stay."""
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    for node in graph.node:
        input_shape = shape(graph, node.input[0]) if is_standard(node, "BatchNormalization") else None
        if input_shape is not None and len(input_shape) == 4:
            _replace(graph, node, channels=input_shape[1])
    return result


def _replace(graph: GraphProto, node: NodeProto, channels: int) -> None:
    attributes = attribute_values(node)
    parameters = [array for array in (constant(graph, name) for name in node.input[1:5]) if array is not None]
    epsilon = attributes.get("epsilon", 1e-5)
    outputs = [name for name in node.output if name]
    per_pixel = attributes.get("spatial", 1) == 0  # before opset 9
    if len(parameters) < 4 or attributes.get("training_mode") or per_pixel or len(outputs) > 1:
        return
    scale, shift, mean, variance = (array.astype(np.float64) for array in parameters)
    factor = scale / np.sqrt(variance + epsilon)
    dtype = parameters[0].dtype
    for role, array in (("weight", factor.reshape(channels, 1, 1, 1)), ("bias", shift - mean * factor)):
        name = free_name(graph, f"{node.output[0]}_{role}")
        graph.initializer.append(numpy_helper.from_array(array.astype(dtype), name))
    weight, bias = graph.initializer[-2:]
    node.op_type = "Conv"
    node.input[1:] = [weight.name, bias.name]
    del node.output[1:], node.attribute[:]
    conv = {"kernel_shape": [1, 1], "strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": channels}
    node.attribute.extend(helper.make_attribute(key, value) for key, value in conv.items())
