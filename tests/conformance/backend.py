"""bittwin as a backend of onnx.backend.test: a model becomes C, is compiled without optimization, and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import numpy_helper
from onnx.backend.base import Backend, BackendRep

from bittwin.builder import FLAGS, Library, compile_files, harness_source
from bittwin.emulation import host_files
from bittwin.runner import codes_of, real_outputs, real_ports
from bittwin_cgen import generate
from bittwin_cgen.ir import Array
from tests.conformance.cases import OF_ACTIVATIONS

QUICK = ["-O0" if flag == "-O3" else flag for flag in FLAGS]


class BittwinRep(BackendRep):
    """A model whose parameters are not known before it runs: C is generated then."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model

    def run(self, inputs: Sequence[Any], **kwargs: Any) -> list[Array]:
        """Outputs in graph order. Inputs that are parameters by their nature become constants first."""
        names = [value.name for value in self.model.graph.input]
        given = dict(zip(names, inputs, strict=True))
        model, rest = bake(self.model, given)
        generated = generate(model, schedule="layers", name="node")
        files = {**host_files(generated), "harness.c": harness_source(generated.manifest)}
        sources = [f"{generated.name}.c", f"{generated.name}_weights.c", "harness.c"]
        library = Library(generated, compile_files(files, sources, [*QUICK, "-fPIC", "-shared"], ".so"), False)
        found = real_outputs(library, library.run(codes_of(library, rest)), real_ports(model))
        return [found[value.name] for value in model.graph.output]


class BittwinBackend(Backend):
    """What onnx.backend.test asks for."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> BittwinRep:
        return BittwinRep(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device == "CPU"


def bake(model: onnx.ModelProto, given: dict[str, Any]) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """(the model with parameters as initializers, the inputs that remain)."""
    names = [value.name for value in model.graph.input]
    kinds = {node.op_type for node in model.graph.node}
    parameters = set() if kinds <= OF_ACTIVATIONS else set(names[1:])
    baked = onnx.ModelProto()
    baked.CopyFrom(model)
    baked.graph.ClearField("input")
    baked.graph.input.extend(value for value in model.graph.input if value.name not in parameters)
    baked.graph.initializer.extend(numpy_helper.from_array(given[name], name) for name in names if name in parameters)
    return baked, {name: given[name] for name in names if name not in parameters}
