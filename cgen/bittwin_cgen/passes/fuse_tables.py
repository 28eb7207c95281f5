"""int8 functions of functions of one tensor become one table: chains, and a tensor times a function of itself."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.fixed_point import CODES
from bittwin_cgen.ir import Array, Graph, Node, Removed
from bittwin_cgen.ops.add import Add
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.mul import Mul
from bittwin_cgen.ops.table import Table


def fuse_tables(graph: Graph) -> Graph:
    """Each code of such a result depends on one code, so that 256 evaluations are a proof."""
    outputs = graph.output_tensors()
    found: dict[str, tuple[str, Array, str]] = {}  # tensor: the tensor it is a function of, its codes, what it is
    nodes = []
    for node in graph.nodes:
        made = _function(graph, node, found)
        if made is not None:
            root, codes, title = made
            found[node.output] = made
            if node.inputs != (root,):
                node = Node(node.name, Table(codes, title), (root,), node.output)
        nodes.append(node)
    kept: list[Node] = []
    used = set(outputs)
    removed = {}
    for node in reversed(nodes):
        if node.output in found and node.output not in used:
            removed[node.output] = Removed("in one table with what reads it")
            continue
        used.update(node.inputs)
        kept.append(node)
    return graph.rewritten(kept[::-1], removed=removed)


def _function(graph: Graph, node: Node, found: dict[str, tuple[str, Array, str]]) -> tuple[str, Array, str] | None:
    """(root, codes, title) where a node computes codes from the codes of one tensor."""
    if not isinstance(node.op, (Table, Add, Mul, Binary)) or graph.types[node.output].quantization is None:
        return None
    known = [found.get(name, (name, CODES.astype(np.int8), "")) for name in node.inputs]
    roots = {root for root, _, _ in known}
    shapes = {graph.types[name].shape for name in (*node.inputs, *roots, node.output)}
    functions = [title for _, _, title in known if title]
    if len(roots) != 1 or len(shapes) != 1 or not (functions or isinstance(node.op, Table)):
        return None
    codes = node.op.interpret([codes for _, codes, _ in known], graph.input_types(node), graph.types[node.output])
    own = node.op.function if isinstance(node.op, Table) else node.op.title.lower()
    return roots.pop(), codes, ", ".join([*functions, own])
