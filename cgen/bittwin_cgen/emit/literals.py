"""C literals and initializers."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from bittwin_cgen.ir import Array, Constant, Field, Struct

C_TYPES = {
    "bool": "uint8_t",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint32": "uint32_t",
    "float32": "float",
}


def float_literal(value: float) -> str:
    """Nine significant digits: enough to give every float32 back."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    if math.isnan(value):
        return "NAN"
    text = f"{np.float32(value):.9g}"
    return text + ("f" if any(mark in text for mark in ".e") else ".0f")


def array_body(values: Array) -> str:
    """The elements between braces, in lines of at most 120 characters."""
    flat = values.reshape(-1)
    texts = (
        [float_literal(v) for v in flat.tolist()] if flat.dtype == np.float32 else [integer(v) for v in flat.tolist()]
    )
    lines, line = [], "   "
    for text in texts:
        if len(line) + len(text) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {text},"
    return "\n".join([*lines, line])


def integer(value: int) -> str:
    """An int, uint32 or int64 literal; the lowest int32 and int64 have none of their own."""
    value = int(value)
    if value == -(1 << 31):
        return "-2147483647 - 1"
    if not -(1 << 31) < value < 1 << 32:
        return f"-INT64_C({-value - 1}) - 1" if value < 0 else f"INT64_C({value})"
    return f"{value}u" if value >= 1 << 31 else str(value)


def dimensions(values: Array) -> str:
    return "".join(f"[{size}]" for size in values.shape)


class Initializers:
    """Turns structs into designated initializers and collects the arrays they point to, by the name they get."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.arrays: dict[str, Array] = {}
        self.fields: dict[str, str] = {}  # of an array: the struct's field that points to it
        self._known: dict[tuple[str, str, bytes], str] = {}

    def struct(self, name: str, struct: Struct, indent: str = "") -> str:
        inner = indent + "    "
        fields = [
            f"{inner}.{key} = {self._field(f'{name}_{key}', value, inner, f'{struct.type}.{key}')},"
            for key, value in struct.fields.items()
        ]
        return "{\n" + "\n".join(fields) + f"\n{indent}}}"

    def _field(self, name: str, value: Field, indent: str, field: str) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, Struct):
            return self.struct(name, value, indent)
        if isinstance(value, tuple):
            parts = [self.struct(f"{name}_{i}", part, indent + "    ") for i, part in enumerate(value)]
            body = "".join(f"\n{indent}    {part}," for part in parts)
            return f"(const {value[0].type}[]){{{body}\n{indent}}}"
        if isinstance(value, Constant):
            array = self.array(f"{self.prefix}_{name}", value.values)
            self.fields.setdefault(array, field)
            return array
        if isinstance(value, float):
            return float_literal(value)
        return integer(int(value))

    def array(self, name: str, values: Array) -> str:
        """The name of the array; equal arrays are stored once."""
        flat = np.ascontiguousarray(values.reshape(-1))
        key = str(flat.dtype), str(flat.size), hashlib.sha256(flat.data).digest()
        if key not in self._known:
            self._known[key] = name
            self.arrays[name] = flat
        return self._known[key]

    @property
    def bytes(self) -> int:
        return sum(values.nbytes for values in self.arrays.values())
