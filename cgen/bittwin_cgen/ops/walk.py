"""The elements of a tensor that a kernel visits, as the C struct btw_walk."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bittwin_cgen.ir import Constant, Struct


def walk(sizes: Sequence[int], strides: Sequence[int]) -> Struct:
    """Dimensions from the slowest to the fastest with their steps in elements; those that lie dense become one."""
    merged: list[tuple[int, int]] = []
    for size, stride in zip(sizes, strides, strict=True):
        if size == 1:
            continue
        if merged and merged[-1][1] == size * stride:
            merged[-1] = merged[-1][0] * size, stride
        else:
            merged.append((size, stride))
    merged = merged or [(1, 0)]
    return Struct(
        "btw_walk",
        dict(
            count=math.prod(size for size, _ in merged),
            rank=len(merged),
            sizes=Constant(np.array([size for size, _ in merged], np.int32)),
            strides=Constant(np.array([stride for _, stride in merged], np.int32)),
        ),
    )
