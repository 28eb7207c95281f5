"""Runs the cases of the ONNX backend suite: python -m tests.conformance [--write FILE] [operator ...]."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx.backend.test.case.test_case import TestCase
from onnx.backend.test.runner import Runner

from bittwin_cgen import BittwinError
from tests.conformance.backend import BittwinBackend
from tests.conformance.cases import FURTHER, VISION, operator, out_of_scope, selected


@dataclass(frozen=True)
class Result:
    """What became of a case: passed, failed or out of scope; why, where it did not pass."""

    case: str
    operator: str
    status: str
    reason: str = ""


def run_case(case: TestCase) -> Result:
    """Generates, compiles, runs and compares as onnx's own test runner does."""
    reason = out_of_scope(case)
    if reason is not None:
        return Result(case.name, operator(case), "out of scope", reason)
    try:
        prepared = BittwinBackend.prepare(case.model)
        for inputs, expected in case.data_sets:
            found = prepared.run(inputs)
            Runner.assert_similar_outputs(expected, found, case.rtol, case.atol)
    except BittwinError as error:
        return Result(case.name, operator(case), "failed", error.what.splitlines()[0])
    except Exception as error:  # whatever goes wrong is a failure of this case alone
        lines = str(error).strip().splitlines() or [""]
        text = next((line for line in lines if "ismatch" in line or "differ" in line), lines[0])
        return Result(case.name, operator(case), "failed", f"{type(error).__name__}: {text.strip()}")
    return Result(case.name, operator(case), "passed")


def document(groups: Sequence[tuple[str, Sequence[Result]]]) -> str:
    """The page: for each group a table of operators, then every case that did not pass with its reason."""
    lines = [
        "# Conformance",
        "",
        f"The node cases of the ONNX {onnx.__version__} backend suite, run by generated C on the host and compared",
        "with the suite's own tolerance. `make conformance` runs them and writes this page.",
        "",
        "A case is run if it has one node, and its inputs and outputs are float32, int8, uint8, int32, int64 or bool.",
        "Inputs that are parameters by their nature (shapes, axes, pads, weights, scales) are constants here: the",
        "suite passes them at run time, which C without an allocator cannot take.",
    ]
    for title, results in groups:
        operators = sorted({result.operator for result in results})
        lines += ["", f"## {title}", "", "| operator | passed | failed | out of scope |", "|---|---|---|---|"]
        for name in [*operators, ""]:
            some = [result for result in results if name in ("", result.operator)]
            count = [sum(result.status == status for result in some) for status in ("passed", "failed", "out of scope")]
            lines.append(f"| {name or '**all**'} | {' | '.join(str(number or '') for number in count)} |")
        for status in ("failed", "out of scope"):
            some = [result for result in results if result.status == status]
            if some:
                lines += ["", f"{status.capitalize()}:", ""]
                lines += [f"- `{result.case}`: {result.reason}" for result in some]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the page; 1 where a vision case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="The ONNX backend suite in C.")
    parser.add_argument("operators", nargs="*", help="only these")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there, too")
    chosen = parser.parse_args(arguments)
    groups = [("Operators of vision networks", VISION), ("Further operators", FURTHER)]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BITTWIN_CACHE"] = folder
        for title, operators in groups:
            wanted = operators & set(chosen.operators) if chosen.operators else operators
            results.append((title, [run_case(case) for case in selected(wanted)]))
    page = document(results)
    print(page, end="")
    if chosen.write:
        chosen.write.parent.mkdir(parents=True, exist_ok=True)
        chosen.write.write_text(page)
    return int(any(result.status == "failed" for result in results[0][1]))


if __name__ == "__main__":
    raise SystemExit(main())
