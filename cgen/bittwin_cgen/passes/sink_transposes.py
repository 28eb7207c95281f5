"""Transposes move behind what works value by value, so that they meet and cancel: converted graphs are full of them."""

from __future__ import annotations

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Removed, fresh
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.transpose import Transpose


def sink_transposes(graph: Graph) -> Graph:
    """Transpose, f to f, Transpose, where f has one input and only f reads the Transpose."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    types, removed = dict(graph.types), {}
    made: dict[str, Node] = {}
    for node in graph.nodes:
        before = made.get(node.inputs[0]) if len(node.inputs) == 1 else None
        if (
            before is not None
            and isinstance(before.op, Transpose)
            and _by_value(node, made.get(before.inputs[0]))
            and len(consumers[before.output]) == 1
            and before.output not in outputs
            and node.output not in outputs
        ):
            del made[before.output]
            first = fresh(f"{node.output}/before {before.name}", types, graph.names)
            types[first] = replace(types[node.output], shape=types[before.inputs[0]].shape)
            removed[before.output] = Removed(f"transposed behind {node.name} instead")
            made[first] = replace(node, inputs=before.inputs, output=first)
            node = replace(before, inputs=(first,), output=node.output)
            consumers[node.inputs[0]] = [node]
        made[node.output] = node
    return graph.rewritten(list(made.values()), types, removed)


def _by_value(node: Node, source: Node | None) -> bool:
    """Not DequantizeLinear, which the next node has to see; not a QuantizeLinear that makes it a move of codes."""
    between_codes = source is not None and isinstance(source.op, DequantizeLinear)
    return node.op.elementwise or (isinstance(node.op, QuantizeLinear) and not between_codes)
