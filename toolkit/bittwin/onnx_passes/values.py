"""What is known of a value of an ONNX graph before it runs: its constant, its shape, whether its name is free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, NodeProto, helper, numpy_helper


def attribute_values(node: NodeProto) -> dict[str, Any]:
    """Attributes of `node` as Python values, strings as bytes."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def is_standard(node: NodeProto, op_type: str) -> bool:
    """True for an `op_type` of ONNX itself, not of another domain."""
    return node.op_type == op_type and node.domain in ("", "ai.onnx")


def constant(graph: GraphProto, name: str) -> NDArray[np.generic] | None:
    """The array of an initializer or of a Constant node; None for anything a caller may set."""
    if any(value.name == name for value in graph.input):
        return None
    for tensor in graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    for node in graph.node:
        if name in node.output and is_standard(node, "Constant"):
            ((key, value),) = attribute_values(node).items()
            if key == "value":
                return numpy_helper.to_array(value)
            if key in ("value_int", "value_ints"):
                return np.array(value, np.int64)
            if key in ("value_float", "value_floats"):
                return np.array(value, np.float32)
    return None


def shape(graph: GraphProto, name: str) -> tuple[int, ...] | None:
    """The static shape of a value; None where it, or one of its sizes, is unknown."""
    for tensor in graph.initializer:
        if tensor.name == name:
            return tuple(tensor.dims)
    for value in (*graph.value_info, *graph.input, *graph.output):
        if value.name == name and value.type.tensor_type.HasField("shape"):
            sizes = value.type.tensor_type.shape.dim
            known = all(size.HasField("dim_value") for size in sizes)
            return tuple(size.dim_value for size in sizes) if known else None
    return None


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Nodes of the graph and of the bodies of its If, Loop and Scan nodes."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            bodies = [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs
            for body in bodies:
                yield from all_nodes(body)


def free_name(graph: GraphProto, wish: str) -> str:
    """`wish`, or `wish_2`, `wish_3`, ... : a name that no value and no node has."""
    taken = {tensor.name for tensor in graph.initializer} | {value.name for value in graph.input}
    for node in all_nodes(graph):
        taken |= {node.name, *node.output}
    name, count = wish, 1
    while name in taken:
        count += 1
        name = f"{wish}_{count}"
    return name
