"""The shape of the repository: who imports whom, who writes files, how kernels are named, what imports cost."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bittwin_cgen import ops
from bittwin_cgen.ir import Kernel
from bittwin_cgen.version import ABI

ROOT = Path(__file__).resolve().parents[1]
CGEN = ROOT / "cgen" / "bittwin_cgen"
TOOLKIT = ROOT / "toolkit" / "bittwin"
RUNTIME = ROOT / "runtime_c"
PACKAGES = {"bittwin_cgen": CGEN, "bittwin": TOOLKIT}

STANDARD = frozenset(sys.stdlib_module_names)
NOT_IN_CGEN = {"subprocess", "ctypes", "multiprocessing", "socket", "urllib", "http"}
WRITERS = {"write_text", "write_bytes", "mkdir", "unlink", "rename", "touch", "savez", "save", "save_model", "tofile"}


def files_of(package: str) -> list[Path]:
    return sorted(PACKAGES[package].rglob("*.py"))


def module_name(path: Path) -> str:
    """bittwin_cgen.ops.add for cgen/bittwin_cgen/ops/add.py; a package is its __init__."""
    for package, folder in PACKAGES.items():
        if path.is_relative_to(folder):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    raise ValueError(path)


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions; `from a import b` is a.b where that is a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if is_module(name)]
            yield from modules
            if len(modules) < len(inner):
                yield node.module


def is_module(name: str) -> bool:
    top, *rest = name.split(".")
    if top not in PACKAGES:
        return False
    path = PACKAGES[top].joinpath(*rest)
    return path.is_dir() or path.with_suffix(".py").is_file()


def inside(path: Path) -> list[str]:
    """What a file of cgen imports from cgen, without the package's name: ops.add, ir, ..."""
    return [name.removeprefix("bittwin_cgen.") for name in imports_of(path) if name.split(".")[0] == "bittwin_cgen"]


def violations(paths: list[Path], allowed: set[str]) -> list[str]:
    """Imports of cgen's own modules that are neither allowed nor inside an allowed package."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in inside(path)
        if name not in allowed and name.split(".")[0] not in allowed
    ]


# ---------------------------------------------------------------- import arrows


def test_compiler_imports_only_numpy_onnx_protobuf_and_the_standard_library() -> None:
    allowed = {"bittwin_cgen", "numpy", "onnx", "google", "__future__"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of("bittwin_cgen")
        for name in imports_of(path)
        if name.split(".")[0] in NOT_IN_CGEN or name.split(".")[0] not in allowed | STANDARD
    ]
    assert not wrong
    google = {name for path in files_of("bittwin_cgen") for name in imports_of(path) if name.split(".")[0] == "google"}
    assert all(name.startswith("google.protobuf") for name in google)


def test_toolkit_imports_the_compiler_and_not_the_other_way_round() -> None:
    assert any(name.startswith("bittwin_cgen") for path in files_of("bittwin") for name in imports_of(path))
    tops = {name.split(".")[0] for path in files_of("bittwin_cgen") for name in imports_of(path)}
    assert not tops & {"bittwin", "toolkit", "models", "tests", "torch", "onnxruntime", "cffi"}


def test_operators_see_types_arithmetic_kernel_choice_and_each_other() -> None:
    paths = [path for path in sorted((CGEN / "ops").glob("*.py")) if path.name != "__init__.py"]
    assert len(paths) > 10
    assert not violations(paths, {"ir", "fixed_point", "kernels", "onnx_node", "errors", "ops"})
    assert not [path for path in paths if "ops" in inside(path)], "the table of operators is for the reader alone"


def test_passes_see_types_and_operators_but_not_each_other() -> None:
    paths = sorted((CGEN / "passes").glob("*.py"))
    assert len(paths) > 5
    assert not violations(paths, {"ir", "ops", "fixed_point", "errors"})
    tops = {name.split(".")[0] for path in paths for name in imports_of(path)}
    assert tops <= {"bittwin_cgen", "numpy"} | STANDARD


@pytest.mark.parametrize("module", ["ir", "errors", "fixed_point", "version"])
def test_foundations_import_nothing_of_the_compiler(module: str) -> None:
    assert not inside(CGEN / f"{module}.py")


def test_pipeline_is_imported_by_the_package_alone() -> None:
    importers = {
        module_name(path)
        for package in PACKAGES
        for path in files_of(package)
        if "bittwin_cgen.pipeline" in imports_of(path)
    }
    assert importers == {"bittwin_cgen"}


def test_emit_reads_programs_and_knows_no_operator() -> None:
    wrong = [
        f"{path.name} imports {name}"
        for path in sorted((CGEN / "emit").glob("*.py"))
        for name in inside(path)
        if name.split(".")[0] in ("ops", "passes", "read_onnx", "pipeline", "fixed_point")
    ]
    assert not wrong


def test_imports_have_no_cycles() -> None:
    graph = {
        module_name(path): {name for name in imports_of(path) if is_module(name)}
        for package in PACKAGES
        for path in files_of(package)
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " imports ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(graph.get(name, set()) - {name}):
                visit(other, (*above, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


# ---------------------------------------------------------------- files


def test_compiler_writes_no_file() -> None:
    wrong = []
    for path in files_of("bittwin_cgen"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in WRITERS or (name == "open" and not _reads(node)):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {name}")
    assert not wrong


def _reads(call: ast.Call) -> bool:
    position = 0 if isinstance(call.func, ast.Attribute) else 1
    modes = [argument.value for argument in call.args[position : position + 1] if isinstance(argument, ast.Constant)]
    modes += [word.value.value for word in call.keywords if word.arg == "mode" and isinstance(word.value, ast.Constant)]
    return (len(call.args) <= position and not modes) or modes in (["r"], ["rb"])


@pytest.mark.parametrize("package", PACKAGES)
def test_python_files_say_what_they_are_for(package: str) -> None:
    wrong = [path for path in files_of(package) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not wrong


def test_nothing_is_left_to_do() -> None:
    folders = (CGEN, TOOLKIT, RUNTIME, ROOT / "models", ROOT / "tests")
    suffixes = (".py", ".c", ".h", ".md")
    mark = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in suffixes and "golden" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if mark.search(line)
    ]
    assert not wrong


# ---------------------------------------------------------------- kernels


def kernel_rows() -> list[Kernel]:
    """Every row of every kernel table."""
    rows = []
    for info in pkgutil.iter_modules(ops.__path__):
        table = getattr(importlib.import_module(f"bittwin_cgen.ops.{info.name}"), "KERNELS", ())
        rows += list(table)
    return rows


def kernel_files() -> list[Path]:
    return sorted(path for path in (RUNTIME / "kernels").rglob("*.c"))


def test_kernel_names_say_operator_type_and_instruction_set() -> None:
    isas = "scalar|armv6m|armv7m|dsp|fpu|mve|neon|dotprod|i8mm"
    symbol = re.compile(rf"btw_[a-z0-9_]+_(s8|u8|s16|u16|s32|s64|f32)_({isas})(_[a-z0-9]+)?")
    rows = kernel_rows()
    assert len(rows) > 15
    for row in rows:
        match = symbol.fullmatch(row.symbol)
        assert match, row.symbol
        assert match.group(1, 2) == (row.dtype, row.isa)
        assert row.folder in row.symbol, f"{row.symbol} lies in {row.folder}"


def test_every_kernel_row_has_its_file_and_is_declared() -> None:
    for row in kernel_rows():
        source, header = RUNTIME / row.source, RUNTIME / row.header
        assert source.is_file(), row.source
        assert header.is_file(), row.header
        assert re.search(rf"^void {row.symbol}\(", header.read_text(), re.MULTILINE), row.header
        assert re.search(rf"^BTW_KERNEL (BTW_FOLDED )?void {row.symbol}\(", source.read_text(), re.MULTILINE), (
            row.source
        )


def test_every_kernel_file_has_its_row() -> None:
    assert {path.relative_to(RUNTIME).as_posix() for path in kernel_files()} == {row.source for row in kernel_rows()}


def test_kernel_files_define_one_kernel_named_like_the_file() -> None:
    for path in kernel_files():
        defined = re.findall(r"^BTW_KERNEL (?:BTW_FOLDED )?\w+ \*?(\w+)\(", path.read_text(), re.MULTILINE)
        assert defined == [f"btw_{path.stem}"], path


def test_symbols_of_kernels_are_unique() -> None:
    places: dict[str, set[str]] = {}
    for row in kernel_rows():
        places.setdefault(row.symbol, set()).add(row.source)
    assert not {symbol: found for symbol, found in places.items() if len(found) > 1}
    names = [path.name for path in kernel_files()]
    assert len(names) == len(set(names)), "generated models keep all kernels in one folder"


def test_runtime_files_say_what_they_are_for_and_carry_their_license() -> None:
    paths = [path for path in sorted(RUNTIME.rglob("*")) if path.suffix in (".c", ".h")]
    assert len(paths) > 20
    for path in paths:
        comment, rest = path.read_text().split("*/", 1)
        assert re.fullmatch(r"/\* \S[^*]{15,}\.\s(?: ?\*?[^*]*)*", comment, re.DOTALL), f"{path}: {comment}"
        assert rest.startswith("\n/* SPDX-License-Identifier: MIT-0 */\n"), path


def test_runtime_headers_have_guards_named_like_the_file() -> None:
    for path in sorted(RUNTIME.rglob("*.h")):
        if path.name == "btw.h":
            guard = "BTW_H"
        else:
            guard = f"BTW_{path.stem.removeprefix('btw_').upper()}_H"
        assert f"#ifndef {guard}\n#define {guard}\n" in path.read_text(), path


def test_twins_do_not_repeat_scalar_kernels() -> None:
    """Where nothing is packed, a twin includes the scalar kernel under its name, as table_s8_mve.c does."""

    def code(text: str, isa: str) -> str:
        words = re.sub(r"/\*.*?\*/|#include[^\n]*|BTW_FOLDED", "", text, flags=re.DOTALL)
        return re.sub(r"\s+", "", re.sub(rf"_{isa}\b", "_scalar", words))

    scalar = {path.name: path.read_text() for path in kernel_files() if path.stem.endswith("_scalar")}
    twins = sorted((RUNTIME / "emulate").glob("*.c"))
    assert len(twins) > 50
    for path in twins:
        name, _, isa = path.stem.rpartition("_")
        same = scalar.get(f"{name}_scalar.c")
        assert same is None or code(path.read_text(), isa) != code(same, isa), path.name


def test_runtime_includes_the_standard_library_sparingly() -> None:
    allowed = {"stdint.h", "string.h", "math.h", "arm_acle.h", "arm_mve.h", "arm_neon.h"}
    for path in sorted(RUNTIME.rglob("*.[ch]")):
        if "emulate" not in path.parts:
            assert set(re.findall(r"#include <(.+?)>", path.read_text())) <= allowed, path


def test_runtime_and_compiler_agree_on_the_version_of_their_interface() -> None:
    assert f"\n#define BTW_ABI {ABI}\n" in (RUNTIME / "include" / "btw.h").read_text()


def test_runtime_has_no_writable_static_data() -> None:
    for path in sorted(RUNTIME.rglob("*.[ch]")):
        wrong = re.findall(r"^\s*static (?!inline\b|const\b)[^(]*[;=]", path.read_text(), re.MULTILINE)
        assert not wrong, f"{path}: {wrong}"


# ---------------------------------------------------------------- what an import costs


@pytest.mark.parametrize("package", ["bittwin", "bittwin_cgen"])
def test_import_loads_no_heavy_library(package: str) -> None:
    code = f"import sys, {package}; print(*sorted({{'torch', 'onnxruntime', 'cffi', 'onnxscript'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_generating_code_loads_no_heavy_library() -> None:
    code = """
import sys
import onnx
from bittwin_cgen import generate
model = onnx.parser.parse_model('''<ir_version: 10, opset_import: ["" : 20]>
g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) { y = Relu(x) }''')
assert generate(model).files
print(*sorted({'torch', 'onnxruntime', 'cffi', 'bittwin'} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
