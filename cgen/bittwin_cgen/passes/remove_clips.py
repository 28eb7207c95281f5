"""A Clip or Relu before QuantizeLinear goes where saturation does the same, as in onnxruntime."""

import math
from dataclasses import replace

import numpy as np

from bittwin_cgen.ir import Graph, Removed
from bittwin_cgen.ops.clip import Clip
from bittwin_cgen.ops.quantize_linear import QuantizeLinear

EPSILON = float(np.finfo(np.float32).eps)  # onnxruntime's ClipQuantFusion allows as much


def remove_clips(graph: Graph) -> Graph:
    """Clip then QuantizeLinear becomes QuantizeLinear, if the codes of the bounds are the lowest and the highest."""
    consumers, outputs, producers = graph.consumers(), graph.output_tensors(), graph.producers()
    nodes, removed, gone = [], {}, set()
    for node in graph.nodes:
        clip = producers.get(node.inputs[0]) if node.inputs else None
        if (
            isinstance(node.op, QuantizeLinear)
            and clip is not None
            and isinstance(clip.op, Clip)
            and len(consumers[clip.output]) == 1
            and clip.output not in outputs
            and _saturates(clip.op, node.op)
        ):
            gone.add(clip.output)
            removed[clip.output] = Removed(f"{clip.op.title}: saturation in {node.name} does the same")
            node = replace(node, inputs=clip.inputs)
        nodes.append(node)
    return graph.rewritten([node for node in nodes if node.output not in gone], removed=removed)


def _saturates(clip: Clip, quantize: QuantizeLinear) -> bool:
    scale, zero_point = np.float32(quantize.quantization.scale), quantize.quantization.zero_point
    lowest, highest = (float(scale * np.float32(code - zero_point)) for code in (-128, 127))
    reaches_low = clip.low == -math.inf or np.rint(np.float32(clip.low) / scale) + zero_point <= -128
    reaches_high = clip.high == math.inf or np.rint(np.float32(clip.high) / scale) + zero_point >= 127
    if clip.high == math.inf and clip.low == 0.0:
        return bool(reaches_low)  # onnxruntime's ReluQuantFusion looks at the zero point alone
    within = clip.low - lowest <= EPSILON and highest - clip.high <= EPSILON
    return bool(reaches_low and reaches_high and within)
