"""Generated C against onnxruntime, every tensor of the ONNX file, with numpy as the third party."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from bittwin import golden
from bittwin.builder import Built, all_images, from_c_order, to_c_order
from bittwin.generator import generate
from bittwin.runner import (
    Samples,
    batches,
    build_for,
    codes_of,
    model_ports,
    of_samples,
    real_outputs,
    real_ports,
    require_target,
    samples_of,
)
from bittwin_cgen import BittwinError
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array, GeneratedModel, Graph, Op, Program, TensorType
from bittwin_cgen.ops.compare import Compare
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.quantize_linear import DequantizeLinear, QuantizeLinear
from bittwin_cgen.ops.quantize_wide import WIDE, DequantizeWide, QuantizeWide
from bittwin_cgen.read_onnx import load_model
from bittwin_cgen.symbolic_batch import batch_note

Progress = Callable[[int, int], None]
FOLLOWS = "exact by itself; what it reads is off by what onnxruntime computes in float32"
EXACT = (DequantizeLinear, DequantizeWide, Known)  # what makes the float32 that onnxruntime makes, bit by bit
CONSTANT = "a constant, computed while the file was read"


@dataclass
class LayerResult:
    """One tensor of the ONNX file, named by the node that made it. `max_error` is in codes or absolute.

    `layer`: the layer of the C that computes it, as profile, report and the self-test call it; else the name again.
    """

    name: str
    op: str
    tensor: str
    dtype: str
    kernel: str
    compared: int = 0
    differ: int = 0
    inexact: int = 0
    max_error: float = 0.0
    reason: str = ""
    passed: bool = True
    layer: str = ""

    def __post_init__(self) -> None:
        self.layer = self.layer or self.name


@dataclass
class VerificationReport:
    """The whole comparison; `passed` is what the exit status says."""

    name: str
    target: str
    schedule: str
    golden: str
    session: str
    onnxruntime: str
    dtype: str
    samples: int
    compared: int = 0
    differ: int = 0
    inexact: int = 0
    max_error: float = 0.0
    passed: bool = True
    first_difference: str | None = None
    alone: str | None = None
    top1_agreement: float | None = None
    accuracy: float | None = None
    golden_accuracy: float | None = None
    notes: list[str] = field(default_factory=list)
    layers: list[LayerResult] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def verify(
    source: str | Path | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    inputs: str | Path | Mapping[str, Array] | None = None,
    samples: int | None = None,
    labels: Array | None = None,
    seed: int = 0,
    name: str | None = None,
    ram: int | None = None,
    flash: int | None = None,
    model: GeneratedModel | None = None,
    progress: Progress | None = None,
    camera: str | None = None,
) -> VerificationReport:
    """Generates, builds, runs and compares. `inputs` is a .npz or its arrays; else `samples` are drawn (8).

    `model` takes C that is already generated instead (a test's broken C, say). With a `camera` its frames are drawn
    instead, and the C in front of the network is compared with its reference as well.
    """
    proto = load_model(source)
    if model is None:
        model = generate(proto, target, schedule, ram, flash, name or _stem(source), camera)
    require_target(target)
    if "camera" in model.manifest:
        if inputs is not None:
            raise BittwinError("--inputs", "a camera's frames are the inputs", "Leave --inputs or --camera out")
        return _verify_with_camera(proto, model, target, schedule, 8 if samples is None else samples, seed, progress)
    if isinstance(inputs, Mapping) and labels is not None:
        inputs = {**inputs, "y": labels}
    given = samples_of(model_ports(proto), inputs, samples, seed=seed)
    _check_labels(given, model.program.graph, str(inputs) if isinstance(inputs, (str, Path)) else "inputs")
    return _Comparison(proto, model, given, target, schedule).report(progress)


def _verify_with_camera(
    proto: onnx.ModelProto,
    model: GeneratedModel,
    target: str,
    schedule: str,
    samples: int,
    seed: int,
    progress: Progress | None,
) -> VerificationReport:
    from bittwin.camera import camera_of, camera_samples, compare_camera, draw_frames

    camera = camera_of(model)
    frames = draw_frames(camera, samples, seed)
    (port,) = model_ports(proto)
    report = _Comparison(proto, model, camera_samples(model, port, frames), target, schedule).report(progress)
    compared, differ, largest = compare_camera(model, frames)
    dtype, kernel = model.manifest["inputs"][0]["dtype"], f"btw_camera_{camera.format}"
    row = LayerResult("camera", "Camera", port.name, dtype, kernel, compared, differ, 0, largest, passed=differ == 0)
    report.layers.insert(0, row)
    report.compared, report.differ = report.compared + compared, report.differ + differ
    if differ:
        report.passed, report.first_difference, report.alone = False, "camera", "C"
    report.notes.append("the camera's C was compared with the numpy reference, on this machine")
    return report


def _stem(source: str | Path | onnx.ModelProto) -> str | None:
    return None if isinstance(source, onnx.ModelProto) else Path(source).name.split(".")[0]


def _check_labels(samples: Samples, graph: Graph, where: str) -> None:
    """Raises BittwinError for a label that is no place in the first output."""
    if samples.labels is None:
        return
    classes = math.prod(graph.types[graph.outputs[0].tensor].shape[1:])
    wrong = [int(label) for label in samples.labels if not 0 <= label < classes]
    if wrong:
        what = f"has the label {wrong[0]}; {graph.outputs[0].name!r} has {classes} values"
        raise BittwinError(where, what, f"Give labels y from 0 to {classes - 1}")


def dtype_in_file(type: TensorType) -> str:
    """uint8 where uint8 codes are held as int8, else the dtype in C."""
    return "uint8" if type.quantization and type.quantization.offset else type.dtype


def inferred_dtypes(model: onnx.ModelProto) -> dict[str, str]:
    """{tensor: numpy dtype name}, as far as onnx infers them; nothing for files of more than 2 GiB."""
    try:
        values = onnx.shape_inference.infer_shapes(model).graph.value_info
    except (RuntimeError, ValueError):
        return {}
    return {
        value.name: str(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))
        for value in values
        if value.type.tensor_type.elem_type
    }


def inexact_tensors(graph: Graph) -> set[str]:
    """Behind a QuantizeLinear, or a comparison, of what C computes in float: onnxruntime's float may lie beside it."""
    inputs = {port.tensor for port in graph.inputs}
    sources = graph.producers()
    inexact: set[str] = set()
    for node in graph.nodes:
        made_in_float = isinstance(node.op, (QuantizeLinear, QuantizeWide)) and node.inputs[0] not in inputs
        made_in_float |= isinstance(node.op, Compare) and any(
            graph.types[name].dtype == "float32" and name in sources and not isinstance(sources[name].op, EXACT)
            for name in node.inputs
        )
        if made_in_float or any(name in inexact for name in node.inputs):
            inexact.add(node.output)
    return inexact


def _maker(graph: Graph, tensor: str) -> Op | None:
    """The operator that computes the values of a tensor, which others only move; None for inputs."""
    producers = graph.producers()
    while tensor in producers and producers[tensor].op.moves:
        tensor = producers[tensor].inputs[0]
    return producers[tensor].op if tensor in producers else None


def steps_allowed(graph: Graph, tensor: str, expected: Array) -> Array:
    """By how much 16-bit codes may be off: the tolerance of the float that is quantized, in whole steps, at least 1."""
    made = _maker(graph, tensor)
    zero_point = made.zero_point if isinstance(made, QuantizeWide) else 0
    steps = np.abs(expected.astype(np.float64) - zero_point)
    return np.maximum(1.0, np.floor(1e-4 * steps + 1e-5 * steps.max(initial=0.0)))


def wide_step(graph: Graph, tensor: str) -> float:
    """By how much dequantized 16-bit codes differ that differ by one; 0 for other tensors, and for exact ones."""
    made = _maker(graph, tensor)
    return made.scale if isinstance(made, DequantizeWide) and tensor in inexact_tensors(graph) else 0.0


class _Comparison:
    def __init__(
        self, proto: onnx.ModelProto, model: GeneratedModel, samples: Samples, target: str, schedule: str
    ) -> None:
        self.proto, self.model, self.samples, self.target, self.schedule = proto, model, samples, target, schedule
        self.program: Program = model.program
        self.graph = model.program.graph
        self.shipped: Built = build_for(target, model)
        self.observed: Built = build_for(target, model, "observed")
        self.real = real_ports(proto)
        self.producers = self.graph.producers()
        self.constants = {node.output for node in self.graph.nodes if not node.inputs}
        self.inferred = inferred_dtypes(proto)
        self.kernels = {step.output: step.call.kernel.symbol for step in self.program.steps()}
        self.layers = {step.output: step.node.name or step.name for step in self.program.steps()}
        self.loose = inexact_tensors(self.graph)
        self.rows = self._rows()
        self.quantized = any(type.quantization for type in self.graph.types.values())
        self.reference = golden.NUMPY if self.quantized and golden.why_not_golden(proto) else "onnxruntime"

    def _rows(self) -> dict[str, LayerResult]:
        """{tensor: row} for what has to be compared, in the order of the file."""
        known = {name: type for name, type in self.graph.types.items() if name not in self.constants}
        outputs = {value.name for value in self.proto.graph.output}
        inputs = {port.tensor for port in self.graph.inputs}
        everything = [(name, node) for node in self.proto.graph.node for name in node.output if name]
        codes = {name for name, _ in everything if name in known and known[name].quantization}
        computed = self._computed()
        rows = {}
        for name, node in everything:
            if name not in known and name not in self.graph.removed and name not in outputs:
                if node.op_type == "QuantizeLinear" or not codes:
                    reason = self._why_unknown(name, computed)
                    rows[name] = LayerResult(
                        node.name or name, node.op_type, name, self._dtype(name), "", reason=reason
                    )
                continue
            if codes and name not in codes and name not in outputs and name not in self.kernels:
                continue
            dtype = self._dtype(name)
            reason = self.graph.removed[name].reason if name in self.graph.removed and name not in outputs else ""
            kernel = self.kernels.get(name, "")
            if name in inputs:
                kernel, reason = "", "made by the header's quantize function"
            row = LayerResult(node.name or name, node.op_type, name, dtype, kernel, reason=reason)
            rows[name] = replace(row, layer=self.layers.get(name, row.name))
        for name in outputs - rows.keys():
            rows[name] = LayerResult(name, "output", name, self._dtype(name), "")
        return rows

    def _why_unknown(self, name: str, computed: Set[str]) -> str:
        """Why the compiler's graph does not know a tensor of the file; "" where it should, which fails."""
        if name not in computed:
            return CONSTANT
        if self.model.manifest.get("simplified"):
            return "folded or joined while the file was simplified"
        return "" if any(name in node.input for node in self.proto.graph.node) else "nothing reads it"

    def _computed(self) -> Set[str]:
        """Tensors of the file that depend on the values, not only on the shapes, of its inputs."""
        constants = {tensor.name for tensor in self.proto.graph.initializer}
        reached = {value.name for value in self.proto.graph.input} - constants
        for node in self.proto.graph.node:
            if node.op_type not in ("Shape", "Size") and reached.intersection(node.input):
                reached.update(node.output)
        return reached

    def _dtype(self, name: str) -> str:
        """Of a tensor in the ONNX file."""
        type = self.graph.types.get(name)
        if type is None:
            port = next((port for port in self.graph.outputs if port.name == name), None)
            if port and not self.real[name]:
                return self.graph.types[port.tensor].dtype
            return self.inferred.get(name, "float32")
        return dtype_in_file(type)

    def _wide(self) -> str | None:
        """The type of codes of 16 bits, where there are some."""
        return next((node.op.dtype for node in self.graph.nodes if isinstance(node.op, QuantizeWide)), None)

    def report(self, progress: Progress | None) -> VerificationReport:
        result = VerificationReport(
            name=self.model.name,
            target=self.target,
            schedule=self.schedule,
            golden=golden.golden_name(self.proto) if self.quantized else "onnxruntime (float32)",
            session=golden.session_of(self.proto),
            onnxruntime=onnxruntime.__version__,
            dtype="int8" if self.quantized else self._wide() or "float32",
            samples=self.samples.count,
        )
        if self.quantized and (why := golden.why_not_golden(self.proto)):
            result.notes.append(f"{why}: int8 was compared with the numpy reference")
        if note := batch_note(self.proto):
            result.notes.append(note)
        held = self.graph.types.keys() - self.graph.removed.keys() - self.constants | self.real.keys()
        compared = [name for name in self.rows if name in held or self._same_as(name)]
        dtypes = {name: self.rows[name].dtype for name in compared}
        whole = golden.session(self.proto)
        quantized = {name: dtype for name, dtype in dtypes.items() if dtype != "float32"}
        every = [golden.session(golden.with_outputs(self.proto, dtypes))]
        if quantized and len(quantized) < len(dtypes):  # a float output keeps onnxruntime from fusing what makes it
            every.append(golden.session(golden.with_outputs(self.proto, quantized)))
        answers: list[tuple[Array, Array]] = []
        done = 0
        pieces = batches(self.samples, model_ports(self.proto))
        given = [codes_of(self.observed, inputs) for _, inputs in pieces]
        runs = zip(pieces, given, self.observed.run_many(given), self.shipped.run_many(given), strict=True)
        for (count, inputs), codes, values, shipped in runs:
            expected = {name: value for one in (*every, whole) for name, value in golden.run(one, inputs).items()}
            outputs = real_outputs(self.observed, values, self.real)
            self._compare_builds(shipped.outputs, values.outputs)
            found = {port["tensor"]: codes[port["name"]] for port in self.model.manifest["inputs"]} | values.tensors
            if self.reference == golden.NUMPY:
                expected |= self._by_numpy(codes)
            for name in compared:
                mine = outputs[name] if name in outputs else self._value(name, found)
                self._compare(name, mine, expected[name], count, codes, found, result)
            if answers is not None:
                first = next(iter(outputs))
                mine, theirs = (of_samples(side[first], count, self.graph.batch) for side in (outputs, expected))
                answers.append((mine, theirs.reshape(mine.shape)))
            done += count
            if progress:
                progress(done, self.samples.count)
        self._conclude(result, answers)
        return result

    def _same_as(self, name: str) -> str | None:
        return self.graph.removed[name].same_as if name in self.graph.removed else None

    def _value(self, name: str, found: Mapping[str, Array]) -> Array:
        """What C holds for a tensor, also where it shares another's memory."""
        if name in found:
            return self._as_in_file(name, found[name])
        source = self._same_as(name) or self.program.aliases.get(name)
        if source is None:
            raise AssertionError(f"{name!r} is neither computed nor removed")
        values = self._value(source, found)
        if name in self.graph.types:
            shape = all_images(self.graph.types[name].shape, self.graph.batch)
            if self._same_as(name) is None:  # the same bytes in C
                return from_c_order(to_c_order(values).reshape(-1), shape)
            return np.ascontiguousarray(values).reshape(shape)
        return np.ascontiguousarray(values).reshape(len(values), -1)

    def _as_in_file(self, name: str, values: Array) -> Array:
        """uint8 codes, which C holds as int8."""
        type = self.graph.types.get(name)
        recentred = type is not None and type.quantization is not None and type.quantization.offset
        return (values.view(np.uint8) ^ 0x80) if recentred and values.dtype == np.int8 else values

    def _by_numpy(self, codes: Mapping[str, Array]) -> dict[str, Array]:
        values = interpret(self.graph, codes)
        found = {name: self._as_in_file(name, array) for name, array in values.items() if name in self.rows}
        for port in self.graph.outputs:
            quantization = self.graph.types[port.tensor].quantization
            if quantization and self.real[port.name]:
                real = (values[port.tensor].astype(np.int32) - quantization.zero_point).astype(np.float32)
                found[port.name] = np.float32(quantization.scale) * real
            else:
                found[port.name] = values[port.tensor]
        return found

    def _compare_builds(self, shipped: Mapping[str, Array], observed: Mapping[str, Array]) -> None:
        """What is shipped has to give the bits of what is observed."""
        for name, values in shipped.items():
            if values.tobytes() != observed[name].tobytes():
                raise BittwinError(
                    self.model.name,
                    f"output {name!r} of the shipped build differs from the observed one",
                    "Report this bug",
                )

    def _compare(
        self,
        name: str,
        mine: Array,
        expected: Array,
        count: int,
        codes: Mapping[str, Array],
        found: Mapping[str, Array],
        result: VerificationReport,
    ) -> None:
        row = self.rows[name]
        live = self.graph.live.get(name)
        if live is not None and np.size(expected) != mine.size:  # C computes some of its channels
            expected = np.asarray(expected)[:, live]
        expected = np.asarray(expected).reshape(mine.shape)
        mine, expected = (of_samples(values, count, self.graph.batch) for values in (mine, expected))
        row.compared += mine.size
        whole = row.dtype != "float32"
        if whole:
            error = np.abs(mine.astype(np.int64) - expected.astype(np.int64))
            wrong = error != 0
        else:
            same = (mine == expected) | (np.isnan(mine) & np.isnan(expected))
            with np.errstate(invalid="ignore"):
                error = np.where(same, 0.0, np.abs(mine.astype(np.float64) - expected.astype(np.float64)))
            exact_output = name in self.real and self._exact_output(name)
            scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
            step = wide_step(self.graph, self._tensor(name))
            wrong = error > (0 if exact_output else 1e-4 * np.abs(expected) + 1e-5 * scale + 1.01 * step)
            wrong |= ~np.isfinite(mine) & (mine != expected) & ~(np.isnan(mine) & np.isnan(expected))
        row.max_error = max(row.max_error, float(error.max(initial=0.0)))
        if not wrong.any():
            return
        tensor = self._tensor(name)
        has_tolerance = not whole and not (name in self.real and self._exact_output(name))
        if has_tolerance and self._within_twice(name, mine, expected, codes):
            row.reason = "outside the tolerance, but no further from float64 than twice onnxruntime's own error"
            return
        if tensor in self.loose:
            meaning = self.graph.types[tensor].quantization
            code = meaning.scale if meaning is not None and not whole else 1.0
            truths = row.dtype == "bool"
            if row.dtype in WIDE:
                near = bool((error <= steps_allowed(self.graph, tensor, expected)).all())
            else:
                near = not truths and (whole or meaning is not None) and float(error.max()) <= 1.01 * code
            few = not truths or int(wrong.sum()) <= max(1, wrong.size // 100)  # operands that all but meet
            if near or (few and self._right_by_itself(tensor, found)):
                row.inexact += int(wrong.sum())
                row.reason = row.reason or ("" if near else FOLLOWS)
                return
        row.differ += int(wrong.sum())
        row.passed = False
        if result.first_difference is None or list(self.rows).index(name) < self._rank(result.first_difference):
            result.first_difference = row.name
            result.alone = self._who_is_alone(name, mine, expected, codes)

    def _tensor(self, name: str) -> str:
        """The tensor of the graph that holds the values of one of the file."""
        name = next((port.tensor for port in self.graph.outputs if port.name == name), name)
        while name not in self.producers and (source := self._same_as(name)) is not None:
            name = source
        return name

    def _right_by_itself(self, tensor: str, found: Mapping[str, Array]) -> bool:
        """True where numpy makes the same of what C has for the tensors that the node reads."""
        node, types = self.producers[tensor], self.graph.types
        expected = node.op.interpret(
            [self._held(name, found) for name in node.inputs], self.graph.input_types(node), types[tensor]
        )
        mine = self._held(tensor, found).reshape(expected.shape)
        if mine.dtype != np.float32:
            return bool((mine == expected).all())
        return bool(np.allclose(mine, expected, 1e-4, 1e-5 * max(1.0, float(np.abs(expected).max(initial=0.0)))))

    def _held(self, name: str, found: Mapping[str, Array]) -> Array:
        """What C holds for a tensor of the graph, or what is known of it."""
        if name in self.constants:
            return self.producers[name].op.interpret([], [], self.graph.types[name])
        values = self._value(name, found)
        return (values ^ 0x80).view(np.int8) if values.dtype == np.uint8 and self._dtype(name) == "uint8" else values

    def _rank(self, layer: str) -> int:
        return next((i for i, row in enumerate(self.rows.values()) if row.name == layer), len(self.rows))

    def _exact_output(self, name: str) -> bool:
        """True for float outputs that are dequantized codes: they have to be equal."""
        port = next(port for port in self.graph.outputs if port.name == name)
        return self.graph.types[port.tensor].dtype == "int8" and port.tensor not in self.loose

    def _precise(self, name: str, codes: Mapping[str, Array], precise: bool) -> Array | None:
        values = interpret(self.graph, codes, precise)
        ports = {port.name: port.tensor for port in self.graph.outputs}
        tensor = ports.get(name, name)
        source: str | None = tensor
        while source is not None and source not in values:
            source = self._same_as(source)
        return None if source is None else values[source]

    def _within_twice(self, name: str, mine: Array, expected: Array, codes: Mapping[str, Array]) -> bool:
        exact = self._precise(name, codes, True)
        if exact is None or not np.isfinite(mine).all():
            return False
        exact = of_samples(exact, len(mine), self.graph.batch).reshape(mine.shape)
        ours, theirs = (float(np.abs(values - exact).max()) for values in (mine, expected))
        # The judge is the compiled graph: where onnxruntime is far from it, the graph is what is wrong.
        near = 1e-2 * max(1.0, float(np.abs(exact).max(initial=0.0)))
        return ours <= 2 * theirs and theirs <= near

    def _who_is_alone(self, name: str, mine: Array, expected: Array, codes: Mapping[str, Array]) -> str:
        """With numpy as the third: who disagrees with the other two."""
        third = self._precise(name, codes, False)
        if third is None or self.reference == golden.NUMPY:
            return "C"
        third = of_samples(third, len(mine), self.graph.batch).reshape(mine.shape)
        port = next((port for port in self.graph.outputs if port.name == name), None)
        if third.dtype == np.int8 and mine.dtype != np.int8 and port is not None:
            quantization = self.graph.types[port.tensor].quantization
            assert quantization is not None
            third = np.float32(quantization.scale) * (third.astype(np.int32) - quantization.zero_point).astype(
                np.float32
            )
        near = 0.0 if mine.dtype != np.float32 else 1e-4 * float(np.abs(third).max() + 1)
        with_c, with_golden = (bool(np.abs(v.astype(np.float64) - third).max() <= near) for v in (mine, expected))
        if with_c == with_golden:
            return "all three differ"
        return "onnxruntime" if with_c else "C"

    def _conclude(self, result: VerificationReport, answers: list[tuple[Array, Array]]) -> None:
        result.layers = list(self.rows.values())
        result.compared = sum(row.compared for row in result.layers)
        result.differ = sum(row.differ for row in result.layers)
        result.inexact = sum(row.inexact for row in result.layers)
        result.max_error = max((row.max_error for row in result.layers), default=0.0)
        result.passed = all(row.passed and (row.compared > 0 or row.reason) for row in result.layers)
        mine, expected = (np.concatenate(side) for side in zip(*answers, strict=True))
        mine, expected = (values.reshape(len(values), -1) for values in (mine, expected))
        result.top1_agreement = float((mine.argmax(1) == expected.argmax(1)).mean())
        if self.samples.labels is not None:
            result.accuracy = float((mine.argmax(1) == self.samples.labels).mean())
            result.golden_accuracy = float((expected.argmax(1) == self.samples.labels).mean())
