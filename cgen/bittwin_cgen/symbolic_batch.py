"""Models whose batch has a name instead of a number: it becomes 1, and the model remembers that."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import onnx

from bittwin_cgen.errors import BittwinError

KEY = "bittwin.batch"  # of the model's metadata: what was set


def with_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with a batch of 1 where the first dimension of an input has no size; as it is where all have one.

    Only a first dimension that is followed by known ones counts as a batch. Of other dimensions nobody knows the size:
    `check_dimension` refuses them.
    """
    known = {tensor.name for tensor in model.graph.initializer}
    found = [value for value in model.graph.input if value.name not in known and _has_batch(value)]
    if not found:
        return model
    names = {value.type.tensor_type.shape.dim[0].dim_param for value in found} - {""}
    if any(d.dim_param in names for value in model.graph.input for d in list(_dimensions(value))[1:]):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    inputs = {value.name for value in found}
    for value in (*changed.graph.input, *changed.graph.output, *changed.graph.value_info):
        for axis, dimension in enumerate(_dimensions(value)):
            if dimension.dim_param in names or (axis == 0 and value.name in inputs):
                dimension.dim_value = 1
            elif dimension.HasField("dim_value") and dimension.dim_value < 1:
                dimension.ClearField("dim_value")  # -1, as some exporters write what they do not know
    entry = changed.metadata_props.add()
    entry.key = KEY
    entry.value = ", ".join(sorted(map(repr, names)) or ["the first dimension, which has no size,"]) + " is set to 1"
    return changed


def batch_note(model: onnx.ModelProto) -> str | None:
    """What `with_batch` has set, as a sentence; None where it had nothing to do."""
    said = {entry.key: entry.value for entry in model.metadata_props}.get(KEY)
    return said and f"batch: {said}"


def check_dimension(value: onnx.ValueInfoProto, axis: int) -> None:
    """Refuses a dimension of an input that has no size."""
    dimensions = list(_dimensions(value))
    dimension = dimensions[axis]
    if dimension.dim_value >= 1:
        return
    wanted = f"--dim_param {shlex.quote(dimension.dim_param)} --dim_value SIZE"
    if not dimension.dim_param:
        sizes = ",".join(str(d.dim_value) if d.dim_value > 0 else "SIZE" for d in dimensions)
        wanted = f"--input_name {shlex.quote(value.name)} --input_shape {sizes}"
    raise BittwinError(
        f"input {value.name!r}",
        f"dimension {axis} is dynamic ({repr(dimension.dim_param) if dimension.dim_param else 'unknown'})",
        "Only a batch may be. Export the model with a fixed input shape (no dynamic axes), or fix it: "
        f"python -m onnxruntime.tools.make_dynamic_shape_fixed {wanted} GIVEN.onnx FIXED.onnx",
    )


def _has_batch(value: onnx.ValueInfoProto) -> bool:
    first, *rest = [*_dimensions(value)] or [onnx.TensorShapeProto.Dimension()]
    unknown = first.dim_value < 0 or not first.HasField("dim_value")
    return unknown and bool(rest) and min(dimension.dim_value for dimension in rest) >= 1


def _dimensions(value: onnx.ValueInfoProto) -> Iterator[onnx.TensorShapeProto.Dimension]:
    return iter(value.type.tensor_type.shape.dim)
