"""No kernel takes more instructions than the scalar one: grids of odd shapes, a program a target.

A layer whose kernel would is refused by it, with a reason, and is computed by the scalar one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import onnx
import pytest

from bittwin.boards import BOARDS
from bittwin.emulator import Emulated
from bittwin.generator import generate
from bittwin.profiler import count_layers
from bittwin.runner import batches, codes_of, model_ports, samples_of
from bittwin_cgen.targets import TARGETS
from tests.arm.test_emulator import need
from tests.graphs import GraphBuilder, Tensor

Draw = tuple[str, Callable[[GraphBuilder, Tensor], Tensor], tuple[int, int, int]]
CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 17)
SHARED = ("cortex-m3", "cortex-m4")  # layers share kernels, as in a network of many: assembler is in none of them
MAPS = ((1, 1), (5, 7), (3, 19))
KERNELS = ((1, 2), (2, 1), (5, 1), (4, 4), (7, 7))
GROUPS = (
    (2, 1, 1),
    (2, 2, 3),
    (3, 1, 2),
    (3, 4, 1),
    (2, 5, 8),
    (4, 4, 4),
    (5, 3, 7),
    (8, 2, 2),
)  # inputs, outputs of each


def convolutions() -> Iterator[Draw]:
    for number, channels in enumerate(CHANNELS):
        for turn in (0, 1):
            shape = (channels, *MAPS[(number + turn) % 3])
            out = (1, 5, 8, 3)[(number + turn) % 4]
            yield f"1x1 to {out}", lambda graph, x, out=out: graph.conv(x, out, kernel=(1, 1)), shape
            yield f"3x3 to {out}", lambda graph, x, out=out: graph.conv(x, out, pads=(1, 1, 1, 1)), shape
        yield f"to {out}", lambda graph, x, out=out: graph.gemm(graph.flatten(x), out), (channels, 1, 1)
    for kernel in KERNELS:
        for channels, out in ((1, 1), (3, 5), (6, 16)):
            draw = lambda graph, x, out=out, kernel=kernel: graph.conv(x, out, kernel=kernel)  # noqa: E731
            yield f"{kernel} to {out}", draw, (channels, 7, 9)


def groups() -> Iterator[Draw]:
    for number, inputs, outputs in GROUPS:
        for kernel, stride in (((1, 1), (1, 1)), ((3, 3), (1, 1)), ((2, 3), (2, 2))):
            window = dict(kernel=kernel, stride=stride, groups=number)
            draw = lambda graph, x, out=number * outputs, w=window: graph.conv(x, out, **w)  # noqa: E731
            yield f"{number} groups {kernel} / {stride} to {number * outputs}", draw, (number * inputs, 5, 7)


def others() -> Iterator[Draw]:
    """Depthwise convolutions, arithmetic of two operands, pools."""
    for number, channels in enumerate(CHANNELS):
        shape, image = (channels, *MAPS[number % 3]), (channels, *MAPS[1 + number % 2])
        yield "depthwise 3x3", lambda graph, x: graph.depthwise(x, pads=(1, 1, 1, 1)), shape
        yield "add", lambda graph, x: graph.add(x, graph.input(*x.shape)), shape
        yield "add", lambda graph, x: graph.add(x, graph.input(*x.shape)), image
        yield "mul", lambda graph, x: graph.mul(x, graph.input(*x.shape)), shape
        yield "mul by channel", lambda graph, x: graph.mul(x, graph.input(1, x.shape[1], 1, 1)), image
        yield "global average", lambda graph, x: graph.global_average_pool(x), shape
        yield "max 2x2", lambda graph, x: graph.max_pool(x, (2, 2), strides=(2, 2)), image
        yield "average 3x3", lambda graph, x: graph.average_pool(x, (3, 3), pads=(1, 1, 1, 1)), image
    for kernel in KERNELS:
        for channels in (3, 9):
            yield (
                f"depthwise {kernel}",
                lambda graph, x, kernel=kernel: graph.depthwise(x, kernel=kernel),
                (channels, 7, 9),
            )


def network(draws: Iterator[Draw]) -> tuple[onnx.ModelProto, dict[str, str]]:
    """(a model of layers beside each other, {node: what it is})."""
    graph, titles = GraphBuilder(np.random.default_rng(5)), dict[str, str]()
    for title, draw, shape in draws:
        graph.output(draw(graph, graph.input(1, *shape)))
        node = next(node for node in reversed(graph.nodes) if not node.op_type.endswith("Linear"))
        titles[node.name] = f"{title} on {shape}"
    return graph.model(), titles


def counts(model: onnx.ModelProto, target: str, fold: bool) -> dict[str, tuple[int, str, dict[str, str]]]:
    """{node: (instructions, kernel, why others were refused)}; `fold`: into each layer, as in a network of one."""
    made = generate(model, target, "speed", name="net")
    if fold:
        header = next(path for path in made.files if path.endswith("btw.h"))
        text = made.files[header].replace("BTW_KERNEL static inline\n", "BTW_KERNEL static inline BTW_FOLDED\n")
        assert text != made.files[header]
        made = replace(made, files={**made.files, header: text})
    built = Emulated(made, BOARDS[target], "marked")
    ports = model_ports(model)
    inputs = codes_of(built, batches(samples_of(ports, None, drawn=1, most=1), ports)[0][1])
    found = zip(made.manifest["layers"], count_layers(built, inputs), strict=True)
    return {layer["node"]: (count, layer["kernel"], layer["refused"]) for layer, count in found if layer["node"]}


@pytest.mark.parametrize(
    ("target", "grids"),
    [
        ("cortex-a53", (convolutions, groups, others)),
        ("cortex-a76", (convolutions, groups)),
        ("armv8.6-a", (convolutions, groups)),
        ("armv7-a", (convolutions, groups, others)),
        ("cortex-m3", (convolutions, others)),
        ("cortex-m4", (convolutions, groups, others)),
        ("cortex-m55", (convolutions, groups, others)),
    ],
)
def test_no_kernel_takes_more_instructions_than_portable_c(
    target: str, grids: tuple[Callable[[], Iterator[Draw]], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    need(target)
    model, titles = network(draw for grid in grids for draw in grid())
    chosen = counts(model, target, fold=False)
    monkeypatch.setitem(TARGETS, target, replace(TARGETS[target], isas=("scalar",)))
    scalar = counts(model, target, fold=target not in SHARED)
    slower = []
    for node, title in titles.items():
        (count, kernel, refused), (most, plain, _) = chosen[node], scalar[node]
        if target != "cortex-m3":  # it has no kernels of some kinds
            assert kernel != plain or refused, f"{title}: nothing says why {kernel} was chosen"
        around = max(most // 100, 32 if target in SHARED else 0)  # what registers, order and calls around it may cost
        if kernel != plain and count > most + around:
            slower.append(f"{title}: {count} by {kernel}, {most} by {plain}")
    assert not slower, "\n".join(slower)
    least = len(titles) // (3 if target == "cortex-m3" else 2)
    assert sum(chosen[node][1] != scalar[node][1] for node in titles) > least
