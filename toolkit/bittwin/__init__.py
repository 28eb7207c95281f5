"""A trained vision network as C that computes what onnxruntime computes. One function for each verb of the command.

Functions are loaded when they are first used: `import bittwin` costs nothing, torch is loaded by `export` alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bittwin_cgen.errors import BittwinError, BudgetExceeded
from bittwin_cgen.version import VERSION as __version__

if TYPE_CHECKING:
    from bittwin.builder import build
    from bittwin.checker import check
    from bittwin.exporter import export
    from bittwin.generator import generate
    from bittwin.packager import package
    from bittwin.profiler import profile
    from bittwin.quantizer import quantize
    from bittwin.reporter import report
    from bittwin.runner import run_model as run
    from bittwin.verifier import verify

__all__ = [
    "BittwinError",
    "BudgetExceeded",
    "__version__",
    "build",
    "check",
    "export",
    "generate",
    "package",
    "profile",
    "quantize",
    "report",
    "run",
    "verify",
]

_PLACES = {
    "build": ("bittwin.builder", "build"),
    "check": ("bittwin.checker", "check"),
    "export": ("bittwin.exporter", "export"),
    "generate": ("bittwin.generator", "generate"),
    "package": ("bittwin.packager", "package"),
    "profile": ("bittwin.profiler", "profile"),
    "quantize": ("bittwin.quantizer", "quantize"),
    "report": ("bittwin.reporter", "report"),
    "run": ("bittwin.runner", "run_model"),
    "verify": ("bittwin.verifier", "verify"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'bittwin' has no attribute {name!r}")
    module, function = _PLACES[name]
    return getattr(import_module(module), function)
