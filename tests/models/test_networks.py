"""The networks to deploy through the whole path: int8 equal to onnxruntime in every bit, float within the tolerance.

The largest comes last.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from bittwin.exporter import export
from bittwin.quantizer import Quantized, quantize
from bittwin.verifier import VerificationReport, verify

NAMES = ("digits", "lenet", "ds_cnn", "resnet8", "mobilenet_v1", "mobilenet_v2")
SAMPLES = 2
CALIBRATION = 8


class Networks:
    """Each network is exported and quantized once."""

    def __init__(self) -> None:
        self._exported: dict[str, onnx.ModelProto] = {}
        self._quantized: dict[str, Quantized] = {}

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"models.{name}")

    def inputs(self, name: str, count: int, seed: int) -> dict[str, NDArray[np.float32]]:
        return {"x": self.module(name).sample_inputs(count, seed)}

    def exported(self, name: str) -> onnx.ModelProto:
        if name not in self._exported:
            self._exported[name] = export(self.module(name).build(), self.module(name).INPUT_SHAPE)
        return self._exported[name]

    def quantized(self, name: str) -> Quantized:
        if name not in self._quantized:
            self._quantized[name] = quantize(self.exported(name), self.inputs(name, CALIBRATION, seed=1))
        return self._quantized[name]


@pytest.fixture(scope="session")
def networks() -> Networks:
    return Networks()


def check_rows(report: VerificationReport, model: onnx.ModelProto) -> None:
    """Every QuantizeLinear, or every node of a float model, has its row; what is not compared says why."""
    quantizers = [node.name for node in model.graph.node if node.op_type == "QuantizeLinear"]
    wanted = set(quantizers or [node.name for node in model.graph.node])
    rows = {row.name: row for row in report.layers}
    assert wanted <= rows.keys()
    for row in rows.values():
        assert row.compared > 0 or row.reason, row
    for value in model.graph.output:
        (row,) = (row for row in report.layers if row.tensor == value.name)
        assert row.compared > 0


@pytest.mark.parametrize("kind", ["float32", "int8"])
@pytest.mark.parametrize("name", NAMES)
def test_c_computes_what_onnxruntime_computes(networks: Networks, name: str, kind: str) -> None:
    model = networks.exported(name) if kind == "float32" else networks.quantized(name).model
    report = verify(model, inputs=networks.inputs(name, SAMPLES, seed=2), name=name)
    assert report.passed, report.first_difference
    assert report.differ == 0
    assert (report.dtype, report.samples) == (kind, SAMPLES)
    check_rows(report, model)
    if kind == "int8":
        assert (report.inexact, report.max_error) == (0, 0)
        assert networks.quantized(name).channels > 0
