"""Cast between float32, integers and bool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from bittwin_cgen.ir import NUMBERS, Array, Call, Kernel, Layer, Node, Op, Struct, TensorType
from bittwin_cgen.kernels import select
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops.reshape import Reshape

ORDER = ("float32", "int8", "uint8", "int32", "int64", "bool", "int16", "uint16")  # as in cast_u8.h
CODES = {dtype: code for code, dtype in enumerate(ORDER)}


@dataclass(frozen=True)
class Cast(Op):
    """To `dtype`: floats are cut towards zero, integers wrap, bool is whether a value is not 0."""

    dtype: str
    takes = NUMBERS

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, self.dtype)

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return True

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        if np.issubdtype(values[0].dtype, np.floating) and output.dtype not in ("bool", "float32", "float64"):
            return np.clip(values[0], -(2.0**62), 2.0**62).astype(np.int64).astype(output.dtype)
        return values[0].astype(output.dtype)

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer, "u8")
        fields = dict(
            channels=layer.output.layout[2], from_type=CODES[layer.inputs[0].dtype], to_type=CODES[self.dtype]
        )
        return Call(kernel, Struct("btw_cast_u8", fields), summary=f"to {self.dtype}", refused=refused)


KERNELS = (Kernel("btw_cast_u8_scalar", "pixels", "u8", "scalar", "cast"),)


def read_cast(node: OnnxNode) -> list[Node]:
    """ONNX Cast; to the type that the values have already it is nothing."""
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(node.attribute("to")))
    except KeyError:
        dtype = f"type {node.attribute('to')}"
    if dtype not in NUMBERS:
        raise node.refuse(f"to {dtype}", f"Use one of: {', '.join(sorted(NUMBERS))}")
    known = node.types[node.activation(0)]
    if known.dtype == dtype and known.quantization is None:
        return node.node(Reshape(known.shape), node.activation(0))
    return node.node(Cast(dtype), node.activation(0))
