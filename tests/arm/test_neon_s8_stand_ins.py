"""Stand-ins for integer NEON intrinsics give the bits of the real ones: random bytes, here and under qemu-aarch64."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from bittwin_cgen.ir import Array
from bittwin_cgen.runtime import runtime_folder
from tests.arm.test_neon_stand_ins import pytestmark as pytestmark

SAMPLES = 300
BYTES = 96  # of one sample
FLAGS = ["-std=c11", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]

# What an expression may use: x, int8 values; n, the same as int32; small, sums that do not overflow; and vectors.
VECTORS = """
    const int8x8_t h = vld1_s8(x + 3), k = vld1_s8(x + 20);
    const int8x16_t a = vld1q_s8(x), b = vld1q_s8(x + 17);
    const int16x4_t p = vget_low_s16(vmull_s8(h, k));
    const int16x8_t q = vmull_s8(vld1_s8(x + 31), h), r = vmlal_s8(q, h, k);
    const uint8x16_t u = vreinterpretq_u8_s8(vld1q_s8(x + 40));
    const int8x16x4_t t = vld1q_s8_x4(x + 32);
    const int32x4_t i = vld1q_s32(n), j = vld1q_s32(n + 5), s = vld1q_s32(small);
"""
EXPRESSIONS = [
    *("vld1_s8(x + 1)", "vld1q_s8(x + 5)", "vld1_s32(n + 1)", "vld1q_s32(n + 2)", "vld1_u8((const uint8_t *)x + 7)"),
    *("vld1q_s8_x2(x + 9)", "vld1q_s8_x4(x + 2)"),
    *("vdup_n_s8(x[4])", "vdupq_n_s8(x[4])", "vdupq_n_s16((int16_t)n[2])", "vdupq_n_s32(n[3])"),
    *(
        "vget_low_s8(a)",
        "vget_high_s8(a)",
        "vget_low_s16(q)",
        "vget_high_s16(q)",
        "vget_low_s32(i)",
        "vget_high_s32(i)",
    ),
    *("vcombine_s8(h, k)", "vcombine_s16(p, vget_high_s16(r))", "vcombine_s32(vget_high_s32(i), vget_low_s32(j))"),
    *(
        "vzip1q_s8(a, b)",
        "vzip2q_s8(a, b)",
        "vtbl1_s8(h, k)",
        "vtbl1_s8(h, vld1_s8((const int8_t[]){7, 0, 3, 8, -1, 1, 2, 6}))",
    ),
    "vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s32(i))",
    "vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s32(i))",
    *("vaddq_s32(s, s)", "vpaddq_s32(s, vaddq_s32(s, s))", "vpadalq_s16(s, q)"),
    *("vaddw_s16(s, p)", "vaddw_high_s16(s, r)"),
    *("vmull_s8(h, k)", "vmlal_s8(r, h, k)", "vmlal_high_s8(q, a, b)"),
    *("vdotq_s32(s, a, b)", "vmmlaq_s32(s, a, b)", *(f"vdotq_laneq_s32(s, a, b, {lane})" for lane in range(4))),
    *("vqdmulhq_s32(i, j)", "vqdmulhq_s32(vdupq_n_s32(INT32_MIN), vdupq_n_s32(INT32_MIN))"),
    *("vqaddq_s16(q, r)", "vqaddq_s16((int16x8_t)a, (int16x8_t)b)"),
    *("vqrshrn_n_s32(i, 4)", "vqrshrn_n_s32(s, 6)", "vqrshrn_high_n_s32(p, s, 4)"),
    *("vqmovn_s32(i)", "vqmovn_s32(s)", "vqmovn_high_s32(p, s)", "vqmovn_s16(q)"),
    "vshrn_n_s16(q, 8)",
    *("vcvtq_f32_s32(i)", "vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(s), vdupq_n_f32(0.0078125f)))"),
    "vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(i), vdupq_n_f32(3.7f)))",
    *("vdupq_n_u8((uint8_t)x[4])", "vqtbl4q_s8(t, u)", "vqtbx4q_s8(a, t, u)", "vqtbx4q_s8(a, t, vdupq_n_u8(63))"),
    *(
        "vmovl_s8(h)",
        "vmovl_s16(p)",
        "veorq_u8(u, vdupq_n_u8(128))",
        "vandq_s32(i, j)",
        "vmax_s8(h, k)",
        "vmaxq_s8(a, b)",
    ),
    *("vshlq_s32(i, vdupq_n_s32(-17))", "vshlq_s32(i, vdupq_n_s32(0))", "vshlq_s16(q, vdupq_n_s16(-3))"),
    *("vmull_s16(p, vget_high_s16(r))", *(f"vrshlq_s32(i, vdupq_n_s32({-bits}))" for bits in (0, 1, 4, 17, 32))),
    *("vsubq_u8(u, vdupq_n_u8(64))", "vsubq_s16(vmovl_s8(h), vmovl_s8(k))", "vaddw_s8(vmovl_s8(h), k)"),
    *("vaddl_s8(h, k)", "vsubl_s8(h, k)", "vaddq_s16(vmovl_s8(h), vmovl_s8(k))", "vsubq_s32(s, vaddq_s32(s, s))"),
    *(
        "vld1q_s16((const int16_t *)(const void *)n + 3)",
        "vld1q_s16_x4((const int16_t *)(const void *)n + 5)",
        "vmlal_laneq_s16(s, p, q, 6)",
        "vmlal_high_laneq_s16(s, q, r, 3)",
    ),
    *(
        "vaddhn_s32(s, s)",
        "vmulq_s32(vmovl_s16(p), vdupq_n_s32(x[3]))",
        "vmlaq_s32(s, vmovl_s16(p), vdupq_n_s32(x[3]))",
    ),
]
STORES = [
    "vst1_s8(y + 1, h)",
    "vst1q_s8(y + 3, a)",
    "vst1q_s32((void *)(y + 4), i)",
    "vst1q_s16((void *)(y + 6), q)",
    "vst1_lane_s32((void *)(y + 1), vreinterpret_s32_s8(h), 0)",
    "vst1_lane_s32((void *)(y + 2), vreinterpret_s32_s8(h), 1)",
]


def source() -> str:
    """Reads samples, writes what each expression gives."""
    lines = [f"        {{ const __auto_type value = {text}; put(&value, sizeof value); }}" for text in EXPRESSIONS]
    lines += [f"        {{ int8_t y[24] = {{0}}; {text}; put(y, sizeof y); }}" for text in STORES]
    return "\n".join(
        [
            "#include <arm_neon.h>",
            "#include <stdio.h>",
            "#include <string.h>",
            "static void put(const void *values, size_t bytes)",
            "{",
            "    fwrite(values, 1, bytes, stdout);",
            "}",
            "int main(void)",
            "{",
            f"    int8_t x[{BYTES}];",
            f"    int32_t n[{BYTES} / 4], small[4];",
            "    while (fread(x, sizeof x, 1, stdin) == 1) {",
            "        memcpy(n, x, sizeof n);",
            "        for (int e = 0; e < 4; e++)",
            "            small[e] = n[8 + e] >> 9;",
            VECTORS,
            *lines,
            "    }",
            "    return 0;",
            "}",
        ]
    )


def random_bytes(random: np.random.Generator) -> Array:
    """int8 [SAMPLES, BYTES]: all values, and samples of the two ends only."""
    values = random.integers(-128, 128, (SAMPLES, BYTES), np.int8)
    ends = random.choice(np.array([-128, 127], np.int8), values.shape)
    return np.where(random.random((SAMPLES, 1)) < 0.3, ends, values)


def test_integer_stand_ins_are_honest(tmp_path: Path) -> None:
    (tmp_path / "run.c").write_text(source())
    given = random_bytes(np.random.default_rng(4)).tobytes()
    emulate = ["-I", str(runtime_folder() / "emulate"), "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["cc", *FLAGS, *emulate, "run.c", "-o", "here", "-lm"], cwd=tmp_path, check=True)
    arm = ["aarch64-linux-gnu-gcc", *FLAGS, "-march=armv8.6-a", "-static", "run.c", "-o", "there"]
    subprocess.run(arm, cwd=tmp_path, check=True)
    here, there = (
        np.frombuffer(subprocess.run(command, cwd=tmp_path, input=given, capture_output=True, check=True).stdout, "i1")
        for command in (["./here"], ["qemu-aarch64", "-cpu", "max", "./there"])
    )
    assert len(here) == len(there) > 0
    wrong = np.nonzero((here != there).reshape(SAMPLES, -1).any(0))[0]
    assert not len(wrong), f"bytes {wrong} of a sample differ: {here[here != there][:4]} {there[here != there][:4]}"
