"""The whole way for the trained digits network: export, quantize, float and int8 C, every layer verified."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bittwin.cli import progress
from bittwin.exporter import export
from bittwin.files import write_folder
from bittwin.quantizer import quantize
from bittwin.verifier import VerificationReport, verify
from bittwin_cgen import BittwinError, generate
from models import digits

console = Console(highlight=False)


@contextmanager
def timed(text: str) -> Iterator[None]:
    """Prints what is done and how long it took."""
    start = time.perf_counter()
    yield
    console.print(f"{text:<44} {time.perf_counter() - start:6.1f} s")


def run(folder: Path) -> bool:
    """Leaves the ONNX files and the C in `folder`; True when everything agreed."""
    folder.mkdir(parents=True, exist_ok=True)
    data = digits.load_data()
    with timed("exported to ONNX"):
        model = export(digits.build(), digits.INPUT_SHAPE)
        (folder / "digits.onnx").write_bytes(model.SerializeToString())
    with timed(f"quantized with {len(data.calibration.images)} calibration images"):
        quantized = quantize(model, data.calibration.images).model
        (folder / "digits.int8.onnx").write_bytes(quantized.SerializeToString())
    np.savez(folder / "test.npz", x=data.test.images, y=data.test.labels)
    results: dict[str, tuple[dict[str, Any], VerificationReport]] = {}
    for kind, proto in (("float32", model), ("int8", quantized)):
        with timed(f"{kind}: C generated, built and verified"), progress(f"verifying {kind}", False) as advance:
            made = generate(proto, name=f"digits_{kind}")
            write_folder(folder / kind, made.files)
            report = verify(
                proto, inputs={"x": data.test.images}, labels=data.test.labels, model=made, progress=advance
            )
            results[kind] = dict(made.manifest), report
    show(results, folder)
    return all(report.passed for _, report in results.values())


def show(results: dict[str, tuple[dict[str, Any], VerificationReport]], folder: Path) -> None:
    """The figures of both networks side by side."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column()
    for kind in results:
        table.add_column(kind, justify="right")
    rows: dict[str, Callable[[dict[str, Any], VerificationReport], str]] = {
        "test images": lambda facts, report: f"{report.samples:,}",
        "accuracy, onnxruntime": lambda facts, report: f"{report.golden_accuracy:.2%}",
        "accuracy, C": lambda facts, report: f"{report.accuracy:.2%}",
        "values compared": lambda facts, report: f"{report.compared:,}",
        "values that differ": lambda facts, report: f"{report.differ:,}",
        "largest error": lambda facts, report: f"{report.max_error:.2g}",
        "arena, bytes": lambda facts, report: f"{facts['arena_bytes']:,}",
        "constants, bytes": lambda facts, report: f"{facts['constant_bytes']:,}",
        "MAC": lambda facts, report: f"{facts['macs']:,}",
    }
    for title, cell in rows.items():
        table.add_row(title, *(cell(facts, report) for facts, report in results.values()))
    console.print(table)
    for kind, (_, report) in results.items():
        if not report.passed:
            console.print(f"[red]{kind} failed[/red]: first differing layer {report.first_difference}")
    console.print(f"the C to read: {folder / 'int8' / 'digits_int8.c'}, {folder / 'float32' / 'digits_float32.c'}")


if __name__ == "__main__":
    try:
        passed = run(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))
    except BittwinError as error:
        console.print(f"error: {error}")
        sys.exit(error.exit_status)
    sys.exit(0 if passed else 1)
