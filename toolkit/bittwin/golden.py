"""The onnxruntime sessions that are right, and the machines on which they are.

Measured with onnxruntime 1.32 on x86-64 with AVX2 and FMA: s8 x s8 models with session.qdqisint8allowed=1 at EXTENDED
fuse to QLinear operators and compute what their formulas say; for u8 activations session.x64quantprecision=1 does.
Default sessions do not: with u8 x s8 weights the accumulators of 16 bits saturate, and s8 x s8 runs as a mixture of
integer and float.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array

SESSION = "session.qdqisint8allowed=1, ORT_ENABLE_EXTENDED"
UINT8_SESSION = "session.x64quantprecision=1, ORT_ENABLE_EXTENDED"
NUMPY = "numpy reference"
PROVIDERS = ["CPUExecutionProvider"]


def session_of(model: onnx.ModelProto) -> str:
    """The session that computes a model as its formulas say."""
    return UINT8_SESSION if _activations(model) == {"uint8"} else SESSION


def _activations(model: onnx.ModelProto) -> set[str]:
    """The types of quantized activations, by their zero points."""
    constants = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                constants[node.output[0]] = attribute.t.data_type
    found = set()
    for node in model.graph.node:
        quantizes = node.op_type == "QuantizeLinear"
        reads = node.op_type == "DequantizeLinear" and node.input[0] not in constants
        if not (quantizes or reads or node.op_type.startswith("QLinear") or node.op_type == "QGemm"):
            continue
        index = {"QLinearConcat": 1, "QLinearWhere": 3}.get(node.op_type, 2)
        zero_point = constants.get(node.input[index]) if len(node.input) > index else None
        if zero_point is None and quantizes and len(node.input) < 3:
            zero_point = onnx.TensorProto.UINT8
        names = {onnx.TensorProto.UINT8: "uint8", onnx.TensorProto.INT8: "int8"}
        if zero_point in names:
            found.add(names[zero_point])
    return found


def golden_name(model: onnx.ModelProto) -> str:
    """What int8 results are compared with on this machine."""
    return NUMPY if why_not_golden(model) else f"onnxruntime ({session_of(model)})"


def why_not_golden(model: onnx.ModelProto | None = None) -> str | None:
    """Why onnxruntime on this machine cannot be the reference for a quantized model, or None where it can."""
    if model is not None and len(_activations(model)) > 1:
        return "no onnxruntime session is right for a model of both int8 and uint8 activations"
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"onnxruntime computes int8 otherwise on {platform.machine()} than on x86-64"
    flags = Path("/proc/cpuinfo")
    if flags.is_file() and not {"avx2", "fma"} <= set(flags.read_text().split()):
        return "onnxruntime computes int8 otherwise without AVX2 and FMA"
    return None


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """The golden session of a model."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*session_of(model).split(",")[0].split("="))
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 4
    options.enable_mem_reuse = False  # shapes of some pools with ceil_mode are inferred too large, and reuse then fails
    try:
        try:
            return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=PROVIDERS)
        except Exception:
            if session_of(model) != UINT8_SESSION or any(_has_no_zero_point(node) for node in model.graph.node):
                raise
            unsigned = with_uint8_weights(model).SerializeToString()
            return onnxruntime.InferenceSession(unsigned, options, providers=PROVIDERS)
    except Exception as error:  # onnxruntime has a class for each status
        first = str(error).strip().splitlines()[0]
        raise BittwinError("onnxruntime", f"does not load the model ({first})", "Repair the model") from None


def _has_no_zero_point(node: onnx.NodeProto) -> bool:
    return node.op_type == "DequantizeLinear" and (len(node.input) < 3 or not node.input[2])


def with_uint8_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose int8 weights and their zero points are 128 higher, as uint8: the same values.

    What session.x64quantprecision does; onnxruntime 1.32 fails to load some models whose weights several layers share.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8:
            codes = numpy_helper.to_array(tensor).view(np.uint8) ^ 0x80
            tensor.CopyFrom(numpy_helper.from_array(codes, tensor.name))
    return copy


def with_outputs(model: onnx.ModelProto, tensors: Mapping[str, str]) -> onnx.ModelProto:
    """A copy of the model that also gives {tensor: numpy dtype name}."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    present = {value.name for value in copy.graph.output}
    for name, dtype in tensors.items():
        if name not in present:
            element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
            copy.graph.output.append(onnx.helper.make_tensor_value_info(name, element, None))
    return copy


def run(golden: onnxruntime.InferenceSession, inputs: Mapping[str, Array]) -> dict[str, Any]:
    """{output: values} of one run."""
    names = [output.name for output in golden.get_outputs()]
    return dict(zip(names, golden.run(names, dict(inputs)), strict=True))
