"""int8 functions of one tensor become one table: chains, a tensor times a function of itself, or times one constant."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.fixed_point import CODES
from bittwin_cgen.ir import Array, Graph, Node, Removed
from bittwin_cgen.ops.add import Add
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.mul import Mul
from bittwin_cgen.ops.table import Table


def fuse_tables(graph: Graph) -> Graph:
    """Each code of such a result depends on one code, so that 256 evaluations are a proof."""
    outputs = graph.output_tensors()
    known = {node.output: node.op.values for node in graph.nodes if isinstance(node.op, Known)}
    single = {name: np.full(CODES.shape, values.reshape(-1)[0]) for name, values in known.items() if values.size == 1}
    found: dict[str, tuple[str, Array, str]] = {}  # tensor: the tensor it is a function of, its codes, what it is
    nodes = []
    for node in graph.nodes:
        made = _function(graph, node, found, single)
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
        if node.output not in used and (node.output in found or isinstance(node.op, Known)):
            removed[node.output] = Removed("in one table with what reads it")
            continue
        used.update(node.inputs)
        kept.append(node)
    return graph.rewritten(kept[::-1], removed=removed)


def _function(
    graph: Graph, node: Node, found: dict[str, tuple[str, Array, str]], single: dict[str, Array]
) -> tuple[str, Array, str] | None:
    """(root, codes, title) where a node computes codes from the codes of one tensor; `single`: constants, repeated."""
    if not isinstance(node.op, (Table, Add, Mul, Binary)) or graph.types[node.output].quantization is None:
        return None
    names = [name for name in node.inputs if name not in single]
    known = {name: found.get(name, (name, CODES.astype(np.int8), "")) for name in names}
    roots = {root for root, _, _ in known.values()}
    shapes = {graph.types[name].shape for name in (*names, *roots, node.output)}
    functions = [known[name][2] for name in names if known[name][2]]
    one = isinstance(node.op, Table) or len(names) < len(node.inputs)
    if len(roots) != 1 or len(shapes) != 1 or not (functions or one):
        return None
    given = [single[name] if name in single else known[name][1] for name in node.inputs]
    codes = node.op.interpret(given, graph.input_types(node), graph.types[node.output])
    own = node.op.function if isinstance(node.op, Table) else node.op.title.lower()
    return roots.pop(), codes, ", ".join([*functions, own])
