"""The whole compiler on one page: read, rewrite, lower, emit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx

from bittwin_cgen.check import check_graph
from bittwin_cgen.emit.manifest import manifest
from bittwin_cgen.emit.model import ModelText
from bittwin_cgen.errors import BittwinError, BudgetExceeded
from bittwin_cgen.ir import GeneratedModel, Graph, Program
from bittwin_cgen.lower import identifier, lower
from bittwin_cgen.passes.flatten_in_place import flatten_in_place
from bittwin_cgen.passes.fold_pads import fold_pads
from bittwin_cgen.passes.fold_scales import fold_scales
from bittwin_cgen.passes.fuse_clips import fuse_clips
from bittwin_cgen.passes.fuse_quantized import fuse_quantized
from bittwin_cgen.passes.remove_clips import remove_clips
from bittwin_cgen.passes.remove_dead_nodes import remove_dead_nodes
from bittwin_cgen.passes.split_batch import split_batch
from bittwin_cgen.passes.split_reshapes import split_reshapes
from bittwin_cgen.passes.strip_boundary import strip_boundary
from bittwin_cgen.read_onnx import load_model, read_onnx
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import find_target

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    split_batch,
    remove_dead_nodes,
    remove_clips,
    fuse_quantized,
    strip_boundary,
    fold_pads,
    fold_scales,
    fuse_clips,
    flatten_in_place,
    split_reshapes,
)

SCHEDULES = ("ram", "speed", "layers")


def compile_graph(source: str | Path | bytes | onnx.ModelProto, name: str | None = None) -> Graph:
    """The graph that C computes, after all passes."""
    model = load_model(source)
    default = Path(source).name.split(".")[0] if isinstance(source, (str, Path)) else "model"
    graph = read_onnx(model, identifier(name or default, set(), "model"))
    check_graph(graph, "read_onnx")
    for rewrite in PASSES:
        graph = rewrite(graph)
        check_graph(graph, rewrite.__name__)
    return graph


def compile_program(
    source: str | Path | bytes | onnx.ModelProto, target: str = "host", schedule: str = "ram", name: str | None = None
) -> Program:
    """The program of a model for a target."""
    if schedule not in SCHEDULES:
        raise BittwinError(f"--schedule {schedule}", "no such schedule", f"Choose one of: {' '.join(SCHEDULES)}")
    where = find_target(target)
    return lower(compile_graph(source, name), where, schedule)


def generate(
    source: str | Path | bytes | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    ram: int | None = None,
    flash: int | None = None,
    name: str | None = None,
) -> GeneratedModel:
    """The C of an ONNX model. `ram` bounds the arena, `flash` the constants, both in bytes.

    Raises BittwinError for models that cannot be compiled, BudgetExceeded where a bound does not hold.
    """
    program = compile_program(source, target, schedule, name)
    text = ModelText(program, program.graph.name)
    facts = manifest(text)
    _check_budget(program, "arena", text.arena_bytes, ram)
    _check_budget(program, "constants", int(str(facts["constant_bytes"])), flash)
    files = text.files(runtime_files())
    files[f"{text.name}.json"] = json.dumps(facts, indent=1) + "\n"
    return GeneratedModel(text.name, program, files, facts)


def _check_budget(program: Program, what: str, needed: int, budget: int | None) -> None:
    if budget is None or needed <= budget:
        return
    name = program.graph.name
    if what == "arena":
        largest = sorted(program.places.items(), key=lambda item: -item[1].bytes)[:2]
        detail = " + ".join(f"{buffer} ({place.bytes:,})" for buffer, place in largest)
        do = "Use a smaller input or fewer channels in these layers"
    else:
        heavy = sorted(program.steps(), key=lambda step: -step.macs)[:2]
        detail = " + ".join(step.name for step in heavy)
        do = "Quantize the model, or use fewer channels"
    raise BudgetExceeded(name, f"needs {needed:,} bytes of {what}; the budget is {budget:,}. Largest: {detail}", do)
