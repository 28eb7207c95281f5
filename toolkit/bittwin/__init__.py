"""A trained vision network as C that computes what onnxruntime computes. One function for each verb of the command.

Functions are loaded when they are first used: `import bittwin` costs nothing, torch is loaded by `export` alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bittwin_cgen.errors import BittwinError, BudgetExceeded
from bittwin_cgen.version import VERSION as __version__

if TYPE_CHECKING:
    from bittwin_cgen import generate

    from bittwin.build import build
    from bittwin.check import check
    from bittwin.export import export
    from bittwin.quantize import quantize
    from bittwin.run import run_model as run
    from bittwin.verify import verify

__all__ = [
    "BittwinError",
    "BudgetExceeded",
    "__version__",
    "build",
    "check",
    "export",
    "generate",
    "quantize",
    "run",
    "verify",
]

_PLACES = {
    "build": ("bittwin.build", "build"),
    "check": ("bittwin.check", "check"),
    "export": ("bittwin.export", "export"),
    "generate": ("bittwin_cgen.pipeline", "generate"),
    "quantize": ("bittwin.quantize", "quantize"),
    "run": ("bittwin.run", "run_model"),
    "verify": ("bittwin.verify", "verify"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'bittwin' has no attribute {name!r}")
    module, function = _PLACES[name]
    return getattr(import_module(module), function)
