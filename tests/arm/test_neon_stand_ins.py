"""Stand-ins for NEON intrinsics give the bits of the real ones: the same vectors, here and under qemu-aarch64."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bittwin_cgen.ir import Array
from bittwin_cgen.runtime import runtime_folder

TOOLS = {"aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross", "qemu-aarch64": "qemu-user"}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

SAMPLES = 400
WORDS = 16  # int32 of one sample; x points at them as floats
FLAGS = ["-std=c11", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]

# What an expression may use: x, and a, b, c, which are vectors of it at different places.
VECTORS = {
    "float32x4_t": "const float32x4_t a = vld1q_f32(x), b = vld1q_f32(x + 4), c = vld1q_f32(x + 9);",
}
FLOATS = {
    "float32x4_t": [
        *("vld1q_f32(x + 1)", "vld1q_dup_f32(x + 5)", "vdupq_n_f32(x[3])"),
        *(f"vld1q_lane_f32(x + 9, a, {lane})" for lane in range(4)),
        "vcombine_f32(vget_high_f32(a), vget_low_f32(b))",
        *(f"{operation}(a, b)" for operation in ("vaddq_f32", "vsubq_f32", "vmulq_f32", "vdivq_f32")),
        *("vmaxnmq_f32(a, b)", "vmaxnmq_f32(vdivq_f32(vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)), b)"),
        *("vbslq_f32(vcgtq_f32(a, b), a, c)", "vbslq_f32(vcgtq_f32(b, a), c, a)"),
        *("vmaxq_f32(a, b)", "vminq_f32(a, b)", "vfmaq_f32(a, b, c)", "vfmaq_n_f32(a, b, x[15])"),
        *(f"vfmaq_laneq_f32(a, b, c, {lane})" for lane in range(4)),
    ],
    "uint32x4_t": [
        "vaddq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b))",
        "vshlq_n_u32(vreinterpretq_u32_f32(a), 23)",
        "vreinterpretq_u32_f32(vreinterpretq_f32_u32(vcgtq_f32(a, b)))",
    ],
    "float32x2_t": ["vld1_f32(x + 1)", "vget_low_f32(c)", "vget_high_f32(c)"],
    "float32x4x2_t": ["vld1q_f32_x2(x + 3)"],
    "float32x4x3_t": ["vld1q_f32_x3(x + 3)"],
    "float32x4x4_t": ["vld1q_f32_x4(x)"],
    "float": [f"vgetq_lane_f32(b, {lane})" for lane in range(4)],
}
STORES = ["vst1q_f32(y + 1, a)", "vst1_f32(y + 3, vget_high_f32(a))", "vst1q_lane_f32(y + 2, a, 1)"]


def random_floats(random: np.random.Generator) -> Array:
    """float32 [SAMPLES, WORDS]: every exponent, near ones, zeros of both signs, denormals; no NaN, few infinities."""
    bits = random.integers(0, 1 << 32, (SAMPLES, WORDS), np.uint32).view(np.float32)
    near = random.normal(0, 1, (SAMPLES, WORDS)).astype(np.float32)
    tiny = random.choice(np.array([0.0, -0.0, 1e-45, -3e-39, np.inf], np.float32), (SAMPLES, WORDS))
    kind = random.integers(0, 10, (SAMPLES, WORDS))
    values = np.where(kind < 4, bits, np.where(kind < 9, near, tiny))
    return np.where(np.isnan(values), np.float32(1.5), values).astype(np.float32)


def source(expressions: dict[str, list[str]], stores: list[str]) -> str:
    """Reads samples, writes what each expression gives; NaNs, whose bits differ between processors, as one NaN."""
    lines = [
        f"            {{ const {type} r = {text}; put(&r, sizeof r); }}"
        for type, texts in expressions.items()
        for text in texts
    ]
    lines += [f"            {{ float y[8] = {{0}}; {text}; put(y, sizeof y); }}" for text in stores]
    return "\n".join(
        [
            "#include <arm_neon.h>",
            "#include <stdio.h>",
            "#include <string.h>",
            "static void put(const void *values, size_t bytes)",
            "{",
            "    const char *const v = values;",
            "    for (size_t i = 0; i < bytes; i += 4) {",
            "        float word;",
            "        memcpy(&word, v + i, 4);",
            "        const unsigned char nan[4] = {0, 0, 0xc0, 0x7f};",
            "        fwrite(word != word ? (const char *)nan : v + i, 1, 4, stdout);",
            "    }",
            "}",
            "int main(void)",
            "{",
            f"    float x[{WORDS}];",
            "    while (fread(x, sizeof x, 1, stdin) == 1) {",
            *VECTORS.values(),
            *lines,
            "    }",
            "    return 0;",
            "}",
        ]
    )


def test_float_stand_ins_are_honest(tmp_path: Path) -> None:
    (tmp_path / "run.c").write_text(source(FLOATS, STORES))
    given = random_floats(np.random.default_rng(3)).tobytes()
    emulate = ["-I", str(runtime_folder() / "emulate"), "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["cc", *FLAGS, *emulate, "run.c", "-o", "here", "-lm"], cwd=tmp_path, check=True)
    arm = ["aarch64-linux-gnu-gcc", *FLAGS, "-static", "run.c", "-o", "there"]
    subprocess.run(arm, cwd=tmp_path, check=True)
    here, there = (
        np.frombuffer(subprocess.run(command, cwd=tmp_path, input=given, capture_output=True, check=True).stdout, "<u4")
        for command in (["./here"], ["qemu-aarch64", "./there"])
    )
    assert len(here) == len(there) > 0
    wrong = np.nonzero((here != there).reshape(SAMPLES, -1).any(0))[0]
    assert not len(wrong), f"words {wrong} of a sample differ: {here[here != there][:4]} {there[here != there][:4]}"
