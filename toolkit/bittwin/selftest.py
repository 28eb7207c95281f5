"""A self-test that travels with the C: golden inputs, outputs and a check of every layer, for the board to repeat."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from bittwin import golden
from bittwin.builder import to_c_order
from bittwin.runner import Samples, batches, model_ports
from bittwin.templates import render
from bittwin.verifier import dtype_in_file, inexact_tensors, steps_allowed, wide_step
from bittwin_cgen import BittwinError
from bittwin_cgen.emit.literals import C_TYPES, array_body, float_literal
from bittwin_cgen.fixed_point import quantize_linear
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array, GeneratedModel, Graph, Quantization, TensorType
from bittwin_cgen.ops.quantize_wide import WIDE


@dataclass(frozen=True)
class Golden:
    """What one call of run takes and gives, by port and by tensor, in ONNX order: codes where C has codes."""

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    tensors: Mapping[str, Array]


@dataclass(frozen=True)
class Port:
    """A parameter of run as the templates see it; `values` are those of all samples, in C order."""

    name: str
    macro: str
    type: str
    values: Array
    exact: bool  # every bit; else a code may be off by `steps`, a float within the tolerance
    steps: int = 1
    absolute: tuple[str, ...] = ()  # tolerance of a float output, beside 1e-4 of the value, for each sample


@dataclass(frozen=True)
class LayerCheck:
    """What a layer's values have to be: CRC-32 of codes, or the sum of floats within a tolerance, for each sample."""

    name: str
    kind: str  # "codes", "floats" or "" where there is nothing to compare with
    checksums: tuple[int, ...] = ()
    sums: tuple[float, ...] = ()
    tolerances: tuple[float, ...] = ()


def golden_runs(proto: onnx.ModelProto, model: GeneratedModel, samples: Samples) -> list[Golden]:
    """The golden session's values for each call of run; of the numpy interpreter where there is no golden session."""
    graph = model.program.graph
    computed = {node.output for node in graph.nodes} | {port.tensor for port in graph.outputs}  # more hinders fusions
    made = {name for node in proto.graph.node for name in node.output}
    dtypes = {name: dtype_in_file(graph.types[name]) for name in graph.types if name in made & computed}
    every, whole = golden.session(golden.with_outputs(proto, dtypes)), golden.session(proto)
    quantized = any(type.quantization for type in graph.types.values())
    runs = []
    for _, given in batches(samples, model_ports(proto)):
        values = golden.run(every, given) | golden.run(whole, given)
        known = {name: held(values[name], graph.types[name]) for name in dtypes}
        known |= {name: array for name, array in given.items() if name in graph.types}
        inputs = {port.name: _taken(graph, port.tensor, given[port.name]) for port in graph.inputs}
        if quantized and golden.why_not_golden(proto):
            known = interpret(graph, inputs)
        outputs = {
            port.name: known[port.tensor] if port.tensor in known else values[port.name] for port in graph.outputs
        }
        for name, array in outputs.items():
            if not np.isfinite(array).all():
                what = "is infinite or NaN for a sample of the self-test"
                raise BittwinError(f"output {name!r}", what, "Give samples whose outputs are numbers")
        runs.append(Golden(inputs, outputs, known))
    return runs


def held(values: Array, type: TensorType) -> Array:
    """A tensor of the file as C holds it: uint8 codes are int8, 128 lower."""
    recentred = type.quantization is not None and type.quantization.offset
    return (values ^ 0x80).view(np.int8) if recentred else values


def _taken(graph: Graph, tensor: str, values: Array) -> Array:
    """What C takes for the values of an input."""
    quantization: Quantization | None = graph.types[tensor].quantization
    if values.dtype == np.int8 or quantization is None:
        return values
    return quantize_linear(values, np.float32(quantization.scale), quantization.zero_point)


def selftest_files(model: GeneratedModel, runs: Sequence[Golden]) -> dict[str, str]:
    """{path: text} of the samples and of the self-test, to lie beside the model's own files."""
    name, facts = model.name, model.manifest
    header = model.files[f"{name}.h"]
    layers = _layer_checks(model, runs)
    facts_of_templates = {
        "name": name,
        "upper": name.upper(),
        "inputs": [_port(model, port, [run.inputs[port["name"]] for run in runs]) for port in facts["inputs"]],
        "outputs": [_port(model, port, [run.outputs[port["name"]] for run in runs]) for port in facts["outputs"]],
        "count": len(runs),
        "classes": [int(np.argmax(to_c_order(next(iter(run.outputs.values())))[0])) for run in runs],
        "layers": layers,
        "floats": any(layer.kind == "floats" for layer in layers),
        "functions": re.findall(rf"^void ({name}_\w+)\(", header, re.MULTILINE),
        "array": array_body,
        "text": c_string,
    }
    return {
        f"{name}_{part}": render(f"selftest/{part}", **facts_of_templates)
        for part in ("samples.h", "samples.c", "selftest.h", "selftest.c")
    }


def _port(model: GeneratedModel, port: Mapping[str, str], values: Sequence[Array]) -> Port:
    graph = model.program.graph
    scales = [max(1.0, float(np.abs(v.astype(np.float64)).max(initial=0.0))) for v in values]
    step = wide_step(graph, port["tensor"])
    allowed = steps_allowed(graph, port["tensor"], np.stack(values)) if port["dtype"] in WIDE else np.ones(1)
    return Port(
        port["parameter"],
        f"{model.name}_{port['parameter']}".upper(),
        C_TYPES[port["dtype"]],
        np.concatenate([to_c_order(v).reshape(-1) for v in values]),
        port["dtype"] != "float32" and port["tensor"] not in inexact_tensors(graph),
        int(allowed.max()),
        tuple(float_literal(1e-5 * scale + 1.01 * step) for scale in scales),
    )


def _layer_checks(model: GeneratedModel, runs: Sequence[Golden]) -> list[LayerCheck]:
    """One for each step, in the order in which C numbers them.

    Each float may be off by 1e-4 of its value and 1e-5 of the tensor's largest, so their sum by the sum of that.
    """
    inexact = inexact_tensors(model.program.graph)
    checks = []
    for step in model.program.steps():
        shape = (model.program.graph.batch, *model.program.types[step.output].shape[1:])
        values = [run.tensors[step.output].reshape(shape) for run in runs if step.output in run.tensors]
        name = step.node.name or step.name
        if not values or step.output in inexact or not all(np.isfinite(v).all() for v in values):
            checks.append(LayerCheck(name, ""))
        elif values[0].dtype == np.float32:
            exact = [v.astype(np.float64) for v in values]
            tolerances = [1e-4 * np.abs(v).sum() + 1e-5 * v.size * max(1.0, np.abs(v).max(initial=0.0)) for v in exact]
            sums = tuple(float(v.sum()) for v in exact)
            checks.append(LayerCheck(name, "floats", sums=sums, tolerances=tuple(map(float, tolerances))))
        else:
            checks.append(LayerCheck(name, "codes", tuple(zlib.crc32(to_c_order(v).tobytes()) for v in values)))
    return checks


def c_string(text: str) -> str:
    """A C string literal of any text: what is not plain ASCII, and what C reads as more than itself, is replaced."""
    return '"' + re.sub(r'[^ -~]|["\\?]', "_", text) + '"'
