"""The networks to deploy: layer shapes of MLPerf Tiny, lively activations, determinism, the accuracy of digits."""

from __future__ import annotations

import importlib
from functools import cache
from itertools import pairwise
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from bittwin.exporter import export
from bittwin.onnx_passes.values import attribute_values, shape
from models import conv2d_examples, digits

NAMES = ("digits", "lenet", "ds_cnn", "mobilenet_v1", "mobilenet_v2", "resnet8")

# kind, in height, width, channels, out height, width, channels, kernel height, width, stride, pad top, left
Layer = tuple[str, int, int, int, int, int, int, int, int, int, int, int]


def _pair(size: int, channels: int, stride: int, out: int, pad: int) -> list[Layer]:
    half = size // stride
    return [
        ("dwconv", size, size, channels, half, half, channels, 3, 3, stride, pad, pad),
        ("conv", half, half, channels, half, half, out, 1, 1, 1, 0, 0),
    ]


MLPERF_TINY: dict[str, list[Layer]] = {
    "resnet8": [
        ("conv", 32, 32, 3, 32, 32, 16, 3, 3, 1, 1, 1),
        ("conv", 32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1),
        ("conv", 32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1),
        ("add", 32, 32, 16, 32, 32, 16, 0, 0, 0, 0, 0),
        ("conv", 32, 32, 16, 16, 16, 32, 3, 3, 2, 0, 0),
        ("conv", 16, 16, 32, 16, 16, 32, 3, 3, 1, 1, 1),
        ("conv", 32, 32, 16, 16, 16, 32, 1, 1, 2, 0, 0),
        ("add", 16, 16, 32, 16, 16, 32, 0, 0, 0, 0, 0),
        ("conv", 16, 16, 32, 8, 8, 64, 3, 3, 2, 0, 0),
        ("conv", 8, 8, 64, 8, 8, 64, 3, 3, 1, 1, 1),
        ("conv", 16, 16, 32, 8, 8, 64, 1, 1, 2, 0, 0),
        ("add", 8, 8, 64, 8, 8, 64, 0, 0, 0, 0, 0),
        ("avgpool", 8, 8, 64, 1, 1, 64, 8, 8, 8, 0, 0),
        ("fc", 1, 1, 64, 1, 1, 10, 1, 1, 1, 0, 0),
    ],
    "mobilenet_v1": [
        ("conv", 96, 96, 3, 48, 48, 8, 3, 3, 2, 0, 0),
        *_pair(48, 8, 1, 16, 1),
        *_pair(48, 16, 2, 32, 0),
        *_pair(24, 32, 1, 32, 1),
        *_pair(24, 32, 2, 64, 0),
        *_pair(12, 64, 1, 64, 1),
        *_pair(12, 64, 2, 128, 0),
        *(5 * _pair(6, 128, 1, 128, 1)),
        *_pair(6, 128, 2, 256, 0),
        *_pair(3, 256, 1, 256, 1),
        ("avgpool", 3, 3, 256, 1, 1, 256, 3, 3, 3, 0, 0),
        ("fc", 1, 1, 256, 1, 1, 2, 1, 1, 1, 0, 0),
    ],
    "ds_cnn": [
        ("conv", 49, 10, 1, 25, 5, 64, 10, 4, 2, 4, 1),
        *(
            4
            * [
                ("dwconv", 25, 5, 64, 25, 5, 64, 3, 3, 1, 1, 1),
                ("conv", 25, 5, 64, 25, 5, 64, 1, 1, 1, 0, 0),
            ]
        ),
        ("avgpool", 25, 5, 64, 1, 1, 64, 25, 5, 25, 0, 0),
        ("fc", 1, 1, 64, 1, 1, 12, 1, 1, 1, 0, 0),
    ],
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"models.{name}")


@cache
def _exported(name: str) -> onnx.ModelProto:
    module = _module(name)
    return export(module.build(), module.INPUT_SHAPE)


def _run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: x[index : index + 1]})[0] for index in range(len(x))])


def _layers(model: onnx.ModelProto) -> list[Layer]:
    """Convolutions, sums, pools and fully connected layers in graph order, as MLPERF_TINY writes them."""
    rows: list[Layer] = []
    for node in model.graph.node:
        ins, outs = shape(model.graph, node.input[0]), shape(model.graph, node.output[0])
        assert ins is not None
        assert outs is not None
        _, ic, ih, iw, _, oc, oh, ow = (*ins, 1, 1)[:4] + (*outs, 1, 1)[:4]
        sizes = (ih, iw, ic, oh, ow, oc)
        if node.op_type == "Conv":
            weight = shape(model.graph, node.input[1])
            assert weight is not None
            attributes = attribute_values(node)
            assert attributes["strides"][0] == attributes["strides"][1]
            kind = "dwconv" if attributes["group"] == ic > 1 else "conv"
            rows.append((kind, *sizes, *weight[2:], attributes["strides"][0], *attributes["pads"][:2]))
        elif node.op_type == "Add":
            rows.append(("add", *sizes, 0, 0, 0, 0, 0))
        elif node.op_type == "GlobalAveragePool":
            rows.append(("avgpool", *sizes, ih, iw, ih, 0, 0))
        elif node.op_type == "Gemm":
            rows.append(("fc", *sizes, 1, 1, 1, 0, 0))
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_export_agrees_with_torch_on_sample_inputs(name: str) -> None:
    module = _module(name)
    x = module.sample_inputs(4, seed=3)
    with torch.no_grad():
        reference = module.build()(torch.from_numpy(x)).numpy()
    bound = 1e-4 * np.abs(reference) + 1e-5 * max(1, np.abs(reference).max())
    assert (np.abs(_run(_exported(name), x) - reference) <= bound).all()


@pytest.mark.parametrize("name", NAMES)
def test_export_keeps_only_operators_that_quantize(name: str) -> None:
    allowed = {"Conv", "Relu", "Clip", "MaxPool", "Add", "GlobalAveragePool", "Reshape", "Gemm"}
    assert {node.op_type for node in _exported(name).graph.node} <= allowed


@pytest.mark.parametrize("name", MLPERF_TINY)
def test_layers_are_those_of_mlperf_tiny(name: str) -> None:
    assert _layers(_exported(name)) == MLPERF_TINY[name]


@pytest.mark.parametrize("name", MLPERF_TINY)
def test_bottom_and_right_pads_are_tensorflow_same(name: str) -> None:
    """TensorFlow's SAME: total = max(0, (out - 1) stride + kernel - in), the odd one at the bottom and right."""
    convolutions = [node for node in _exported(name).graph.node if node.op_type == "Conv"]
    rows = [row for row in MLPERF_TINY[name] if row[0] in ("conv", "dwconv")]
    for node, (_, ih, iw, _, oh, ow, _, kh, kw, stride, _, _) in zip(convolutions, rows, strict=True):
        height, width = (max(0, (o - 1) * stride + k - i) for o, k, i in ((oh, kh, ih), (ow, kw, iw)))
        expected = [height // 2, width // 2, height - height // 2, width - width // 2]
        assert attribute_values(node)["pads"] == expected


@pytest.mark.parametrize("name", ["mobilenet_v1", "ds_cnn"])
def test_every_mlperf_convolution_is_followed_by_relu(name: str) -> None:
    ops = [node.op_type for node in _exported(name).graph.node]
    assert all(after == "Relu" for op, after in pairwise(ops) if op == "Conv")


def test_resnet8_relu_placement() -> None:
    stack = ["Conv", "Relu", "Conv", "Add", "Relu"]
    strided = ["Conv", "Relu", "Conv", "Conv", "Add", "Relu"]
    expected = ["Conv", "Relu", *stack, *strided, *strided, "GlobalAveragePool", "Reshape", "Gemm"]
    assert [node.op_type for node in _exported("resnet8").graph.node] == expected


def test_mobilenet_v2_is_the_papers() -> None:
    """At width 1 it has the 3,504,872 parameters of torchvision's."""
    networks = {width: _module("mobilenet_v2").build(width) for width in (0.35, 1.0)}
    parameters = {width: sum(value.numel() for value in net.parameters()) for width, net in networks.items()}
    assert parameters == {0.35: 1_677_128, 1.0: 3_504_872}
    convolutions = [row for row in _layers(_exported("mobilenet_v2")) if row[0] in ("conv", "dwconv")]
    assert [row[6] for row in convolutions if row[0] == "conv" and row[7] == 1][:5] == [8, 48, 8, 48, 8]
    assert convolutions[0][1:7] == (96, 96, 3, 48, 48, 16)
    assert convolutions[-1][1:7] == (3, 3, 112, 3, 3, 1280)
    assert sum(row[0] == "add" for row in _layers(_exported("mobilenet_v2"))) == 10


@pytest.mark.parametrize("name", NAMES)
def test_build_is_deterministic_in_eval_mode_and_leaves_the_global_rng(name: str) -> None:
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    first = _module(name).build()
    assert torch.equal(torch.rand(3), expected)
    second = _module(name).build()
    assert not any(part.training for part in first.modules())
    states = first.state_dict(), second.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert all(torch.isfinite(value).all() for value in states[0].values())


@pytest.mark.parametrize("name", NAMES)
def test_batch_normalization_has_something_to_fold(name: str) -> None:
    norms = [layer for layer in _module(name).build().modules() if isinstance(layer, nn.BatchNorm2d)]
    assert norms or name == "lenet"
    for layer in norms:
        assert layer.running_mean is not None
        assert layer.running_var is not None
        for parameter, neutral in ((layer.weight, 1), (layer.bias, 0), (layer.running_mean, 0), (layer.running_var, 1)):
            assert (parameter != neutral).float().mean() > 0.9
        assert (layer.running_var > 1e-3).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_channel_is_dead_and_activations_keep_their_scale(name: str) -> None:
    module = _module(name)
    network = module.build()
    activations: list[torch.Tensor] = []
    for layer in network.modules():
        if isinstance(layer, (nn.ReLU, nn.ReLU6)):
            layer.register_forward_hook(lambda _layer, _inputs, output: activations.append(output))
    with torch.no_grad():
        logits = network(torch.from_numpy(module.sample_inputs(16, seed=5)))
    assert activations
    for activation in activations:
        channels = activation.transpose(0, 1).flatten(1)
        assert (channels.amax(1) > 0.01).all()
        assert (channels.std(1) > 1e-3).all()
        assert 0.1 < activation.std() < 10
    assert (logits.std(0) > 0.05).all()
    assert logits.abs().max() < 50


@pytest.mark.parametrize("name", NAMES)
def test_sample_inputs(name: str) -> None:
    module = _module(name)
    x = module.sample_inputs(5, seed=1)
    assert x.shape == (5, *module.INPUT_SHAPE[1:])
    assert x.dtype == np.float32
    assert np.array_equal(x, module.sample_inputs(5, seed=1))
    assert not np.array_equal(x, module.sample_inputs(5, seed=2))
    assert len({image.tobytes() for image in x}) == 5
    if name != "digits":
        assert abs(x.mean()) < 0.4
        assert 0.5 < x.std() < 1.3
        rough = np.abs(np.diff(x, axis=2)).mean()
        assert 0.01 < rough < 0.7 * np.abs(x - np.roll(x, x.shape[2] // 2, axis=2)).mean()


def test_digits_splits_are_disjoint_and_whole() -> None:
    data = digits.load_data()
    sizes = [len(split.labels) for split in (data.train, data.calibration, data.test)]
    assert sizes == [1257, 180, 360]
    images = [{image.tobytes() for image in split.images} for split in (data.train, data.calibration, data.test)]
    assert not images[0] & images[2]
    assert not images[1] & images[2]
    assert not images[0] & images[1]
    assert data.test.images.shape == (360, 1, 8, 8)
    assert data.test.images.dtype == np.float32
    assert (data.test.images.min(), data.test.images.max()) == (0, 1)


def test_digits_samples_cycle_through_the_test_split() -> None:
    samples = digits.sample_inputs(365, seed=4)
    assert np.array_equal(samples[:5], samples[360:])
    assert {image.tobytes() for image in samples} == {image.tobytes() for image in digits.load_data().test.images}


def test_digits_accuracy_on_the_held_out_test() -> None:
    test = digits.load_data().test
    right = _run(_exported("digits"), test.images).argmax(1) == test.labels
    assert right.mean() >= 0.975


@pytest.mark.parametrize(
    ("example", "x", "expected"),
    [
        (conv2d_examples.basic, [[[2]]], [[[4.5]], [[-5]]]),
        (conv2d_examples.strided, [[[1, 2, 9], [3, 4, 9], [9, 9, 9]]], [[[30.5]]]),
        (
            conv2d_examples.padded,
            [[[1, 0, 0], [0, 0, 0], [0, 0, 2]]],
            [[[4.5, 3.5, 0.5, 0.5], [2.5, 1.5, 0.5, 0.5], [0.5, 0.5, 8.5, 6.5], [0.5, 0.5, 4.5, 2.5]]],
        ),
        (conv2d_examples.depthwise_separable, np.ones((3, 5, 5)), [[[17]]]),
    ],
    ids=["basic", "strided", "padded", "depthwise_separable"],
)
def test_conv2d_examples_by_hand(example: conv2d_examples.Build, x: object, expected: object) -> None:
    inputs = np.array([x], np.float32)
    assert inputs.shape == example.input_shape  # type: ignore[attr-defined]
    model = export(example(), example.input_shape)  # type: ignore[attr-defined]
    assert _run(model, inputs).tolist() == np.array([expected]).tolist()
    assert {node.op_type for node in model.graph.node} == {"Conv"}
