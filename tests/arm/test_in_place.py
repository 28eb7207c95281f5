"""Kernels that write over their input, on the instruction sets that have their own: the bits of onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from bittwin.generator import generate
from bittwin.verifier import verify
from tests.arm.test_emulator import need
from tests.graphs import DType, GraphBuilder


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m4", "cortex-m55", "cortex-a53"])
def test_sums_over_either_input(target: str, dtype: DType) -> None:
    """Odd sizes; a sum in the place of its first and of its second input, a table in that of the sum."""
    need(target)
    graph = GraphBuilder(np.random.default_rng(11), dtype)
    x = graph.conv(graph.input(1, 3, 7, 9), 5, kernel=(3, 3), pads=(1, 1, 1, 1))
    y = graph.add(x, graph.conv(x, 5, kernel=(1, 1)))
    y = graph.clip(y, -0.5, 2.0)
    y = graph.add(graph.conv(y, 5, kernel=(3, 3), pads=(1, 1, 1, 1)), y)
    graph.output(graph.conv(y, 4, kernel=(1, 1)))
    proto = graph.model()
    model = generate(proto, target, name="net")
    made = {step.output: step.node.op.title for step in model.program.steps()}
    assert "Add" in [made[name] for name in model.program.shared]
    report = verify(proto, target=target, samples=3, model=model)
    assert report.passed
    assert report.differ == 0
