"""Compact weights: only where a budget of flash asks for them, the layers first that cost the least for a byte."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bittwin.quantizer import quantize
from bittwin_cgen import BudgetExceeded, generate

COMPACT = "a byte a weight, so that constants fit the flash"


@cache
def network() -> onnx.ModelProto:
    """A 3x3 convolution on 30 pixels, 2,592 weights; and a fully connected layer, 24 * 40."""
    rng = np.random.default_rng(0)
    sizes = {"w": (24, 12, 3, 3), "b": (24,), "v": (40, 24), "c": (40,)}
    weights = [numpy_helper.from_array(rng.uniform(-1, 1, size).astype(np.float32), n) for n, size in sizes.items()]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["a"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["a"], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "v", "c"], ["y"], "linear", transB=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12, 6, 5])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 40])
    graph = helper.make_graph(nodes, "net", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return quantize(model, {"x": rng.standard_normal((8, 12, 6, 5)).astype(np.float32)}).model


def kernels(target: str, flash: int | None = None) -> tuple[int, dict[str, str], list[str]]:
    """(bytes of constants, {node: kernel} of the layers with weights, nodes that are compact)."""
    manifest = generate(network(), target, "speed", flash=flash, name="net").manifest
    layers = {layer["node"]: layer for layer in manifest["layers"] if layer["macs"]}
    names = {node: layer["kernel"].removeprefix("btw_") for node, layer in layers.items()}
    return manifest["constant_bytes"], names, [node for node, layer in layers.items() if COMPACT in layer["notes"]]


def test_weights_are_fast_where_nothing_bounds_them() -> None:
    size, names, compact = kernels("cortex-m4")
    assert names == {"conv": "conv2d_s8_dsp", "linear": "linear_s8_dsp"}
    assert compact == []
    assert kernels("cortex-m4", size) == (size, names, [])


@cache
def few_channels() -> onnx.ModelProto:
    """1x1 convolutions of 8 and of 6 channels: weights in lanes of 16 bits are faster there on NEON."""
    rng = np.random.default_rng(1)
    sizes = {"w": (6, 8, 1, 1), "v": (16, 6, 1, 1)}
    weights = [numpy_helper.from_array(rng.uniform(-1, 1, size).astype(np.float32), n) for n, size in sizes.items()]
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], "first"), helper.make_node("Conv", ["a", "v"], ["y"], "last")]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, c, 6, 5]) for name, c in (("x", 8), ("y", 16))]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return quantize(model, {"x": rng.standard_normal((8, 8, 6, 5)).astype(np.float32)}).model


@pytest.mark.parametrize("target", ["cortex-a53", "armv7-a"])
def test_weights_in_lanes_of_neon_become_bytes(target: str) -> None:
    """The kernel is the same; the manifest says which layers keep a byte a weight."""

    def compiled(flash: int | None = None) -> tuple[int, list[str]]:
        manifest = generate(few_channels(), target, "speed", flash=flash, name="net").manifest
        assert {layer["kernel"] for layer in manifest["layers"] if layer["macs"]} == {"btw_linear_s8_neon"}
        return manifest["constant_bytes"], [e["node"] for e in manifest["layers"] if COMPACT in e["notes"]]

    size, compact = compiled()
    assert compact == []
    small, compact = compiled(size - 1)
    assert (small < size, len(compact)) == (True, 1)
    least, compact = compiled(small - 1)
    assert (least < small, compact) == (True, ["first", "last"])
    with pytest.raises(BudgetExceeded, match="of constants"):
        compiled(least - 1)


def test_the_layer_that_costs_least_for_a_byte_is_compact_first() -> None:
    size, names, _ = kernels("cortex-m4")
    small, one, compact = kernels("cortex-m4", size - 1)
    assert one == names | {"linear": "linear_s8_dsp_compact"}
    assert compact == ["linear"]
    assert size - small == 24 * 40


def test_a_layer_that_another_makes_up_for_stays_fast() -> None:
    size, names, _ = kernels("cortex-m4")
    small, one, compact = kernels("cortex-m4", size - 24 * 40 - 1)
    assert one == names | {"conv": "conv2d_s8_dsp_compact"}
    assert compact == ["conv"]
    assert size - small == 24 * 12 * 9
    least, both, compact = kernels("cortex-m4", small - 1)
    assert both == {"conv": "conv2d_s8_dsp_compact", "linear": "linear_s8_dsp_compact"}
    assert compact == ["conv", "linear"]
    assert least == small - 24 * 40


@pytest.mark.parametrize("target", ["host", "cortex-m4", "cortex-m3", "cortex-m0", "cortex-m55"])
def test_a_budget_below_compact_weights_is_refused_with_what_they_need(target: str) -> None:
    with pytest.raises(BudgetExceeded, match="of constants; the budget is 1,000") as refused:
        kernels(target, 1000)
    least = int(refused.value.what.split()[1].replace(",", ""))
    assert kernels(target, least)[0] == least
    assert least < 1.5 * (24 * 12 * 9 + 24 * 40)


@cache
def transformed() -> onnx.ModelProto:
    """A 3x3 convolution of 16 channels that Winograd's transforms make faster, behind one of 1x1."""
    rng = np.random.default_rng(2)
    sizes = {"w": (16, 8, 1, 1), "v": (16, 16, 3, 3)}
    weights = [numpy_helper.from_array(rng.uniform(-1, 1, size).astype(np.float32), n) for n, size in sizes.items()]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "first"),
        helper.make_node("Conv", ["a", "v"], ["y"], "last", pads=[1, 1, 1, 1]),
    ]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, c, 8, 8]) for name, c in (("x", 8), ("y", 16))]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return quantize(model, {"x": rng.standard_normal((8, 8, 8, 8)).astype(np.float32)}).model


def test_transformed_weights_become_widened_ones_then_bytes() -> None:
    def compiled(flash: int | None = None) -> tuple[int, str, list[str]]:
        manifest = generate(transformed(), "cortex-m4", "speed", flash=flash, name="net").manifest
        (last,) = (layer for layer in manifest["layers"] if layer["node"] == "last")
        return manifest["constant_bytes"], last["kernel"].removeprefix("btw_"), last["notes"]

    size, kernel, notes = compiled()
    assert (kernel, notes) == ("conv2d_winograd_s8_dsp", [])
    widened, kernel, notes = compiled(size - 129)  # more than bytes in the first layer save
    assert (size - widened, kernel) == (2 * 16 * 16 * (16 - 9), "conv2d_s8_dsp")
    assert notes == ["weights as they are, not transformed, so that constants fit the flash"]
    small, kernel, notes = compiled(widened - 129)
    assert (widened - small, kernel, notes) == (16 * 16 * 9, "conv2d_s8_dsp_compact", [COMPACT])
