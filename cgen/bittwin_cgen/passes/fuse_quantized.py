"""DequantizeLinear, operator, QuantizeLinear become the operator on int8 codes, where onnxruntime does the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import dequantize_linear, quantize_linear
from bittwin_cgen.ir import Graph, Node, Quantization, Removed, TensorType, fresh
from bittwin_cgen.ops.concat import CODES, requantize_table
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.table import Table, TableSource


def fuse_quantized(graph: Graph) -> Graph:
    """Every operator whose inputs are dequantized codes and whose only reader quantizes works on codes."""
    consumers, outputs, producers = graph.consumers(), graph.output_tensors(), graph.producers()
    types, removed = dict(graph.types), {}
    fused: dict[str, list[Node]] = {}  # output of the QuantizeLinear to what replaces it
    gone: set[str] = set()
    for node in graph.nodes:
        quantizers = consumers.get(node.output, [])
        conditions = node.inputs[: node.op.conditions]
        sources = [producers.get(name) for name in node.inputs[node.op.conditions :]]
        if (
            isinstance(node.op, (QuantizeLinear, DequantizeLinear))
            or node.output in outputs
            or len(quantizers) != 1
            or not isinstance(quantizers[0].op, QuantizeLinear)
            or not sources
            or not all(source is not None and isinstance(source.op, DequantizeLinear) for source in sources)
        ):
            continue
        codes = (*conditions, *(source.inputs[0] for source in sources if source is not None))
        made = _on_codes(node, codes, tuple(types[name] for name in codes), quantizers[0], types, graph.names)
        if made is not None:
            fused[quantizers[0].output] = made
            gone.add(node.output)
            removed[node.output] = Removed(f"computed as int8 codes, with {quantizers[0].name}")
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.output in fused:
            nodes.extend(fused[node.output])
        elif node.output not in gone:
            nodes.append(node)
    return _without_idle_dequantizers(graph.rewritten(nodes, types, removed))


def _on_codes(
    node: Node,
    codes: tuple[str, ...],
    inputs: tuple[TensorType, ...],
    quantizer: Node,
    types: dict[str, TensorType],
    names: frozenset[str],
) -> list[Node] | None:
    output = types[quantizer.output]
    assert output.quantization is not None
    if any(x.quantization is not None and x.quantization.offset != output.quantization.offset for x in inputs):
        return None  # uint8 beside int8: onnxruntime has no integer operator for both
    if node.op.elementwise:
        op = _table(node, inputs[0].quantization, output)
        return [Node(node.name, op, codes, quantizer.output)]
    try:
        changed = node.op.quantized(inputs, output)
    except ValueError as error:
        do = "Quantize the model again: a calibration gave an extreme range"
        raise BittwinError(f"node {node.name!r} ({node.op.title})", str(error), do) from None
    if changed is None:
        return None
    table = requantize_table(inputs[0].quantization, output.quantization) if node.op.moves else None
    if table is None:
        return [Node(node.name, changed, codes, quantizer.output)]
    moved = fresh(f"{node.output}/codes", types, names)
    types[moved] = replace(types[node.output], dtype="int8", quantization=inputs[0].quantization)
    return [
        Node(node.name, changed, codes, moved),
        Node(quantizer.name, Table(table, "requantization"), (moved,), quantizer.output),
    ]


def _table(node: Node, x: Quantization | None, output: TensorType) -> Table:
    assert x is not None and output.quantization is not None
    real = TensorType((1, CODES.size), "float32")
    values = dequantize_linear(CODES, np.float32(x.scale), x.zero_point).reshape(1, -1)
    results = node.op.interpret([values], [real], real)
    codes = quantize_linear(results, np.float32(output.quantization.scale), output.quantization.zero_point)
    form = node.op.onnx
    source = None if form is None else TableSource(form, x, output.quantization)
    return Table(codes.reshape(-1), node.op.title, source)


def _without_idle_dequantizers(graph: Graph) -> Graph:
    """Dequantized values that nothing reads any more are not computed."""
    used = {name for node in graph.nodes for name in node.inputs} | graph.output_tensors()
    idle = [node for node in graph.nodes if isinstance(node.op, DequantizeLinear) and node.output not in used]
    gone = {node.output: Removed("its reader works on the codes") for node in idle}
    return graph.rewritten([node for node in graph.nodes if node.output not in gone], removed=gone)
