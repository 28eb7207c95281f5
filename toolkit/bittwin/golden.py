"""The onnxruntime sessions that are right, and the machines on which they are.

Measured with onnxruntime 1.32 on x86-64 with AVX2 and FMA: s8 x s8 models with session.qdqisint8allowed=1 at EXTENDED
fuse to QLinear operators and compute what their formulas say. Default sessions do not: with u8 x s8 weights the
accumulators of 16 bits saturate, and s8 x s8 runs as a mixture of integer and float.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array

SESSION = "session.qdqisint8allowed=1, ORT_ENABLE_EXTENDED"
NUMPY = "numpy reference"


def golden_name() -> str:
    """What int8 results are compared with on this machine."""
    return NUMPY if why_not_golden() else f"onnxruntime ({SESSION})"


def why_not_golden() -> str | None:
    """Why onnxruntime on this machine cannot be the reference for int8, or None where it can."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return f"onnxruntime computes int8 otherwise on {platform.machine()} than on x86-64"
    flags = Path("/proc/cpuinfo")
    if flags.is_file() and not {"avx2", "fma"} <= set(flags.read_text().split()):
        return "onnxruntime computes int8 otherwise without AVX2 and FMA"
    return None


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """The golden session of a model, float or s8 x s8."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 4
    options.enable_mem_reuse = False  # shapes of some pools with ceil_mode are inferred too large, and reuse then fails
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each status
        first = str(error).strip().splitlines()[0]
        raise BittwinError("onnxruntime", f"does not load the model ({first})", "Repair the model") from None


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
