"""Generated C whose int8 tables come from onnxruntime: `generate` and `compile_program` of the compiler, with it."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bittwin.simplifier import simplified
from bittwin_cgen import BittwinError, BudgetExceeded
from bittwin_cgen import generate as generate_alone
from bittwin_cgen.ir import Array, GeneratedModel, OnnxForm, Quantization
from bittwin_cgen.read_onnx import load_model

OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]


def generate(
    source: str | Path | bytes | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    ram: int | None = None,
    flash: int | None = None,
    name: str | None = None,
    camera: str | None = None,
) -> GeneratedModel:
    """The C of an ONNX model, simplified where it cannot be compiled as it is. `ram` bounds the arena, `flash` the
    constants, both in bytes.

    Raises BittwinError for models that cannot be compiled, BudgetExceeded where a bound does not hold.
    """
    proto = load_model(source)
    name = name or (Path(source).name.split(".")[0] if isinstance(source, (str, Path)) else None)
    try:
        return generate_alone(proto, target, schedule, ram, flash, name, unary_table, camera)
    except BudgetExceeded:
        raise
    except BittwinError as error:
        simple = simplified(proto) if error.where.startswith("node ") else None
        if simple is None:
            raise
        try:
            made = generate_alone(simple, target, schedule, ram, flash, name, unary_table, camera)
        except BudgetExceeded:
            raise
        except BittwinError:
            raise error from None
    facts = {**made.manifest, "simplified": True}
    return replace(made, manifest=facts, files={**made.files, f"{made.name}.json": json.dumps(facts, indent=1) + "\n"})


def unary_table(form: OnnxForm, x: Quantization, y: Quantization) -> Array:
    """int8[256]: what the golden session makes of all codes, between DequantizeLinear and QuantizeLinear."""
    model = _model(form, x, y)
    return np.frombuffer(_table(model.SerializeToString()), np.int8)


@functools.lru_cache(1024)
def _table(model: bytes) -> bytes:
    """Of a model from 256 codes to 256 codes; the same function with the same scales is asked for once."""
    from bittwin import golden  # loads onnxruntime, which a network without tables does not need

    proto = onnx.load_model_from_string(model)
    unsigned = proto.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    codes = np.arange(256, dtype=np.uint8) if unsigned else np.arange(-128, 128, dtype=np.int8)
    (made,) = golden.run(golden.session(proto), {"x": codes.reshape(1, 256)}).values()
    held = (made.astype(np.int16) - 128).astype(np.int8) if unsigned else made
    return bytes(held.reshape(-1).tobytes())


def _model(form: OnnxForm, x: Quantization, y: Quantization) -> onnx.ModelProto:
    if x.offset != y.offset:
        raise BittwinError(f"a table of {form.op_type}", "codes of two types", "Quantize the model again")
    dtype = np.dtype(np.uint8 if x.offset else np.int8)
    constants: dict[str, Any] = {
        name: value
        for side, meaning in (("x", x), ("y", y))
        for name, value in (
            (f"{side}_scale", np.float32(meaning.scale)),
            (f"{side}_zero", dtype.type(meaning.zero_point + meaning.offset)),
        )
    }
    given = {f"c{i}": value for i, value in enumerate(form.constants) if value is not None}
    inputs = ["real", *(f"c{i}" if value is not None else "" for i, value in enumerate(form.constants))]
    domain = "com.microsoft" if form.op_type == "QuickGelu" else ""
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "x_scale", "x_zero"], ["real"]),
        helper.make_node(form.op_type, inputs, ["made"], domain=domain, **form.attributes),
        helper.make_node("QuantizeLinear", ["made", "y_scale", "y_zero"], ["y"]),
    ]
    element = helper.np_dtype_to_tensor_dtype(dtype)
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info("x", element, [1, 256])],
        [helper.make_tensor_value_info("y", element, [1, 256])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants | given).items()],
    )
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=10)
