"""The whole compiler on one page: read, rewrite, lower, emit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import onnx

from bittwin_cgen.budget import arena_exceeded, constants_exceeded
from bittwin_cgen.check import check_graph
from bittwin_cgen.emit.camera import camera_files, camera_in_front
from bittwin_cgen.emit.manifest import manifest
from bittwin_cgen.emit.memory_map import memory_map
from bittwin_cgen.emit.model import ModelText
from bittwin_cgen.errors import BittwinError
from bittwin_cgen.flash import compacted
from bittwin_cgen.ir import Files, GeneratedModel, Graph, Program, UnaryTable
from bittwin_cgen.lower import identifier, lower
from bittwin_cgen.passes.fill_tables import fill_tables
from bittwin_cgen.passes.flatten_in_place import flatten_in_place
from bittwin_cgen.passes.fold_known import fold_known
from bittwin_cgen.passes.fold_pads import fold_pads
from bittwin_cgen.passes.fold_scales import fold_scales
from bittwin_cgen.passes.fuse_clips import fuse_clips
from bittwin_cgen.passes.fuse_moves import fuse_moves
from bittwin_cgen.passes.fuse_quantized import fuse_quantized
from bittwin_cgen.passes.fuse_requantizations import fuse_requantizations
from bittwin_cgen.passes.fuse_swish import fuse_swish
from bittwin_cgen.passes.fuse_tables import fuse_tables
from bittwin_cgen.passes.globalize_pools import globalize_pools
from bittwin_cgen.passes.move_codes import move_codes
from bittwin_cgen.passes.place_biases import place_biases
from bittwin_cgen.passes.remove_clips import remove_clips
from bittwin_cgen.passes.remove_dead_channels import remove_dead_channels
from bittwin_cgen.passes.remove_dead_nodes import remove_dead_nodes
from bittwin_cgen.passes.separate_images import separate_images
from bittwin_cgen.passes.sink_transposes import sink_transposes
from bittwin_cgen.passes.split_batch import split_batch
from bittwin_cgen.passes.split_reshapes import split_reshapes
from bittwin_cgen.passes.split_resizes import split_resizes
from bittwin_cgen.passes.strip_boundary import strip_boundary
from bittwin_cgen.read_onnx import load_model, read_onnx
from bittwin_cgen.runtime import runtime_files
from bittwin_cgen.targets import find_target

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    split_batch,
    remove_dead_nodes,
    sink_transposes,
    fuse_moves,
    remove_clips,
    move_codes,
    fuse_quantized,
    split_resizes,
    fuse_requantizations,
    fuse_tables,
    fold_known,
    strip_boundary,
    fold_pads,
    fold_scales,
    fuse_clips,
    fuse_swish,
    globalize_pools,
    place_biases,
    remove_dead_channels,
    sink_transposes,
    fuse_moves,
    flatten_in_place,
    separate_images,
    split_reshapes,
)

SCHEDULES = ("ram", "speed", "layers")


def compile_graph(
    source: str | Path | bytes | onnx.ModelProto, name: str | None = None, unary_table: UnaryTable | None = None
) -> Graph:
    """The graph that C computes, after all passes; int8 tables are what `unary_table` says, else numpy."""
    model = load_model(source)
    default = Path(source).name.split(".")[0] if isinstance(source, (str, Path)) else "model"
    graph = read_onnx(model, identifier(name or default, set(), "model"))
    check_graph(graph, "read_onnx")
    for rewrite in PASSES:
        graph = rewrite(graph)
        check_graph(graph, rewrite.__name__)
        if rewrite is fuse_quantized and unary_table is not None:
            graph = fill_tables(graph, unary_table)
    return graph


def compile_program(
    source: str | Path | bytes | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    name: str | None = None,
    ram: int | None = None,
    unary_table: UnaryTable | None = None,
) -> Program:
    """The program of a model for a target."""
    if schedule not in SCHEDULES:
        raise BittwinError(f"--schedule {schedule}", "no such schedule", f"Choose one of: {' '.join(SCHEDULES)}")
    where = find_target(target)
    return lower(compile_graph(source, name, unary_table), where, schedule, ram)


def generate(
    source: str | Path | bytes | onnx.ModelProto,
    target: str = "host",
    schedule: str = "ram",
    ram: int | None = None,
    flash: int | None = None,
    name: str | None = None,
    unary_table: UnaryTable | None = None,
    camera: str | None = None,
) -> GeneratedModel:
    """The C of an ONNX model. `ram` bounds the arena, `flash` the constants, both in bytes.

    `camera`, for example rgb565be:160x120:crop, also gives C from a camera's pixels to the input.

    `unary_table` asks onnxruntime for the table of an int8 function; without it numpy computes them, whose exp and tanh
    differ from onnxruntime's in the last bit now and then: the manifest says which tables those are.

    Raises BittwinError for models that cannot be compiled, BudgetExceeded where a bound does not hold.
    """
    program = compile_program(source, target, schedule, name, ram, unary_table)
    text = ModelText(program, program.graph.name)
    if flash is not None:
        for smaller in compacted(program, text.constant_bytes - flash):
            text = ModelText(lower(smaller, program.target, schedule, ram), program.graph.name)
            if text.constant_bytes <= flash:
                break
        program = text.program
    facts = manifest(text)
    if ram is not None and text.arena_bytes > ram:
        raise arena_exceeded(text, ram)
    if flash is not None and text.constant_bytes > flash:
        raise constants_exceeded(text, flash)
    files = text.files(runtime_files())
    if camera is not None:
        described = camera_in_front(text, camera)
        facts["camera"] = asdict(described)
        files |= camera_files(text, described, runtime_files())
    files[f"{text.name}.json"] = json.dumps(facts, indent=1) + "\n"
    files[f"{text.name}_memory.svg"] = memory_map(program)
    return GeneratedModel(text.name, program, Files(files), facts)
