"""ONNX graphs that cannot be compiled as they are: constants folded, If resolved, patterns joined by other tools.

Those tools run in a process of their own, for files are not trusted: a crash or a hang there is no more than a graph
that could not be simplified. Usage of the process: python -m bittwin.simplifier < given.onnx > simplified.onnx
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import subprocess
import sys

import onnx
from onnx import ModelProto

SECONDS = 120  # for both tools
TOOLS = ("onnxslim", "onnxscript")


def simplified(model: ModelProto) -> ModelProto | None:
    """The model as onnxslim and onnxscript leave it; None where they change nothing, fail, or are not installed."""
    if not all(importlib.util.find_spec(tool) for tool in TOOLS):
        return None
    command = [sys.executable, "-m", "bittwin.simplifier"]
    try:
        given = model.SerializeToString(deterministic=True)
        done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=True)
        result = onnx.load_model_from_string(done.stdout)
    except Exception:  # too large for one message, out of time, a crash, or no model: as if it had not been tried
        return None
    before, after = ([node.op_type for node in graph.node] for graph in (model.graph, result.graph))
    return result if after and before != after else None


def _simplify(model: ModelProto) -> ModelProto:
    """onnxslim folds all but a BatchNormalization behind a Gemm; onnxscript folds that."""
    import onnxscript.optimizer
    import onnxslim

    for step in (onnxslim.slim, onnxscript.optimizer.optimize):
        with contextlib.suppress(Exception):  # what one cannot read the other may
            changed = step(model)
            onnx.checker.check_model(changed)
            model = changed
    return model


def main() -> None:
    """Standard input to standard output; what the tools print goes nowhere."""
    given = onnx.load_model_from_string(sys.stdin.buffer.read())
    with contextlib.redirect_stdout(io.StringIO()):
        result = _simplify(given)
    sys.stdout.buffer.write(result.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
