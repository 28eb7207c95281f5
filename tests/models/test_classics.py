"""The classics at full ImageNet size: 60 and 130 million weights in float32, residual networks in float32 and int8."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

from bittwin.exporter import export
from bittwin.quantizer import quantize
from bittwin.verifier import verify
from models import alexnet, mobilenet_v2, resnet18, vgg11
from models.smooth_images import smooth_images

SHAPE = (1, 3, 224, 224)


def mobilenet_v2_at_full_size() -> nn.Module:
    return mobilenet_v2.build(width=1.0, resolution=224)


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (alexnet.build, "float32"),
        (vgg11.build, "float32"),
        (resnet18.build, "float32"),
        (resnet18.build, "int8"),
        (mobilenet_v2_at_full_size, "int8"),
    ],
    ids=["alexnet", "vgg11", "resnet18", "resnet18_int8", "mobilenet_v2_int8"],
)
def test_classic_computes_what_onnxruntime_computes(build: Callable[[], nn.Module], kind: str) -> None:
    model = export(build(), SHAPE)
    if kind == "int8":
        model = quantize(model, {"x": smooth_images(2, SHAPE[1:], seed=1)}).model
    report = verify(model, inputs={"x": smooth_images(1, SHAPE[1:], seed=2)})
    assert report.passed, report.first_difference
    assert (report.dtype, report.differ, report.inexact) == (kind, 0, 0)
