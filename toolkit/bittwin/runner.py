"""Inputs and outputs of generated C: .npz files in, arrays through a built model, .npz files out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx

from bittwin.builder import Built, Values, build
from bittwin.files import write_file
from bittwin.generator import generate
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array, GeneratedModel
from bittwin_cgen.read_onnx import load_model


@dataclass(frozen=True)
class Port:
    """An input of the ONNX file: shape with its batch, numpy dtype name."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def images(self) -> int:
        """Along axis 0 of one run."""
        return self.shape[0] if self.shape else 1


@dataclass(frozen=True)
class Samples:
    """{port name: [N, ...shape without batch]} in ONNX order, and labels [N] where they are known.

    Where the inputs of one run do not agree in axis 0, it is no batch: `runs` runs, each with its share of each array.
    """

    inputs: Mapping[str, Array]
    labels: Array | None = None
    runs: int | None = None

    @property
    def count(self) -> int:
        return len(next(iter(self.inputs.values()))) if self.runs is None else self.runs


def load_npz(path: str | Path) -> dict[str, Array]:
    """The arrays of a .npz; raises BittwinError for a file that is none. Nothing in it is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise BittwinError(str(path), "does not exist", "Check the path") from None
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError, EOFError, TypeError):
        raise BittwinError(
            str(path), "is not an .npz file of plain arrays", "Write it with numpy.savez(path, x=array)"
        ) from None


def check_samples(arrays: Mapping[str, Array], ports: Sequence[Port], where: str, limit: int | None = None) -> Samples:
    """Samples from arrays: `x`, or one array an input by name; optional labels `y`. The first `limit` are taken.

    Raises BittwinError naming `where` for arrays that are missing or do not fit.
    """
    single = len(ports) == 1 and ports[0].name not in arrays
    inputs = {}
    for port in ports:
        key = "x" if single else port.name
        if key not in arrays:
            names = ", ".join(f"{port.name}=array" for port in ports) if len(ports) > 1 else "x=array"
            do = f"Write it with numpy.savez(path, {names})"
            raise BittwinError(where, f"has no array {key!r} (it has {', '.join(arrays) or 'none'})", do)
        inputs[port.name] = checked(arrays[key], port, where, key)
    unit = _unit(ports)
    if unit is None:
        runs = {len(inputs[port.name]) / port.images for port in ports}
        counts = {int(run) if run.is_integer() else -1 for run in runs}
    else:
        counts = {len(values) for values in inputs.values()}
    if limit is not None and counts and min(counts) > 0:
        counts = {min(count, limit) for count in counts}
        share = {port.name: 1 if unit else port.images for port in ports}
        inputs = {name: values[: limit * share[name]] for name, values in inputs.items()}
    if len(counts) != 1 or min(counts) < 1:
        raise BittwinError(where, f"its arrays hold {sorted(counts)} samples", "Give each input as many, at least one")
    labels = arrays.get("y")
    if labels is not None:
        if labels.ndim != 1 or len(labels) < max(counts) or not np.issubdtype(labels.dtype, np.integer):
            raise BittwinError(where, f"labels y of shape {labels.shape}, {labels.dtype}", "Give one integer a sample")
        labels = labels[: max(counts)]
    return Samples(inputs, labels, None if unit else max(counts))


def samples_of(
    ports: Sequence[Port],
    inputs: str | Path | Mapping[str, Array] | None,
    count: int | None = None,
    drawn: int = 8,
    most: int | None = None,
    seed: int = 0,
) -> Samples:
    """The first `count` samples of a .npz or its arrays, else all of them, but `most`; without inputs `count` or
    `drawn` are drawn. Raises BittwinError where there are fewer than `count`.
    """
    if inputs is None:
        return draw_samples(ports, drawn if count is None else count, seed)
    arrays, where = (inputs, "inputs") if isinstance(inputs, Mapping) else (load_npz(inputs), str(inputs))
    samples = check_samples(arrays, ports, where, most if count is None else count)
    if count is not None and samples.count < count:
        do = f"Ask for {samples.count} at most, or leave --samples out"
        raise BittwinError(where, f"holds {samples.count} samples, --samples asks for {count}", do)
    return samples


def _unit(ports: Sequence[Port]) -> int | None:
    """What every input has along axis 0, or None where they differ."""
    sizes = {port.images for port in ports}
    return sizes.pop() if len(sizes) == 1 else None


def checked(values: Array, port: Port, where: str, key: str) -> Array:
    """[N, ...] of the port's dtype; raises BittwinError where shape or type do not fit."""
    if not port.shape and values.ndim == 0:
        values = values.reshape(1)
    if values.ndim == 0 or values.shape[1:] != port.shape[1:]:
        wanted = ", ".join(["N", *map(str, port.shape[1:])])
        raise BittwinError(where, f"array {key!r} has the shape {values.shape}", f"Use [{wanted}]")
    if port.dtype == "float32" and np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float32)
    if str(values.dtype) != port.dtype:
        raise BittwinError(where, f"array {key!r} is {values.dtype}", f"Use {port.dtype}")
    if values.dtype == np.float32 and not np.isfinite(values).all():
        raise BittwinError(where, f"array {key!r} has values that are not finite", "Remove them")
    return values


def draw_samples(ports: Sequence[Port], count: int, seed: int = 0) -> Samples:
    """N(0, 1) for float inputs, all values alike for integers of 8 and 16 bits and bool, -100 to 100 for wider."""
    generator = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    ranges = {
        "int8": (-128, 128),
        "uint8": (0, 256),
        "bool": (0, 2),
        "int16": (-(1 << 15), 1 << 15),
        "uint16": (0, 1 << 16),
    }
    unit = _unit(ports)
    for port in ports:
        shape = (count if unit else count * port.images, *port.shape[1:])
        if port.dtype == "float32":
            inputs[port.name] = generator.standard_normal(shape, np.float32)
        elif port.dtype in ("int8", "uint8"):
            inputs[port.name] = generator.integers(*ranges[port.dtype], shape, port.dtype)
        else:
            inputs[port.name] = generator.integers(*ranges.get(port.dtype, (-100, 101)), shape).astype(port.dtype)
    return Samples(inputs, runs=None if unit else count)


def batches(samples: Samples, ports: Sequence[Port]) -> list[tuple[int, dict[str, Array]]]:
    """(samples that count, inputs of one run); the last batch repeats its last sample."""
    pieces = []
    batch = _unit(ports)
    if batch is None:
        return [
            (1, {p.name: samples.inputs[p.name][run * p.images : (run + 1) * p.images].reshape(p.shape) for p in ports})
            for run in range(samples.count)
        ]
    for start in range(0, samples.count, batch):
        real = min(batch, samples.count - start)
        index = np.minimum(np.arange(start, start + batch), start + real - 1)
        pieces.append((real, {p.name: samples.inputs[p.name][index].reshape(p.shape) for p in ports}))
    return pieces


def codes_of(library: Built, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What C takes: codes by the generated header's own function where the ONNX file quantizes its input."""
    given = {}
    for number, port in enumerate(library.manifest["inputs"]):
        values = inputs[port["name"]]
        convert = port["dtype"] == "int8" and values.dtype == np.float32
        given[port["name"]] = library.quantize(number, values) if convert else values
    return given


def real_outputs(library: Built, values: Values, real: Mapping[str, bool]) -> dict[str, Array]:
    """Outputs as the ONNX file gives them: real values where it dequantizes them."""
    return {
        port["name"]: library.dequantize(number, values.outputs[port["name"]])
        if real[port["name"]] and port["dtype"] == "int8"
        else values.outputs[port["name"]]
        for number, port in enumerate(library.manifest["outputs"])
    }


def run_samples(library: Built, samples: Samples, ports: Sequence[Port], real: Mapping[str, bool]) -> dict[str, Array]:
    """{output: [N, ...]} of every sample."""
    gathered: dict[str, list[Any]] = {}
    pieces = batches(samples, ports)
    given = (codes_of(library, inputs) for _, inputs in pieces)
    for (count, _), found in zip(pieces, library.run_many(given), strict=True):
        outputs = real_outputs(library, found, real)
        for name, values in outputs.items():
            gathered.setdefault(name, []).append(of_samples(values, count, library.batch))
    return {name: np.concatenate(parts) for name, parts in gathered.items()}


def of_samples(values: Array, count: int, batch: int) -> Array:
    """The images that count of one run's, [count, ...]; everything where axis 0 is no batch."""
    return np.atleast_1d(values[:count] if batch > 1 else values)


def run_model(
    source: str | Path | onnx.ModelProto,
    inputs: str | Path | Mapping[str, Array],
    target: str = "host",
    schedule: str = "ram",
    ram: int | None = None,
    flash: int | None = None,
) -> dict[str, Array]:
    """{output: [N, ...]} of the generated C in ONNX order, real values where the ONNX file gives them."""
    proto = load_model(source)
    default = Path(source).name.split(".")[0] if isinstance(source, (str, Path)) else None
    model = generate(proto, target, schedule, ram, flash, default)
    require_target(target)
    ports = model_ports(proto)
    arrays, where = (inputs, "inputs") if isinstance(inputs, Mapping) else (load_npz(inputs), str(inputs))
    samples = check_samples(arrays, ports, where)
    return run_samples(build_for(target, model), samples, ports, real_ports(proto))


def require_target(target: str) -> None:
    """Raises BittwinError where the tools to run a target are missing on this machine."""
    if target != "host":
        from bittwin.boards import find_board
        from bittwin.emulator import require_tools

        require_tools(find_board(target))


def build_for(target: str, model: GeneratedModel, flavour: Literal["shipped", "observed"] = "shipped") -> Built:
    """The model as it runs on a target: in this process for the host, else emulated."""
    if target == "host":
        return build(model, flavour)
    from bittwin.boards import find_board
    from bittwin.emulator import Emulated

    return Emulated(model, find_board(target), flavour)


def save_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Arrays by name as an .npz file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # savez has parameters that are names of outputs, too
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getvalue())
    write_file(path, content.getvalue())


def model_ports(model: onnx.ModelProto) -> list[Port]:
    """The inputs of an ONNX file that is known to have static shapes."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return [
        Port(
            value.name,
            tuple(d.dim_value for d in value.type.tensor_type.shape.dim),
            str(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)),
        )
        for value in model.graph.input
        if value.name not in constants
    ]


def real_ports(model: onnx.ModelProto) -> dict[str, bool]:
    """{output: True where the ONNX file gives float32}."""
    return {value.name: value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for value in model.graph.output}
