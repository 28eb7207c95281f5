"""The harness that compiles and runs generated C, and what the C promises to those who compile it themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittwin import builder
from bittwin.builder import WARNINGS, build, find_compiler, from_c_order, run_sanitized, to_c_order, write_files
from bittwin.golden import run, session, why_not_golden
from bittwin_cgen import BittwinError, generate
from bittwin_cgen.interpret import interpret
from bittwin_cgen.ir import Array, Files, GeneratedModel
from tests.graphs import GraphBuilder, random_model, sample_inputs

LEVELS = ("-O0", "-O1", "-O2", "-O3")
COMPILERS = ("gcc", "clang")
MODES = {"default": [], "shared": ["-DBTW_SHARED_KERNELS"]}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("BITTWIN_CACHE", str(folder))
    return folder


def need(compiler: str) -> str:
    path = shutil.which(compiler)
    if path is None:
        pytest.skip(f"{compiler} is not installed: sudo apt-get install {compiler}")
    return path


@cache
def model_of(name: str) -> tuple[GeneratedModel, dict[str, Array], dict[str, Array]]:
    """(a model, inputs for it, the outputs that onnxruntime gives)."""
    random = np.random.default_rng(len(name))
    dtype: Any = "float32" if name == "real" else "int8"
    graph = GraphBuilder(random, dtype)
    x = graph.input(1, 3, 6, 5)
    y = graph.conv(x, 4, pads=(1, 1, 1, 1), mode="reflect" if name == "codes" else "constant")
    y = graph.depthwise(y, kernel=(3, 2), pads=(0, 1, 2, 0), stride=(2, 1), clip=(0.0, np.inf))
    y = graph.concat([graph.max_pool(y, (2, 2)), graph.average_pool(y, (2, 2))])
    graph.output(y)
    graph.output(graph.gemm(graph.flatten(graph.add(y, y)), 5))
    onnx_model = graph.model()
    inputs = sample_inputs(onnx_model, 1)
    return generate(onnx_model, name=name), inputs, run(session(onnx_model), inputs)


@cache
def tiny() -> tuple[GeneratedModel, dict[str, Array]]:
    """One addition of real values: quick to compile."""
    graph = GraphBuilder(np.random.default_rng(0), "float32")
    a, b = graph.input(1, 2, 3, 3, name="a"), graph.input(1, 2, 3, 3, name="b")
    graph.output(graph.add(graph.conv(a, 2, kernel=(1, 1)), b))
    onnx_model = graph.model()
    return generate(onnx_model, name="tiny"), sample_inputs(onnx_model, 2)


def patched(model: GeneratedModel, path: str, text: str, wrong: str) -> GeneratedModel:
    """The model with other text in one of its files."""
    assert model.files[path].count(text) == 1, f"{text!r} is {model.files[path].count(text)} times in {path}"
    return replace(model, files={**model.files, path: model.files[path].replace(text, wrong)})


def compilations(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Grows by a command for each compilation."""
    commands: list[list[str]] = []
    real = subprocess.run

    def counted(command: list[str], **options: Any) -> Any:
        if "-o" in command:
            commands.append(command)
        return real(command, **options)

    monkeypatch.setattr(builder.subprocess, "run", counted)
    return commands


# ---------------------------------------------------------------- cache


def test_same_text_is_compiled_once(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    model, inputs = tiny()
    commands = compilations(monkeypatch)
    first = build(model).run(inputs)
    second = build(generate_again()).run(inputs)
    assert len(commands) == 1
    assert len(list(own_cache.iterdir())) == 1
    for name, values in first.outputs.items():
        np.testing.assert_array_equal(values, second.outputs[name])


def test_warnings_stop_builds_of_these_tests_alone(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    files = {"odd.c": "int odd(void);\nint odd(void) { int unused = 1; return 0; }\n"}
    flags = ["-std=c11", "-Wall", "-Werror", "-c"]
    with pytest.raises(BittwinError, match="unused"):
        builder.compile_files(files, ["odd.c"], flags, ".o")
    monkeypatch.delenv("BITTWIN_STRICT")
    assert builder.compile_files(files, ["odd.c"], flags, ".o").is_file()
    with pytest.raises(BittwinError, match="does not compile"):
        builder.compile_files({"odd.c": "int odd("}, ["odd.c"], flags, ".o")


def generate_again() -> GeneratedModel:
    tiny.cache_clear()
    return tiny()[0]


def test_other_text_flags_or_compiler_are_compiled(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    model, inputs = tiny()
    commands = compilations(monkeypatch)
    library = build(model)
    build(model, "observed")
    changed = build(patched(model, "btw/add_f32_scalar.c", "a[i] + b[i]", "a[i] - b[i]"))
    assert len(commands) == 3
    output = model.manifest["outputs"][0]["name"]
    assert not np.array_equal(library.run(inputs).outputs[output], changed.run(inputs).outputs[output])
    if shutil.which("clang"):
        build(model, compiler="clang")
        assert len(commands) == 4
    assert len(list(own_cache.iterdir())) == len(commands)


def test_a_failed_compilation_leaves_nothing_in_the_cache(own_cache: Path) -> None:
    model, _ = tiny()
    with pytest.raises(BittwinError):
        build(patched(model, "btw/add_f32_scalar.c", "a[i] + b[i]", "a[i] +"))
    assert not list(own_cache.iterdir())


# ---------------------------------------------------------------- what the harness sees


@pytest.mark.parametrize("flavour", ["shipped", "observed"])
@pytest.mark.parametrize("name", ["real", "codes"])
@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
def test_outputs_are_those_of_onnxruntime(name: str, flavour: Any) -> None:
    model, inputs, expected = model_of(name)
    library = build(model, flavour)
    values = library.run(inputs)
    assert set(values.outputs) == set(expected)
    for output, wanted in expected.items():
        compare(values.outputs[output], wanted)
    assert set(values.tensors) == ({step["tensor"] for step in model.manifest["layers"]} if library.observed else set())


def compare(y: Array, expected: Array) -> None:
    if expected.dtype == np.float32:
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    else:
        np.testing.assert_array_equal(y, expected)


def test_observed_layers_are_those_of_the_reference() -> None:
    model, inputs, _ = model_of("codes")
    expected = interpret(model.program.graph, inputs)
    tensors = build(model, "observed").run(inputs).tensors
    compared = [name for name in tensors if name in expected]
    assert len(compared) >= 5
    for name in compared:
        np.testing.assert_array_equal(tensors[name], expected[name])


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (2, 7), (1, 1, 1, 1)])
def test_c_order(shape: tuple[int, ...]) -> None:
    """[N,C,H,W] is [N][H][W][C] in C."""
    values = np.arange(np.prod(shape)).reshape(shape)
    flat = to_c_order(values)
    assert flat.flags.c_contiguous
    if len(shape) == 4:
        assert all(flat[n, y, x, c] == values[n, c, y, x] for n, c, y, x in np.ndindex(shape))
    np.testing.assert_array_equal(from_c_order(flat.reshape(-1), shape), values)


LOOP_END = "y[i] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;\n    }"


@pytest.mark.parametrize("place", ["y[-1] = 0.0f;", "y[count] = 0.0f;"])
def test_a_write_beside_an_output_is_seen(place: str) -> None:
    model, inputs = tiny()
    wrong = patched(model, "btw/add_f32_scalar.c", LOOP_END, f"{LOOP_END}\n    {place}")
    with pytest.raises(BittwinError, match=r"C wrote outside output"):
        build(wrong).run(inputs)


@pytest.mark.parametrize("place", ["-1", "(int)sizeof(tiny_arena)"])
def test_a_write_beside_the_arena_is_seen(place: str) -> None:
    model, inputs = tiny()
    start = "*const frame = &whole;"
    text = f"{start}\n    volatile int place = {place};\n    ((uint8_t *)arena)[place] = 0;"
    with pytest.raises(BittwinError, match=r"C wrote outside its arena"):
        build(patched(model, "tiny.c", start, text)).run(inputs)


def test_a_model_that_does_not_compile() -> None:
    model, _ = tiny()
    with pytest.raises(BittwinError) as caught:
        build(patched(model, "tiny.c", "*const frame = &whole;", "*const frame = &hole;"))
    assert "does not compile" in str(caught.value)
    assert "hole" in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("text", ["int unused;", "y[0] = pixels;", "{ int count = 1; (void)count; }"])
def test_warnings_are_errors(text: str) -> None:
    model, _ = tiny()
    with pytest.raises(BittwinError, match="does not compile"):
        build(patched(model, "btw/add_f32_scalar.c", LOOP_END, f"{LOOP_END}\n    {text}"))


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BittwinError, match="apt-get install"):
        find_compiler("no-such-compiler")
    monkeypatch.setenv("CC", "no-such-compiler-either")
    with pytest.raises(BittwinError, match="no-such-compiler-either"):
        find_compiler()


# ---------------------------------------------------------------- sanitizers


def test_sanitized_outputs() -> None:
    model, inputs = tiny()
    for name, values in run_sanitized(model, inputs).items():
        np.testing.assert_array_equal(values, build(model).run(inputs).outputs[name])


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("y[0] += a[100];", "heap-buffer-overflow"),
        ("y[0] += b[-1];", "heap-buffer-overflow"),
        ("y[count] = 1.0f;", "heap-buffer-overflow"),
        ("volatile int most = INT32_MAX;\n    y[0] = (float)(most + pixels);", "signed integer overflow"),
        ("volatile int bits = 32;\n    y[0] = (float)(1u << bits);", "shift exponent 32 is too large"),
    ],
)
def test_sanitizers_report(text: str, report: str) -> None:
    """The last layer adds an arena's tensor to an input, and writes an output."""
    model, inputs = tiny()
    with pytest.raises(BittwinError, match=report):
        run_sanitized(patched(model, "btw/add_f32_scalar.c", LOOP_END, f"{LOOP_END}\n    {text}"), inputs)


def test_a_sanitized_model_has_its_own_function() -> None:
    with pytest.raises(ValueError, match="run_sanitized"):
        build(tiny()[0], "sanitized")


# ---------------------------------------------------------------- several models in one program

MAIN = """#include <stdio.h>
#include <string.h>
#include "codes.h"
#include "real.h"
#include "data.h"

static int failed;

static void check(const char *what, const void *y, const void *expected, size_t bytes)
{
    if (memcmp(y, expected, bytes) != 0) {
        printf("%s differs\\n", what);
        failed = 1;
    }
}

static void check_real(const char *what, const float *y, const float *expected, int count)
{
    for (int i = 0; i < count; i++) {
        const float difference = y[i] - expected[i];
        if (!(difference < 1e-4f && difference > -1e-4f)) {
            printf("%s differs\\n", what);
            failed = 1;
            return;
        }
    }
}

int main(void)
{
    static codes_arena first, second;
    static union {
        codes_arena codes;
        real_arena real;
    } shared;
    static int8_t y0[2][sizeof codes_y0], y1[2][sizeof codes_y1];
    static float r0[sizeof real_y0 / sizeof(float)], r1[sizeof real_y1 / sizeof(float)];

    memset(&first, 0x5a, sizeof first);
    codes_run(&first, codes_x, y0[0], y1[0]);
    codes_run(&second, codes_x, y0[1], y1[1]);
    for (int i = 0; i < 2; i++) {
        check("codes", y0[i], codes_y0, sizeof codes_y0);
        check("codes", y1[i], codes_y1, sizeof codes_y1);
    }
    for (int i = 0; i < 2; i++) {
        real_run(&shared.real, real_x, r0, r1);
        check_real("real", r0, real_y0, (int)(sizeof real_y0 / sizeof(float)));
        check_real("real", r1, real_y1, (int)(sizeof real_y1 / sizeof(float)));
        codes_run(&shared.codes, codes_x, y0[0], y1[0]);
        check("codes in a shared arena", y0[0], codes_y0, sizeof codes_y0);
        check("codes in a shared arena", y1[0], codes_y1, sizeof codes_y1);
    }
    return failed;
}
"""


def c_array(name: str, values: Array) -> str:
    kind = {"float32": "float", "int8": "int8_t"}[str(values.dtype)]
    literals = [
        f"{v:.9g}" + ("f" if "." in f"{v:.9g}" or "e" in f"{v:.9g}" else ".0f") for v in values.ravel().tolist()
    ]
    texts = literals if kind == "float" else [str(v) for v in values.ravel().tolist()]
    return f"static const {kind} {name}[] = {{{', '.join(texts)}}};"


def data() -> str:
    """Inputs, and the outputs of onnxruntime, in C order."""
    lines = ["#include <stdint.h>"]
    for name in ("codes", "real"):
        model, inputs, expected = model_of(name)
        lines.append(c_array(f"{name}_x", to_c_order(next(iter(inputs.values())))))
        lines += [
            c_array(f"{name}_y{i}", to_c_order(expected[port["name"]]))
            for i, port in enumerate(model.manifest["outputs"])
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models in one folder."""
    folder = tmp_path_factory.mktemp("package")
    for name in ("codes", "real"):
        write_files(model_of(name)[0].files, folder)
    (folder / "main.c").write_text(MAIN)
    (folder / "data.h").write_text(data())
    return folder


def compile_c(compiler: str, arguments: list[str], folder: Path) -> None:
    done = subprocess.run([compiler, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
    assert not done.stderr, done.stderr[:3000]


def kernel_sources(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "btw").glob("*.c"))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
def test_two_models_and_two_arenas_in_one_program(
    compiler: str, mode: str, level: str, package: Path, tmp_path: Path
) -> None:
    path, program = need(compiler), tmp_path / "program"
    models = ["codes.c", "codes_weights.c", "real.c", "real_weights.c"]
    sources = models + (kernel_sources(package) if mode == "shared" else [])
    flags = ["-std=c11", level, "-ffp-contract=off", *WARNINGS, *MODES[mode]]
    compile_c(path, [*flags, *sources, "main.c", "-lm", "-o", str(program)], package)
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@cache
def objects(compiler: str, mode: str, package: Path) -> Path:
    """Every .c of the package compiled by itself, as Arduino's build does; the folder of the objects."""
    path, folder = need(compiler), package.parent / f"objects_{package.name}_{compiler}_{mode}"
    folder.mkdir()
    for source in sorted(package.rglob("*.c")):
        name = source.relative_to(package).as_posix()
        made = folder / (name.replace("/", "_") + ".o")
        flags = ["-std=c11", "-O1", "-ffp-contract=off", *WARNINGS, *MODES[mode]]
        compile_c(path, [*flags, "-c", name, "-o", str(made)], package)
    return folder


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
def test_every_file_compiled_by_itself_links(compiler: str, mode: str, package: Path, tmp_path: Path) -> None:
    made = sorted(str(path) for path in objects(compiler, mode, package).glob("*.o"))
    assert len(made) == 5 + len(kernel_sources(package))
    compile_c(need(compiler), [*made, "-lm", "-o", str(tmp_path / "program")], package)
    assert subprocess.run([str(tmp_path / "program")]).returncode == 0


def symbols(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """{object: [(nm's letter, name)]} of all but the test's own main."""
    need("nm")
    found = {}
    for path in sorted(folder.glob("*.o")):
        if path.name != "main.c.o":
            text = subprocess.run(
                ["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True
            ).stdout
            found[path.name] = [(letter, name) for _, letter, name in (line.split() for line in text.splitlines())]
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_writable_static_data(compiler: str, mode: str, package: Path) -> None:
    need(compiler)
    for name, entries in symbols(objects(compiler, mode, package)).items():
        writable = [entry for entry in entries if entry[0] in "bBdDcCsSgG"]
        # a constant that holds pointers may lie in .data.rel.ro, which the loader makes read-only
        assert not writable or sections(objects(compiler, mode, package) / name) <= {
            ".data.rel.ro",
            ".data.rel.ro.local",
        }, f"{name}: {writable}"


def sections(path: Path) -> set[str]:
    """Sections of an object that are writable and not empty."""
    text = subprocess.run(["size", "-A", str(path)], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(\.(?:data|bss|tdata|tbss)\S*)\s+(\d+)", text, re.MULTILINE)
    return {name for name, size in found if int(size)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_external_symbols_carry_a_prefix(compiler: str, mode: str, package: Path) -> None:
    need(compiler)
    found = symbols(objects(compiler, mode, package))
    external = {name: [symbol for letter, symbol in entries if letter.isupper()] for name, entries in found.items()}
    for name, names in external.items():
        model = name.split("_")[0].split(".")[0]
        allowed = ("btw_",) if model == "btw" else (f"{model}_",)
        assert all(symbol.startswith(allowed) for symbol in names), f"{name}: {names}"
    assert "codes_run" in external["codes.c.o"]
    kernels = [symbol for names in external.values() for symbol in names if symbol.startswith("btw_")]
    assert len(kernels) == (len(kernel_sources(package)) if mode == "shared" else 0)


@pytest.mark.parametrize("mode", MODES)
def test_the_c_needs_nothing_but_memory_functions(mode: str, package: Path) -> None:
    """No malloc, no I/O, no mathematics of a library."""
    need("gcc")
    missing: set[str] = set()
    folder = objects("gcc", mode, package)
    for path in folder.glob("*.o"):
        if path.name != "main.c.o":
            text = subprocess.run(
                ["nm", "--undefined-only", str(path)], capture_output=True, text=True, check=True
            ).stdout
            missing |= {line.split()[-1] for line in text.splitlines()}
    own = {name for entries in symbols(folder).values() for _, name in entries}
    assert missing - own <= {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


# ---------------------------------------------------------------- the header


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"),
    [("gcc", "c99", "c"), ("gcc", "c11", "c"), ("gcc", "c2x", "c"), ("clang", "c99", "c"), ("clang", "c11", "c")]
    + [("g++", "c++11", "cpp"), ("g++", "c++20", "cpp"), ("clang++", "c++11", "cpp")],
)
def test_the_header_in_other_languages(
    compiler: str, standard: str, suffix: str, package: Path, tmp_path: Path
) -> None:
    """The header compiles, with its inline functions; the arena is aligned to 16 bytes, also inside a struct."""
    path = need(compiler)
    check = "alignof" if suffix == "cpp" else "__alignof__"
    source = tmp_path / f"use.{suffix}"
    source.write_text(f"""#include "codes.h"
#include "real.h"
#include "codes.h"
struct device {{
    char name;
    codes_arena arena;
}};
typedef char aligned[{check}(codes_arena) == 16 && {check}(real_arena) == 16 && sizeof(codes_arena) % 16 == 0 ? 1 : -1];
typedef char placed[sizeof(struct device) == 16 + sizeof(codes_arena) ? 1 : -1];
typedef char sizes[CODES_X_1_SIZE == 90 && CODES_X_1_HEIGHT == 6 && CODES_X_1_CHANNELS == 3 ? 1 : -1];
void use(struct device *device, const int8_t *x, int8_t *y, int8_t *z);
void use(struct device *device, const int8_t *x, int8_t *y, int8_t *z)
{{
    aligned *a = 0;
    placed *p = 0;
    sizes *s = 0;
    (void)a, (void)p, (void)s;
    codes_run(&device->arena, x, y, z);
    y[0] = codes_quantize_x_1(1.0f);
}}
""")
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{package}", "-fsyntax-only"]
    compile_c(path, [*flags, str(source)], tmp_path)


@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
def test_the_c_links_into_a_cpp_program(package: Path, tmp_path: Path) -> None:
    """extern "C" is in the header."""
    (tmp_path / "use.cpp").write_text("""#include "codes.h"
static codes_arena arena;
static int8_t x[CODES_X_1_SIZE], y[1 << 12], z[1 << 12];
int main() { codes_run(&arena, x, y, z); return 0; }
""")
    need("gcc")
    made = [str(path) for path in objects("gcc", "default", package).glob("codes*.o")]
    compile_c("g++", ["-std=c++11", f"-I{package}", str(tmp_path / "use.cpp"), *made, "-o", "program"], tmp_path)
    assert subprocess.run([str(tmp_path / "program")]).returncode == 0


@pytest.mark.skipif(bool(why_not_golden()), reason=f"no expected values: {why_not_golden()}")
def test_conversions_of_the_header() -> None:
    """<model>_quantize_<input> and <model>_dequantize_<output> are QuantizeLinear and DequantizeLinear."""
    random = np.random.default_rng(5)
    graph = GraphBuilder(random, "int8", ports="real")
    x = graph.input(1, 1, 1, 4000)
    graph.output(graph.quantized(x, np.float32(0.03), -7))
    onnx_model = graph.model()
    values = random.standard_normal((1, 1, 1, 4000)).astype(np.float32) * 3
    values[..., :8] = [np.inf, -np.inf, 3e38, -3e38, 0.0, -0.0, 1e-40, 1e9]
    scale = np.float32(x.scale)
    values[..., 8:600] = (np.arange(592) - 296 + 0.5).astype(np.float32) * scale
    library = build(generate(onnx_model, name="conversions"))
    codes = library.quantize(0, values)
    golden = quantize_linear(values, scale, x.zero_point)
    np.testing.assert_array_equal(codes, golden)
    all_codes = np.arange(-128, 128, dtype=np.int8)
    expected = (all_codes.astype(np.float32) + 7) * np.float32(0.03)
    np.testing.assert_array_equal(library.dequantize(0, all_codes), expected)


def quantize_linear(values: Array, scale: np.float32, zero_point: int) -> Array:
    with np.errstate(over="ignore"):
        rounded = np.clip(np.rint(values / scale), -1000, 1000)
    return np.clip(rounded + zero_point, -128, 127).astype(np.int8)


def files_text(files: Mapping[str, str]) -> str:
    return "\n".join(f"{path}\n{text}" for path, text in sorted(files.items()))


def test_generated_text_names_no_path_of_this_machine() -> None:
    """What is generated does not depend on where."""
    text = files_text(model_of("codes")[0].files)
    assert os.sep + "home" not in text
    assert str(Path.cwd()) not in text


# ---------------------------------------------------------------- large constants


@pytest.mark.skipif(sys.platform != "linux", reason="large constants are assembled for ELF alone")
def test_large_constants_are_linked_as_they_are_and_mean_what_the_text_says(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(3, "int8", ports="codes")
    inputs = sample_inputs(model, 0)
    expected = build(generate(model, name="net")).run(inputs).outputs
    monkeypatch.setattr(builder, "LARGE", 1)
    made = generate(model, name="net")
    found = build(made).run(inputs).outputs
    assert isinstance(made.files, Files)
    assert made.files.arrays("net_weights.c") is not None, "the text was made though it is not needed"
    for name, values in expected.items():
        assert np.array_equal(values, found[name])
    text = made.files["net_weights.c"]
    assert "_weights[" in text
    assert made.files.arrays("net_weights.c") is None
