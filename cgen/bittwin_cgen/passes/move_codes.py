"""Values that are moved after a DequantizeLinear are moved as codes instead, and dequantized behind the move."""

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.take import Take


def move_codes(graph: Graph) -> Graph:
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
            and (isinstance(node.op, Reshape) or (isinstance(node.op, Take) and not node.op.fills))
            and readers
            and not any(isinstance(reader.op, QuantizeLinear) for reader in readers)
            and node.output not in outputs
        ):
            codes = f"{node.output}/codes"
            types[codes] = replace(types[before.inputs[0]], shape=types[node.output].shape)
            nodes.append(Node(node.name, node.op, before.inputs, codes))
            node = Node(f"{node.name}/dequantize", before.op, (codes,), node.output)
        nodes.append(node)
        made[node.output] = node
    return graph.rewritten(nodes, types)
