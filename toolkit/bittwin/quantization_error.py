"""How far int8 is from float32, tensor by tensor: signal to noise, how codes are used, what saturates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bittwin import golden
from bittwin.runner import Samples, batches, model_ports
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array

CODES = 256


@dataclass(frozen=True)
class TensorError:
    """One tensor that a QuantizeLinear makes, over all samples.

    sqnr: 10 log10(sum(x^2) / sum((x - int8)^2)) in dB, infinite where they are equal; below, above: the share of float
    values under and over what its codes can say; histogram: how often each code -128 .. 127 occurs in int8.
    """

    node: str
    tensor: str
    scale: float
    zero_point: int
    sqnr: float
    below: float
    above: float
    histogram: tuple[int, ...]

    @property
    def used(self) -> int:
        """How many of the 256 codes occur."""
        return sum(count > 0 for count in self.histogram)


def quantization_errors(
    model: onnx.ModelProto, samples: Samples, float_model: onnx.ModelProto | None = None
) -> list[TensorError]:
    """Every int8 tensor of a QDQ model against the same tensor of `float_model`, by name.

    Without one, against the model itself with its activations left in float32: then the rounding of weights does not
    show. Raises BittwinError where the model has no QuantizeLinear, or `float_model` takes other inputs.
    """
    rows = _quantizers(model)
    if not rows:
        raise BittwinError("the model", "has no QuantizeLinear between its layers", "Compare a QDQ model")
    other = float_model or without_quantization(model)
    given = dict(samples.inputs) if float_model is None else _inputs_for(float_model, samples)
    batch, its_batch = ([port.images for port in model_ports(one)] for one in (model, other))
    if batch != its_batch:
        what = f"takes batches of {its_batch}, the int8 model of {batch}"
        raise BittwinError("the float model", what, "Export both with the same batch")
    known = {value.name for value in other.graph.input} | {name for node in other.graph.node for name in node.output}
    rows = [row for row in rows if row.source in known]
    made = golden.session(golden.with_outputs(model, {row.tensor: "int8" for row in rows}))
    inside = {row.source: "float32" for row in rows if row.source not in given}
    exact = golden.session(golden.with_outputs(other, inside))
    sums = {row.tensor: _Sums() for row in rows}
    types = {value.name: value.type.tensor_type.elem_type for value in other.graph.input}
    meaning = _input_meaning(model)
    others_of = batches(Samples(given), model_ports(other))
    pieces = zip(batches(samples, model_ports(model)), others_of, strict=True)
    for (count, inputs), (_, others) in pieces:
        codes = golden.run(made, inputs)
        one = dict(others)
        for name, values in one.items():
            if types[name] == TensorProto.FLOAT and values.dtype in (np.int8, np.int16, np.uint16):
                scale, zero_point = meaning[name]
                one[name] = np.float32(scale) * (values.astype(np.float32) - zero_point)
        real = {**one, **golden.run(exact, one)}
        for row in rows:
            sums[row.tensor].add(codes[row.tensor][:count], real[row.source][:count], row.scale, row.zero_point)
    return [sums[row.tensor].result(row) for row in rows]


@dataclass(frozen=True)
class _Quantizer:
    node: str
    source: str  # the float tensor
    tensor: str  # its codes
    scale: float
    zero_point: int


def _constants(model: onnx.ModelProto) -> dict[str, Array]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _quantizers(model: onnx.ModelProto) -> list[_Quantizer]:
    """The nodes that make int8 codes of something computed at run time, one scale a tensor."""
    constants = _constants(model)
    found = []
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear" or node.input[0] in constants or len(node.input) < 3:
            continue
        scale, zero_point = constants.get(node.input[1]), constants.get(node.input[2])
        if scale is None or zero_point is None or scale.size != 1 or zero_point.dtype != np.int8:
            continue
        meaning = float(scale.reshape(())), int(zero_point.reshape(()))
        found.append(_Quantizer(node.name or node.output[0], node.input[0], node.output[0], *meaning))
    return found


def has_int8(model: onnx.ModelProto) -> bool:
    """True where there is something to measure."""
    return bool(_quantizers(model))


def _input_meaning(model: onnx.ModelProto) -> dict[str, tuple[float, int]]:
    """{graph input of codes: scale and zero point of the DequantizeLinear that reads it}."""
    constants = _constants(model)
    inputs = {value.name for value in model.graph.input}
    return {
        node.input[0]: (float(constants[node.input[1]].reshape(())), int(constants[node.input[2]].reshape(())))
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        and node.input[0] in inputs
        and len(node.input) > 2
        and all(name in constants and constants[name].size == 1 for name in node.input[1:3])
    }


def without_quantization(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which activations stay float32; weights keep the values of their codes."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    constants = set(_constants(model))
    for node in copy.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.input[0] not in constants:
            node.CopyFrom(helper.make_node("Identity", node.input[:1], node.output[:1], node.name))
    for value in (*copy.graph.input, *copy.graph.output):
        if value.type.tensor_type.elem_type in (TensorProto.INT8, TensorProto.INT16, TensorProto.UINT16):
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    del copy.graph.value_info[:]
    return copy


def _inputs_for(model: onnx.ModelProto, samples: Samples) -> dict[str, Array]:
    """The samples under the names of a model's own inputs, in their order; raises BittwinError where they differ."""
    constants = set(_constants(model))
    wanted = [value for value in model.graph.input if value.name not in constants]
    shapes = [tuple(d.dim_value for d in value.type.tensor_type.shape.dim)[1:] for value in wanted]
    given = list(samples.inputs.values())
    fits = [values.shape[1:] for values in given] == shapes and all(v.dtype == np.float32 for v in given)
    if not fits:
        raise BittwinError(
            "the float model", f"takes inputs of shapes {shapes}", "Give the float model that was quantized"
        )
    return {value.name: values for value, values in zip(wanted, given, strict=True)}


class _Sums:
    """What is gathered of a tensor, sample by sample."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0
        self.below = self.above = self.count = 0
        self.histogram = np.zeros(CODES, np.int64)

    def add(self, codes: Array, real: Array, scale: float, zero_point: int) -> None:
        exact = real.astype(np.float64).reshape(-1)
        mine = scale * (codes.astype(np.float64).reshape(-1) - zero_point)
        self.signal += float((exact**2).sum())
        self.noise += float(((exact - mine) ** 2).sum())
        self.below += int((exact < scale * (-128.5 - zero_point)).sum())
        self.above += int((exact > scale * (127.5 - zero_point)).sum())
        self.count += exact.size
        self.histogram += np.bincount(codes.reshape(-1).astype(np.int64) + 128, minlength=CODES)

    def result(self, row: _Quantizer) -> TensorError:
        ratio = np.inf if self.noise == 0 else self.signal / self.noise
        sqnr = -np.inf if ratio == 0 else 10 * np.log10(ratio)
        return TensorError(
            row.node,
            row.tensor,
            row.scale,
            row.zero_point,
            round(float(sqnr), 2),
            self.below / self.count,
            self.above / self.count,
            tuple(self.histogram.tolist()),
        )


def by_tensor(errors: Sequence[TensorError]) -> Mapping[str, TensorError]:
    return {error.tensor: error for error in errors}
