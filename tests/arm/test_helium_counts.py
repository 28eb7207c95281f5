"""No layer takes more instructions on Cortex-M55 than on Cortex-M4: one program of odd shapes for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest

from bittwin.boards import BOARDS
from bittwin.emulator import Emulated
from bittwin.generator import generate
from bittwin.profiler import count_layers
from bittwin.runner import batches, codes_of, model_ports, samples_of
from tests.arm.test_emulator import need
from tests.graphs import DType, GraphBuilder, Tensor

Draw = tuple[str, Callable[[GraphBuilder, Tensor], Tensor], tuple[int, int, int]]
CHANNELS = (1, 2, 3, 4, 5, 8, 17)
OUTPUTS = (1, 2, 3, 4, 9, 12, 20)


def layers() -> Iterator[Draw]:
    """(what it is, the layer, [channels, height, width])"""
    for number, channels in enumerate(CHANNELS):
        image = (channels, *((5, 7), (9, 16))[number % 2])
        for out in (OUTPUTS[number], OUTPUTS[-1 - number]):
            yield f"1x1 to {out}", lambda graph, x, out=out: graph.conv(x, out, (1, 1)), image
            yield f"3x3 to {out}", lambda graph, x, out=out: graph.conv(x, out, (3, 3), pads=(1, 1, 1, 1)), image
            yield f"to {out}", lambda graph, x, out=out: graph.gemm(graph.flatten(x), out), (4 * channels, 1, 1)
        if channels > 1:
            yield "depthwise 3x3", lambda graph, x: graph.depthwise(x, kernel=(3, 3), pads=(1, 1, 1, 1)), image
        yield "global average", lambda graph, x: graph.global_average_pool(x), image
        yield "max 2x2", lambda graph, x: graph.max_pool(x, (2, 2), strides=(2, 2)), image
        yield "average 3x3", lambda graph, x: graph.average_pool(x, (3, 3), pads=(1, 1, 1, 1)), image
        yield "add", lambda graph, x: graph.add(x, graph.input(*x.shape)), image


def network(dtype: DType) -> tuple[onnx.ModelProto, dict[str, str]]:
    """(a model of layers beside each other, {node: what it is})."""
    graph, titles = GraphBuilder(np.random.default_rng(5), dtype), dict[str, str]()
    for title, draw, shape in layers():
        graph.output(draw(graph, graph.input(1, *shape)))
        node = next(node for node in reversed(graph.nodes) if not node.op_type.endswith("Linear"))
        titles[node.name] = f"{title} on {shape}"
    return graph.model(), titles


def counts(model: onnx.ModelProto, target: str) -> dict[str, tuple[int, str]]:
    """{node: (instructions, kernel)}"""
    made = generate(model, target, "speed", name="net")
    built, ports = Emulated(made, BOARDS[target], "marked"), model_ports(model)
    inputs = codes_of(built, batches(samples_of(ports, None, drawn=1, most=1), ports)[0][1])
    found = zip(made.manifest["layers"], count_layers(built, inputs), strict=True)
    return {layer["node"]: (count, layer["kernel"]) for layer, count in found if layer["node"]}


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_helium_takes_no_more_instructions_than_cortex_m4(dtype: DType) -> None:
    for target in ("cortex-m4", "cortex-m55"):
        need(target)
    model, titles = network(dtype)
    plain, vectors = (counts(model, target) for target in ("cortex-m4", "cortex-m55"))
    slower = []
    for node, title in titles.items():
        (most, other), (count, kernel) = plain[node], vectors[node]
        compiled = most // 5 if kernel == other else most // 100  # C for both: what the compiler makes of it
        if count > most + compiled:
            slower.append(f"{title}: {count} by {kernel}, {most} by {other}")
    assert not slower, "\n".join(slower)
    assert sum(kernel.endswith("_mve") for _, kernel in vectors.values()) > len(titles) // 2
