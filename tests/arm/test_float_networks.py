"""float32 networks on Arm targets: every tensor is as near to onnxruntime's as rounding allows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bittwin.verifier import verify
from tests.arm.test_kernel_cases import pytestmark as pytestmark
from tests.arm.test_neon_f32_kernels import pytestmark as NEON
from tests.graphs import GraphBuilder


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_clips_behind_several_blocks_of_channels(target: str) -> None:
    """Loops over 4 channels of 4 pixels, and over those of 1, clip while they store."""
    graph = GraphBuilder(np.random.default_rng(1), "float32")
    x = graph.input(1, 10, 4, 9)
    for clip in ((0.0, 1.0), (0.0, math.inf), (-0.5, 0.25)):
        for channels, kernel in ((10, (3, 3)), (9, (1, 1)), (17, (1, 2)), (3, (3, 3))):
            graph.output(graph.conv(x, channels, kernel=kernel, clip=clip))
        graph.output(graph.depthwise(x, kernel=(3, 3), clip=clip))
        graph.output(graph.depthwise(x, kernel=(2, 5), clip=clip))
        graph.output(graph.gemm(graph.flatten(x), 13, clip=clip))
    report = verify(graph.model(), target, samples=1)
    assert (report.passed, report.differ) == (True, 0), report.first_difference


@NEON
def test_loops_of_a_size_that_is_known_while_they_are_compiled() -> None:
    """gcc warned of a loop that it had not understood, which stops a build with -Werror."""
    graph = GraphBuilder(np.random.default_rng(1), "float32")
    for size in (5, 11, 16, 28, 30):
        graph.output(graph.add(graph.input(1, 1, 1, size), graph.input(1, 1, 1, size)))
    graph.output(graph.global_average_pool(graph.input(1, 8, 18, 19)))
    assert verify(graph.model(), "armv7-a", "speed", samples=1).passed
