"""The numpy reference: runs a Graph, every tensor."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Array, Graph, TensorType


def interpret(graph: Graph, inputs: Mapping[str, Array], precise: bool = False) -> dict[str, Array]:
    """Every tensor by name, in ONNX order, from {port name: [batch, ...] values, codes where the port takes codes}.

    `precise` computes what is float32 in float64: the arbiter between two float32 results.
    """
    types = {name: _precise(type) if precise else type for name, type in graph.types.items()}
    values: dict[str, Array] = {}
    for port in graph.inputs:
        given = inputs[port.name]
        values[port.tensor] = given.astype(np.float64) if precise and given.dtype == np.float32 else given
    for node in graph.nodes:
        arguments = [values[name] for name in node.inputs]
        values[node.output] = node.op.interpret(arguments, [types[name] for name in node.inputs], types[node.output])
    return values


def _precise(type: TensorType) -> TensorType:
    return replace(type, dtype="float64") if type.dtype == "float32" else type
