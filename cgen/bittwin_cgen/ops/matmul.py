"""Products of two matrices that are both computed, or of stacks of them; float32, and int8 with one scale a tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np

from bittwin_cgen.fixed_point import (
    ProvedRequantization,
    Suspects,
    check_ratio,
    prove_requantization,
    requantize,
    requantize_scale,
    suspects,
)
from bittwin_cgen.ir import Array, Call, Constant, Field, Kernel, Layer, Node, Op, Quantization, Struct, TensorType
from bittwin_cgen.kernels import requantization_struct, select, unproved_note
from bittwin_cgen.onnx_node import OnnxNode
from bittwin_cgen.ops import linear
from bittwin_cgen.ops.binary import Binary
from bittwin_cgen.ops.broadcast import operands
from bittwin_cgen.ops.known import Known
from bittwin_cgen.ops.linear import linear_from
from bittwin_cgen.ops.linear_dsp import SHIFT
from bittwin_cgen.ops.reshape import Reshape

MVE_ROWS = 16  # of a, packed at once on Helium
PACKED = 2048  # bytes of scratch memory for packed columns; more only where 16 columns take more
DEEPEST = ((1 << 31) - 1) // (255 * 255)  # products of codes that an int32 holds


@dataclass(frozen=True)
class MatMul(Op):
    """a @ b of rank 2 or more, the last two axes of each exchanged first where that is asked for."""

    transpose_a: bool = False
    transpose_b: bool = False

    def infer(self, inputs: Sequence[TensorType]) -> TensorType:
        a, b = (self._matrix(x, index) for index, x in enumerate(inputs))
        if min(len(a), len(b)) < 2 or a[-1] != b[-2]:
            raise ValueError(f"matrices of shapes {inputs[0].shape} and {inputs[1].shape} do not fit")
        try:
            stack = np.broadcast_shapes(a[:-2], b[:-2])
        except ValueError:
            raise ValueError(f"stacks of shapes {inputs[0].shape} and {inputs[1].shape} do not fit") from None
        return TensorType((*stack, a[-2], b[-1]), inputs[0].dtype)

    def _matrix(self, x: TensorType, index: int) -> tuple[int, ...]:
        turned = (self.transpose_a, self.transpose_b)[index]
        return (*x.shape[:-2], x.shape[-1], x.shape[-2]) if turned else x.shape

    def keeps_images(self, inputs: Sequence[TensorType], output: TensorType) -> bool:
        return len(output.shape) > 2 and all(len(x.shape) == len(output.shape) for x in inputs)

    def quantized(self, inputs: Sequence[TensorType], output: TensorType) -> Op | None:
        self._scale(inputs, output)
        return self if self._matrix(inputs[0], 0)[-1] <= DEEPEST else None

    def interpret(self, values: Sequence[Array], inputs: Sequence[TensorType], output: TensorType) -> Array:
        a, b = (
            np.swapaxes(v, -1, -2) if turned else v
            for v, turned in zip(values, (self.transpose_a, self.transpose_b), strict=True)
        )
        if output.quantization is None:
            return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(output.dtype)
        zero = [cast(Quantization, x.quantization).zero_point for x in inputs]
        acc = np.matmul(a.astype(np.int64) - zero[0], b.astype(np.int64) - zero[1])
        return requantize(acc, self._scale(inputs, output), output.quantization.zero_point)

    @staticmethod
    def _scale(inputs: Sequence[TensorType], output: TensorType) -> Array:
        a, b, y = (cast(Quantization, x.quantization) for x in (*inputs, output))
        ratio = requantize_scale(a.scale, b.scale, y.scale)
        check_ratio(ratio, f"{a.scale:g} * {b.scale:g} / {y.scale:g}")
        return np.atleast_1d(ratio)

    def macs(self, inputs: Sequence[TensorType], output: TensorType) -> int:
        return output.size * self._matrix(inputs[0], 0)[-1]

    def lower(self, layer: Layer) -> Call:
        (a, b), y = layer.inputs, layer.output
        product = Product(**vars(layer), depth=self._matrix(a, 0)[-1], proof=self._proof(layer))
        kernel, refused = select(OWN_KERNELS, product)
        stack = y.shape[:-2]
        a_row, a_depth = a.strides[-2:][:: -1 if self.transpose_a else 1]
        b_depth, b_column = b.strides[-2:][:: -1 if self.transpose_b else 1]
        fields: dict[str, Field] = dict(
            stack=math.prod(stack),
            rows=product.rows,
            columns=product.columns,
            depth=product.depth,
            a_row=a_row,
            a_depth=a_depth,
            b_depth=b_depth,
            b_column=b_column,
            y_row=y.strides[-2],
            y_column=y.strides[-1],
        )
        for name, x in (("a", a), ("b", b), ("y", y)):
            fields[f"{name}_offsets"] = Constant(_offsets(x, stack))
        notes: tuple[str, ...] = ()
        if product.proof is not None:
            zero = [cast(Quantization, x.quantization).zero_point for x in (a, b)]
            fields |= dict(a_zero_point=zero[0], b_zero_point=zero[1], requantization=product.requantization)
            fields |= dict(suspects=product.suspects, blocks=product.blocks)
            if kernel.isa == "mve":
                requantization = product.requantization
                scale = Constant(product.proof.scale.astype(np.float32).view(np.uint32))
                requantization = replace(requantization, fields={**requantization.fields, "scale": scale})
                fields |= dict(requantization=requantization, blocks=2 * product.eights)
            notes = unproved_note(product.proof)
        struct = Struct(f"btw_matmul_{kernel.dtype}", fields)
        scratch = kernel.scratch(product) if kernel.scratch else 0
        return Call(kernel, struct, summary="matrix product", refused=refused, notes=notes, scratch=scratch)

    def _proof(self, layer: Layer) -> ProvedRequantization | None:
        if layer.output.quantization is None:
            return None
        bound = self._bound(layer.inputs)
        return prove_requantization(
            self._scale(layer.inputs, layer.output), layer.output.quantization.zero_point, -bound, bound
        )

    def _bound(self, inputs: Sequence[TensorType]) -> Array:
        """int64[1]: what no sum exceeds."""
        zero = [cast(Quantization, x.quantization).zero_point for x in inputs]
        most = [max(127 - z, z + 128) for z in zero]
        return np.array([self._matrix(inputs[0], 0)[-1] * most[0] * most[1]], np.int64)


@dataclass(frozen=True, eq=False)
class Product(Layer):
    """A product of matrices, and in int8 what was proved of its requantization: what `accepts` of a kernel gets."""

    depth: int
    proof: ProvedRequantization | None

    @property
    def rows(self) -> int:
        return self.output.shape[-2]

    @property
    def columns(self) -> int:
        return self.output.shape[-1]

    @property
    def step_words(self) -> int:
        """Words that a row or column takes, at most, in 16 bits a code."""
        return max(2, -(-self.depth // 2))

    @property
    def blocks(self) -> int:
        """Of 4 columns, packed at once: all, or as many as fit PACKED bytes, at least 4."""
        return min(-(-self.columns // 4), max(4, PACKED // (16 * self.step_words)))

    @property
    def mve_steps(self) -> int:
        """Of 16 bytes that a row or column takes on Helium, where it lies twice."""
        return 2 * -(-self.depth // 16)

    @property
    def eights(self) -> int:
        """Of columns, packed at once on Helium."""
        return min(-(-self.columns // 8), max(1, PACKED // (2 * (64 * self.mve_steps + 32))))

    @property
    def bound(self) -> int:
        """What no sum exceeds."""
        return int(cast(MatMul, self.node.op)._bound(self.inputs)[0])

    @cached_property
    def _suspects(self) -> Suspects:
        assert self.proof is not None
        return suspects(self.proof, -self.bound, self.bound)

    @property
    def requantization(self) -> Struct:
        assert self.proof is not None
        struct = requantization_struct(self.proof)
        if not self.proof.unproved:
            return struct
        return replace(
            struct, fields={**struct.fields, "multiplier": Constant(self._suspects.multiplier.astype(np.int32))}
        )

    @property
    def suspects(self) -> Constant | None:
        """Codes that may be wrong, a bit each."""
        assert self.proof is not None
        if not self.proof.unproved:
            return None
        return Constant(np.packbits(self._suspects.codes[0], bitorder="little").view("<u4").astype(np.uint32))


def _offsets(x: TensorType, stack: tuple[int, ...]) -> Array:
    """int32: where each matrix of a stack begins in C; x may have fewer or repeated ones."""
    sizes = (1,) * (len(stack) - len(x.shape) + 2) + x.shape[:-2]
    strides = (0,) * (len(stack) - len(x.shape) + 2) + x.strides[:-2]
    places = np.zeros(stack, np.int64)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        if size > 1:
            places += (np.arange(size) * stride).reshape([-1 if i == axis else 1 for i in range(len(stack))])
    return places.reshape(-1).astype(np.int32)


def _few(layer: Product) -> str | None:
    """The last row and columns are computed twice where they fill no block, and what is packed has to be read again."""
    few = layer.rows < 2 or layer.columns < 4
    return f"{layer.rows} rows, {layer.columns} columns; blocks have 2 by 4" if few else None


def _no_integers(layer: Product) -> str | None:
    """Why the integers with a shift of 3 do not serve, or None."""
    assert layer.proof is not None
    if layer.proof.shift > SHIFT:
        return f"requantizes with a shift of {layer.proof.shift}; the assembler has {SHIFT}"
    if layer.bound << (SHIFT - layer.proof.shift) >= 1 << 31:
        return f"sums reach {layer.bound}, too much to be scaled for a shift of {SHIFT}"
    return _few(layer)


def _float_is_faster(layer: Product) -> str | None:
    assert layer.proof is not None
    if layer.target.has_fpu and layer.proof.unproved:
        return "requantizes without a proof; float32 is faster"
    return _no_integers(layer)


def _no_floats(layer: Product) -> str | None:
    return _few(layer) if layer.target.has_fpu else "requantizes in float32, and the target has no FPU"


def _scratch(layer: Product) -> int:
    return 4 * layer.step_words * (2 + 4 * layer.blocks)


def _few_in_vectors(layer: Product) -> str | None:
    rows, columns, depth, steps = layer.rows, layer.columns, layer.depth, layer.mve_steps
    packed = columns * (17 * steps + 24) + rows * (38 + 8 * -(-depth // 8) + 4 * -(-columns // 8))
    vectors = 120 + packed + -(-rows // 2) * -(-columns // 8) * (28 * steps + 24)
    others = rows * columns * (9 + 1.2 * depth) + 2 * (rows + columns) * depth
    if vectors > 0.9 * others:
        return f"about {vectors} instructions a matrix; others take about {others:.0f}"
    if cast(Quantization, layer.inputs[1].quantization).zero_point == -128:
        return "the second zero point is -128: 255 is not the sum of two int8"
    strides = [x.strides[axis] for x in (*layer.inputs, layer.output) for axis in (-2, -1)]
    return "values lie too far apart" if max(strides) * 7 >= 1 << 16 else None


def _vector_scratch(layer: Product) -> int:
    stream = layer.eights * 2 * (64 * layer.mve_steps + 32)
    return stream + MVE_ROWS * 16 * layer.mve_steps + 16 + MVE_ROWS * 8 * layer.eights


OWN_KERNELS = (
    Kernel("btw_matmul_f32_scalar", "whole", "f32", "scalar", "matmul"),
    Kernel("btw_matmul_s8_mve", "whole", "s8", "mve", "matmul", _few_in_vectors, scratch=_vector_scratch),
    Kernel("btw_matmul_s8_dsp", "whole", "s8", "dsp", "matmul", _float_is_faster, scratch=_scratch),
    Kernel("btw_matmul_s8_dsp_float", "whole", "s8", "dsp", "matmul", _no_floats, scratch=_scratch),
    Kernel("btw_matmul_s8_armv7m", "whole", "s8", "armv7m", "matmul", _no_integers, scratch=_scratch),
    Kernel("btw_matmul_s8_scalar", "whole", "s8", "scalar", "matmul"),
)
KERNELS = (*OWN_KERNELS, *linear.KERNELS)


def read_matmul(node: OnnxNode) -> list[Node]:
    """ONNX MatMul; by a constant matrix it is a fully connected layer, of vectors in any arrangement."""
    value, a = node.known(1), node.activation(0)
    if value is not None and value.ndim == 2 and a in node.types:
        return _around(node, linear_from(node), node.shape(), (*node.shape()[:-1], value.shape[1]))
    shapes = [node.shape(index) for index in range(2)]
    before, names = [], []
    for index, shape in enumerate(shapes):
        names.append(node.activation(index))
        if len(shape) == 1:
            wide = (1, *shape) if index == 0 else (*shape, 1)
            before.append(Node(node.name, Reshape(wide), (names[-1],), f"{node.outputs[0]}/matrix {index}"))
            names[-1] = before[-1].output
    if all(len(shape) > 1 for shape in shapes):
        return [*before, Node(node.name, MatMul(), (names[0], names[1]), node.outputs[0])]
    result = list(np.matmul(np.empty(shapes[0]), np.empty(shapes[1])).shape)
    made = f"{node.outputs[0]}/matrix"
    return [
        *before,
        Node(node.name, MatMul(), (names[0], names[1]), made),
        Node(node.name, Reshape(tuple(result)), (made,), node.outputs[0]),
    ]


def read_gemm(node: OnnxNode) -> list[Node]:
    """ONNX Gemm: a fully connected layer where B is constant and C a bias, else a product, scaled, and a sum."""
    x, y = node.activation(0), node.outputs[0]
    if node.rank() != 2 or node.rank(1) != 2:
        raise node.refuse(f"operands of rank {node.rank()} and {node.rank(1)}", "Use MatMul, or matrices")
    beta = float(np.float32(node.attribute("beta", 1.0)))
    bias = node.known(2) if node.has(2) else np.zeros(1, np.float32)
    columns = node.shape(1)[0 if node.attribute("transB", 0) else -1]
    as_bias = bias is not None and bias.ndim < 3 and bias.shape in ((), (1,), (1, 1), (columns,), (1, columns))
    if not node.attribute("transA", 0) and node.known(1) is not None and node.rank() == 2 and x in node.types:
        if as_bias:
            return node.node(linear_from(node), x)
        op = linear_from(replace(node, inputs=node.inputs[:2]))
        product = f"{y}/product"
        return [Node(node.name, op, (x,), product), *_plus(node, product, beta)]
    alpha = float(np.float32(node.attribute("alpha", 1.0)))
    op_general = MatMul(bool(node.attribute("transA", 0)), bool(node.attribute("transB", 0)))
    names = [y] if not node.has(2) else [f"{y}/product"]
    nodes = [Node(node.name, op_general, (x, node.activation(1)), names[0])]
    if alpha != 1.0:
        nodes = [Node(node.name, op_general, (x, node.activation(1)), f"{y}/unscaled")]
        nodes += _times(f"{y}/unscaled", alpha, 2, names[0])
    return nodes if not node.has(2) else [*nodes, *_plus(node, names[0], beta)]


def _times(x: str, factor: float, rank: int, y: str) -> list[Node]:
    constant = f"{y}/factor"
    return [
        Node(constant, Known(np.full((1,) * rank, factor, np.float32)), (), constant),
        Node(constant, Binary("Mul"), (x, constant), y),
    ]


def _plus(node: OnnxNode, product: str, beta: float) -> list[Node]:
    """product + beta * C."""
    y, c = node.outputs[0], node.activation(2)
    nodes: list[Node] = []
    types = dict(node.types)
    shape = [
        node.shape()[1 if node.attribute("transA", 0) else 0],
        node.shape(1)[0 if node.attribute("transB", 0) else 1],
    ]
    types[product] = TensorType(tuple(shape), "float32")
    constants = dict(node.constants)
    if beta != 1.0:
        scaled = f"{y}/scaled"
        if node.known(2) is not None:
            constants[scaled] = (np.float32(beta) * node.constant(2, "C")).astype(np.float32)
        else:
            nodes += _times(c, beta, max(1, len(node.shape(2))), scaled)
            types[scaled] = replace(types[c], shape=np.broadcast_shapes(node.shape(2), (1,)))
        c = scaled
    inner = replace(node, inputs=(product, c), types=types, constants=constants)
    before, names = operands(inner)
    return [*nodes, *before, Node(node.name, Binary("Add"), (names[0], names[1]), y)]


def _around(node: OnnxNode, op: Op, given: tuple[int, ...], result: tuple[int, ...]) -> list[Node]:
    """An operator on matrices where the ONNX node has vectors in another arrangement."""
    x, y = node.activation(0), node.outputs[0]
    if len(given) == 2:
        return node.node(op, x)
    rows, made = f"{y}/rows", f"{y}/made"
    return [
        Node(rows, Reshape((math.prod(given[:-1]), given[-1])), (x,), rows),
        Node(node.name, op, (rows,), made),
        Node(f"{node.name}/shape", Reshape(result), (made,), y),
    ]
