"""A PyTorch module to float ONNX that the rest of bittwin can read: traced, normalized, compared with torch."""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import logging
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from bittwin.files import write_file
from bittwin.onnx_passes.remove_stack_traces import remove_stack_traces
from bittwin.onnx_passes.remove_unused import remove_unused
from bittwin.onnx_passes.replace_batch_normalization import replace_batch_normalization
from bittwin.onnx_passes.replace_max_zero import replace_max_zero
from bittwin.onnx_passes.replace_reduce_mean import replace_reduce_mean
from bittwin.onnx_passes.values import shape
from bittwin_cgen.errors import BittwinError

if TYPE_CHECKING:
    import torch

    Example: TypeAlias = torch.Tensor | NDArray[Any]
    Inputs: TypeAlias = Sequence[int] | Example | Sequence[Sequence[int] | Example]

Array = NDArray[Any]

SHAPE_ADVICE = "Give one with its batch, such as 1,3,32,32; several inputs are separated by a semicolon"
PLEASE_REPORT = "Please report the network"

PASSES: tuple[Callable[[ModelProto], ModelProto], ...] = (
    replace_reduce_mean,
    replace_max_zero,
    replace_batch_normalization,
    remove_stack_traces,
    remove_unused,
)


def export(module: torch.nn.Module, inputs: Inputs, path: str | Path | None = None, opset: int = 20) -> ModelProto:
    """Traces `module` in eval mode on the CPU and normalizes the graph; also writes it where `path` is given.

    `inputs`: one shape with its batch, such as (1, 3, 32, 32), or one example tensor, or a sequence of either, one per
    argument of forward. Raises BittwinError where tracing fails, a shape is not static, or onnxruntime differs.
    """
    _import_torch()
    model = _export(type(module).__name__, module, inputs, opset)
    if path is not None:
        write_file(Path(path), model.SerializeToString())
    return model


def export_spec(spec: str, input_shape: str | None = None, opset: int = 20) -> ModelProto:
    """Exports what `module:callable` returns; the current folder is importable, prints go to standard error.

    Input shapes: `input_shape` ("1,3,32,32", several separated by ";"), else the callable's input_shape, else its
    module's INPUT_SHAPE. The callable may be the network itself.
    """
    torch = _import_torch()
    with _current_folder_importable(), contextlib.redirect_stdout(sys.stderr):
        source, build = _find_callable(spec)
        if input_shape is not None:
            inputs: Any = _parse_shapes(input_shape)
        else:
            inputs = getattr(build, "input_shape", getattr(source, "INPUT_SHAPE", None))
        if inputs is None:
            raise BittwinError(
                spec, "no input shape is known", f"Try --input-shape, or set INPUT_SHAPE in {source.__name__}"
            )
        try:
            module = build if isinstance(build, torch.nn.Module) else build()
        except Exception as error:
            raise BittwinError(
                spec, f"calling it raised {_summary(error)}", "Make it work without arguments"
            ) from error
        if not isinstance(module, torch.nn.Module):
            raise BittwinError(spec, f"it returned {type(module).__name__}, not torch.nn.Module", "Return the network")
        return _export(spec, module, inputs, opset)


def normalize(model: ModelProto) -> ModelProto:
    """Shape inference, then every pass; shapes are inferred again after each."""
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for rewrite in PASSES:
        model = onnx.shape_inference.infer_shapes(rewrite(model), strict_mode=True, data_prop=True)
    return model


def _export(where: str, module: torch.nn.Module, inputs: Any, opset: int) -> ModelProto:
    devices = {str(tensor.device) for tensor in (*module.parameters(), *module.buffers())} - {"cpu"}
    if devices:
        raise BittwinError(where, f"its weights are on {', '.join(sorted(devices))}", "Move it first: module.cpu()")
    examples = _example_inputs(where, inputs)
    with _in_eval_mode(module), _single_thread():
        reference = _run_torch(where, module, examples)
        traced = _trace(where, module, examples, opset)
        try:
            model = normalize(traced)
            onnx.checker.check_model(model, full_check=True)
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError) as error:
            raise BittwinError(where, f"its ONNX form is invalid: {_summary(error)}", PLEASE_REPORT) from error
        _check_static(where, model)
        _check_agrees(where, model, module, examples, reference)
    return model


def _trace(where: str, module: torch.nn.Module, examples: tuple[torch.Tensor, ...], opset: int) -> ModelProto:
    torch = _import_torch()
    try:
        with _quiet():
            program = torch.onnx.export(
                module, examples, dynamo=True, external_data=False, opset_version=opset, verbose=False
            )
        assert program is not None
        model: ModelProto = program.model_proto
    except Exception as error:
        raise BittwinError(
            where,
            f"torch.onnx.export failed: {_summary(error.__cause__ or error)}",
            "Remove control flow that depends on values, and operators without an ONNX form",
        ) from error
    version = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), opset)
    if version != opset:
        raise BittwinError(where, f"torch wrote opset {version} where {opset} was asked", "Use the default, opset 20")
    return model


def _check_static(where: str, model: ModelProto) -> None:
    """Every value of the graph has a static shape."""
    inputs = [("input", value.name) for value in model.graph.input]
    outputs = [(node.name or node.op_type, name) for node in model.graph.node for name in node.output if name]
    for source, name in (*inputs, *outputs):
        if shape(model.graph, name) is None:
            raise BittwinError(
                where, f"the shape of {name} ({source}) is not static", "Make it independent of the values that go in"
            )


def _check_agrees(
    where: str,
    model: ModelProto,
    module: torch.nn.Module,
    examples: tuple[torch.Tensor, ...],
    reference: tuple[torch.Tensor, ...],
) -> None:
    """onnxruntime and torch on the examples and on two draws of N(0, 1), within the bound of _disagreement."""
    torch = _import_torch()
    generator = torch.Generator().manual_seed(1)
    draws = [(examples, reference)]
    for _ in range(2 if any(example.is_floating_point() for example in examples) else 0):
        drawn = tuple(_draw_like(example, generator) for example in examples)
        draws.append((drawn, _run_torch(where, module, drawn)))
    for (values, expected), outputs in zip(draws, _run_onnxruntime(where, model, draws), strict=True):
        if len(outputs) != len(expected):
            raise BittwinError(where, f"torch has {len(expected)} outputs, its ONNX form {len(outputs)}", PLEASE_REPORT)
        for index, (output, tensor) in enumerate(zip(outputs, expected, strict=True)):
            error = _disagreement(output, tensor.numpy())
            if error is not None and not _arbitrate(module, values, index, output, tensor.numpy()):
                name = model.graph.output[index].name
                raise BittwinError(where, f"onnxruntime and torch differ in {name}: {error}", PLEASE_REPORT)


def _run_onnxruntime(
    where: str, model: ModelProto, draws: list[tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]]
) -> list[list[Array]]:
    """Outputs for each draw's inputs."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    names = [value.name for value in model.graph.input]
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [
            session.run(None, {name: value.numpy() for name, value in zip(names, values, strict=True)})
            for values, _ in draws
        ]
    except Exception as error:
        raise BittwinError(where, f"onnxruntime cannot run it: {_summary(error)}", PLEASE_REPORT) from error


def _disagreement(output: Array, reference: Array) -> str | None:
    """What differs, where |error| <= 1e-4 * |reference| + 1e-5 * max(1, max|reference|) does not hold everywhere."""
    if output.shape != reference.shape or output.dtype != reference.dtype:
        return f"{output.dtype}{list(output.shape)} against {reference.dtype}{list(reference.shape)}"
    if output.size == 0 or np.array_equal(output, reference, equal_nan=output.dtype.kind == "f"):
        return None
    exact = reference.astype(np.float64)
    bound = 1e-4 * np.abs(exact) + 1e-5 * max(1.0, np.abs(exact).max())
    error = np.abs(output.astype(np.float64) - exact)
    wrong = ~(error <= bound)
    return f"{wrong.sum()} of {wrong.size} values, by up to {error.max():.3g}" if wrong.any() else None


def _arbitrate(
    module: torch.nn.Module, values: tuple[torch.Tensor, ...], index: int, output: Array, reference: Array
) -> bool:
    """True where, against the module in float64, the largest error of `output` is at most twice that of `reference`."""
    if output.shape != reference.shape or output.dtype.kind != "f":
        return False
    try:
        doubles = tuple(value.double() if value.is_floating_point() else value for value in values)
        truth = _run_torch("float64", copy.deepcopy(module).double(), doubles)[index].numpy()
    except Exception:  # a module that insists on float32 cannot be arbitrated
        return False
    return bool(np.abs(output - truth).max() <= 2 * np.abs(reference - truth).max())


def _example_inputs(where: str, inputs: Any) -> tuple[torch.Tensor, ...]:
    """Tensors as given; N(0, 1), seed 0, for a shape."""
    torch = _import_torch()
    generator = torch.Generator().manual_seed(0)
    arrays, integers = (torch.Tensor, np.ndarray), (int, np.integer)
    if isinstance(inputs, arrays) or any(isinstance(part, integers) for part in inputs):
        inputs = (inputs,)
    if len(inputs) == 0:
        raise BittwinError(where, "no input shape is given", SHAPE_ADVICE)
    examples = []
    for given in inputs:
        if isinstance(given, arrays):
            examples.append(torch.as_tensor(given).detach().cpu())
        elif all(isinstance(size, integers) and size >= 1 for size in given):
            examples.append(torch.randn(*map(int, given), generator=generator))
        else:
            raise BittwinError(where, f"input shape {given} is not whole sizes of at least 1", SHAPE_ADVICE)
    return tuple(examples)


def _draw_like(example: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) of the example's type; integers are kept, since what is valid is not known."""
    if not example.is_floating_point():
        return example
    drawn: torch.Tensor = _import_torch().randn(example.shape, generator=generator)
    return drawn.to(example.dtype)


def _run_torch(where: str, module: torch.nn.Module, values: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    torch = _import_torch()
    try:
        with torch.no_grad():
            return tuple(_tensors(module(*(value.clone() for value in values))))
    except Exception as error:
        shapes = "; ".join(str(tuple(value.shape)) for value in values)
        raise BittwinError(
            where, f"it fails on inputs of shape {shapes}: {_summary(error)}", "Give the input shape that forward takes"
        ) from error


def _tensors(output: Any) -> list[torch.Tensor]:
    """Tensors of nested tuples, lists and dictionaries, in order."""
    torch = _import_torch()
    if isinstance(output, torch.Tensor):
        return [output]
    parts: Any = () if output is None else output.values() if isinstance(output, Mapping) else output
    return [tensor for part in parts for tensor in _tensors(part)]


def _find_callable(spec: str) -> tuple[types.ModuleType, Callable[[], Any]]:
    name, _, attribute = spec.partition(":")
    if not (name and attribute):
        raise BittwinError(spec, "it is not of the form module:callable", "Write for example models.digits:build")
    if name.endswith(".py") or "/" in name:
        dotted = name.removesuffix(".py").strip("./").replace("/", ".")
        raise BittwinError(spec, "it names a file, not a module", f"Write {dotted}:{attribute}")
    try:
        source = importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        if f"{name}.".startswith(f"{missing}."):
            do = "Run it from the folder that holds the module"
            raise BittwinError(spec, f"there is no module {missing}", do) from error
        raise BittwinError(spec, f"importing {name} needs {missing}", f"Install what provides {missing}") from error
    except Exception as error:
        raise BittwinError(spec, f"importing {name} raised {_summary(error)}", "Make it importable") from error
    build = getattr(source, attribute, None)
    if not callable(build):
        what = f"{name} has no {attribute}" if build is None else f"{attribute} is {type(build).__name__}, not callable"
        raise BittwinError(spec, what, "Name a function or class that returns the network")
    return source, build


def _parse_shapes(text: str) -> tuple[tuple[int, ...], ...]:
    """1,3,32,32;1,4 becomes ((1, 3, 32, 32), (1, 4))."""
    try:
        return tuple(tuple(int(size) for size in part.split(",")) for part in text.split(";"))
    except ValueError as error:
        raise BittwinError(f"--input-shape {text}", "it is not sizes separated by commas", SHAPE_ADVICE) from error


def _summary(error: BaseException) -> str:
    """Type and first line of the message."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


def _import_torch() -> types.ModuleType:
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise BittwinError("export", "PyTorch is not installed", 'pip install "bittwin[torch]"') from error


@contextlib.contextmanager
def _in_eval_mode(module: torch.nn.Module) -> Iterator[None]:
    """Every submodule in eval mode, and back as it was."""
    flags = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in flags:
            part.training = training


@contextlib.contextmanager
def _single_thread() -> Iterator[None]:
    """torch on one thread: on a busy machine its barriers cost seconds, and one image is little work."""
    torch = _import_torch()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No prints, warnings or log records: the exporter has many, and standard output belongs to --json."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


@contextlib.contextmanager
def _current_folder_importable() -> Iterator[None]:
    folder = os.getcwd()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
