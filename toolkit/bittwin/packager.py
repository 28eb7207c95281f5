"""Packages: a model, its self-test and an example as a project of one ecosystem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from bittwin.generator import generate
from bittwin.packagers import PACKAGERS, Contents
from bittwin.runner import model_ports, samples_of
from bittwin.selftest import golden_runs, selftest_files
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array, GeneratedModel
from bittwin_cgen.read_onnx import load_model

SAMPLES = 2  # of the self-test, where no inputs are given


@dataclass(frozen=True)
class Package:
    """A project as {path: text}; writing it is the caller's."""

    name: str
    format: str
    model: GeneratedModel
    files: Mapping[str, str]


def package(
    source: str | Path | onnx.ModelProto,
    format: str,
    target: str = "host",
    schedule: str = "ram",
    ram: int | None = None,
    flash: int | None = None,
    name: str | None = None,
    inputs: str | Path | Mapping[str, Array] | None = None,
    samples: int | None = None,
    camera: str | None = None,
) -> Package:
    """The project of a model for one ecosystem, one of PACKAGERS.

    `inputs`, a .npz or its arrays: the samples of the self-test, the first `samples` of them (2); else they are drawn.
    """
    if format not in PACKAGERS:
        raise BittwinError(f"--format {format}", "no such format", f"Choose one of: {' '.join(PACKAGERS)}")
    proto = load_model(source)
    default = None if isinstance(source, onnx.ModelProto) else Path(source).name.split(".")[0]
    model = generate(proto, target, schedule, ram, flash, name or default, camera)
    given = samples_of(model_ports(proto), inputs, samples, drawn=SAMPLES, most=SAMPLES)
    sources = {path: text for path, text in model.files.items() if path.endswith((".c", ".h"))}
    contents = Contents(model, sources, selftest_files(model, golden_runs(proto, model, given)))
    return Package(model.name, format, model, PACKAGERS[format](contents))
