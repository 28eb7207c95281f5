"""The compiler of bittwin: ONNX to standalone C. Needs numpy and onnx only, writes no file."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bittwin_cgen.errors import BittwinError, BudgetExceeded

if TYPE_CHECKING:
    from bittwin_cgen.pipeline import compile_graph, compile_program, generate

__all__ = ["BittwinError", "BudgetExceeded", "compile_graph", "compile_program", "generate"]


def __getattr__(name: str) -> Any:
    """Loads the compiler (numpy, onnx) when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'bittwin_cgen' has no attribute {name!r}")
    return getattr(import_module("bittwin_cgen.pipeline"), name)
