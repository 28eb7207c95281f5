"""Choosing a kernel (the first of the target's best instruction set that accepts the layer), and structs they share."""

from collections.abc import Sequence

import numpy as np

from bittwin_cgen.fixed_point import ProvedRequantization
from bittwin_cgen.ir import Constant, Kernel, Layer, Struct


def select(kernels: Sequence[Kernel], layer: Layer, dtype: str | None = None) -> tuple[Kernel, dict[str, str]]:
    """(kernel, {symbol of each one refused: why}); dtype defaults to the kernel suffix of the layer's output."""
    wanted = dtype or kernel_dtype(layer.output.dtype)
    refused: dict[str, str] = {}
    for isa in layer.target.isas:
        for kernel in kernels:  # in a table the more special one comes first
            if kernel.isa != isa or kernel.dtype != wanted:
                continue
            reason = kernel.accepts(layer)
            if reason is None:
                refused.pop(kernel.symbol, None)  # of a row that has the same symbol
                return kernel, refused
            refused[kernel.symbol] = reason
    raise ValueError(f"no kernel for {wanted} on {layer.target.name}: {refused or 'none of that type'}")


def kernel_dtype(dtype: str) -> str:
    """The suffix of C names: float32 is f32, int8 is s8."""
    if dtype == "bool":
        return "u8"
    return dtype.replace("float", "f").replace("uint", "u").replace("int", "s")


def needs_aarch64(layer: Layer) -> str | None:
    """Why not, for kernels of intrinsics that Armv7-A lacks."""
    return "needs AArch64" if layer.target.armv7 else None


def requantization_struct(proved: ProvedRequantization) -> Struct:
    """The C `btw_requantization` of a layer; float32 scales only where a channel has no proof."""
    unproved = bool((proved.multiplier == 0).any())
    return Struct(
        "btw_requantization",
        {
            "multiplier": Constant(proved.multiplier.astype(np.int32)),
            "scale": Constant(proved.scale.astype(np.float32).view(np.uint32)) if unproved else None,
            "offset": proved.offset,
            "shift": proved.shift,
            "zero_point": proved.zero_point,
        },
    )


def unproved_note(proved: ProvedRequantization) -> tuple[str, ...]:
    """A note for the manifest on channels that requantize by the exact form."""
    count = int((proved.multiplier == 0).sum())
    return (
        (f"{count} of {proved.multiplier.size} channels requantize without a proof, by the exact form",)
        if count
        else ()
    )
