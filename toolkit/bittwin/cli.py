"""The command line: one verb a step. Exit status 0 done, 1 the answer is no, 2 bad input or usage."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bittwin_cgen.errors import BittwinError

app = typer.Typer(
    name="bittwin",
    invoke_without_command=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Trained vision networks as C for Arm that computes what onnxruntime computes.",
)


class Schedule(StrEnum):
    """Order and memory of the layers."""

    ram = "ram"
    speed = "speed"
    layers = "layers"


class Method(StrEnum):
    """How ranges of activations are found from the calibration samples."""

    minmax = "minmax"
    entropy = "entropy"
    percentile = "percentile"
    distribution = "distribution"


MOST_DIGITS = 18  # of a number of bytes


def byte_count(text: str) -> int:
    """A number of bytes; raises typer.BadParameter for anything else."""
    if re.fullmatch(rf"\d{{{MOST_DIGITS + 1},}}\D*", text):
        raise typer.BadParameter(f"{len(text):,} digits are more bytes than any memory has; write for example 65536")
    if text.isascii() and text.isdigit():
        return int(text)
    kibibytes = re.fullmatch(r"(\d+) ?[kK](i?[bB])?", text)
    example = f"{int(kibibytes[1]) * 1024} for {kibibytes[1]} KiB" if kibibytes else "for example 65536"
    raise typer.BadParameter(f"{text!r} is not a whole number of bytes; write {example}")


def bytes_option(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help, parser=byte_count, metavar="BYTES", show_default=False)


# The options, each said once; verbs that share one share its meaning.
TARGETS = (
    "host (portable C); cortex-m0, cortex-m3, cortex-m4, cortex-m4+nofp, cortex-m7, cortex-m33, cortex-m33+nofp, "
    "cortex-m55; cortex-a53, cortex-a76, armv8.6-a, armv7-a. +nofp: without an FPU."
)
Model = Annotated[Path, typer.Argument(help="An ONNX file, float or quantized.", show_default=False)]
Output = Annotated[Path, typer.Option("-o", "--output", help="The file to write.", show_default=False)]
Folder = Annotated[Path, typer.Option("-o", "--output", help="The folder to write.", show_default=False)]
Target = Annotated[str, typer.Option(help=TARGETS)]
EmulatedTarget = Annotated[str, typer.Option(help=TARGETS.removeprefix("host (portable C); "), show_default=False)]
ScheduleOption = Annotated[Schedule, typer.Option(help="ram: least memory; speed; layers: one after the other.")]
Ram = Annotated[int | None, bytes_option("What the arena may take.")]
Flash = Annotated[int | None, bytes_option("What constants may take.")]
WholeRam = Annotated[int | None, bytes_option("What arena, static data and stack may take.", "--ram")]
WholeFlash = Annotated[int | None, bytes_option("What code and constants may take.", "--flash")]
Name = Annotated[str | None, typer.Option(help="Name in C; default: the file's.", show_default=False)]
CameraOption = Annotated[
    str | None,
    typer.Option(
        "--camera",
        help="C from a camera's pixels to the input, for example rgb565be:160x120:crop:mean=0.5:deviation=0.25",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Inputs = Annotated[
    Path | None,
    typer.Option(help=".npz with array x [N, ...] (or one an input), optional labels y.", show_default=False),
]
Samples = Annotated[
    int | None, typer.Option(help="How many; default all of --inputs, else 8.", min=1, show_default=False)
]
TestSamples = Annotated[
    int | None, typer.Option("--samples", help="How many the self-test carries; default 2.", min=1, show_default=False)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only the verdict, and the layers that differ.")]


def version_callback(wanted: bool) -> None:
    if wanted:
        from bittwin_cgen.version import VERSION

        typer.echo(f"bittwin {VERSION}")
        raise typer.Exit


@app.callback()
def bittwin(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=version_callback, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Trained vision networks as C for Arm that computes what onnxruntime computes."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def export(
    spec: Annotated[str, typer.Argument(help="module:callable that returns an nn.Module.", show_default=False)],
    output: Output,
    input_shape: Annotated[
        str | None, typer.Option(help="For example 1,3,32,32; several inputs: 1,3,32,32;1,4", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """PyTorch to ONNX, checked against torch.

    Example: `bittwin export models.digits:build -o digits.onnx`
    """
    from bittwin.exporter import export_spec

    keep(output, Path(spec.split(":")[0].replace(".", "/") + ".py"))
    model = export_spec(spec, input_shape)
    write_whole(output, model.SerializeToString())
    report = {"output": str(output), "nodes": len(model.graph.node)}
    show(as_json, report, lambda: typer.echo(f"{output}: {len(model.graph.node)} nodes"))


@app.command()
def quantize(
    model: Model,
    calibration: Annotated[Path, typer.Option(help=".npz with array x [N, ...].", show_default=False)],
    output: Output,
    method: Annotated[Method, typer.Option(help="How ranges are found.")] = Method.minmax,
    as_json: Json = False,
) -> None:
    """Float ONNX to int8 QDQ ONNX, with scales that requantize provably.

    Example: `bittwin quantize digits.onnx --calibration x.npz -o digits.int8.onnx`
    """
    from bittwin.checker import check as check_model
    from bittwin.quantizer import quantize as quantize_model

    keep(output, model, calibration)
    result = quantize_model(model, calibration, method=method.value)
    unsupported = [node for node in check_model(result.model)["nodes"] if not node["supported"]]
    write_whole(output, result.model.SerializeToString())
    report = {
        "output": str(output),
        "channels": result.channels,
        "moved_channels": result.moved_channels,
        "max_ulps": result.max_ulps,
        "unproved": [{"node": node, "channels": count} for node, count in result.unproved],
        "unsupported": [{key: node[key] for key in ("name", "op", "reason", "fix")} for node in unsupported],
    }

    def text() -> None:
        typer.echo(
            f"{output}: {result.channels} channels, {result.moved_channels} weight scales moved by at most "
            f"{result.max_ulps} ulp so that requantization is provable"
        )
        for node, count in result.unproved:
            typer.echo(f"  {node}: {count} channels without a proof; they take the exact form")
        for node in unsupported:
            typer.echo(f"  no C yet for {node['name']} ({node['op']}): {node['reason']}. {node['fix']}")

    show(as_json, report, text)


@app.command()
def check(model: Model, as_json: Json = False) -> None:
    """Which nodes are supported, and what to change where one is not.

    Example: `bittwin check digits.onnx`
    """
    from bittwin.checker import check as check_model

    report = check_model(model)

    def text() -> None:
        for node in report["nodes"]:
            module = f", module {node['module']}" if node["module"] else ""
            if not node["supported"]:
                typer.echo(f"{node['name']} ({node['op']}{module}): {node['reason']}. {node['fix']}")
        for note in report["notes"]:
            typer.echo(note)
        rewritten = Counter(node["op"] for node in report["nodes"] if node["rewritten"])
        if rewritten:
            each = ", ".join(f"{count} {operator}" for operator, count in sorted(rewritten.items()))
            typer.echo(f"rewritten exactly: {each} (--json says how)")
        count = sum(node["supported"] for node in report["nodes"])
        typer.echo(f"{count} of {len(report['nodes'])} nodes supported")

    show(as_json, report, text)
    if not report["supported"]:
        raise typer.Exit(1)


@app.command()
def generate(
    model: Model,
    output: Folder,
    target: Target = "host",
    schedule: ScheduleOption = Schedule.ram,
    ram: Ram = None,
    flash: Flash = None,
    name: Name = None,
    camera: CameraOption = None,
    as_json: Json = False,
) -> None:
    """ONNX to C in a folder.

    Example: `bittwin generate digits.int8.onnx --target cortex-m4 -o build/digits`
    """
    from bittwin.files import check_folder, write_folder
    from bittwin.generator import generate as generate_model

    check_folder(output)
    made = generate_model(model, target, schedule.value, ram, flash, name, camera)
    write_folder(output, made.files)
    keys = "name target schedule arena_bytes static_bytes constant_bytes input_bytes output_bytes macs".split()
    report: dict[str, Any] = {key: made.manifest[key] for key in keys}
    report |= {key: made.manifest[key] for key in ("arena_lower_bound", "pushed", "segments", "memory")}
    report["files"] = sorted(str(output / path) for path in made.files)

    def text() -> None:
        typer.echo(
            f"{output}: {made.name}, arena {report['arena_bytes']:,} bytes, "
            f"constants {report['constant_bytes']:,} bytes, {report['macs']:,} MAC"
        )

    show(as_json, report, text)


@app.command()
def verify(
    model: Model,
    target: Target = "host",
    schedule: ScheduleOption = Schedule.ram,
    inputs: Inputs = None,
    samples: Samples = None,
    ram: Ram = None,
    flash: Flash = None,
    camera: CameraOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Generates, builds and runs the C and compares every layer with onnxruntime.

    Example: `bittwin verify digits.int8.onnx --inputs test.npz`
    """
    from bittwin.verifier import verify as verify_model

    with progress("verifying", as_json) as advance:
        report = verify_model(
            model, target, schedule.value, inputs, samples, ram=ram, flash=flash, progress=advance, camera=camera
        )
    show(as_json, report.as_json(), lambda: print_verification(report, quiet))
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def run(
    model: Model,
    inputs: Annotated[Path, typer.Option(help=".npz with array x [N, ...] (or one an input).", show_default=False)],
    output: Output,
    target: Target = "host",
    schedule: ScheduleOption = Schedule.ram,
    ram: Ram = None,
    flash: Flash = None,
    as_json: Json = False,
) -> None:
    """Outputs of the generated C for the samples of a .npz.

    Example: `bittwin run digits.int8.onnx --inputs test.npz -o outputs.npz`
    """
    from bittwin.runner import run_model, save_npz

    keep(output, model, inputs)
    outputs = run_model(model, inputs, target, schedule.value, ram, flash)
    save_npz(output, outputs)
    report = {"output": str(output), "arrays": {key: list(values.shape) for key, values in outputs.items()}}
    show(as_json, report, lambda: typer.echo(f"{output}: " + ", ".join(f"{k} {v.shape}" for k, v in outputs.items())))


@app.command()
def profile(
    model: Model,
    target: EmulatedTarget,
    schedule: ScheduleOption = Schedule.ram,
    inputs: Inputs = None,
    ram: WholeRam = None,
    flash: WholeFlash = None,
    as_json: Json = False,
) -> None:
    """Instructions, code, constants and stack of one inference, counted under QEMU.

    Example: `bittwin profile digits.int8.onnx --target cortex-m4 --schedule speed`
    """
    from bittwin.profiler import profile as profile_model

    report = profile_model(model, target, schedule.value, inputs, ram, flash)
    show(as_json, report.as_json(), lambda: print_profile(report))
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def report(
    model: Model,
    output: Output,
    target: Target = "host",
    schedule: ScheduleOption = Schedule.ram,
    inputs: Inputs = None,
    samples: Samples = None,
    float_model: Annotated[
        Path | None, typer.Option("--float", help="The float ONNX file that was quantized.", show_default=False)
    ] = None,
    counted: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            help="Count instructions there; may be repeated. Default: --target, else cortex-m4 and cortex-m55.",
            show_default=False,
        ),
    ] = None,
    ram: Ram = None,
    flash: Flash = None,
    as_json: Json = False,
) -> None:
    """One self-contained page: is the C right, how far is int8 from float32, what does it cost, and why.

    Example: `bittwin report digits.int8.onnx --inputs test.npz --float digits.onnx -o report.html`
    """
    from bittwin.reporter import report as report_model

    keep(output, model, inputs, float_model)
    with progress("reporting", as_json) as advance:
        made = report_model(
            model, target, schedule.value, inputs, samples, ram, flash, float_model, counted, progress=advance
        )
    write_whole(output, made.html().encode())
    verdict = "passed" if made.passed else "failed"
    show(as_json, {"output": str(output)} | made.as_json(), lambda: typer.echo(f"{output}: verification {verdict}"))
    if not made.passed:
        raise typer.Exit(1)


@app.command()
def package(
    model: Model,
    format: Annotated[
        str,
        typer.Option(help="cmake, arduino, platformio, zephyr, esp-idf, cmsis-pack or plain.", show_default=False),
    ],
    output: Folder,
    target: Target = "host",
    schedule: ScheduleOption = Schedule.ram,
    inputs: Inputs = None,
    samples: TestSamples = None,
    ram: Ram = None,
    flash: Flash = None,
    name: Name = None,
    camera: CameraOption = None,
    as_json: Json = False,
) -> None:
    """A project for one ecosystem: the C, an example, and a self-test that names the first layer that differs.

    Example: `bittwin package digits.int8.onnx --format cmake --target cortex-m4 -o digits`
    """
    from bittwin.files import check_folder, write_folder
    from bittwin.packager import package as package_model

    check_folder(output)
    made = package_model(model, format, target, schedule.value, ram, flash, name, inputs, samples, camera)
    write_folder(output, made.files)
    facts = made.model.manifest
    report = {key: facts[key] for key in "name target schedule arena_bytes static_bytes constant_bytes".split()}
    report |= {"format": made.format, "files": sorted(str(output / path) for path in made.files)}
    show(as_json, report, lambda: typer.echo(f"{output}: {made.name} for {made.format}, {len(made.files)} files"))


def print_profile(report: Any) -> None:
    """A table of layers and the totals."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold")
    table.add_column("kernel", overflow="fold")
    for title in ("MAC", "instructions", "share", "MAC/instr."):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report.layers:
        macs, density = (f"{row.macs:,}", f"{row.mac_per_instruction:.2f}") if row.macs else ("", "")
        share = f"{row.instructions / report.instructions:.1%}"
        table.add_row(escape(row.name), row.kernel.removeprefix("btw_"), macs, f"{row.instructions:,}", share, density)
    output = console()
    print_table(output, table)
    say = partial(output.print, soft_wrap=True)
    say(
        f"{report.name} on {report.target} ({report.emulator}), schedule {report.schedule}: "
        f"{report.instructions:,} instructions, {report.macs:,} MAC, {report.mac_per_instruction:.2f} MAC/instruction"
    )
    if report.cycles_estimate is not None:
        per_mac = "" if report.cycles_per_mac is None else f", {report.cycles_per_mac:.2f} a MAC"
        say(f"about {report.cycles_estimate:,} cycles{per_mac} (estimate, memory without wait states)")
    else:
        say("cycles: not estimated for this target, only for cortex-m4 and cortex-m4+nofp")
    bound = report.stack_bound_bytes
    known = "" if bound is None else f" (at most; {report.stack_bytes:,} reached)"
    say(f"RAM: arena {report.arena_bytes:,} + static {report.static_bytes:,} + stack {report.stack:,} bytes{known}")
    added = report.constant_bytes - report.array_bytes
    parts = f" (weights and tables {report.array_bytes:,}, as generate counts; what describes layers {added:,})"
    say(f"flash: code {report.code_bytes:,} + constants {report.constant_bytes:,} bytes{parts if added > 0 else ''}")
    for problem in report.exceeded:
        say(f"[red]failed[/red]: {problem}")


def console() -> Any:
    """Standard output; a table that goes to a file or a pipe is as wide as it wants to be."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)


def print_table(output: Any, table: Any) -> None:
    """Without the blanks that fill the last column, where it goes to a file or a pipe."""
    if output.is_terminal:
        output.print(table)
        return
    with output.capture() as captured:
        output.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def print_verification(report: Any, quiet: bool = False) -> None:
    """A table of layers but for constants, where `quiet` of those that differ, and the headline."""
    from rich.markup import escape
    from rich.table import Table

    from bittwin.verifier import CONSTANT

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, side in (
        ("layer", "left"),
        ("compared", "right"),
        ("differ", "right"),
        ("max error", "right"),
    ):
        table.add_column(title, justify=side, overflow="fold", no_wrap=title != "layer")  # type: ignore[arg-type]
    table.add_column("", overflow="fold")
    for row in report.layers:
        if row.reason == CONSTANT or (quiet and row.passed):
            continue
        style = None if row.passed else "red"
        counts = (f"{row.compared:,}", f"{row.differ:,}", f"{row.max_error:.3g}")
        table.add_row(escape(row.layer), *counts, escape(row.reason), style=style)
    output = console()
    if table.row_count:
        print_table(output, table)
    say = partial(output.print, soft_wrap=True)
    verdict = "[green]passed[/green]" if report.passed else "[red]failed[/red]"
    say(
        f"{verdict}: {report.samples} samples, {report.compared:,} values compared with {report.golden} "
        f"{report.onnxruntime}, {report.differ:,} differ" + (f", {report.inexact:,} inexact" if report.inexact else "")
    )
    if report.first_difference:
        first = next(row for row in report.layers if row.name == report.first_difference)
        say(f"first differing layer: {escape(first.layer)}, tensor {escape(first.tensor)} (alone: {report.alone})")
    if report.accuracy is not None:
        say(f"accuracy {report.accuracy:.2%}, onnxruntime {report.golden_accuracy:.2%}")
    for note in report.notes:
        say(escape(note))


def show(as_json: bool, report: Any, text: Callable[[], None]) -> None:
    if as_json:
        typer.echo(json.dumps(_finite(report), allow_nan=False))
    else:
        text()


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def keep(output: Path, *given: Path | None) -> None:
    """Raises BittwinError where a result would be written over what it is made from."""
    for path in given:
        if path is not None and output.exists() and path.exists() and output.samefile(path):
            raise BittwinError(f"-o {output}", "is what the result is made from", "Give another path")


def write_whole(path: Path, content: bytes) -> None:
    """A file is there whole or not at all."""
    from bittwin.files import write_file

    write_file(path, content)


@contextmanager
def progress(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal's standard error; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def main(arguments: list[str] | None = None) -> None:
    """The console script."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        status = app(given, standalone_mode=False)
    except BittwinError as error:
        sys.exit(fail(as_json, error.where, error.what, error.do, error.exit_status))
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "bittwin"
        sys.exit(fail(as_json, where, error.format_message().rstrip("."), f"See {where} --help", 2))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except MemoryError:
        sys.exit(fail(as_json, "bittwin", "the model does not fit in memory", "Use a smaller model", 2))
    except OSError as error:
        what = error.strerror or str(error)
        sys.exit(fail(as_json, str(error.filename or "bittwin"), what, "Check the path and its permissions", 2))
    except Exception as error:
        if os.environ.get("BITTWIN_TRACEBACK"):
            raise
        what = f"an unexpected {type(error).__name__} ({error})"
        do = "This is a bug: please report it, with the model and what BITTWIN_TRACEBACK=1 shows"
        sys.exit(fail(as_json, "bittwin", what, do, 2))
    sys.exit(status if isinstance(status, int) else 0)


def fail(as_json: bool, where: str, what: str, do: str, status: int) -> int:
    """Says what went wrong and gives back the exit status."""
    if as_json:
        typer.echo(json.dumps({"error": {"where": where, "what": what, "do": do}}))
    else:
        typer.echo(f"error: {where}: {what.removesuffix('.')}. {do.removesuffix('.')}.", err=True)
    return status


if __name__ == "__main__":
    main()
