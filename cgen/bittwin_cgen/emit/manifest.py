"""What was generated, as data: sizes, layers, memory, what each tensor of the ONNX file became."""

from __future__ import annotations

from bittwin_cgen.emit.model import ModelText, PortText
from bittwin_cgen.memory import Request, lower_bound
from bittwin_cgen.version import ABI, VERSION

SCHEMA = 1  # docs/manifest.schema.json; keys may be added, none renamed


def manifest(text: ModelText) -> dict[str, object]:
    """A JSON object; sizes in bytes, shapes in ONNX order, tensors by their ONNX names."""
    program, graph = text.program, text.program.graph
    arrays, *_ = text.initializers
    requests = [Request(name, place.bytes, place.first, place.last) for name, place in program.places.items()]
    return {
        "schema": SCHEMA,
        "bittwin": VERSION,
        "abi": ABI,
        "name": text.name,
        "target": program.target.name,
        "schedule": program.schedule,
        "batch": graph.batch,
        "arena_bytes": text.arena_bytes,
        "arena_alive_bytes": lower_bound(requests),
        "arena_lower_bound": program.search.lower_bound,
        "arena_above_lower_bound": text.arena_bytes - program.search.lower_bound,
        "orders_tried": program.search.orders,
        "orders_all": program.search.all_orders,
        "static_bytes": 0,
        "constant_bytes": arrays.bytes,
        "input_bytes": graph.batch * sum(port.type.bytes for port in text.ports if port.is_input),
        "output_bytes": graph.batch * sum(port.type.bytes for port in text.ports if not port.is_input),
        "macs": graph.batch * sum(step.macs for step in program.steps()),
        "pushed": program.pushed,
        "segments": [[step.name for step in segment.steps] for segment in program.segments],
        "inputs": [_port(port) for port in text.ports if port.is_input],
        "outputs": [_port(port) for port in text.ports if not port.is_input],
        "layers": [
            {
                "name": step.name,
                "node": step.node.name,
                "op": step.node.op.title,
                "tensor": step.output,
                "shape": list(program.types[step.output].shape),
                "dtype": program.types[step.output].dtype,
                "kernel": step.call.kernel.symbol,
                "macs": step.macs,
                "refused": dict(step.call.refused),
                "notes": list(step.call.notes),
            }
            for step in program.steps()
        ],
        "aliases": dict(program.aliases),
        "simplification": {
            "channels": graph.savings.channels,
            "macs": graph.batch * graph.savings.macs,
            "weights": graph.savings.weights,
            "live": {name: list(channels) for name, channels in graph.live.items()},
        },
        "removed": {
            name: {"reason": why.reason, **({"same_as": why.same_as} if why.same_as else {})}
            for name, why in graph.removed.items()
        },
        "memory": [
            {"buffer": name, "offset": place.offset, "bytes": place.bytes, "first": place.first, "last": place.last}
            for name, place in sorted(program.places.items(), key=lambda item: (item[1].first, item[1].offset))
        ],
    }


def _port(text: PortText) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": text.port.name,
        "parameter": text.name,
        "tensor": text.port.tensor,
        "shape": list(text.type.shape),
        "dtype": text.type.dtype,
    }
    if text.type.quantization:
        entry |= {"scale": text.type.quantization.scale, "zero_point": text.type.quantization.zero_point}
    return entry
