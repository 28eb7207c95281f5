"""Operators that move values, float32 and int8, against onnxruntime: random shapes, all kinds in each model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.verifier import verify
from bittwin_cgen import BittwinError
from bittwin_cgen.pipeline import compile_graph
from tests.toolkit.test_types import model_of

Random = np.random.Generator
SHAPES = ((1, 6, 4, 8), (1, 4, 6), (1, 3, 2, 4, 2))


class Moves:
    """A model with one input and one output for each operator put on it; int8: between codes of one scale."""

    def __init__(self, shape: tuple[int, ...], quantized: bool, seed: int) -> None:
        self.shape, self.quantized = shape, quantized
        self.random = np.random.default_rng((seed, *shape, quantized))
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.outputs: list[str] = []
        self.source = self.through("x") if quantized else "x"

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def through(self, x: str, scale: float = 0.03, zero_point: int = -7) -> str:
        """x quantized and dequantized."""
        meaning = [self.constant(scale, np.float32), self.constant(zero_point, np.int8)]
        codes, real = f"{x}_codes{len(self.nodes)}", f"{x}_real{len(self.nodes)}"
        self.nodes.append(helper.make_node("QuantizeLinear", [x, *meaning], [codes], codes))
        self.nodes.append(helper.make_node("DequantizeLinear", [codes, *meaning], [real], real))
        return real

    def put(
        self, operator: str, inputs: list[str], count: int = 1, source: str | None = None, **attributes: Any
    ) -> str:
        names = [f"{operator}{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, [source or self.source, *inputs], names, names[0], **attributes))
        return names[0] if count == 1 else ",".join(names)

    def end(self, *names: str, scale: float = 0.03) -> None:
        for name in names:
            self.outputs.append(self.through(name, scale) if self.quantized else name)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "moves",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.outputs],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", 20)]
        return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=10))


def slices(moves: Moves) -> None:
    random, rank = moves.random, len(moves.shape)
    for step in (1, 1, 2, -1, -2):
        axis = int(random.integers(1, rank))
        size = moves.shape[axis]
        start = int(random.integers(0, size))
        end = (1 << 63) - 1 if step > 0 else -(1 << 62)
        if step > 0 and random.random() < 0.5:
            end = int(random.integers(start + 1, size + 1)) - size or size
        bounds = [moves.constant([value]) for value in (start, end, axis - rank, step)]
        moves.end(moves.put("Slice", bounds))
    bounds = [moves.constant(values) for values in ([1] * (rank - 1), moves.shape[1:], range(1, rank))]
    if min(moves.shape[1:]) > 1:
        moves.end(moves.put("Slice", bounds))


def splits(moves: Moves) -> None:
    for axis, size in enumerate(moves.shape):
        if size > 2:
            names = moves.put("Split", [moves.constant([1, size - 2, 1])], count=3, axis=axis).split(",")
            moves.end(names[0], names[1])


def gathers(moves: Moves) -> None:
    for axis, size in list(enumerate(moves.shape))[1:]:
        indices = moves.random.integers(-size, size, (5,))
        moves.end(moves.put("Gather", [moves.constant(indices)], axis=axis))
    moves.end(moves.put("Gather", [moves.constant(-1)], axis=len(moves.shape) - 1))
    moves.end(moves.put("Gather", [moves.constant([[0, 1], [1, 0]])], axis=1))


def transposes(moves: Moves) -> None:
    rank = len(moves.shape)
    for _ in range(4):
        moves.end(moves.put("Transpose", [], perm=[0, *(1 + moves.random.permutation(rank - 1))]))
    moves.end(moves.put("Transpose", [], perm=list(moves.random.permutation(rank))))


def repeats(moves: Moves) -> None:
    counts = moves.random.integers(1, 3, len(moves.shape))
    counts[0] = 1
    moves.end(moves.put("Tile", [moves.constant(counts)]))
    moves.end(moves.put("Expand", [moves.constant([3 if size == 1 else size for size in moves.shape])]))


def pads(moves: Moves) -> None:
    rank = len(moves.shape)
    zero = moves.constant(0.5, np.float32)
    for mode in ("constant", "reflect", "edge", "wrap"):
        for axes in (range(1, rank), [1], [rank - 1]):
            before, after = moves.random.integers(-1, 2, (2, len(axes)))
            after = np.where(before < 0, np.abs(after), after)
            if mode == "reflect":  # onnxruntime wants two values to be left
                before, after = np.abs(before), np.abs(after)
            sides = moves.constant([*before, *after])
            value = [zero] if mode == "constant" else [""]
            moves.end(moves.put("Pad", [sides, *value, moves.constant(list(axes))], mode=mode))


def blocks(moves: Moves) -> None:
    if len(moves.shape) != 4:
        return
    four = moves.put("Pad", [moves.constant([0, 0, 0, 0, 0, 2, 0, 0])])
    four = moves.through(four) if moves.quantized else four
    for mode in ("DCR", "CRD"):
        moves.end(moves.put("DepthToSpace", [], source=four, blocksize=2, mode=mode))
    moves.end(moves.put("SpaceToDepth", [], blocksize=2))


def shuffles(moves: Moves) -> None:
    if len(moves.shape) < 4:
        return
    n, c, *rest = moves.shape
    split = moves.put("Reshape", [moves.constant([n, 2, c // 2, *rest])]) if c % 2 == 0 else None
    if split is None:
        return
    split = moves.through(split) if moves.quantized else split
    turned = moves.put("Transpose", [], source=split, perm=[0, 2, 1, *range(3, 3 + len(rest))])
    turned = moves.through(turned) if moves.quantized else turned
    moves.end(moves.put("Reshape", [moves.constant([n, c, *rest])], source=turned))


def nearest(moves: Moves) -> None:
    if len(moves.shape) not in (3, 4):
        return
    rounding = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    modes = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric")
    for i, coordinates in enumerate(modes):
        scales = [1.0, 1.0, *moves.random.choice([0.5, 0.7, 1.0, 1.5, 2.0, 2.6, 3.0], len(moves.shape) - 2)]
        attributes = dict(coordinate_transformation_mode=coordinates, nearest_mode=rounding[i % 4])
        moves.end(moves.put("Resize", ["", moves.constant(scales, np.float32)], mode="nearest", **attributes))
    sizes = [*moves.shape[:2], *(size + 3 for size in moves.shape[2:])]
    moves.end(moves.put("Resize", ["", "", moves.constant(sizes)], mode="nearest"))
    rank = len(moves.shape)
    for i, last in enumerate((1, 3, 0)):  # an axis that keeps its size is not cropped
        sizes = [*moves.shape[:-1], moves.shape[-1] + last] if last else [*moves.shape[:2], *([4] * (rank - 2))]
        starts, ends = moves.random.uniform(-0.3, 0.4, rank), moves.random.uniform(0.6, 1.3, rank)
        roi = moves.constant([0, 0, *starts[2:], 1, 1, *ends[2:]], np.float32)
        attributes = dict(nearest_mode=rounding[i], coordinate_transformation_mode="tf_crop_and_resize")
        attributes |= dict(extrapolation_value=0.5)  # type: ignore[dict-item]
        moves.end(moves.put("Resize", [roi, "", moves.constant(sizes)], mode="nearest", **attributes))


KINDS: tuple[Callable[[Moves], None], ...] = (
    slices, splits, gathers, transposes, repeats, pads, blocks, shuffles, nearest
)  # fmt: skip


@pytest.mark.parametrize("quantized", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_move_equals_onnxruntime(shape: tuple[int, ...], quantized: bool) -> None:
    moves = Moves(shape, quantized, 0)
    for kind in KINDS:
        kind(moves)
    report = verify(moves.model(), samples=2)
    bad = [(row.name, row.op, row.reason, row.max_error) for row in report.layers if not row.passed]
    assert not bad
    assert report.max_error == 0


@pytest.mark.parametrize("quantized", [False, True])
def test_weighted_resizes_equal_onnxruntime(quantized: bool) -> None:
    """int8: bit for bit where the support matrix says so; the last keeps its size, which is a copy."""
    moves = Moves((1, 3, 5, 7), quantized, 1)
    scales = ((2.0, 2.0), (0.6, 1.5), (1.7, 0.5), (3.0, 1.3), (1.05, 1.07))
    modes = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "asymmetric")
    for number, (scale, coordinates) in enumerate(zip(scales, modes, strict=True)):
        given = moves.constant([1.0, 1.0, *scale], np.float32)
        attributes = dict(mode="linear", coordinate_transformation_mode=coordinates)
        moves.end(moves.put("Resize", ["", given], **attributes), scale=0.03 + 0.01 * (number % 2))
    small = moves.constant([1, 1, 0.6, 0.45], np.float32)
    inexact = {
        moves.put("Resize", ["", small], mode="cubic"),
        moves.put("Resize", ["", small], mode="cubic", antialias=1, exclude_outside=1),
        moves.put("Resize", ["", small], mode="linear", antialias=1),
    }
    symmetric = dict(coordinate_transformation_mode="half_pixel_symmetric")
    moves.end(moves.put("Resize", ["", small], mode="linear", **symmetric))
    moves.end(*sorted(inexact))
    report = verify(moves.model(), samples=2)
    assert report.passed, report.first_difference
    assert report.differ == 0


@pytest.mark.parametrize(
    ("shape", "scales"),
    [
        ((1, 6, 5, 3), (2, 1)),
        ((1, 6, 3, 5), (1, 2)),
        ((1, 5, 7), (2,)),
        ((1, 1, 9), (4,)),
        ((2, 5, 7), (2,)),
        ((3, 1, 9), (2,)),
    ],
)
def test_axes_that_a_weighted_resize_keeps(shape: tuple[int, ...], scales: tuple[int, ...]) -> None:
    """onnxruntime adds halves of the last value of such an axis, in 1-D also of the last image and the last channel."""
    moves = Moves(shape, True, 2)
    given = moves.constant([1, 1, *scales], np.float32)
    for coordinates in ("half_pixel", "align_corners", "asymmetric"):
        moves.end(moves.put("Resize", ["", given], mode="linear", coordinate_transformation_mode=coordinates))
    report = verify(moves.model(), samples=12)
    assert (report.passed, report.differ, report.inexact) == (True, 0, 0)


CUT = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric")


def resized(x: str, y: str, coordinates: str, **attributes: Any) -> onnx.NodeProto:
    attributes = {"mode": "linear", "coordinate_transformation_mode": coordinates} | attributes
    return helper.make_node("Resize", [x, "", f"{y}_scales"], [y], y, **attributes)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_linear_resizes_of_bytes_equal_onnxruntime(dtype: str) -> None:
    """Numbers as such, and codes of one scale before and behind, as QOperator files have them: every bit."""
    low = int(np.iinfo(dtype).min)
    constants: dict[str, Any] = {"scale": np.float32(0.03), "zero": np.dtype(dtype).type(low + 100)}
    nodes, outputs = [helper.make_node("QuantizeLinear", ["z", "scale", "zero"], ["codes"], "codes")], {}
    for number, scales in enumerate(((2.0, 2.0), (0.6, 1.5), (1.7, 0.5), (3.0, 1.3), (1.0, 2.6), (4.0, 1.0))):
        y = f"y{number}"
        constants[f"{y}_scales"] = np.array([1, 1, *scales], np.float32)
        outputs[y] = dtype
        nodes.append(resized("x", y, CUT[number % 5]))
        real = f"real{number}"
        constants[f"codes{number}_scales"] = constants[f"{y}_scales"]
        outputs[real] = "float32"
        nodes.append(resized("codes", f"codes{number}", CUT[(number + 3) % 5]))
        nodes.append(helper.make_node("DequantizeLinear", [f"codes{number}", "scale", "zero"], [real], real))
    shape = (1, 3, 11, 13)
    model = model_of(nodes, {"x": (dtype, shape), "z": ("float32", shape)}, outputs, constants)
    report = verify(model, samples=4)
    assert report.passed, report.first_difference
    assert (report.differ, report.max_error) == (0, 0)


@pytest.mark.parametrize(
    "attributes", [dict(antialias=1), dict(mode="cubic"), dict(coordinate_transformation_mode="tf_crop_and_resize")]
)
def test_other_resizes_of_bytes_are_refused(attributes: dict[str, Any]) -> None:
    node = resized("x", "y", "half_pixel", **attributes)
    constants = {"y_scales": np.array([1, 1, 2, 2], np.float32)}
    with pytest.raises(BittwinError, match="QuantizeLinear behind it"):
        compile_graph(model_of([node], {"x": ("int8", (1, 3, 4, 4))}, {"y": "int8"}, constants))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_linear_resize_of_one_axis_that_is_named(dtype: str) -> None:
    constants = {"y_scales": np.array([2.3], np.float32)}
    node = resized("x", "y", "half_pixel", axes=[3])
    report = verify(model_of([node], {"x": (dtype, (1, 3, 5, 7))}, {"y": dtype}, constants), samples=2)
    assert report.passed, report.first_difference


def test_places_near_a_half_are_ties_as_in_onnxruntime() -> None:
    """14.500000953 along rows of 1.3, 2.500000477 along columns of 0.6, 0.49999997 in float32."""
    constants: dict[str, Any] = {}
    nodes, outputs = [], {}
    for number, scales in enumerate(((1.3, 0.6), (2.6, 1.7), (1.7, 2.6), (0.7, 1.3))):
        for coordinates in ("half_pixel", "half_pixel_symmetric"):
            for rounding in ("round_prefer_floor", "round_prefer_ceil"):
                y = f"y{number}_{coordinates}_{rounding}"
                constants[f"{y}_scales"] = np.array([1, 1, *scales], np.float32)
                outputs[y] = "float32"
                nodes.append(resized("x", y, coordinates, mode="nearest", nearest_mode=rounding))
    model = model_of(nodes, {"x": ("float32", (1, 1, 30, 21))}, outputs, constants)
    report = verify(model, samples=1)
    assert report.passed, report.first_difference
    assert report.max_error == 0
