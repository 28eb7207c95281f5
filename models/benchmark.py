"""Instructions of the networks on every emulated target, beside other engines: `make bench` writes docs/bench.*."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import onnx

from bittwin.boards import find_board
from bittwin.emulator import Emulated
from bittwin.exporter import export
from bittwin.files import write_file
from bittwin.profiler import count_instructions, cycles_of
from bittwin.quantizer import quantize
from bittwin.runner import batches, codes_of, draw_samples, model_ports
from bittwin_cgen import generate

FOLDER = Path(__file__).resolve().parents[1] / "docs"
NETWORKS = {"resnet8": "ResNet-8", "mobilenet_v1": "MobileNetV1 0.25", "ds_cnn": "DS-CNN"}
CALIBRATION = 8  # samples
WORSE = 1.01  # times the table's instructions: from here on the check fails

Millions = tuple[float | None, float | None, float | None]  # of the three networks, in the order of NETWORKS


@dataclass(frozen=True)
class Engine:
    """What another engine executes for the same networks, in million instructions."""

    name: str
    millions: Millions


@dataclass(frozen=True)
class Case:
    """One target and type: our goals, in million instructions, and the other engines."""

    target: str
    dtype: str
    goals: Millions = (None, None, None)
    engines: tuple[Engine, ...] = ()


FLOAT_GOALS = (4.0, 2.8, 1.05)  # of any AArch64

CASES = (
    Case(
        "cortex-m4",
        "int8",
        (10.0, 7.5, 2.65),
        (
            Engine("CMSIS-NN 7", (29.85, 24.71, 7.84)),
            Engine("TinyEngine", (None, 20.46, 6.42)),
            Engine("bakeNN 1.0", (82.7, 92.3, 42.9)),
            Engine("bakeNN 1.0 with CMSIS-NN", (33.8, 24.6, 7.90)),
        ),
    ),
    Case(
        "cortex-m4",
        "float32",
        (14.5, 9.6, 3.3),
        (
            Engine("CMSIS-NN 7", (67.0, 44.3, 15.0)),
            Engine("onnx2c", (116.5, 54.1, 19.9)),
        ),
    ),
    Case("cortex-m55", "int8", (1.85, 1.95, 0.64), (Engine("CMSIS-NN 7", (4.80, 6.42, 1.78)),)),
    Case("cortex-m55", "float32"),
    Case("cortex-m3", "int8", (24.0, 15.5, 5.4), (Engine("CMSIS-NN 7", (41.75, 32.08, 10.54)),)),
    Case("cortex-m0", "int8"),
    Case(
        "cortex-a53",
        "int8",
        (3.8, 2.8, 1.15),
        (
            Engine("onnxruntime 1.32", (5.51, 5.07, 1.52)),
            Engine("TFLite 2.3", (5.02, 4.02, 1.34)),
            Engine("ncnn 2026-10", (2.75, 3.42, 1.19)),
        ),
    ),
    Case(
        "cortex-a53",
        "float32",
        FLOAT_GOALS,
        (
            Engine("onnxruntime 1.32", (6.47, 7.41, 3.03)),
            Engine("TFLite 2.3", (7.06, 5.51, 2.00)),
            Engine("ncnn 2026-10", (4.52, 4.96, 1.86)),
            Engine("onnx2c", (106.7, 22.2, 10.6)),
        ),
    ),
    Case(
        "cortex-a76",
        "int8",
        (1.35, 1.15, 0.40),
        (
            Engine("onnxruntime 1.32", (2.73, 3.36, 0.93)),
            Engine("TFLite 2.3", (1.50, 1.93, 0.72)),
            Engine("ncnn 2026-10", (1.94, 2.24, 0.77)),
        ),
    ),
    Case("cortex-a76", "float32", FLOAT_GOALS, (Engine("ncnn 2026-10", (3.13, 3.02, 1.14)),)),
    Case(
        "armv8.6-a",
        "int8",
        (1.15, 1.1, 0.38),
        (Engine("TFLite 2.3", (1.26, 1.90, 0.74)), Engine("ncnn 2026-10", (1.51, 2.06, 0.71))),
    ),
    Case("armv8.6-a", "float32", FLOAT_GOALS),
)

HEAD = """# Instructions of whole networks

Made by `make bench`; `make bench-check` fails where a figure gets more than 1 % worse than here. Do not edit.

Instructions from entry to return of `NAME_run`, `--schedule speed`, batch 1, counted under QEMU as `bittwin profile`
does, of the three convolutional networks of MLPerf Tiny up to their logits ([models](../models), random weights, fixed
seed). They are not cycles; for cortex-m4, cycles a MAC are estimated from the mix of instructions.

Goals are the project's own. The figures of other engines were measured by the authors with the same counter, on the
same layers, with gcc 12.2 (onnxruntime, TFLite and ncnn: their Arm64 wheels under emulation, one thread); how many
times ours they are follows in brackets. TinyEngine's DS-CNN lacks the first layer; CMSIS-NN's float32 is
convolutions alone; ncnn computes ResNet-8 by Winograd on cortex-a53.

"""


@dataclass(frozen=True)
class Figure:
    """One network on one target; the goal in instructions."""

    target: str
    dtype: str
    network: str
    instructions: int
    macs: int
    goal: int | None
    cycles_per_mac: float | None
    others: dict[str, int]

    @property
    def title(self) -> str:
        return f"{self.network} {self.dtype} on {self.target}"


# ---------------------------------------------------------------- measuring


@cache
def network(name: str, dtype: str) -> onnx.ModelProto:
    """A network of models/, float32 or int8."""
    module = importlib.import_module(f"models.{name}")
    if dtype == "float32":
        return export(module.build(), module.INPUT_SHAPE)
    return quantize(network(name, "float32"), {"x": module.sample_inputs(CALIBRATION, seed=1)}).model


def measure(cases: Sequence[Case] = CASES) -> Iterator[Figure]:
    """Every network on every target, in the order of the table."""
    for case in cases:
        for index, name in enumerate(NETWORKS):
            proto, board = network(name, case.dtype), find_board(case.target)
            model = Emulated(generate(proto, case.target, "speed", name=name), board)
            given = codes_of(model, batches(draw_samples(model_ports(proto), 1), model_ports(proto))[0][1])
            macs = int(model.manifest["macs"])
            yield Figure(
                target=case.target,
                dtype=case.dtype,
                network=name,
                instructions=count_instructions(model, given).instructions,
                macs=macs,
                goal=_instructions(case.goals[index]),
                cycles_per_mac=round(cycles_of(model, given) / macs, 2) if case.target == "cortex-m4" else None,
                others={
                    engine.name: count
                    for engine in case.engines
                    if (count := _instructions(engine.millions[index])) is not None
                },
            )


def _instructions(millions: float | None) -> int | None:
    return None if millions is None else round(millions * 1e6)


def versions(targets: Sequence[str]) -> dict[str, str]:
    """{program: the first line of its version}: what figures depend on besides this repository."""
    boards = [find_board(target) for target in targets]
    programs = sorted({program for board in boards for program in (board.compiler, board.emulator)})
    return {
        program: subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split("\n")[
            0
        ]
        for program in programs
    }


# ---------------------------------------------------------------- the table


def markdown(figures: Sequence[Figure], tools: dict[str, str]) -> str:
    """The table as text."""
    lines = ["| target | type | network | instructions | MAC/instr. | cycles/MAC | goal | of goal | others |"]
    lines += ["|---|---|---|---|---|---|---|---|---|"]
    for figure in figures:
        count = figure.instructions
        cells = [
            figure.target,
            figure.dtype,
            NETWORKS[figure.network],
            f"{count:,}",
            f"{figure.macs / count:.2f}",
            "" if figure.cycles_per_mac is None else f"{figure.cycles_per_mac:.2f}",
            "" if figure.goal is None else f"{figure.goal / 1e6:.2f} M",
            "" if figure.goal is None else f"{count / figure.goal:.0%}{'' if count <= figure.goal else ' (missed)'}",
            "; ".join(f"{name} {other / 1e6:.2f} M ({other / count:.2f})" for name, other in figure.others.items()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join([*lines, "", *(f"- `{name}`: {text}" for name, text in tools.items())]) + "\n"


def read_table(path: Path) -> list[Figure]:
    return [Figure(**entry) for entry in json.loads(path.read_text())["figures"]]


def write_table(folder: Path, figures: Sequence[Figure]) -> None:
    """bench.md and bench.json, in `folder`."""
    tools = versions([figure.target for figure in figures])
    content = {"tools": tools, "figures": [asdict(figure) for figure in figures]}
    write_file(folder / "bench.json", (json.dumps(content, indent=1) + "\n").encode())
    write_file(folder / "bench.md", markdown(figures, tools).encode())


def complaints(table: Sequence[Figure], now: Sequence[Figure]) -> list[str]:
    """What is more than 1 % worse than in the table, or not in it."""
    known = {figure.title: figure for figure in table}
    found = []
    for figure in now:
        before = known.get(figure.title)
        if before is None:
            found.append(f"{figure.title} is not in the table")
        elif figure.instructions > before.instructions * WORSE:
            more = figure.instructions / before.instructions - 1
            found.append(
                f"{figure.title}: {figure.instructions:,} instructions, {more:.1%} more than {before.instructions:,}"
            )
    return found


def main(arguments: list[str] | None = None) -> int:
    """Writes the table, or checks against the one that is there; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.benchmark", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the table instead of writing it")
    checks = parser.parse_args(arguments).check
    table = read_table(FOLDER / "bench.json") if checks else []
    known = {figure.title: figure.instructions for figure in table}
    figures = []
    for figure in measure():
        figures.append(figure)
        change = f"{figure.instructions / known[figure.title] - 1:+8.1%}" if figure.title in known else ""
        print(f"{figure.title:<40} {figure.instructions:>12,} {change}", flush=True)
    if not checks:
        write_table(FOLDER, figures)
        return 0
    wrong = complaints(table, figures)
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if wrong:
        print("Make it faster again, or run `make bench` and say in the commit why it is worse.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
