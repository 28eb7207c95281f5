"""ReduceMean over all spatial axes becomes GlobalAveragePool, which onnxruntime has in int8 and ReduceMean not."""

from __future__ import annotations

from onnx import GraphProto, ModelProto, NodeProto, helper

from bittwin.onnx_passes.values import attribute_values, constant, free_name, is_standard, shape


def replace_reduce_mean(model: ModelProto) -> ModelProto:
    """keepdims=1 becomes GlobalAveragePool, keepdims=0 a Flatten after it; other axes or unknown rank stay."""
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    nodes: list[NodeProto] = []
    for node in graph.node:
        nodes.append(node)
        if not is_standard(node, "ReduceMean") or not _is_spatial(graph, node):
            continue
        keeps_dimensions = attribute_values(node).get("keepdims", 1)
        node.op_type = "GlobalAveragePool"
        del node.input[1:]
        del node.attribute[:]
        if not keeps_dimensions:
            mean = node.output[0]
            node.output[0] = free_name(graph, f"{mean}_pool")
            name = free_name(graph, f"{node.name}_flatten")
            flatten = helper.make_node("Flatten", [node.output[0]], [mean], name, axis=1)
            flatten.metadata_props.extend(node.metadata_props)
            nodes.append(flatten)
    graph.ClearField("node")
    graph.node.extend(nodes)
    return result


def _is_spatial(graph: GraphProto, node: NodeProto) -> bool:
    """True when the axes are 2 .. rank-1: an attribute (opset < 18) or a constant input, negative or not."""
    input_shape = shape(graph, node.input[0])
    if input_shape is None or len(input_shape) < 3:
        return False
    rank = len(input_shape)
    if len(node.input) > 1 and node.input[1]:
        array = constant(graph, node.input[1])
        axes = None if array is None else array.tolist()
    else:
        axes = attribute_values(node).get("axes")
    return isinstance(axes, list) and sorted(axis % rank for axis in axes) == list(range(2, rank))
