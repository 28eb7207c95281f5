"""Int8 layers packed for kernels in assembler: channels without a proof, whose suspect codes are computed again."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Constant, Field, Struct
from bittwin_cgen.ops.weighted import Weighted

NONE_UNPROVED = Struct("btw_unproved", dict(count=0))


def unproved_struct(layer: Weighted) -> Struct:
    """The btw_unproved of a layer, weights in the order of its windows: rows, columns, input channels."""
    proved = layer.requantization
    assert proved is not None
    (channels,) = np.nonzero(proved.multiplier == 0)
    if not len(channels):
        return NONE_UNPROVED
    suspects = np.packbits(layer.suspects.codes, axis=1, bitorder="little").view("<u4").astype(np.uint32)
    weights = layer.weight[channels].transpose(0, 2, 3, 1).reshape(len(channels), -1)
    fields: dict[str, Field] = dict(
        count=len(channels),
        channel=Constant(channels.astype(np.int32)),
        weights=Constant(np.ascontiguousarray(weights).astype(np.int8)),
        bias=Constant(layer.bias[channels].astype(np.int32)),
        scale=Constant(proved.scale[channels].astype(np.float32).view(np.uint32)),
        suspects=Constant(suspects),
        zero_point=proved.zero_point,
    )
    return Struct("btw_unproved", fields)


def stored_twice(layer: Weighted) -> str | None:
    """Why a kernel of a byte a weight saves nothing: channels without a proof have their weights once more."""
    assert layer.requantization is not None
    count, channels = layer.requantization.unproved, layer.output_channels
    if 2 * count <= channels:
        return None
    return f"{count} of {channels} channels have no proof, and so their weights twice"


def unproved_cost(layer: Weighted, exact: float, mac: float) -> float:
    """Instructions for channels without a proof of an output row; of a requantization, of a multiplication.

    Every code is looked up; suspect ones are computed again, as if all codes were equally frequent.
    """
    taps = layer.weight.size / layer.output_channels
    again, channels = layer.suspects.codes.mean(axis=1).sum(), len(layer.suspects.codes)
    return float(layer.output.layout[1] * (12 * channels + again * (exact + mac * taps)))
