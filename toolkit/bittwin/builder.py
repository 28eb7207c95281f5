"""Generated C on the host: compiled with the system's compiler, loaded through cffi, every layer's values seen."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cffi
import numpy as np

from bittwin.emulation import host_files
from bittwin_cgen import BittwinError
from bittwin_cgen.ir import Array, Files, GeneratedModel

Flavour = Literal["shipped", "observed", "sanitized"]

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror")
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", *WARNINGS)
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
HOST = ("-Ibtw",)  # where stand-ins for a compiler's own headers lie
GUARD = 64  # bytes on both sides of everything that C may write
GUARD_BYTE = 0xA5
LARGE = 1 << 20  # bytes of constants from which a compiler takes long to read them as text

OBSERVE = """#include <stdint.h>
void btw_observe(int layer, int row, const void *pointer, int bytes);
#define BTW_OBSERVE(layer, row, pointer, bytes) btw_observe(layer, row, pointer, bytes)
"""

CONVERSIONS = """
void harness_quantize(int port, const float *values, int8_t *codes, int count);
void harness_dequantize(int port, const int8_t *codes, float *values, int count);
"""

INTERFACE = """
void harness_watch(uint8_t **destinations);
int harness_arena_bytes(void);
void harness_run(void *arena, const void *const inputs[], void *const outputs[]);
"""


def find_compiler(name: str | None = None) -> str:
    """Path of the C compiler: `name`, else $CC, else cc; raises BittwinError where there is none."""
    wanted = name or os.environ.get("CC") or "cc"
    path = shutil.which(wanted)
    if path is None:
        raise BittwinError(f"C compiler {wanted!r}", "is not installed", "Install one: sudo apt-get install gcc")
    return path


def cache_folder() -> Path:
    """Where compiled libraries are kept: $BITTWIN_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("BITTWIN_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bittwin"


def conversion_source(manifest: Mapping[str, Any]) -> str:
    """C that calls the functions of a generated header, which need nothing else of the model."""
    name = manifest["name"]
    quantize, dequantize = (
        "".join(
            f"    if (port == {i})\n        for (int k = 0; k < count; k++)\n"
            f"            {result}[k] = {name}_{verb}_{port['parameter']}({given}[k]);\n"
            for i, port in enumerate(manifest[side])
            if "scale" in port
        )
        for side, verb, given, result in (
            ("inputs", "quantize", "values", "codes"),
            ("outputs", "dequantize", "codes", "values"),
        )
    )
    return f"""#include "{name}.h"
{CONVERSIONS}
void harness_quantize(int port, const float *values, int8_t *codes, int count)
{{
    (void)port, (void)values, (void)codes, (void)count;
{quantize}}}

void harness_dequantize(int port, const int8_t *codes, float *values, int count)
{{
    (void)port, (void)values, (void)codes, (void)count;
{dequantize}}}
"""


def harness_source(manifest: Mapping[str, Any]) -> str:
    """C that gives any model the same interface, and catches its layers' rows."""
    name = manifest["name"]
    inputs, outputs = manifest["inputs"], manifest["outputs"]
    arguments = [f"inputs[{i}]" for i in range(len(inputs))] + [f"outputs[{i}]" for i in range(len(outputs))]
    return f"""{conversion_source(manifest)}
#include <string.h>
{INTERFACE}
void btw_observe(int layer, int row, const void *pointer, int bytes);

static uint8_t **watched;

void harness_watch(uint8_t **destinations)
{{
    watched = destinations;
}}

void btw_observe(int layer, int row, const void *pointer, int bytes)
{{
    (void)row;
    if (watched && watched[layer]) {{
        memcpy(watched[layer], pointer, (size_t)bytes);
        watched[layer] += bytes;
    }}
}}

int harness_arena_bytes(void)
{{
    return (int)sizeof({name}_arena);
}}

void harness_run(void *arena, const void *const inputs[], void *const outputs[])
{{
    {name}_run(arena, {", ".join(arguments)});
}}
"""


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """{path: content} below a folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def compile_files(
    files: Mapping[str, str | bytes],
    sources: Sequence[str],
    flags: Sequence[str],
    suffix: str,
    compiler: str | None = None,
    beside: Sequence[str] = (),
) -> Path:
    """The compiled result, from the cache where the same text was compiled with the same flags before.

    `beside`: suffixes of what the compiler writes besides; these files lie beside the result.
    Raises BittwinError with the compiler's first lines where it refuses; with $BITTWIN_STRICT, as in this project's
    tests, also where it warns: what a compiler guesses of one network's loops is no reason not to verify it.
    """
    cc = find_compiler(compiler)
    if not os.environ.get("BITTWIN_STRICT"):
        flags = [flag for flag in flags if flag != "-Werror"]
    digest = hashlib.sha256()
    for part in (cc, _version(cc), *flags, *sources, *(text for item in sorted(files.items()) for text in item)):
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    result = cache_folder() / f"{digest.hexdigest()}{suffix}"
    if result.exists():
        return result
    result.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_files(files, Path(folder))
        made = Path(folder) / f"result{suffix}"
        done = subprocess.run([cc, *flags, *sources, "-o", str(made)], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            lines = "\n".join(done.stderr.splitlines()[:8])
            raise BittwinError(
                "generated C", f"does not compile with {cc}:\n{lines}", "This is a bug: please report it"
            )
        for other in (*beside, suffix):  # the result last: where it is, all are
            partial = result.with_name(f"{result.stem}{other}.{os.getpid()}")
            shutil.copy(made.with_suffix(other), partial)
            partial.replace(result.with_suffix(other))
    return result


def assembled_constants(name: str, arrays: Mapping[str, Array]) -> dict[str, str | bytes]:
    """<name>_weights.s and the bytes that it includes: the constants of <name>_weights.c, for assemblers of ELF."""
    lines, parts, offset = [".section .rodata"], [], 0
    for symbol, values in arrays.items():
        content = values.tobytes()
        lines += [".balign 16", f".globl {symbol}", f"{symbol}:", f'.incbin "weights.bin", {offset}, {len(content)}']
        parts.append(content)
        offset += len(content)
    lines.append('.section .note.GNU-stack, "", %progbits')
    return {f"{name}_weights.s": "\n".join(lines) + "\n", "weights.bin": b"".join(parts)}


@functools.cache
def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Values:
    """What one run gave, in ONNX order: outputs as C gives them, and each step's tensor where it was observed."""

    outputs: dict[str, Array]
    tensors: dict[str, Array]


def to_c_order(values: Array) -> Array:
    """[N,C,...] to [N,...,C], contiguous; other ranks stay."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1) if values.ndim in (3, 4) else values)


def from_c_order(flat: Array, shape: Sequence[int]) -> Array:
    """The inverse of `to_c_order`, from flat memory and the ONNX shape."""
    if len(shape) in (3, 4):
        return np.moveaxis(flat.reshape(shape[0], *shape[2:], shape[1]), -1, 1)
    return flat.reshape(shape)


def all_images(shape: Sequence[int], batch: int) -> tuple[int, ...]:
    """The shape of what one call of run takes or gives, from that of one image."""
    return (batch * shape[0], *shape[1:]) if batch > 1 else tuple(shape)


class Built(Protocol):
    """A model that can be run: in this process, or emulated."""

    manifest: Mapping[str, Any]
    batch: int
    observed: bool

    def run(self, inputs: Mapping[str, Array]) -> Values: ...
    def run_many(self, batches: Iterable[Mapping[str, Array]]) -> Iterator[Values]: ...
    def quantize(self, port: int, values: Array) -> Array: ...
    def dequantize(self, port: int, codes: Array) -> Array: ...


class _Loaded:
    """The conversions of a generated header, in this process."""

    def __init__(self, path: Path, interface: str = CONVERSIONS) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(interface)
        self._library: Any = self._ffi.dlopen(str(path))

    def quantize(self, port: int, values: Array) -> Array:
        """float32 values to codes by the generated header's own function, any shape."""
        return self._convert(
            self._library.harness_quantize, "float", "int8_t", np.int8, port, values.astype(np.float32)
        )

    def dequantize(self, port: int, codes: Array) -> Array:
        """Codes to float32 values by the generated header's own function, any shape."""
        return self._convert(self._library.harness_dequantize, "int8_t", "float", np.float32, port, codes)

    def _convert(self, function: Any, source: str, result: str, dtype: Any, port: int, values: Array) -> Array:
        values = np.ascontiguousarray(values)
        converted = np.empty(values.shape, dtype)
        pointers = (
            self._ffi.cast(f"const {source} *", values.ctypes.data),
            self._ffi.cast(f"{result} *", converted.ctypes.data),
        )
        function(port, *pointers, values.size)
        return converted


class Conversions(_Loaded):
    """The same for a model whose code runs elsewhere: only its header is compiled."""

    def __init__(self, model: GeneratedModel) -> None:
        header = f"{model.name}.h"
        files = {header: model.files[header], "conversions.c": conversion_source(model.manifest)}
        super().__init__(compile_files(files, ["conversions.c"], [*FLAGS, "-fPIC", "-shared"], ".so"))


class Library(_Loaded):
    """A generated model in this process. Everything that C may write has guard bytes on both sides."""

    def __init__(self, model: GeneratedModel, path: Path, observed: bool) -> None:
        super().__init__(path, INTERFACE + CONVERSIONS)
        self.manifest: Mapping[str, Any] = model.manifest
        self.batch = int(self.manifest["batch"])
        self.observed = observed
        self._arena = self._guarded(self._library.harness_arena_bytes(), 16)

    def _guarded(self, size: int, alignment: int = 16) -> Array:
        block = np.full(size + 2 * GUARD + alignment, GUARD_BYTE, np.uint8)
        start = -block.ctypes.data % alignment
        return block[start : start + size + 2 * GUARD]

    def _inside(self, block: Array) -> Any:
        return self._ffi.cast("void *", block.ctypes.data + GUARD)

    def _check_guards(self, block: Array, what: str) -> None:
        if (block[:GUARD] != GUARD_BYTE).any() or (block[-GUARD:] != GUARD_BYTE).any():
            raise BittwinError(self.manifest["name"], f"C wrote outside {what}", "This is a bug: please report it")

    def run(self, inputs: Mapping[str, Array]) -> Values:
        """One call of run: {port: [batch, ...] in ONNX order, the port's own dtype} to outputs and tensors."""
        ffi, facts = self._ffi, self.manifest
        given = [to_c_order(inputs[port["name"]].astype(port["dtype"], copy=False)) for port in facts["inputs"]]
        outputs = [self._guarded(self._bytes(port)) for port in facts["outputs"]]
        watched = [self._guarded(self._bytes(layer)) for layer in facts["layers"]] if self.observed else []
        destinations = ffi.new("uint8_t *[]", [ffi.cast("uint8_t *", self._inside(block)) for block in watched] or 1)
        self._library.harness_watch(destinations if self.observed else ffi.NULL)
        x = ffi.new("const void *[]", [ffi.cast("const void *", values.ctypes.data) for values in given])
        y = ffi.new("void *[]", [self._inside(block) for block in outputs])
        self._library.harness_run(self._inside(self._arena), x, y)
        self._check_guards(self._arena, "its arena")
        for port, block in zip(facts["outputs"], outputs, strict=True):
            self._check_guards(block, f"output {port['name']!r}")
        return Values(
            {port["name"]: self._read(port, block) for port, block in zip(facts["outputs"], outputs, strict=True)},
            {layer["tensor"]: self._read(layer, b) for layer, b in zip(facts["layers"], watched, strict=self.observed)},
        )

    def run_many(self, batches: Iterable[Mapping[str, Array]]) -> Iterator[Values]:
        """`run` for each of the batches."""
        return map(self.run, batches)

    def _bytes(self, entry: Mapping[str, Any]) -> int:
        return int(np.prod(entry["shape"])) * np.dtype(entry["dtype"]).itemsize * self.batch

    def _read(self, entry: Mapping[str, Any], block: Array) -> Array:
        flat = block[GUARD:-GUARD].copy().view(entry["dtype"])
        return from_c_order(flat, all_images(entry["shape"], self.batch))


def build(model: GeneratedModel, flavour: Flavour = "shipped", compiler: str | None = None) -> Library:
    """The model compiled for this machine; "observed" also gives every layer's values.

    Large constants go to the linker as they are: as text they are the same bytes, and gigabytes for a compiler to read.
    """
    if flavour == "sanitized":
        raise ValueError("a sanitized model runs in a process of its own: use run_sanitized")
    weights = f"{model.name}_weights.c"
    arrays = model.files.arrays(weights) if isinstance(model.files, Files) else None
    binary = arrays if sys.platform == "linux" and model.manifest["constant_bytes"] >= LARGE else None
    files: dict[str, str | bytes] = {**host_files(model, weights if binary else ""), "observe.h": OBSERVE}
    files["harness.c"] = harness_source(model.manifest)
    if binary:
        files |= assembled_constants(model.name, binary)
        weights = f"{model.name}_weights.s"
    sources = [f"{model.name}.c", weights, "harness.c"]
    flags = [*FLAGS, *HOST, "-fPIC", "-shared", *(["-include", "observe.h"] if flavour == "observed" else [])]
    return Library(model, compile_files(files, [*sources, "-lm"], flags, ".so", compiler), flavour == "observed")


SANITIZED_MAIN = """#include <stdio.h>
#include <stdlib.h>
static void *take(FILE *file, size_t bytes)
{
    void *block = aligned_alloc(16, (bytes + 15) / 16 * 16);
    unsigned char *exact = malloc(bytes ? bytes : 1);
    if (!block || !exact || (file && fread(exact, 1, bytes, file) != bytes))
        exit(3);
    free(block);
    return exact;
}
"""


def run_sanitized(model: GeneratedModel, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs of one run in a process under ASan and UBSan, each tensor a heap block of its own.

    Raises BittwinError with the sanitizer's report where it finds something.
    """
    facts: Mapping[str, Any] = model.manifest
    batch = int(facts["batch"])
    sizes = [
        [int(np.prod(port["shape"])) * np.dtype(port["dtype"]).itemsize * batch for port in facts[side]]
        for side in ("inputs", "outputs")
    ]
    x = ", ".join(f"take(in, {size})" for size in sizes[0])
    y = ", ".join(f"take(NULL, {size})" for size in sizes[1])
    writes = "\n".join(f"    fwrite(y[{i}], 1, {size}, out);" for i, size in enumerate(sizes[1]))
    main = f"""{SANITIZED_MAIN}
#include <stdint.h>
{INTERFACE}
int main(int count, char **arguments)
{{
    FILE *in = count == 3 ? fopen(arguments[1], "rb") : NULL, *out = count == 3 ? fopen(arguments[2], "wb") : NULL;
    if (!in || !out)
        return 3;
    const void *const x[] = {{{x}}};
    void *const y[] = {{{y}}};
    void *arena = aligned_alloc(16, (size_t)harness_arena_bytes());
    harness_run(arena, x, y);
{writes}
    for (int i = 0; i < {len(sizes[0])}; i++)
        free((void *)(uintptr_t)x[i]);
    for (int i = 0; i < {len(sizes[1])}; i++)
        free(y[i]);
    free(arena);
    return fclose(in) | fclose(out);
}}
"""
    files = {**host_files(model), "harness.c": harness_source(facts), "main.c": main}
    sources = [f"{model.name}.c", f"{model.name}_weights.c", "harness.c", "main.c"]
    flags = ["-std=c11", "-ffp-contract=off", *HOST, *SANITIZERS]
    program = compile_files(files, [*sources, "-lm"], flags, ".exe")
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "in", Path(folder) / "out"
        given = [to_c_order(inputs[port["name"]].astype(port["dtype"], copy=False)) for port in facts["inputs"]]
        source.write_bytes(b"".join(values.tobytes() for values in given))
        done = subprocess.run([str(program), str(source), str(result)], capture_output=True, text=True)
        if done.returncode:
            raise BittwinError(
                model.name, f"a sanitizer stopped it:\n{done.stderr[:2000]}", "This is a bug: please report it"
            )
        content, outputs = result.read_bytes(), {}
    for port, size in zip(facts["outputs"], sizes[1], strict=True):
        flat = np.frombuffer(content[:size], port["dtype"])
        outputs[port["name"]] = from_c_order(flat, all_images(port["shape"], batch))
        content = content[size:]
    return outputs
