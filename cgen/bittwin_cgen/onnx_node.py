"""An ONNX node as an operator reads it: attributes, constants, weights behind DequantizeLinear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Array, Node, Op, TensorType

LARGEST_STEP = 1 << 15  # of strides, dilations and kernels


@dataclass(frozen=True, eq=False)
class Codes:
    """Constant codes behind a DequantizeLinear; scale and zero point are scalars or run along `axis`."""

    codes: Array
    scale: Array
    zero_point: Array
    axis: int

    def centred(self, offset: int) -> Array | None:
        """int8 codes with a zero point of 0; None where onnxruntime has no integer form, or they do not fit.

        Weights of uint8 go with activations of uint8, which have an `offset`.
        """
        if self.codes.dtype == np.int8:
            return self.codes if not np.any(self.zero_point) else None
        if self.codes.dtype != np.uint8 or not offset:
            return None
        along = [-1 if i == self.axis else 1 for i in range(self.codes.ndim)]
        zero_point = self.zero_point.reshape(along if self.zero_point.size > 1 else ())
        values = self.codes.astype(np.int16) - zero_point.astype(np.int16)
        return values.astype(np.int8) if values.min() >= -128 and values.max() <= 127 else None


@dataclass(frozen=True)
class OnnxNode:
    """One node with what is known of its inputs; an absent optional input is ''."""

    name: str
    op_type: str
    opset: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    types: Mapping[str, TensorType]
    constants: Mapping[str, Array]
    codes: Mapping[str, Codes]

    @property
    def where(self) -> str:
        return f"node {self.name!r} ({self.op_type})"

    def refuse(self, what: str, do: str) -> BittwinError:
        return BittwinError(self.where, what, do)

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and bool(self.inputs[index])

    def known(self, index: int) -> Array | None:
        """The value of an input if it is a constant."""
        return self.constants.get(self.inputs[index]) if self.has(index) else None

    def constant(self, index: int, role: str) -> Array:
        """The value of an input that has to be constant; raises BittwinError where it is computed at run time."""
        value = self.known(index)
        if value is None:
            raise self.refuse(f"its {role} is not a constant", "Export with the value baked in as an initializer")
        return value

    def weight(self, index: int, role: str) -> Array:
        """A float32 constant; raises BittwinError for other types and for values that are not finite."""
        value = self.constant(index, role)
        if value.dtype != np.float32:
            raise self.refuse(f"its {role} is {value.dtype}", "Convert the model to float32")
        if not np.isfinite(value).all():
            raise self.refuse(f"its {role} has values that are not finite (NaN or infinity)", "Repair the weights")
        return value

    def scales(self, index: int, role: str = "scale", subnormal: bool = False) -> Array:
        """Constant scales; raises BittwinError unless all are positive and finite, and normal unless `subnormal`.

        Vectors of Armv7-A take subnormal numbers for 0. The scale of a bias, a product of two, may be so small.
        """
        value = self.weight(index, role)
        wrong = ~(value > 0) if subnormal else ~(value >= np.finfo(np.float32).tiny)
        if wrong.any():
            raise self.refuse(
                f"its {role} is {value[wrong][0]}", "Use positive, normal scales: quantize the model again"
            )
        return value

    def activation(self, index: int) -> str:
        """The name of an input that is computed at run time."""
        if not self.has(index):
            raise self.refuse(f"input {index} is missing", "Repair the model")
        return self.inputs[index]

    def rank(self, index: int = 0) -> int:
        return len(self.shape(index))

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Of an input, which may be a constant."""
        name = self.activation(index)
        return self.types[name].shape if name in self.types else self.constants[name].shape

    def dtype(self, index: int = 0) -> str:
        """Of an input, which may be a constant."""
        name = self.activation(index)
        return self.types[name].dtype if name in self.types else str(self.constants[name].dtype)

    def axis(self, value: int, rank: int) -> int:
        """An axis from 0 on; raises BittwinError outside -rank .. rank - 1."""
        if not -rank <= value < rank:
            raise self.refuse(f"axis {value} of a tensor of rank {rank}", "Repair the model")
        return value % rank

    def sizes(self, name: str, count: int) -> tuple[int, ...]:
        """A list of `count` positive attributes, 1 where it is absent."""
        values = tuple(self.attribute(name, [1] * count))
        if len(values) != count or any(not 1 <= value <= LARGEST_STEP for value in values):
            raise self.refuse(f"{name} is {list(values)}", f"Use {count} numbers of 1 to {LARGEST_STEP}")
        return values

    def node(self, op: Op, *inputs: str) -> list[Node]:
        """What a reader returns when the ONNX node is one operator with one output."""
        return [Node(self.name, op, inputs, self.outputs[0])]

    def no_training(self) -> None:
        if self.attribute("training_mode", 0):
            raise self.refuse("training_mode is 1", "Export the model in evaluation mode")


def spatial_padding(node: OnnxNode, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
    """(begin..., end...) from `pads` or `auto_pad`, one pair for each spatial dimension of `sizes`."""
    count = len(sizes)
    strides, dilations = node.sizes("strides", count), node.sizes("dilations", count)
    auto = node.attribute("auto_pad", "NOTSET")
    if auto in ("NOTSET", ""):
        pads = tuple(node.attribute("pads", [0] * 2 * count))
        if len(pads) != 2 * count or any(not 0 <= pad <= LARGEST_STEP for pad in pads):
            raise node.refuse(f"pads are {list(pads)}", "Use non-negative pads, two for each spatial dimension")
        return pads
    if auto == "VALID":
        return (0,) * (2 * count)
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise node.refuse(f"auto_pad is {auto!r}", "Use explicit pads")
    total = [
        max(0, (-(-size // stride) - 1) * stride + (k - 1) * dilation + 1 - size)
        for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True)
    ]
    smaller = [pad // 2 for pad in total]
    larger = [pad - half for pad, half in zip(total, smaller, strict=True)]
    return (*smaller, *larger) if auto == "SAME_UPPER" else (*larger, *smaller)
