"""The bench table: what the check complains about, and that the markdown is the JSON. `make bench-check` measures."""

from __future__ import annotations

import json
from dataclasses import replace

from models.benchmark import CASES, FOLDER, NETWORKS, Figure, complaints, markdown, read_table

FIGURE = Figure("cortex-m4", "int8", "ds_cnn", 1_000_000, 2_000_000, 900_000, 1.5, {"another": 2_000_000})


def test_more_than_one_percent_worse_is_named() -> None:
    assert complaints([FIGURE], [replace(FIGURE, instructions=1_010_000)]) == []
    assert complaints([FIGURE], [replace(FIGURE, instructions=500_000)]) == []
    (found,) = complaints([FIGURE], [replace(FIGURE, instructions=1_010_001)])
    assert found == "ds_cnn int8 on cortex-m4: 1,010,001 instructions, 1.0% more than 1,000,000"


def test_a_figure_that_is_not_in_the_table_is_named() -> None:
    (found,) = complaints([FIGURE], [replace(FIGURE, target="cortex-m7")])
    assert found == "ds_cnn int8 on cortex-m7 is not in the table"


def test_the_table_has_goals_and_ratios() -> None:
    row = markdown([FIGURE], {}).splitlines()[-2]
    cells = "cortex-m4 | int8 | DS-CNN | 1,000,000 | 2.00 | 1.50 | 0.90 M | 111% (missed) | another 2.00 M (2.00)"
    assert row == f"| {cells} |"


def test_the_table_in_docs_is_the_json_and_has_every_case() -> None:
    figures = read_table(FOLDER / "bench.json")
    tools = json.loads((FOLDER / "bench.json").read_text())["tools"]
    assert (FOLDER / "bench.md").read_text() == markdown(figures, tools)
    wanted = [(case.target, case.dtype, name) for case in CASES for name in NETWORKS]
    assert [(figure.target, figure.dtype, figure.network) for figure in figures] == wanted
