"""What the kernels of convolutions and fully connected layers are made from: weights, folded bias, requantization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.fixed_point import (
    ProvedRequantization,
    Suspects,
    accumulator_range,
    check_ratio,
    prove_requantization,
    requantize_scale,
    suspects,
)
from bittwin_cgen.ir import Array, Call, Field, Kernel, Layer, Node, TensorType, Window
from bittwin_cgen.kernels import select, unproved_note


@dataclass(frozen=True, eq=False)
class Weighted(Layer):
    """A layer with weights. In int8 the bias holds what the input zero point adds, every partial sum fits int32."""

    weight: Array  # [output channels, input channels / groups, height, width], int8 or float32
    bias: Array  # [output channels], int32 or float32
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    window: Window | None = None  # None: each pixel by itself
    low: float = -math.inf  # clip of the result, float only
    high: float = math.inf
    requantization: ProvedRequantization | None = None  # int8 only
    compact: bool = False  # no more than a byte a weight in int8
    direct: bool = False  # no more constants than weights

    @property
    def depthwise(self) -> bool:
        return self.weight.shape[1] == 1 and self.groups > 1

    @property
    def output_channels(self) -> int:
        return int(self.weight.shape[0])

    @property
    def input_channels(self) -> int:
        return int(self.weight.shape[1]) * self.groups

    @property
    def kernel_height(self) -> int:
        return int(self.weight.shape[2])

    @property
    def kernel_width(self) -> int:
        return int(self.weight.shape[3])

    @cached_property
    def pointwise(self) -> bool:
        """1x1, stride 1, no padding, one group: pixels do not depend on where they lie."""
        plain = self.weight.shape[2:] == (1, 1) and self.groups == 1 and self.stride == (1, 1)
        in_place = self.inputs[0].layout[:2] == self.output.layout[:2]
        return plain and (self.window is None or ((self.window.top, *self.window.pads) == (0, 0, 0) and in_place))

    @cached_property
    def suspects(self) -> Suspects:
        """Multipliers for the channels without a proof, and which of the codes they give are to be computed again."""
        assert self.requantization is not None
        low, high, _ = accumulator_range(self.weight.reshape(self.output_channels, -1), self.bias)
        return suspects(self.requantization, low, high)

    @cached_property
    def multiplier(self) -> Array:
        """int32[output channels]: proved multipliers, and those of `suspects`."""
        assert self.requantization is not None
        found = self.requantization.multiplier.copy()
        found[found == 0] = self.suspects.multiplier
        return found

    def sizes(self) -> dict[str, Field]:
        """The fields that C structs of convolutions begin with."""
        return dict(
            input_channels=self.input_channels,
            output_channels=self.output_channels,
            groups=self.groups,
            kernel_height=self.kernel_height,
            kernel_width=self.kernel_width,
            stride_width=self.stride[1],
            dilation_width=self.dilation[1],
            output_width=self.output.layout[1],
        )

    def call(self, kernels: Sequence[Kernel], summary: str) -> Call:
        """A call of the first kernel that accepts this layer."""
        narrow = [
            kernel
            for kernel in kernels
            if not (self.compact and kernel.widened) and not (self.direct and kernel.transformed)
        ]
        kernel, refused = select(narrow, self)
        assert kernel.pack is not None
        notes = unproved_note(self.requantization) if self.requantization else ()
        if self.compact:
            notes += ("a byte a weight, so that constants fit the flash",)
        elif self.direct:
            notes += ("weights as they are, not transformed, so that constants fit the flash",)
        return Call(
            kernel,
            kernel.pack(self),
            self.window if kernel.form in ("rows", "row_pairs") else None,
            summary,
            refused,
            notes,
            kernel.scratch(self) if kernel.scratch else 0,
        )


def folded_bias(weight: Array, bias: Array, x: TensorType) -> Array:
    """int64[OC]: the bias minus what the zero point of x adds to every sum; weight [OC, ...] and bias are codes."""
    assert x.quantization is not None
    taps = weight.reshape(len(weight), -1).astype(np.int64)
    return bias.astype(np.int64) - x.quantization.zero_point * taps.sum(1)


def layer_scale(x: TensorType, weight_scale: Array | None, y: TensorType) -> Array:
    """float32[OC]: from accumulators to codes of y; raises ValueError where that overflows."""
    assert x.quantization and y.quantization and weight_scale is not None
    scale = requantize_scale(np.float32(x.quantization.scale), weight_scale, np.float32(y.quantization.scale))
    check_ratio(scale, f"{x.quantization.scale:g} * {np.max(weight_scale):g} / {y.quantization.scale:g}")
    return scale


def proved_layer(
    layer: Layer, weight: Array, bias: Array, weight_scale: Array | None
) -> tuple[Array, ProvedRequantization]:
    """(int32 folded bias, requantization); raises BittwinError where an accumulator could overflow."""
    folded = folded_bias(weight, bias, layer.inputs[0])
    low, high, magnitude = accumulator_range(weight.reshape(len(weight), -1), folded)
    refuse_overflow(layer.node, magnitude)
    assert layer.output.quantization is not None
    scale = layer_scale(layer.inputs[0], weight_scale, layer.output)
    return folded.astype(np.int32), prove_requantization(scale, layer.output.quantization.zero_point, low, high)


def refuse_overflow(node: Node, magnitude: Array) -> None:
    """Raises BittwinError unless every partial sum of every channel fits int32."""
    largest = int(np.max(magnitude))
    if largest >= 1 << 31:
        channel = int(np.argmax(magnitude))
        raise BittwinError(
            f"node {node.name!r}",
            f"an int32 accumulator could overflow: output channel {channel} can reach {largest}, more than 2147483647",
            "Quantize again with a calibration set that gives this layer's bias a larger scale",
        )
