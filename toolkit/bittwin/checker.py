"""Which nodes of an ONNX file can be compiled, and what to change where one cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx

from bittwin_cgen import BittwinError, compile_program
from bittwin_cgen.read_onnx import examine_nodes, load_model


def check(source: str | Path | onnx.ModelProto) -> dict[str, Any]:
    """{"supported": bool, "nodes": [{name, op, supported, reason, fix}]}, every node of the file."""
    model = load_model(source)
    name = "model" if isinstance(source, onnx.ModelProto) else str(source)
    problems = examine_nodes(model, name)
    nodes = []
    for number, node in enumerate(model.graph.node):
        problem = problems.get(number)
        nodes.append(
            {
                "name": node.name or (node.output[0] if node.output else f"{node.op_type}_{number}"),
                "op": node.op_type,
                "supported": problem is None,
                "reason": problem.what if problem else "",
                "fix": problem.do if problem else "",
            }
        )
    if all(node["supported"] for node in nodes):
        _compile(model, nodes)
    return {"supported": all(node["supported"] for node in nodes), "nodes": nodes}


def _compile(model: onnx.ModelProto, nodes: list[dict[str, Any]]) -> None:
    """What only shows when the whole network is compiled goes to the node it names, else to the first."""
    try:
        compile_program(model)
    except BittwinError as error:
        guilty = next((node for node in nodes if repr(node["name"]) in error.where), nodes[0])
        guilty |= {"supported": False, "reason": error.what, "fix": error.do}
