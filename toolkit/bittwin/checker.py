"""Which nodes of an ONNX file can be compiled, what becomes of them, and what to change where one cannot."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import onnx

from bittwin.simplifier import simplified
from bittwin_cgen import BittwinError, compile_program
from bittwin_cgen.ir import Graph
from bittwin_cgen.read_onnx import examine_nodes, load_model
from bittwin_cgen.symbolic_batch import batch_note


def check(source: str | Path | onnx.ModelProto) -> dict[str, Any]:
    """{"supported": bool, "nodes": [{name, op, module, supported, reason, fix, rewritten}], "notes": [text]}.

    nodes: every node of the file. notes: what was taken for granted, such as a batch of 1.
    module: its path in the torch module, where the exporter left it. rewritten: what it becomes, where that is not an
    operator of its own; the values stay the same.
    """
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
                "module": module_of(node),
                "supported": problem is None,
                "reason": problem.what if problem else "",
                "fix": problem.do if problem else "",
                "rewritten": "",
            }
        )
    if all(node["supported"] for node in nodes):
        graph = _compiled(model, nodes)
        if graph is not None:
            _tell_rewritten(graph, model, nodes)
    else:
        _simplify(model, nodes)
    notes = [note] if (note := batch_note(model)) else []
    return {"supported": all(node["supported"] for node in nodes), "nodes": nodes, "notes": notes}


def module_of(node: onnx.NodeProto) -> str:
    """The path of the torch module that made a node, as torch's exporters write it; '' where there is none."""
    properties = {entry.key: entry.value for entry in node.metadata_props}
    try:
        scopes = ast.literal_eval(properties["pkg.torch.onnx.name_scopes"])
    except (KeyError, TypeError, ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    named = [scope for scope in scopes[:-1] if isinstance(scope, str) and scope] if isinstance(scopes, list) else []
    return named[-1] if named else ""


def _compiled(model: onnx.ModelProto, nodes: list[dict[str, Any]]) -> Graph | None:
    """What only shows when the whole network is compiled goes to the node it names, else to the first."""
    try:
        return compile_program(model).graph
    except BittwinError as error:
        guilty = next((node for node in nodes if repr(node["name"]) in error.where), nodes[0])
        guilty |= {"supported": False, "reason": error.what, "fix": error.do}
        return None


def _tell_rewritten(graph: Graph, model: onnx.ModelProto, nodes: list[dict[str, Any]]) -> None:
    for entry, node in zip(nodes, model.graph.node, strict=True):
        reasons = [graph.removed[name].reason for name in node.output if name in graph.removed]
        entry["rewritten"] = "; ".join(dict.fromkeys(reasons))


def _simplify(model: onnx.ModelProto, nodes: list[dict[str, Any]]) -> None:
    """Nodes that other tools fold, join or resolve are supported where what remains can be compiled."""
    simple = simplified(model)
    if simple is None:
        return
    try:
        compile_program(simple)
    except BittwinError:
        return
    for node in nodes:
        if not node["supported"]:
            node |= {"supported": True, "rewritten": f"simplified first: {node['reason']}", "reason": "", "fix": ""}
