"""Networks of odd shapes on Arm targets, each of which was once refused, warned of, or wrong."""

from __future__ import annotations

import numpy as np
import pytest

from bittwin.verifier import verify
from tests.arm.test_kernel_cases import pytestmark as M_PROFILE
from tests.arm.test_neon_f32_kernels import pytestmark as NEON
from tests.graphs import GraphBuilder
from tests.toolkit.test_moves import Moves, transposes


@M_PROFILE
def test_moves_without_a_value_to_fill_with_compile_without_a_warning() -> None:
    """Where the compiler calls memcpy it saw a null pointer behind a branch that is never taken."""
    moves = Moves((1, 6, 4, 8), False, 3)
    for axis in (1, 2, 3):
        moves.end(moves.put("Gather", [moves.constant([0, 2, 1, 3, 0])], axis=axis))
    transposes(moves)
    assert verify(moves.model(), "cortex-m0", "speed", samples=1).passed


@pytest.mark.parametrize(
    "target", [pytest.param("cortex-m55", marks=M_PROFILE), pytest.param("cortex-a53", marks=NEON)]
)
def test_linear_resizes_of_codes_in_one_dimension(target: str) -> None:
    moves = Moves((1, 9, 7), True, 2)
    given = moves.constant([1, 1, 2], np.float32)
    moves.end(moves.put("Resize", ["", given], mode="linear"))
    report = verify(moves.model(), target, samples=12)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


@M_PROFILE
def test_a_division_of_the_compilers_library_is_linked() -> None:
    """int8 Softmax divides 64 bits; that function's unwind table lay too far from it, beside large constants."""
    graph = GraphBuilder(np.random.default_rng(1))
    graph.output(graph.quantized(graph.softmax(graph.input(3, 7)), np.float32(1 / 256), -128))
    assert verify(graph.model(), "cortex-m55", samples=2).passed
