"""No case of the ONNX backend suite fails that docs/conformance.md does not list as failing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from onnx.backend.test.case.test_case import TestCase

from tests.conformance.__main__ import run_case
from tests.conformance.cases import VISION, operator, out_of_scope, selected

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
LISTED = frozenset(re.findall(r"^- `(test_\w+)`", PAGE.read_text(), re.MULTILINE))


def test_the_anchor_is_286_cases_of_44_operators() -> None:
    cases = selected()
    assert len(cases) == 286
    assert {operator(case) for case in cases} == VISION
    reasons = [reason for case in cases if (reason := out_of_scope(case))]
    assert len(reasons) == 11 + 6  # with three spatial dimensions, and others


@pytest.mark.parametrize("name", sorted(VISION))
def test_cases_of_an_operator(name: str) -> None:
    known: list[TestCase] = [case for case in selected({name}) if case.name not in LISTED]
    failed = [result for case in known if (result := run_case(case)).status != "passed"]
    assert not failed, "run: make conformance"
