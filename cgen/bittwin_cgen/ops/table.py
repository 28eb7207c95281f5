"""A function of one int8 value, as a table of its 256 results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bittwin_cgen.ir import Array, Call, Constant, Kernel, Layer, OnnxForm, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import needs_aarch64, select


@dataclass(frozen=True, eq=False)
class TableSource:
    """What a table computes: quantize(form(dequantize(code)))."""

    form: OnnxForm
    x: Quantization
    y: Quantization


@dataclass(frozen=True, eq=False)
class Table(Op):
    """y = codes[x + 128]; `function` names what the table computes."""

    codes: Array  # int8 [256]
    function: str
    source: TableSource | None = None  # of a function that onnxruntime can be asked for
    asked: bool = False  # onnxruntime was
    takes = frozenset({"int8"})
    elementwise = True

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        return TensorType(inputs[0].shape, "int8")

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        return self.codes[values[0].astype(np.int32) + 128]

    def lower(self, layer: Layer) -> Call:
        kernel, refused = select(KERNELS, layer)
        struct = Struct("btw_table_s8", dict(channels=layer.output.layout[2], table=Constant(self.codes)))
        return Call(kernel, struct, summary=f"table of {self.function}", refused=refused, notes=self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        return ("the table is by numpy: onnxruntime was not asked",) if self.source and not self.asked else ()


def _a_vector(layer: Layer) -> str | None:
    _, width, channels = layer.output.layout
    return None if width * channels >= 8 else f"{width * channels} codes a row; vectors pay from 8 on"


KERNELS = (
    Kernel("btw_table_s8_mve", "pixels", "s8", "mve", "table", _a_vector, in_place=True),
    Kernel("btw_table_s8_neon", "pixels", "s8", "neon", "table", needs_aarch64, in_place=True),
    Kernel("btw_table_s8_armv7m", "pixels", "s8", "armv7m", "table", in_place=True),
    Kernel("btw_table_s8_scalar", "pixels", "s8", "scalar", "table", in_place=True),
)
