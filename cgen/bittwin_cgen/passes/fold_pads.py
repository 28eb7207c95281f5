"""Pad before a convolution becomes the convolution's own padding: no padded tensor is made."""

from __future__ import annotations

from dataclasses import replace

from bittwin_cgen.ir import Graph, Node, Removed
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.pad import Pad


def fold_pads(graph: Graph) -> Graph:
    """Pad, Conv to Conv, where one padding says both."""
    producers = graph.producers()
    nodes = []
    for node in graph.nodes:
        pad = producers.get(node.inputs[0]) if node.inputs else None
        if pad is not None and isinstance(pad.op, Pad) and isinstance(node.op, Conv2d):
            op = _padded(node.op, pad.op)
            if op is not None:
                node = Node(node.name, op, pad.inputs, node.output)
        nodes.append(node)
    used = {name for node in nodes for name in node.inputs} | graph.output_tensors()
    gone = {
        node.output: Removed(f"{node.op.mode} padding, folded into the convolution that reads it")
        for node in nodes
        if isinstance(node.op, Pad) and node.output not in used
    }
    return graph.rewritten([node for node in nodes if node.output not in gone], removed=gone)


def _padded(conv: Conv2d, pad: Pad) -> Conv2d | None:
    if not any(conv.padding):
        return replace(conv, padding=pad.padding, mode=pad.mode, outside=pad.value if pad.mode == "constant" else 0.0)
    if conv.mode == pad.mode == "constant" and conv.outside == pad.value:
        a, b = conv.padding, pad.padding
        return replace(conv, padding=(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]))
    return None
