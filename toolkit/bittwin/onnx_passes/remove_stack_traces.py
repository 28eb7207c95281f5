"""The Python stack traces that torch's exporter keeps of each node are dropped: they hold paths of one machine."""

from __future__ import annotations

from onnx import ModelProto

from bittwin.onnx_passes.values import all_nodes


def remove_stack_traces(model: ModelProto) -> ModelProto:
    """Module paths and other metadata stay."""
    result = ModelProto()
    result.CopyFrom(model)
    for node in all_nodes(result.graph):
        kept = [entry for entry in node.metadata_props if not entry.key.endswith("stack_trace")]
        if len(kept) != len(node.metadata_props):
            entries = [(entry.key, entry.value) for entry in kept]
            node.ClearField("metadata_props")
            for key, value in entries:
                node.metadata_props.add(key=key, value=value)
    return result
