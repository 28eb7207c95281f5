"""Broken and hostile files: each is compiled, or refused with one clear message; none crashes, hangs or eats memory."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from bittwin_cgen import BittwinError, generate
from bittwin_cgen.ops import OPERATORS
from tests.graphs import random_model

FILES = 240
SECONDS = 10.0  # of processor time, for a file; the usual one takes hundredths
MEMORY = 6 << 30  # bytes of address space
NUMBERS = (-1, 0, 1, 2, 3, 7, 255, 1 << 15, 1 << 31, (1 << 63) - 1, -(1 << 63))
Random = np.random.Generator


class TookTooLong(Exception):
    pass


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """An exception after SECONDS of processor time, a MemoryError beyond MEMORY."""

    def stop(*_: object) -> None:
        raise TookTooLong

    before, space = signal.signal(signal.SIGPROF, stop), resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, space[1]))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, space)


def moving_model() -> onnx.ModelProto:
    """Operators with many parameters as constants."""
    constants = {
        "starts": [1], "ends": [3], "axes": [2], "steps": [1], "pads": [0, 0, 0, 0, 0, 1, 0, 0], "shape": [1, 4, -1],
        "indices": [0, 2, 1], "repeats": [1, 1, 2], "sizes": [1, 4, 6, 8], "wide": [1, 3, 9, 4], "split": [1, 2],
    }  # fmt: skip
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["a"], "pad"),
        helper.make_node("MaxPool", ["a"], ["pooled"], "pool", kernel_shape=[1, 1]),
        helper.make_node("Resize", ["pooled", "", "", "sizes"], ["large"], "resize", mode="linear"),
        helper.make_node("DepthToSpace", ["large"], ["deep"], "depth", blocksize=2),
        helper.make_node("Split", ["x", "split"], ["s0", "s1"], "split", axis=1),
        helper.make_node("Concat", ["s1", "s0"], ["joined"], "concat", axis=1),
        helper.make_node("Expand", ["joined", "wide"], ["e"], "expand"),
        helper.make_node("Slice", ["e", "starts", "ends", "axes", "steps"], ["b"], "slice"),
        helper.make_node("Gather", ["b", "indices"], ["c"], "gather", axis=3),
        helper.make_node("Transpose", ["c"], ["d"], "transpose", perm=[0, 2, 1, 3]),
        helper.make_node("Softmax", ["d"], ["y"], "softmax", axis=1),
    ]
    initializers = [numpy_helper.from_array(np.array(values, np.int64), name) for name, values in constants.items()]
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 1, 4])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["any"] * 4) for name in ("y", "deep")]
    graph = helper.make_graph(nodes, "moves", ports, ends, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


@cache
def seeds() -> tuple[bytes, ...]:
    models = [
        random_model(0, "float32"),
        random_model(1, "int8"),
        random_model(2, "int8", ports="real"),
        moving_model(),
    ]
    models.append(random_model(3, "int8", batch=2, inputs=2, outputs=2))
    return tuple(model.SerializeToString(deterministic=True) for model in models)


def flip_bytes(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for place in random.integers(0, len(changed), int(random.integers(1, 9))):
        changed[place] = int(random.integers(256))
    return bytes(changed)


def cut(random: Random, content: bytes) -> bytes:
    start, end = sorted(int(place) for place in random.integers(0, len(content), 2))
    return content[:start] + content[end:] if random.random() < 0.5 else content[:end]


def through_protobuf(change: Callable[[Random, onnx.ModelProto], None]) -> Callable[[Random, bytes], bytes]:
    def changed(random: Random, content: bytes) -> bytes:
        model = onnx.load_model_from_string(content)
        change(random, model)
        return bytes(model.SerializeToString())

    return changed


def number(random: Random) -> int:
    return NUMBERS[int(random.integers(len(NUMBERS)))]


def change_attribute(random: Random, model: onnx.ModelProto) -> None:
    attributes = [attribute for node in model.graph.node for attribute in node.attribute]
    attribute = attributes[int(random.integers(len(attributes)))]
    if attribute.type == AttributeProto.INTS and attribute.ints:
        attribute.ints[int(random.integers(len(attribute.ints)))] = number(random)
    elif attribute.type == AttributeProto.INT:
        attribute.i = number(random)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = float(random.choice([np.nan, np.inf, -1e30, 0]))
    else:
        attribute.s = b"strange"


def change_shape(random: Random, model: onnx.ModelProto) -> None:
    graph = model.graph
    tensors = [value.type.tensor_type.shape.dim for value in graph.input]
    sizes = tensors[int(random.integers(len(tensors)))]
    if random.random() < 0.3:
        sizes.add().dim_value = 2
    sizes[int(random.integers(len(sizes)))].dim_value = number(random)


def change_constant(random: Random, model: onnx.ModelProto) -> None:
    tensors = model.graph.initializer
    tensor = tensors[int(random.integers(len(tensors)))]
    if random.random() < 0.4:
        tensor.dims.append(int(number(random)))
        return
    values = numpy_helper.to_array(tensor).copy()
    if values.size:
        place = int(random.integers(values.size))
        limits_of = np.iinfo(values.dtype) if np.issubdtype(values.dtype, np.integer) else None
        new = number(random) if limits_of else float(random.choice([np.nan, np.inf, 0, -1, 1e-45]))
        values.reshape(-1)[place] = min(max(new, limits_of.min), limits_of.max) if limits_of else new
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def change_operator(random: Random, model: onnx.ModelProto) -> None:
    nodes = model.graph.node
    names = sorted(OPERATORS)
    nodes[int(random.integers(len(nodes)))].op_type = names[int(random.integers(len(names)))]


def change_edge(random: Random, model: onnx.ModelProto) -> None:
    nodes = model.graph.node
    names = [name for node in nodes for name in (*node.input, *node.output)] + ["", "x"]
    node = nodes[int(random.integers(len(nodes)))]
    side = node.input if random.random() < 0.7 and node.input else node.output
    side[int(random.integers(len(side)))] = names[int(random.integers(len(names)))]


CHANGES = (
    flip_bytes,
    cut,
    *map(through_protobuf, (change_attribute, change_shape, change_constant, change_operator, change_edge)),
)
SHARES = (0.15, 0.05, 0.16, 0.16, 0.16, 0.16, 0.16)


def mutated(number: int) -> bytes:
    random = np.random.default_rng(number)
    content = seeds()[number % len(seeds())]
    for _ in range(int(random.integers(1, 3))):
        with contextlib.suppress(Exception):  # what is broken already may not be readable to the next change
            content = CHANGES[int(random.choice(len(CHANGES), p=SHARES))](random, content)
    return content


def outcome(content: bytes) -> str:
    """compiled, or refused; anything else is an exception."""
    with limits():
        try:
            made = generate(content)
        except BittwinError as error:
            return "refused" if error.where and error.what and error.do else f"refused without a reason: {error}"
        assert made.files
        return "compiled"


def test_unchanged_files_are_compiled() -> None:
    assert [outcome(content) for content in seeds()] == ["compiled"] * len(seeds())


@pytest.mark.parametrize("part", range(4))
def test_mutated_files_are_compiled_or_refused(part: int) -> None:
    found: dict[str, int] = {"compiled": 0, "refused": 0}
    for number in range(part, FILES, 4):
        try:
            found[outcome(mutated(number))] += 1
        except Exception as error:
            raise AssertionError(f"file {number}: {type(error).__name__}: {error}") from error
    assert found["refused"] > FILES / 12
