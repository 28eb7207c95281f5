"""Float ONNX to int8 QDQ ONNX: calibrated by onnxruntime's quantizer, its scales moved until C can be proved equal.

Moving a weight scale by a few units in the last place changes it by 1e-7; in return the generated integer
requantization equals onnxruntime's float32 one for every accumulator. The ONNX file itself is changed, so onnxruntime
runs the same numbers.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from bittwin.exporter import normalize
from bittwin.onnx_passes.values import all_nodes, attribute_values, free_name, is_standard, shape
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import (
    ACCUMULATOR_END,
    AccumulatorRange,
    Float32,
    Int64,
    ProvedRequantization,
    accumulator_range,
    move_scales,
    prove_requantization,
    requantize_scale,
)
from bittwin_cgen.read_onnx import load_model
from bittwin_cgen.symbolic_batch import check_dimension

Array = NDArray[Any]
Method = Literal["minmax", "entropy", "percentile", "distribution"]

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
    "distribution": CalibrationMethod.Distribution,
}
OPTIONS = {
    "ActivationSymmetric": False,  # so that Relu and Clip vanish into the range of what comes before them
    "WeightSymmetric": True,
    "ForceQuantizeNoInputCheck": True,  # a Pad or MaxPool that comes first is int8 too
}
FLOAT_TAILS = {"Softmax", "LogSoftmax", "Hardmax"}
MOVES = {"Concat", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}
AFTER_TAILS = FLOAT_TAILS | MOVES | {"ArgMax", "Cast", "TopK"}
OLDEST_OPSET = 13  # of DequantizeLinear with an axis
HISTOGRAM_BYTES = 1 << 29  # of activations that calibration by histogram holds at once
LARGEST_BIAS = 1 << 28
BIAS_OF_DEAD = 1 << 20
ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Quantized:
    """A QDQ model, and what moving its weight scales did.

    channels: those of all fused Conv, Gemm and MatMul; moved_channels: with another scale than the calibrated one,
    by at most max_ulps units in the last place, but for channels without weights, where any scale is right;
    unproved: (node name, channels without a proof).
    """

    model: ModelProto
    channels: int
    moved_channels: int
    max_ulps: int
    unproved: tuple[tuple[str, int], ...]


def quantize(
    model: ModelProto | str | Path,
    calibration: Mapping[str, Array] | Array | str | Path,
    method: Method = "minmax",
    percentile: float = 99.999,
) -> Quantized:
    """int8 x int8, per channel, asymmetric activations; a last Softmax stays float.

    calibration: [N, ...] float32, fed one batch of the model after another; one array, {"x": array}, one an input by
    name, or a .npz of them. Raises BittwinError for a model or data that cannot be quantized. Same input, same bytes.
    """
    where = "model" if isinstance(model, ModelProto) else str(model)
    if method not in METHODS:
        raise BittwinError(f"method {method!r}", "there is no such calibration", f"Take one of {', '.join(METHODS)}")
    prepared = prepare(load_model(model), where)
    given, place = calibration, "calibration"
    if isinstance(given, (str, Path)):
        given, place = load_calibration(given), str(given)
    samples = check_calibration(prepared, given, where, place)
    biases = float_biases(prepared)
    result = make_provable(calibrate(prepared, samples, method, percentile, where), biases)
    try:
        onnx.checker.check_model(result.model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise BittwinError(where, f"its quantized form is invalid ({first_line(error)})", "Please report it") from error
    return result


def load_calibration(path: str | Path) -> dict[str, Array]:
    """Arrays of an .npz file by name, without the labels `y` where there are inputs besides them."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise BittwinError(str(path), "is a single array", "Write it with np.savez(path, x=array)")
        with loaded as file:
            arrays: dict[str, Array] = {name: file[name] for name in file.files}
    except OSError as error:
        raise BittwinError(str(path), f"cannot be read ({error.strerror or error})", "Check the path") from None
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        what = f"is not an .npz file of plain arrays ({first_line(error)})"
        raise BittwinError(str(path), what, "Write it with np.savez(path, x=array)") from None
    if len(arrays) > 1:
        arrays.pop("y", None)
    if not arrays:
        raise BittwinError(str(path), "holds no array", "Write it with np.savez(path, x=array)")
    return arrays


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


# ---------------------------------------------------------------- before


def prepare(given: ModelProto, where: str) -> ModelProto:
    """The float model as the quantizer wants it: normalized, static, constants as initializers, unique node names."""
    model = ModelProto()
    model.CopyFrom(given)
    for node in all_nodes(model.graph):
        if node.op_type == "QuantizeLinear" or node.op_type.startswith("QLinear") or node.op_type.endswith("Integer"):
            name = node.name or node.op_type
            raise BittwinError(
                where,
                f"is quantized already (node {name!r}, {node.op_type})",
                "Give the float model, or use it as it is",
            )
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    try:
        onnx.checker.check_model(model)
        opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
        if opset < OLDEST_OPSET:
            model = onnx.version_converter.convert_version(model, OLDEST_OPSET)
        fold_constants(model.graph)
        check_inputs(model.graph, where)
        model = normalize(model)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError) as error:
        raise BittwinError(where, f"is not a valid ONNX model ({first_line(error)})", "Export it again") from error
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and not np.isfinite(numpy_helper.to_array(tensor)).all():
            masks = any(node.op_type == "Where" and tensor.name in node.input for node in model.graph.node)
            do = "Mask with a finite number: no int8 code means infinity" if masks else "Train or export it again"
            raise BittwinError(f"{where}, weight {tensor.name!r}", "holds NaN or infinity", do)
    taken = Counter(node.name for node in model.graph.node)
    for node in model.graph.node:
        if not node.name or taken[node.name] > 1:
            taken[node.name] -= 1
            node.name = free_name(model.graph, node.name or f"{node.op_type}_{node.output[0]}")
    add_pre_process_metadata(model)
    return model


def fold_constants(graph: GraphProto) -> None:
    """Constant nodes and dequantized weights become initializers; initializers are not graph inputs."""
    known = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        value = None
        if is_standard(node, "Constant"):
            value = constant_value(node)
        elif is_standard(node, "DequantizeLinear") and all(name in known or not name for name in node.input):
            codes, scale, *zero = (numpy_helper.to_array(known[name]) for name in node.input if name)
            axis = attribute_values(node).get("axis", 1)
            along = [-1 if i == axis % codes.ndim else 1 for i in range(codes.ndim)] if scale.size > 1 else []
            shifted = codes.astype(np.int64) - (zero[0].astype(np.int64).reshape(along) if zero else 0)
            value = shifted.astype(np.float32) * scale.reshape(along)
        if value is None:
            kept.append(node)
        else:
            known[node.output[0]] = numpy_helper.from_array(value, node.output[0])
            graph.initializer.append(known[node.output[0]])
    inputs = [value for value in graph.input if value.name not in known]
    del graph.node[:], graph.input[:]
    graph.node.extend(kept)
    graph.input.extend(inputs)


def constant_value(node: NodeProto) -> Array | None:
    ((key, value),) = attribute_values(node).items()
    dtype = {"value_int": np.int64, "value_ints": np.int64, "value_float": np.float32, "value_floats": np.float32}
    if key == "value":
        return numpy_helper.to_array(value)
    return np.array(value, dtype[key]) if key in dtype else None


def check_inputs(graph: GraphProto, where: str) -> None:
    """Inputs are float32 and have static shapes."""
    for value in graph.input:
        sizes = shape(graph, value.name)
        for axis in range(len(value.type.tensor_type.shape.dim)):
            check_dimension(value, axis)
        if sizes is None:
            raise BittwinError(
                f"{where}, input {value.name!r}", "its shape is not static", "Export it with fixed sizes, batch 1"
            )
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
            raise BittwinError(f"{where}, input {value.name!r}", f"its type is {kind}, not FLOAT", "Give a float model")


def check_calibration(
    model: ModelProto, calibration: Mapping[str, Array] | Array, where: str, source: str
) -> dict[str, Array]:
    """One array [N, ...] for each graph input, N the same for all and a whole number of batches."""
    shapes = {value.name: shape(model.graph, value.name) or () for value in model.graph.input}
    arrays = dict(calibration) if isinstance(calibration, Mapping) else {"x": calibration}
    if len(shapes) == 1 and "x" in arrays and "x" not in shapes:
        arrays[next(iter(shapes))] = arrays.pop("x")
    if "y" not in shapes:
        arrays.pop("y", None)
    found = f"it has {', '.join(map(repr, arrays)) or 'nothing'}, the model's inputs are {', '.join(map(repr, shapes))}"
    if set(arrays) != set(shapes):
        raise BittwinError(source, found, "Give one array 'x', or one for each input by name")
    batches = set()
    for name, sizes in shapes.items():
        array, place = np.asarray(arrays[name]), f"{source}, input {name!r}"
        if not np.issubdtype(array.dtype, np.floating):
            raise BittwinError(place, f"its type is {array.dtype}, not float32", "Scale it as in training, as float32")
        array = array.astype(np.float32, copy=False)
        wanted = f"[N, {', '.join(map(str, sizes[1:]))}]"
        if array.ndim != len(sizes) or array.shape[1:] != sizes[1:]:
            raise BittwinError(place, f"its shape is {list(array.shape)}, not {wanted}", "Give samples of that shape")
        if array.ndim == 0 or len(array) == 0 or len(array) % sizes[0]:
            count = len(array) if array.ndim else 0
            raise BittwinError(
                place, f"it has {count} samples, the batch of {where} is {sizes[0]}", "Give whole batches"
            )
        if not np.isfinite(array).all():
            raise BittwinError(place, "it holds NaN or infinity", "Remove these samples")
        batches.add(len(array) // sizes[0])
        arrays[name] = array
    if not any(arrays[name].any() for name in shapes):
        raise BittwinError(source, "every value is 0, which shows no range", "Give samples of real inputs")
    if len(batches) > 1:
        raise BittwinError(source, "its arrays have different lengths", "Give one sample of each input together")
    return {name: arrays[name] for name in shapes}


# ---------------------------------------------------------------- calibration


class Samples(CalibrationDataReader):  # type: ignore[misc]
    """One batch after another."""

    def __init__(self, model: ModelProto, arrays: Mapping[str, Array]) -> None:
        self.arrays = arrays
        self.batch = {name: (shape(model.graph, name) or (1,))[0] for name in arrays}
        self.next, self.end = 0, len(self)

    def __len__(self) -> int:
        return min(len(array) // self.batch[name] for name, array in self.arrays.items())

    def set_range(self, start_index: int, end_index: int) -> None:
        self.next, self.end = start_index, end_index

    def get_next(self) -> dict[str, Array] | None:
        if self.next >= self.end:
            return None
        i, self.next = self.next, self.next + 1
        return {
            name: np.ascontiguousarray(array[i * self.batch[name] : (i + 1) * self.batch[name]])
            for name, array in self.arrays.items()
        }


def calibrate(
    model: ModelProto, arrays: Mapping[str, Array], method: Method, percentile: float, where: str
) -> ModelProto:
    """onnxruntime's static quantizer, in silence, its temporary files removed; it moves the weights out of `model`."""
    samples = Samples(model, arrays)
    options: dict[str, Any] = {**OPTIONS, "CalibPercentile": percentile} if method == "percentile" else dict(OPTIONS)
    if method != "minmax":
        options["CalibStridedMinMax"] = histogram_stride(model, len(samples))
    with tempfile.TemporaryDirectory(prefix="bittwin-") as folder, quiet():
        path = Path(folder) / "quantized.onnx"
        try:
            quantize_static(
                model,
                path,
                samples,
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=float_tail(model.graph) + grouped_transposes(model.graph),
                calibrate_method=METHODS[method],
                extra_options=options,
            )
            result = onnx.load_model(path)
        except Exception as error:
            raise BittwinError(
                where, f"onnxruntime cannot quantize it ({first_line(error)})", "See `bittwin check`, or report it"
            ) from error
    clean(result)
    return result


def histogram_stride(model: ModelProto, count: int) -> int:
    """Samples whose activations are held at once: the largest divisor of count within HISTOGRAM_BYTES."""
    shapes = [shape(model.graph, name) for node in model.graph.node for name in node.output if name]
    each = 4 * sum(math.prod(sizes) for sizes in shapes if sizes is not None)
    return max(n for n in range(1, count + 1) if count % n == 0 and (n == 1 or n * each <= HISTOGRAM_BYTES))


def float_tail(graph: GraphProto) -> list[str]:
    """Names of Softmax nodes that only moves of values follow up to the graph's outputs, and of these moves."""
    consumers: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    outputs = {value.name for value in graph.output}
    ends: set[str] = set()  # nodes behind which there are only such nodes
    for node in reversed(graph.node):
        users = [user for name in node.output for user in consumers.get(name, ())]
        reached = users or outputs & set(node.output)
        if node.op_type in AFTER_TAILS and reached and all(user.name in ends for user in users):
            ends.add(node.name)
    tail: dict[str, None] = {}
    inside: set[str] = set()
    for node in graph.node:
        starts = node.op_type in FLOAT_TAILS and node.name in ends
        if starts or inside.intersection(node.input):
            tail[node.name] = None
            inside.update(node.output)
    return list(tail)


def grouped_transposes(graph: GraphProto) -> list[str]:
    """Names of ConvTranspose nodes with groups: onnxruntime's quantizer counts their output channels wrongly.

    They lose nothing: onnxruntime computes every ConvTranspose in float32.
    """
    return [
        node.name
        for node in graph.node
        if node.op_type == "ConvTranspose" and any(a.name == "group" and a.i > 1 for a in node.attribute)
    ]


def clean(model: ModelProto) -> None:
    """Scales of whole tensors have shape []; domains nobody uses and the quantizer's notes go."""
    graph = model.graph
    domains = {"" if node.domain == "ai.onnx" else node.domain for node in all_nodes(graph)} | {""}
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    versions = {"" if domain == "ai.onnx" else domain: version for domain, version in opsets}
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(name, versions[name]) for name in sorted(domains) if name in versions)
    notes = [entry for entry in model.metadata_props if not entry.key.startswith("onnx.")]
    kept = [(entry.key, entry.value) for entry in notes]
    del model.metadata_props[:]
    for key, value in kept:
        model.metadata_props.add(key=key, value=value)
    quantizers = [node for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    scalars = {name for node in quantizers if not has_axis(graph, node) for name in node.input[1:3]}
    for tensor in graph.initializer:
        if tensor.name in scalars and list(tensor.dims) == [1]:
            del tensor.dims[:]


def has_axis(graph: GraphProto, node: NodeProto) -> bool:
    """True for quantization per channel, one channel included."""
    return "axis" in attribute_values(node) and shape(graph, node.input[1]) != ()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No prints, log records or warnings."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


# ---------------------------------------------------------------- proofs


@dataclass(frozen=True, eq=False)
class FusedLayer:
    """A Conv, Gemm or MatMul between DequantizeLinear and QuantizeLinear, which onnxruntime fuses to int8."""

    node: NodeProto
    input_scale: np.float32
    input_zero_point: int
    output_scale: np.float32
    output_zero_point: int
    weight: NodeProto  # its DequantizeLinear
    bias: NodeProto | None
    codes: Array  # int8[C, K]
    weight_scale: Float32  # [C]
    bias_value: NDArray[np.float64]  # [C], real


@dataclass(frozen=True, eq=False)
class Settled:
    """New scales and codes of a layer, and the proof for them."""

    codes: Array
    weight_scale: Float32
    bias_codes: Int64
    proof: ProvedRequantization


def float_biases(model: ModelProto) -> dict[str, NDArray[np.float64]]:
    """Bias of each Conv and Gemm by node name, before it was quantized."""
    known = {tensor.name: tensor for tensor in model.graph.initializer}
    return {
        node.name: numpy_helper.to_array(known[node.input[2]]).astype(np.float64).reshape(-1)
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm") and len(node.input) > 2 and node.input[2] in known
    }


def make_provable(model: ModelProto, biases: Mapping[str, NDArray[np.float64]] | None = None) -> Quantized:
    """Moves the weight scales of a QDQ model so that each channel's requantization has a proof.

    biases: float ones by node name; without, what the codes of the model mean.
    """
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    channels, moved_channels, max_ulps = 0, 0, 0
    unproved = []
    for node in list(graph.node):
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        layer = fused_layer(graph, node, biases or {})
        if isinstance(layer, int):
            channels += layer
            unproved.append((node.name, layer))
        elif layer is not None:
            settled = settle(layer)
            write(graph, layer, settled)
            channels += len(layer.weight_scale)
            moved = settled.weight_scale != layer.weight_scale
            ulps = np.abs(settled.weight_scale.view(np.int32).astype(np.int64) - layer.weight_scale.view(np.int32))
            moved_channels += int(np.count_nonzero(moved))
            max_ulps = max(max_ulps, int(ulps[~replaced(layer)].max(initial=0)))
            if settled.proof.unproved:
                unproved.append((node.name, settled.proof.unproved))
    return Quantized(result, channels, moved_channels, max_ulps, tuple(unproved))


def fused_layer(
    graph: GraphProto, node: NodeProto, biases: Mapping[str, NDArray[np.float64]]
) -> FusedLayer | int | None:
    """What surrounds the node; None where onnxruntime does not fuse it; its channels where scales cannot be moved."""
    producers = {name: other for other in graph.node for name in other.output}
    known = {tensor.name: tensor for tensor in graph.initializer}
    users = [other for other in graph.node if node.output[0] in other.input]
    before, weight = (producers.get(name) for name in node.input[:2])
    if len(users) != 1 or users[0].op_type != "QuantizeLinear" or node.output[0] in {v.name for v in graph.output}:
        return None
    if before is None or weight is None or before.op_type != "DequantizeLinear":
        return None
    if weight.op_type != "DequantizeLinear" or weight.input[0] not in known:
        return None
    arrays = [
        [numpy_helper.to_array(known[name]) for name in around.input[1:] if name in known]
        for around in (before, users[0], weight)
    ]
    codes = numpy_helper.to_array(known[weight.input[0]])
    if any(len(part) != 2 or part[1].dtype != np.int8 for part in arrays) or codes.dtype != np.int8:
        return None
    (sx, zx), (sy, zy), (sw, zw) = arrays
    attributes = attribute_values(node)
    if node.op_type == "Conv":
        axis, matrix = 0, codes.reshape(len(codes), -1)
    else:
        axis = 0 if attributes.get("transB", 0) else codes.ndim - 1
        matrix = codes if axis == 0 else codes.reshape(-1, codes.shape[-1]).T
    per_channel = sw.shape == (len(matrix),) and (sw.size == 1 or attribute_values(weight).get("axis", 1) == axis)
    plain = attributes.get("alpha", 1.0) == 1.0 and attributes.get("beta", 1.0) == 1.0
    if not per_channel or codes.ndim < 2 or zw.any() or not plain or sx.size != 1 or sy.size != 1:
        return len(matrix)
    bias = producers.get(node.input[2]) if len(node.input) > 2 else None
    value = np.zeros(len(matrix))
    if len(node.input) > 2 and node.input[2]:
        if bias is None or bias.op_type != "DequantizeLinear" or any(name not in known for name in bias.input):
            return len(matrix)
        bias_codes, unit = (numpy_helper.to_array(known[name]).reshape(-1) for name in bias.input[:2])
        if bias_codes.dtype != np.int32 or len(bias_codes) != len(matrix):
            return len(matrix)
        value = biases.get(node.name, bias_codes.astype(np.float64) * unit)
    return FusedLayer(
        node, np.float32(sx.item()), zx.item(), np.float32(sy.item()), zy.item(), weight, bias, matrix, sw.copy(), value
    )


def replaced(layer: FusedLayer) -> NDArray[np.bool_]:
    """bool[C]: channels that get a new scale: without weights, or so faint that the bias would fill the accumulator."""
    unit = layer.input_scale * layer.weight_scale
    return np.asarray(~layer.codes.any(axis=1) | (np.abs(layer.bias_value) > unit.astype(np.float64) * LARGEST_BIAS))


def replace_scales(layer: FusedLayer) -> tuple[Float32, Array]:
    """Scales [C] and codes [C, K] with `replaced` channels on the scale of the others, or as their bias needs."""
    these, alive = replaced(layer), layer.codes.any(axis=1)
    others = layer.weight_scale[alive & ~these]
    usual = float(others.max()) if others.size else float(layer.output_scale) / float(layer.input_scale) / 256
    needed = np.abs(layer.bias_value) / float(layer.input_scale) / np.where(alive, LARGEST_BIAS, BIAS_OF_DEAD)
    wanted = np.where(alive, needed * 1.001, np.maximum(needed, usual)).astype(np.float32)
    scale = np.where(these, np.maximum(wanted, np.finfo(np.float32).tiny), layer.weight_scale)
    ratio = layer.weight_scale.astype(np.float64) / scale
    codes = np.where(these[:, None], np.rint(layer.codes * ratio[:, None]), layer.codes).astype(np.int8)
    return scale.astype(np.float32), codes


def settle(layer: FusedLayer) -> Settled:
    """Scales with a proof for the accumulators of the very bias codes that they make."""
    scale, codes = replace_scales(layer)
    shift = None
    for _ in range(ROUNDS):
        bias, sums = accumulators(layer, codes, scale)
        found = move_scales(
            layer.input_scale,
            scale,
            layer.output_scale,
            layer.output_zero_point,
            sums.low,
            sums.high,
            shift=shift,
        )
        if not found.moved.any():
            return Settled(codes, scale, bias, found.proof)
        scale, shift = found.weight_scale, found.proof.shift
    bias, sums = accumulators(layer, codes, scale)
    factor = requantize_scale(layer.input_scale, scale, layer.output_scale)
    proof = prove_requantization(factor, layer.output_zero_point, sums.low, sums.high, shift)
    return Settled(codes, scale, bias, proof)


def accumulators(layer: FusedLayer, codes: Array, scale: Float32) -> tuple[Int64, AccumulatorRange]:
    """(bias codes int64[C], range of the sums); refuses a sum that may leave int32."""
    unit = (layer.input_scale * scale).astype(np.float64)
    bias = np.rint(layer.bias_value / unit).astype(np.int64)
    folded = bias - layer.input_zero_point * codes.astype(np.int64).sum(axis=1)
    sums = accumulator_range(codes, folded)
    if sums.magnitude.max() >= ACCUMULATOR_END or np.abs(bias).max() >= ACCUMULATOR_END:
        channel = int(sums.magnitude.argmax())
        raise BittwinError(
            f"{layer.node.name} ({layer.node.op_type}), channel {channel}",
            f"its sums may reach {sums.magnitude[channel]}, beyond int32",
            "Calibrate with data of the real range; check for a bias far larger than the weights",
        )
    return bias, sums


def write(graph: GraphProto, layer: FusedLayer, settled: Settled) -> None:
    """Puts what changed into the graph: scale and codes of the weights, scale and codes of the bias."""
    unit = layer.input_scale * settled.weight_scale
    weights = numpy_helper.to_array(next(t for t in graph.initializer if t.name == layer.weight.input[0]))
    transposed = layer.node.op_type != "Conv" and not attribute_values(layer.node).get("transB", 0)
    codes = (settled.codes.T if transposed else settled.codes).reshape(weights.shape)
    changes = [(layer.weight, 1, 0, codes), (layer.weight, 1, 1, settled.weight_scale)]
    if layer.bias is not None:
        bias = next(t for t in graph.initializer if t.name == layer.bias.input[0])
        changes += [
            (layer.bias, 2, 0, settled.bias_codes.astype(np.int32).reshape(tuple(bias.dims))),
            (layer.bias, 2, 1, unit),
        ]
    for quantizer, operand, position, values in changes:
        replace_constant(graph, layer.node, operand, quantizer, position, values)


def replace_constant(
    graph: GraphProto, node: NodeProto, operand: int, quantizer: NodeProto, position: int, values: Array
) -> None:
    """New values for one constant of the DequantizeLinear of one operand; others that share either keep theirs."""
    quantizer = next(other for other in graph.node if node.input[operand] in other.output)
    tensor = next(tensor for tensor in graph.initializer if tensor.name == quantizer.input[position])
    if np.array_equal(numpy_helper.to_array(tensor), values):
        return
    if sum(list(other.input).count(quantizer.output[0]) for other in graph.node) > 1:
        index = next(i for i, other in enumerate(graph.node) if other.name == node.name)
        own = NodeProto()
        own.CopyFrom(quantizer)
        own.name = free_name(graph, f"{quantizer.name}_{node.name}")
        own.output[0] = free_name(graph, f"{quantizer.output[0]}_{node.name}")
        node.input[operand] = own.output[0]
        graph.node.insert(index, own)
        quantizer = graph.node[index]
    if sum(list(other.input).count(tensor.name) for other in graph.node) > 1:
        own_name = free_name(graph, f"{tensor.name}_{node.name}")
        graph.initializer.append(numpy_helper.from_array(values, own_name))
        quantizer.input[position] = own_name
    else:
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
