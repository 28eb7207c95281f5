"""Budgets of bytes: the fastest that fits; where nothing does, what is needed, by what, and what would fit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from bittwin_cgen import BudgetExceeded, generate
from tests.graphs import GraphBuilder


def long_chain() -> Any:
    graph = GraphBuilder(np.random.default_rng(1), "int8", "codes")
    x = graph.input(1, 3, 32, 32)
    for channels in (8, 8, 16, 16):
        x = graph.conv(x, channels, kernel=(3, 3), pads=(1, 1, 1, 1))
    graph.output(x)
    return graph.model()


def test_a_budget_takes_the_fastest_that_fits() -> None:
    proto = long_chain()
    least, most = (generate(proto, schedule=name).manifest["arena_bytes"] for name in ("ram", "layers"))
    assert least < most
    assert generate(proto, ram=most).manifest["arena_bytes"] == most
    streamed = []
    for budget in (least, (least + most) // 2):
        facts = generate(proto, ram=budget).manifest
        assert facts["arena_bytes"] <= budget
        streamed.append(sum(len(segment) for segment in facts["segments"] if len(segment) > 1))
    assert streamed[1] <= streamed[0]


def test_a_budget_that_cannot_hold_says_what_is_needed() -> None:
    proto = long_chain()
    least = generate(proto).manifest["arena_bytes"]
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, ram=least - 1)
    assert f"{least:,}" in raised.value.what
    assert f"--ram {least}" in raised.value.do
    bound = generate(proto).manifest["arena_lower_bound"]
    assert bound < least
    assert raised.value.do.startswith(f"The least that was found; no order of rows needs less than {bound:,}. ")
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, ram=bound - 1)
    assert re.match(
        rf"No order of rows fits: a row of conv_\d, and what .* it, take {bound:,}\. Allow", raised.value.do
    )
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, schedule="layers", ram=least)
    assert raised.value.do == f"Try --schedule ram: it needs {least:,}"
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, schedule="layers", ram=least - 1)
    assert raised.value.do.endswith("which does not fit either")


def test_a_budget_names_what_lies_in_the_arena_when_it_is_fullest() -> None:
    """Layer by layer: the two largest neighbours of a chain."""
    graph = GraphBuilder(np.random.default_rng(4), "int8", "codes")
    x = graph.input(1, 4, 10, 10)
    for channels in (2, 30, 20, 3):
        x = graph.conv(x, channels, kernel=(1, 1))
    graph.output(graph.gemm(graph.flatten(x), 3))
    with pytest.raises(BudgetExceeded) as raised:
        generate(graph.model(), schedule="layers", ram=10)
    assert "conv_2 (3,000) + conv_3 (2,000), while conv_3 runs" in raised.value.what


def test_constants_that_do_not_fit_name_the_layers() -> None:
    """The kernels of Armv7E-M read weights of 16 bits where they fit, of 8 where they do not."""
    graph = GraphBuilder(np.random.default_rng(4), "int8", "codes", 0.0)
    graph.output(graph.conv(graph.conv(graph.input(1, 32, 4, 4), 64, kernel=(3, 3)), 64, kernel=(1, 1)))
    proto = graph.model()
    portable, widened = (generate(proto, target).manifest["constant_bytes"] for target in ("host", "cortex-m4"))
    assert portable < widened
    assert generate(proto, "cortex-m4", flash=portable).manifest["constant_bytes"] == portable
    with pytest.raises(BudgetExceeded) as raised:
        generate(proto, "cortex-m4", flash=portable - 1)
    assert "Largest: conv_1 (" in raised.value.what
    assert " + conv_2 (" in raised.value.what
    assert raised.value.do == "Use fewer channels in these layers"


def test_a_float_model_is_told_to_quantize() -> None:
    graph = GraphBuilder(np.random.default_rng(4), "float32", "codes")
    graph.output(graph.conv(graph.conv(graph.input(1, 32, 4, 4), 64, kernel=(3, 3)), 64, kernel=(1, 1)))
    for budget in (dict(ram=100), dict(flash=100)):
        with pytest.raises(BudgetExceeded, match="Quantize the model"):
            generate(graph.model(), **budget)  # type: ignore[arg-type]
