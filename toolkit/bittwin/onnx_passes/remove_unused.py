"""Initializers, Constant nodes and shape records that nothing reads any more are dropped."""

from __future__ import annotations

from onnx import ModelProto

from bittwin.onnx_passes.values import all_nodes, is_standard


def remove_unused(model: ModelProto) -> ModelProto:
    """What other passes leave behind; graph inputs, outputs and nodes that compute are kept."""
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    read = {name for node in all_nodes(graph) for name in node.input} | {value.name for value in graph.output}
    nodes = [node for node in graph.node if not is_standard(node, "Constant") or read.intersection(node.output)]
    written = {name for node in nodes for name in node.output}
    initializers = [tensor for tensor in graph.initializer if tensor.name in read]
    shapes = [value for value in graph.value_info if value.name in written]
    for field in ("node", "initializer", "value_info"):
        graph.ClearField(field)
    graph.node.extend(nodes)
    graph.initializer.extend(initializers)
    graph.value_info.extend(shapes)
    return result
