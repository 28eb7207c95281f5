"""Helium: output pixels in pieces of 16 bytes, each from where its bytes lie in the input pixel."""

from __future__ import annotations

import numpy as np

from bittwin_cgen.ir import Array, Constant, Struct

BYTES = 16
REACH = 256  # of a byte's offset in a piece


def pack_pixels(sources: Array, fill: Array | None, input_pixel: int, output_width: int) -> Struct | None:
    """The pieces of int64 `sources` [bytes of an output pixel], negative where the fill value goes; None if too far.

    fill: uint8 bytes of one value. Pixels of up to 8 bytes are moved several at a time; the last piece of larger ones
    overlaps the one before.
    """
    size, real = len(sources), sources[sources >= 0]
    if not real.size:
        return None
    together = max(1, min(BYTES // size, output_width))
    while together > 1 and np.ptp(real) + (together - 1) * input_pixel >= REACH:
        together -= 1
    begins = [*range(0, size - BYTES, BYTES), size - BYTES] if size >= BYTES else [0]
    steps = np.arange(together)[:, None] * input_pixel
    all_sources = np.where(sources < 0, -1, sources + steps).reshape(-1)
    value = np.zeros(1, np.uint8) if fill is None else fill
    pieces = []
    for begin in begins:
        part = all_sources[begin : begin + BYTES]
        taken = np.flatnonzero(part >= 0)
        first = int(part[taken].min(initial=REACH * REACH)) if taken.size else 0
        offsets = np.where(part < 0, 0, part - first)
        if offsets.max() >= REACH:
            return None
        apart = len(part) < BYTES or not np.array_equal(offsets, np.arange(BYTES))
        lanes = np.zeros(BYTES, np.uint8)
        lanes[: len(part)] = offsets
        fields = dict(
            **{"from": first},
            to=begin,
            apart=int(apart),
            taken=sum(1 << int(lane) for lane in taken),
            offsets=Constant(lanes),
            fill=Constant(value[(begin + np.arange(BYTES)) % len(value)]),
        )
        pieces.append(Struct("btw_gather_piece_mve", fields))
    pixel = dict(input_pixel=input_pixel, output_pixel=size, together=together)
    return Struct("btw_gather_pixels_u8_mve_layer", pixel | dict(count=len(pieces), pieces=tuple(pieces)))
