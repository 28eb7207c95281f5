"""One self-contained page about a network: is the C right, how far is int8 from float, what does it cost, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bittwin import charts, golden
from bittwin.boards import BOARDS
from bittwin.generator import generate
from bittwin.profiler import ProfileReport, profile
from bittwin.quantization_error import TensorError, by_tensor, has_int8, quantization_errors
from bittwin.runner import Samples, batches, model_ports, samples_of
from bittwin.verifier import VerificationReport, verify
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array, GeneratedModel
from bittwin_cgen.read_onnx import load_model
from bittwin_cgen.version import VERSION

COUNTED = ("cortex-m4", "cortex-m55")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Profiled:
    """What one inference costs on a target, or why it was not counted."""

    target: str
    report: ProfileReport | None
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """Everything the page shows; `passed` is the verification's."""

    model: GeneratedModel
    verification: VerificationReport
    profiles: Sequence[Profiled]
    errors: Sequence[TensorError]
    errors_note: str
    float_accuracy: float | None
    samples_from: str
    notes: Sequence[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.verification.passed

    def as_json(self) -> dict[str, Any]:
        facts = self.model.manifest
        keys = ("name", "target", "schedule", "arena_bytes", "static_bytes", "constant_bytes", "macs")
        return {key: facts[key] for key in keys} | {
            "passed": self.passed,
            "verification": self.verification.as_json(),
            "profiles": [item.report.as_json() if item.report else asdict(item) for item in self.profiles],
            "quantization": [asdict(error) for error in self.errors],
            "float_accuracy": self.float_accuracy,
        }

    def html(self) -> str:
        """The page: no script, nothing from any network."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("bittwin", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        environment.filters["amount"] = lambda value: f"{value:,}"
        environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.2%}"
        return environment.get_template("report.html.jinja").render(page=_Page(self))


def report(
    source: str | Path | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    inputs: str | Path | Mapping[str, Array] | None = None,
    samples: int | None = None,
    ram: int | None = None,
    flash: int | None = None,
    float_model: str | Path | onnx.ModelProto | None = None,
    counted: Sequence[str] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Generates, verifies on `target`, counts instructions on `counted` (default: that target, else Cortex-M4 and M55).

    `float_model` is what the int8 model was quantized from; with it, errors include the rounding of weights.
    """
    proto = load_model(source)
    exact = None if float_model is None else load_model(float_model)
    if exact is not None:
        _check_float(exact, f"--float {float_model}" if isinstance(float_model, (str, Path)) else "float_model")
    default = None if isinstance(source, onnx.ModelProto) else Path(source).name.split(".")[0]
    model = generate(proto, target, schedule, ram, flash, name or default)
    given = samples_of(model_ports(proto), inputs, samples)
    for where in counted or ():
        if where not in BOARDS:
            raise BittwinError(f"--profile {where}", "cannot be emulated", f"Choose one of: {' '.join(BOARDS)}")
    arrays = dict(given.inputs)
    single = len(arrays) == 1
    named: dict[str, Array] = {"x": next(iter(arrays.values()))} if single else arrays
    if counted is None:
        counted = COUNTED if target == "host" else (target,)
    steps = 2 + len(counted)
    advance = progress or (lambda done, total: None)
    checked = verify(
        proto, target, schedule, named, labels=given.labels, name=model.name, ram=ram, flash=flash, model=model
    )
    advance(1, steps)
    profiles = []
    for number, where in enumerate(counted):
        profiles.append(_profiled(proto, where, schedule, named, ram, flash, model.name))
        advance(2 + number, steps)
    errors, note = _errors(proto, given, exact)
    advance(steps, steps)
    return Report(
        model=model,
        verification=checked,
        profiles=profiles,
        errors=errors,
        errors_note=note,
        float_accuracy=None if exact is None else _accuracy(exact, given),
        samples_from="samples drawn at random" if inputs is None else "the samples given",
    )


def _check_float(float_model: onnx.ModelProto, where: str) -> None:
    """Raises BittwinError for a quantized model."""
    for node in float_model.graph.node:
        if node.op_type == "QuantizeLinear" or node.op_type.startswith("QLinear"):
            what = f"is quantized (node {node.name!r}, {node.op_type})"
            raise BittwinError(where, what, "Give the float32 file that was quantized")


def _profiled(
    model: onnx.ModelProto,
    target: str,
    schedule: str,
    inputs: Mapping[str, Array],
    ram: int | None,
    flash: int | None,
    name: str,
) -> Profiled:
    """A profile, or why there is none: the tools are missing, or the model does not fit the board."""
    try:
        return Profiled(target, profile(model, target, schedule, inputs, ram, flash, name))
    except BittwinError as error:
        return Profiled(target, None, f"{error.where}: {error.what}. {error.do}")


def _errors(
    model: onnx.ModelProto, samples: Samples, float_model: onnx.ModelProto | None
) -> tuple[list[TensorError], str]:
    """(errors, what they are measured against or why there are none)."""
    if not any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        kind = "is float32" if not any(node.op_type.startswith("Q") for node in model.graph.node) else "is QOperator"
        return [], f"The model {kind}: int8 and float32 tensors cannot be laid side by side."
    if not has_int8(model):
        return [], "No QuantizeLinear of the model makes int8 codes of one scale: there is nothing to lay side by side."
    if float_model is not None:
        return quantization_errors(model, samples, float_model), "against the float32 model that was given"
    against = "against the same model with activations left in float32 (--float shows the rounding of weights, too)"
    return quantization_errors(model, samples), against


def _accuracy(model: onnx.ModelProto, samples: Samples) -> float | None:
    """The share of samples whose largest output is the label, by onnxruntime in float32."""
    if samples.labels is None:
        return None
    session = golden.session(model)
    names = [value.name for value in session.get_inputs()]
    found = []
    for count, inputs in batches(samples, model_ports(model)):
        outputs = golden.run(session, dict(zip(names, inputs.values(), strict=True)))
        first = next(iter(outputs.values()))[:count]
        found.append(first.reshape(count, -1).argmax(1))
    return float((np.concatenate(found) == samples.labels).mean())


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class LayerRow:
    """One layer of the C, as the page shows it."""

    number: int
    name: str
    op: str
    shape: str
    macs: int
    bytes: int
    kernel: str
    refused: Mapping[str, str]
    notes: Sequence[str]
    verdict: str
    right: bool
    compared: int
    max_error: float
    instructions: Sequence[int | None]
    error: TensorError | None
    histogram: str


class _Page:
    """What the template asks for."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.facts: Mapping[str, Any] = report.model.manifest
        self.verification = report.verification
        self.version = VERSION
        self.counted = [item for item in report.profiles if item.report]
        self.uncounted = [item for item in report.profiles if not item.report]
        self.memory_map = _inline(report.model.files[f"{report.model.name}_memory.svg"])
        self.layers = self._layers()

    @property
    def int8(self) -> bool:
        return self.verification.dtype == "int8"

    def _layers(self) -> list[LayerRow]:
        rows = {row.tensor: row for row in self.verification.layers}
        errors = by_tensor(self.report.errors)
        per_target = [_by_layer(item.report, len(self.facts["layers"])) for item in self.report.profiles if item.report]
        found = []
        for number, layer in enumerate(self.facts["layers"]):
            row, error = rows.get(layer["tensor"]), errors.get(layer["tensor"])
            dtype = np.dtype(layer["dtype"])
            title = f"codes of {layer['name']}"
            found.append(
                LayerRow(
                    number=number,
                    name=layer["node"] or layer["name"],
                    op=layer["op"],
                    shape="×".join(map(str, layer["shape"][1:] or layer["shape"])),
                    macs=layer["macs"],
                    bytes=int(np.prod(layer["shape"])) * dtype.itemsize,
                    kernel=layer["kernel"],
                    refused=layer["refused"],
                    notes=layer["notes"],
                    verdict=_verdict(row),
                    right=row is None or row.passed,
                    compared=row.compared if row else 0,
                    max_error=row.max_error if row else 0.0,
                    instructions=[counts[number] for counts in per_target],
                    error=error,
                    histogram=charts.histogram(error.histogram, title, f"h{number}") if error else "",
                )
            )
        return found

    @property
    def instruction_charts(self) -> list[tuple[str, str]]:
        """[(target, SVG)]: the layers that take most of the instructions."""
        found = []
        for number, item in enumerate(self.counted):
            assert item.report is not None
            title = f"instructions of each layer on {item.target}"
            names = [row.name for row in item.report.layers]
            values = [float(row.instructions) for row in item.report.layers]
            found.append((item.target, charts.bars(names, values, "instructions", title, f"i{number}")))
        return found

    @property
    def error_chart(self) -> str:
        shown = [error for error in self.report.errors if np.isfinite(error.sqnr)]
        if not shown:
            return ""
        values = [error.sqnr for error in shown]
        title = "signal to quantization noise of each layer"
        names = {layer["tensor"]: layer["node"] or layer["name"] for layer in self.facts["layers"]}
        shown_names = [names.get(error.tensor, error.node) for error in shown]
        return charts.bars(shown_names, values, "dB, more is better", title, "e")

    @property
    def first_difference(self) -> str:
        """The layer, as the page calls it."""
        rows = (row for row in self.verification.layers if row.name == self.verification.first_difference)
        return next(row.layer for row in rows)

    @property
    def removed(self) -> list[tuple[str, str]]:
        return [(name, entry["reason"]) for name, entry in self.facts["removed"].items()]


def _by_layer(profiled: ProfileReport, count: int) -> list[int | None]:
    """Instructions of each layer, where the target's program has the same layers."""
    if len(profiled.layers) != count:
        return [None] * count
    return [row.instructions for row in profiled.layers]


def _verdict(row: Any) -> str:
    if row is None:
        return "rows moved, compared where they are read"
    if not row.compared:
        return str(row.reason)
    if row.differ:
        return f"{row.differ:,} of {row.compared:,} differ"
    if row.inexact:
        codes = "one code" if row.max_error <= 1 else f"up to {row.max_error:.0f} codes"
        return f"{row.inexact:,} of {row.compared:,} off by {codes} (float32 in onnxruntime, too)"
    return f"all {row.compared:,} within the tolerance" if row.dtype == "float32" else f"all {row.compared:,} equal"


def _inline(svg: str) -> Any:
    """SVG that this program wrote, with every name in it escaped, as markup."""
    from markupsafe import Markup

    return Markup(svg)
