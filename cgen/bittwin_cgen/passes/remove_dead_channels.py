"""Channels that change no output: whose value is constant, or that only weights of zero read. int8, exact.

A channel is constant where all weights that make it are zero, or meet only constant channels. What a constant channel
adds to a convolution goes into its bias, unless pixels outside the image have another value: then it is not the same at
the border, and the channel stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bittwin_cgen.fixed_point import requantize
from bittwin_cgen.ir import Array, Graph, Node, Op, Savings, TensorType
from bittwin_cgen.ops.add import Add
from bittwin_cgen.ops.average_pool import AveragePool
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.concat import Concat
from bittwin_cgen.ops.conv2d import Conv2d
from bittwin_cgen.ops.global_average_pool import GlobalAveragePool
from bittwin_cgen.ops.linear import Linear
from bittwin_cgen.ops.max_pool import MaxPool
from bittwin_cgen.ops.mul import Mul
from bittwin_cgen.ops.reshape import Reshape
from bittwin_cgen.ops.table import Table
from bittwin_cgen.ops.weighted import layer_scale

CHANNELWISE = (Table, MaxPool, AveragePool, GlobalAveragePool)  # channel c of the output is made from c of the input
PAIRWISE = (Add, Mul, Binary)  # and of two inputs of that shape
Place = tuple[str, int]  # tensor, channel


def remove_dead_channels(graph: Graph) -> Graph:
    """Again and again, for what is gone may have been the only reader of something else."""
    if all(type.dtype != "int8" for type in graph.types.values()):
        return graph
    while (smaller := _once(graph)) is not None:
        graph = smaller
    return graph


def _once(graph: Graph) -> Graph | None:
    constants = _constants(graph)
    dead = _dead(graph, constants)
    return _without(graph, constants, dead) if dead else None


# ---------------------------------------------------------------- which channels are constant


def _constants(graph: Graph) -> dict[str, Array]:
    """{int8 tensor: float64 [channels], the code that a channel always has, or NaN}."""
    found: dict[str, Array] = {}
    for node in graph.nodes:
        types, output = graph.input_types(node), graph.types[node.output]
        if output.dtype != "int8" or output.quantization is None or len(output.shape) < 2:
            continue
        known = [found.get(name, _unknown(graph.types[name])) for name in node.inputs]
        op = node.op
        if isinstance(op, Conv2d) and types[0].quantization is not None:
            found[node.output] = _of_conv(op, known[0], types[0], output)
        elif isinstance(op, Reshape) and _flattens(op, types[0], output):
            found[node.output] = np.repeat(known[0], math.prod(types[0].shape[2:]))
        elif isinstance(op, CHANNELWISE) or (isinstance(op, PAIRWISE) and _same_shapes(graph, node)):
            found[node.output] = _by_value(op, known, types, output)
        elif isinstance(op, Concat) and op.axis == 1:
            values = [
                part if t.quantization == output.quantization else part * np.nan
                for part, t in zip(known, types, strict=True)
            ]
            found[node.output] = np.concatenate(values)
    return found


def _unknown(type: TensorType) -> Array:
    return np.full(type.shape[1] if len(type.shape) > 1 else 1, np.nan)


def _of_conv(op: Conv2d, known: Array, x: TensorType, y: TensorType) -> Array:
    assert x.quantization and y.quantization
    channels, size = op.weight.shape[1], len(op.weight) // op.groups
    result = np.full(len(op.weight), np.nan)
    scale = layer_scale(x, op.weight_scale, y)
    sums = op.weight.astype(np.int64).sum((2, 3))
    used = (op.weight != 0).any((2, 3))
    even = known if not _has_border(op) else np.where(known == op.outside, known, np.nan)
    for oc in range(len(op.weight)):
        start = oc // size * channels
        values = even[start : start + channels]
        if np.isnan(values[used[oc]]).any():
            continue
        codes = np.where(used[oc], values, 0).astype(np.int64) - x.quantization.zero_point
        acc = int(op.bias[oc]) + int((sums[oc] * codes * used[oc]).sum())
        result[oc] = requantize(np.array([acc]), scale[oc : oc + 1], y.quantization.zero_point)[0]
    return result


def _has_border(op: Conv2d) -> bool:
    """True where windows reach pixels outside the image that do not repeat its own."""
    return op.mode == "constant" and any(op.padding)


def _by_value(op: Op, known: list[Array], types: tuple[TensorType, ...], y: TensorType) -> Array:
    """Of operators that work on each channel alone: what they make of images of these constants."""
    images = []
    for values, type in zip(known, types, strict=True):
        codes = np.where(np.isnan(values), 0, values).astype(np.int8)
        images.append(np.broadcast_to(codes.reshape(1, -1, *[1] * (len(type.shape) - 2)), (1, *type.shape[1:])))
    one = [replace(type, shape=(1, *type.shape[1:])) for type in (*types, y)]
    made = op.for_one_image().interpret(images, one[:-1], one[-1]).reshape(y.shape[1], -1)
    even = (made == made[:, :1]).all(1) & ~np.isnan(np.stack(known)).any(0)
    return np.where(even, made[:, 0].astype(np.float64), np.nan)


# ---------------------------------------------------------------- which may go


@dataclass
class _Groups:
    """Channels that can only go together, and those that have to stay."""

    parent: dict[Place, Place] = field(default_factory=dict)
    kept: set[Place] = field(default_factory=set)

    def root(self, place: Place) -> Place:
        path = []
        while self.parent.get(place, place) != place:
            path.append(place)
            place = self.parent[place]
        for passed in path:
            self.parent[passed] = place
        return place

    def join(self, a: Place, b: Place) -> None:
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[a] = b
            if a in self.kept:
                self.kept.add(b)

    def keep(self, place: Place) -> None:
        self.kept.add(self.root(place))

    def keep_all(self, name: str, type: TensorType) -> None:
        for c in range(type.shape[1] if len(type.shape) > 1 else 0):
            self.keep((name, c))


def _dead(graph: Graph, constants: Mapping[str, Array]) -> dict[str, Array]:
    """{tensor: bool [channels]} of what may go, at least one channel of each tensor staying."""
    groups = _Groups()
    for name in {port.tensor for port in (*graph.inputs, *graph.outputs)}:
        groups.keep_all(name, graph.types[name])
    for node in graph.nodes:
        _constrain(graph, node, constants, groups)
    names = {name for node in graph.nodes for name in (*node.inputs, node.output) if len(graph.types[name].shape) > 1}
    while True:
        dead = {
            name: np.array([groups.root((name, c)) not in groups.kept for c in range(graph.types[name].shape[1])])
            for name in sorted(names)
        }
        empty = [name for name, gone in dead.items() if gone.all()]
        if not empty:
            return {name: gone for name, gone in dead.items() if gone.any()}
        groups.keep((empty[0], 0))


def _constrain(graph: Graph, node: Node, constants: Mapping[str, Array], groups: _Groups) -> None:
    op, y = node.op, graph.types[node.output]
    quantized = y.dtype == "int8" and y.quantization is not None and len(y.shape) > 1
    x = graph.types[node.inputs[0]] if node.inputs else None
    if quantized and isinstance(op, Conv2d) and x is not None and op.groups == 1:
        for c in range(x.shape[1]):
            if not _folds(op, c, constants.get(node.inputs[0])):
                groups.keep((node.inputs[0], c))
    elif quantized and isinstance(op, Conv2d) and x is not None and op.depthwise:
        size = len(op.weight) // op.groups
        for oc in range(len(op.weight)):
            groups.join((node.inputs[0], oc // size), (node.output, oc))
    elif quantized and (isinstance(op, CHANNELWISE) or (isinstance(op, PAIRWISE) and _same_shapes(graph, node))):
        for name in node.inputs:
            for c in range(y.shape[1]):
                groups.join((name, c), (node.output, c))
    elif quantized and isinstance(op, Concat) and op.axis == 1:
        start = 0
        for name in node.inputs:
            for c in range(graph.types[name].shape[1]):
                groups.join((name, c), (node.output, start + c))
            start += graph.types[name].shape[1]
    elif quantized and isinstance(op, Reshape) and x is not None and _flattens(op, x, y):
        pixels = math.prod(x.shape[2:])
        for k in range(y.shape[1]):
            groups.join((node.inputs[0], k // pixels), (node.output, k))
    elif quantized and isinstance(op, Linear) and x is not None:
        known = constants.get(node.inputs[0])
        for k in range(x.shape[1]):
            if (op.weight[:, k] != 0).any() and (known is None or np.isnan(known[k])):
                groups.keep((node.inputs[0], k))
        groups.keep_all(node.output, y)
    else:
        for name in (*node.inputs, node.output):
            groups.keep_all(name, graph.types[name])


def _folds(op: Conv2d, c: int, known: Array | None) -> bool:
    """True where input channel c adds nothing to a convolution, or the same everywhere."""
    if not op.weight[:, c].any():
        return True
    if known is None or np.isnan(known[c]):
        return False
    return not _has_border(op) or known[c] == op.outside


def _same_shapes(graph: Graph, node: Node) -> bool:
    return len({graph.types[name].shape for name in (*node.inputs, node.output)}) == 1


def _flattens(op: Reshape, x: TensorType, y: TensorType) -> bool:
    return len(x.shape) > 2 and len(y.shape) == 2 and y.shape[0] == x.shape[0] and not op.channels_last


# ---------------------------------------------------------------- without them


def _without(graph: Graph, constants: Mapping[str, Array], dead: Mapping[str, Array]) -> Graph:
    types, live = dict(graph.types), dict(graph.live)
    for name, gone in dead.items():
        type = types[name]
        types[name] = replace(type, shape=(type.shape[0], int((~gone).sum()), *type.shape[2:]))
        before = np.array(live.get(name, range(type.shape[1])))
        live[name] = tuple(int(c) for c in before[~gone])
    nodes = []
    for node in graph.nodes:
        x, y = node.inputs[0] if node.inputs else "", node.output
        op = _smaller(node.op, graph.types.get(x), types[y], constants.get(x), dead.get(x), dead.get(y))
        nodes.append(replace(node, op=op))
    (macs, weights), (macs_left, weights_left) = _sizes(graph.nodes, graph.types), _sizes(nodes, types)
    saved = graph.savings
    savings = Savings(
        saved.channels + sum(int(gone.sum()) for gone in dead.values()),
        saved.macs + macs - macs_left,
        saved.weights + weights - weights_left,
    )
    return replace(graph, nodes=tuple(nodes), types=types, live=live, savings=savings)


def _sizes(nodes: Sequence[Node], types: Mapping[str, TensorType]) -> tuple[int, int]:
    """(multiplications, weights)."""
    macs = sum(node.op.macs([types[name] for name in node.inputs], types[node.output]) for node in nodes)
    return macs, sum(node.op.weight.size for node in nodes if isinstance(node.op, (Conv2d, Linear)))


def _smaller(
    op: Op, x: TensorType | None, y: TensorType, known: Array | None, inside: Array | None, outside: Array | None
) -> Op:
    """The operator without the channels that are dead on either side; what constant ones add goes into the bias."""
    if isinstance(op, Reshape):
        return replace(op, shape=y.shape)
    if not isinstance(op, (Conv2d, Linear)) or (inside is None and outside is None):
        return op
    weight, bias = op.weight, op.bias.astype(np.int64)
    assert x is not None
    groups = op.groups if isinstance(op, Conv2d) and op.depthwise else 0
    if inside is not None and not groups:
        assert x.quantization
        codes = np.zeros(len(inside)) if known is None else np.where(np.isnan(known), x.quantization.zero_point, known)
        constant = np.where(inside, codes - (0 if known is None else x.quantization.zero_point), 0).astype(np.int64)
        sums = weight.astype(np.int64).reshape(*weight.shape[:2], -1).sum(2)
        bias = bias + (sums * constant).sum(1)
        weight = weight[:, ~inside]
    kept = np.ones(len(weight), bool) if outside is None else ~outside
    scale = op.weight_scale
    op = replace(
        op,
        weight=weight[kept],
        bias=bias[kept],
        weight_scale=None if scale is None else np.broadcast_to(scale, kept.shape)[kept],
    )
    if isinstance(op, Conv2d) and groups and inside is not None:
        return replace(op, groups=groups - int(inside.sum()))
    return op
