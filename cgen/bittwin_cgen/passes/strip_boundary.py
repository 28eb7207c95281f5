"""QuantizeLinear on an input and DequantizeLinear on an output leave `run`: C takes and gives int8 codes."""

from dataclasses import replace

from bittwin_cgen.ir import Graph, Port
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear


def strip_boundary(graph: Graph) -> Graph:
    """Ports at the codes instead of the float32 values."""
    consumers, producers, outputs = graph.consumers(), graph.producers(), graph.output_tensors()
    stripped = set()
    inputs = []
    for port in graph.inputs:
        readers = consumers.get(port.tensor, [])
        if len(readers) == 1 and isinstance(readers[0].op, QuantizeLinear) and port.tensor not in outputs:
            stripped.add(readers[0].output)
            port = replace(port, tensor=readers[0].output)
        inputs.append(port)
    ends: list[Port] = []
    for port in graph.outputs:
        maker = producers.get(port.tensor)
        if maker is not None and isinstance(maker.op, DequantizeLinear):
            if port.tensor not in consumers:
                stripped.add(maker.output)
            port = replace(port, tensor=maker.inputs[0])
        ends.append(port)
    nodes = [node for node in graph.nodes if node.output not in stripped]
    return graph.rewritten(nodes, inputs=tuple(inputs), outputs=tuple(ends))
