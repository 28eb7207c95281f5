"""Values that are moved behind a DequantizeLinear, or before a QuantizeLinear, are moved as codes instead."""

from __future__ import annotations

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Op, Removed, fresh
from bittwin_cgen.ops.max_pool import MaxPool
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.take import Take
from bittwin_cgen.ops.transpose import Transpose


def move_codes(graph: Graph) -> Graph:
    """Operators that have moves between them and their codes then work on codes, as onnxruntime's do."""
    return _quantize_earlier(_dequantize_later(graph))


def _quantize_earlier(graph: Graph) -> Graph:
    """An operator on dequantized codes, moves, QuantizeLinear to the operator, QuantizeLinear, moves of codes."""
    consumers, producers, outputs = graph.consumers(), graph.producers(), graph.output_tensors()
    types = dict(graph.types)
    removed: dict[str, Removed] = {}
    changed: dict[str, list[Node]] = {}  # output of the QuantizeLinear to what replaces it
    for quantizer in graph.nodes:
        moves: list[Node] = []
        source = producers.get(quantizer.inputs[0]) if isinstance(quantizer.op, QuantizeLinear) else None
        while source is not None and len(consumers[source.output]) == 1 and source.output not in outputs:
            if not _moves_for_quantizers(source.op):
                break
            moves.insert(0, source)
            source = producers.get(source.inputs[0])
        if not moves or source is None or len(consumers[source.output]) > 1 or source.output in outputs:
            continue
        sources = [producers.get(name) for name in source.inputs[source.op.conditions :]]
        if not sources or not all(node is not None and isinstance(node.op, DequantizeLinear) for node in sources):
            continue
        read, nodes = source.output, []
        for node, shaped in ((quantizer, read), *((move, move.output) for move in moves)):
            made = quantizer.output if node is moves[-1] else fresh(f"{node.output}/codes", types, graph.names)
            types[made] = replace(types[quantizer.output], shape=types[shaped].shape)
            nodes.append(replace(node, inputs=(read,), output=made))
            read = made
        changed[quantizer.output] = nodes
        removed |= {node.output: Removed(f"moved as int8 codes, with {quantizer.name}") for node in moves}
    rewritten = [
        made for node in graph.nodes if node.output not in removed for made in changed.get(node.output, [node])
    ]
    return graph.rewritten(rewritten, types, removed)


def _moves_for_quantizers(op: Op) -> bool:
    """What onnxruntime moves a QuantizeLinear across."""
    return isinstance(op, (MaxPool, Reshape)) or (
        isinstance(op, (Transpose, Take)) and op.name in ("Transpose", "Slice")
    )


def _dequantize_later(graph: Graph) -> Graph:
    """DequantizeLinear, Reshape (or Take) to Reshape, DequantizeLinear, unless a QuantizeLinear follows at once."""
    consumers, outputs = graph.consumers(), graph.output_tensors()
    made: dict[str, Node] = {}
    types = dict(graph.types)
    nodes: list[Node] = []
    for node in graph.nodes:
        before = made.get(node.inputs[0]) if node.inputs else None
        readers = consumers.get(node.output, [])
        if (
            before is not None
            and isinstance(before.op, DequantizeLinear)
            and (isinstance(node.op, (MaxPool, Reshape)) or (isinstance(node.op, Take) and not node.op.fills))
            and readers
            and not any(isinstance(reader.op, QuantizeLinear) for reader in readers)
            and node.output not in outputs
        ):
            codes = fresh(f"{node.output}/codes", types, graph.names)
            types[codes] = replace(types[before.inputs[0]], shape=types[node.output].shape)
            nodes.append(Node(node.name, node.op, before.inputs, codes))
            node = Node(f"{node.name}/dequantize", before.op, (codes,), node.output)
        nodes.append(node)
        made[node.output] = node
    return graph.rewritten(nodes, types)
