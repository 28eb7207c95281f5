"""Tables of int8 functions as onnxruntime computes them."""

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, UnaryTable
from bittwin_cgen.ops.table import Table


def fill_tables(graph: Graph, unary_table: UnaryTable) -> Graph:
    """Every Table that has a source gets the codes that `unary_table` says."""
    return graph.rewritten([_filled(node, unary_table) for node in graph.nodes])


def _filled(node: Node, unary_table: UnaryTable) -> Node:
    op = node.op
    if not isinstance(op, Table) or op.source is None:
        return node
    codes = unary_table(op.source.form, op.source.x, op.source.y)
    return replace(node, op=replace(op, codes=codes, asked=True))
