"""Kernels in assembler on emulated processors: cases of test_kernels.py, with guard bytes, at several -O levels."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx.shape_inference
import pytest
from onnx import helper, numpy_helper

from bittwin.profiler import profile
from bittwin_cgen.runtime import runtime_files
from tests.arm import test_dsp_kernels, test_mve_kernels
from tests.runtime_c.kernel_harness import KernelCase, Kind, blocks, in_memory, source
from tests.runtime_c.test_kernels import CASES, cases_of

TOOLS = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}
MISSING = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
REQUIRED = os.environ.get("BITTWIN_REQUIRE_ARM") == "1"  # then a test without its tools fails
pytestmark = pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"apt install {' '.join(MISSING)}")

MEMORY = 1 << 16  # bytes of inputs, of outputs and of scratch memory, at most
MACHINES = {"cortex-m4": "mps2-an386", "cortex-m55": "mps3-an547"}
# float32 kernels, and int8 ones that have no cases in test_dsp_twins.py or test_mve_twins.py
SYMBOLS = {
    "cortex-m4": [
        *sorted(name for name in CASES if name.endswith("_f32_fpu")),
        "btw_average_pool_sums_s8_armv7m",
        "btw_add_broadcast_s8_armv7m",
        "btw_concat_s8_armv7m",
        "btw_conv2d_groups_s8_dsp",
        "btw_conv2d_groups_s8_dsp_float",
        "btw_conv2d_joined_s8_dsp",
        "btw_matmul_s8_armv7m",
        "btw_matmul_s8_dsp",
        "btw_matmul_s8_dsp_float",
        "btw_linear_s8_armv7m",  # of several rows, which the cases in test_dsp_twins.py are not
        "btw_linear_s8_dsp",
        "btw_max_pool_s8_dsp",
        "btw_mul_s8_dsp",
        "btw_quantize_linear_s8_fpu",
        "btw_table_s8_armv7m",
    ],
    "cortex-m55": [
        *sorted(name for name in CASES if name.endswith("_f32_mve")),
        "btw_add_broadcast_s8_mve",
        "btw_add_table_s8_mve",
        "btw_average_pool_s8_mve",
        "btw_average_pool_sums_s8_mve",
        "btw_concat_s8_mve",
        "btw_copy_u8_mve",
        "btw_gather_pixels_u8_mve",
        "btw_matmul_s8_mve",
        "btw_max_pool_s8_mve",
        "btw_mul_float_s8_mve",
        "btw_mul_s8_mve",
        "btw_quantize_linear_s8_mve",
        "btw_reduce_max_s8_mve",
        "btw_reduce_rows_max_s8_mve",
        "btw_resize_s8_mve",
        "btw_resize_sums_s8_mve",
        "btw_softmax_axis_s8_mve",
        "btw_softmax_s8_mve",
        "btw_table_s8_mve",
    ],
}

# Inputs end where the memory does, with `edge` where no access is allowed; every output row has its guards.
MAIN = """
#define GUARD 64
#define MEMORY %(memory)d
uint8_t *edge;
static _Alignas(16) uint8_t given[MEMORY], made[MEMORY], memory[MEMORY];

typedef struct {
    int inputs, input_bytes, outputs, output_bytes, scratch_bytes, codes;
    const int *at; /* of each input block; negative: null */
    const uint32_t *values;
    const float *expected;
    float tolerance;
} kernel_case;
%(data)s

static int guarded(const uint8_t *block, int bytes)
{
    int same = 1;
    for (int i = 0; i < GUARD; i++)
        same &= block[i] == 0xa5 && block[GUARD + bytes + i] == 0xa5;
    return same;
}

static int wrong(int number)
{
    const kernel_case *const now = &all[number];
    uint8_t *const x = (edge ? edge : given + MEMORY) - now->input_bytes;
    const void *inputs[%(blocks)d];
    void *outputs[%(blocks)d];
    const int step = now->output_bytes + 2 * GUARD;
    memset(made, 0xa5, sizeof made);
    memset(memory, 0xa5, sizeof memory);
    memset(memory + GUARD, 0xff, (size_t)now->scratch_bytes); /* NaNs */
    memcpy(x, now->values, (size_t)now->input_bytes);
    for (int i = 0; i < now->inputs; i++)
        inputs[i] = now->at[i] < 0 ? NULL : x + now->at[i];
    for (int i = 0; i < now->outputs; i++)
        outputs[i] = made + i * step + GUARD;
    call_kernel(number, inputs, outputs, memory + GUARD);
    int bad = !guarded(memory, now->scratch_bytes);
    const float *expected = now->expected;
    for (int i = 0; i < now->outputs; i++) {
        bad |= !guarded(made + i * step, now->output_bytes);
        for (int k = 0; k < now->output_bytes / (now->codes ? 1 : 4); k++, expected++) {
            const float value = now->codes ? (float)((const int8_t *)outputs[i])[k] : ((const float *)outputs[i])[k];
            const float error = value - *expected;
            bad |= !(error <= now->tolerance && error >= -now->tolerance);
        }
    }
    return bad;
}

/* -1, or the number of the case that is wrong */
int run_cases(void);
int run_cases(void)
{
    for (int number = 0; number < %(cases)d; number++)
        if (wrong(number))
            return number;
    return -1;
}
"""


def numbers(values: np.ndarray, kind: str, name: str) -> str:
    text = ", ".join(
        f"{v!r}f" if kind == "float" else f"{v}u" if kind == "uint32_t" else str(v) for v in values.tolist()
    )
    return f"static const {kind} {name}[] = {{{text}}};"


def main_text(cases: list[KernelCase]) -> str:
    data, table = [], []
    for number, case in enumerate(cases):
        memory = blocks(case, case.call)
        at, content = [], b""
        for block in memory.inputs:
            at.append(-1 if block is None else len(content))
            content += block or b""
        assert len(set(memory.outputs)) == 1
        assert max(len(content), sum(memory.outputs) + 2 * 64 * len(memory.outputs), memory.scratch + 128) <= MEMORY
        expected = in_memory(case.expected).reshape(-1)
        tolerance = case.tolerance * max(1.0, float(np.abs(expected).max(initial=0.0)))
        data += [
            numbers(np.array(at), "int", f"at_{number}"),
            numbers(np.frombuffer(content + bytes(-len(content) % 4), np.uint32), "uint32_t", f"values_{number}"),
        ]
        data += [numbers(expected.astype(np.float64), "float", f"expected_{number}")]
        sizes = [len(at), len(content), len(memory.outputs), memory.outputs[0], memory.scratch]
        facts = [
            *sizes,
            int(case.output.dtype == "int8"),
            *(f"{part}_{number}" for part in ("at", "values", "expected")),
        ]
        table.append(f"{{{', '.join(map(str, facts))}, {tolerance!r}f}}")
    data.append(f"static const kernel_case all[] = {{{', '.join(table)}}};")
    most = max(max(len(blocks(case, case.call).inputs), len(blocks(case, case.call).outputs)) for case in cases)
    texts = {"memory": MEMORY, "data": "\n".join(data), "blocks": most, "cases": len(cases)}
    return "#include <string.h>\n" + MAIN % texts


def write_sources(folder: Path, cases: list[KernelCase], kind: Kind) -> list[str]:
    """The kernels and a program that runs the cases; returns the files to compile."""
    for path, text in runtime_files().items():
        top, _, name = path.partition("/")
        if top != "emulate":
            target = folder / (path if top == "kernels" else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    (folder / "cases.c").write_text(source(cases, kind) + main_text(cases))
    return ["cases.c", *(sorted({case.call.kernel.source for case in cases}) if kind == "shared" else [])]


def run(folder: Path, target: str, objects: list[str], flags: list[str], cases: list[KernelCase]) -> None:
    board = test_dsp_kernels if target == "cortex-m4" else test_mve_kernels
    (folder / "start.c").write_text(board.START)
    (folder / "link.ld").write_text(board.LINK)
    command = ["arm-none-eabi-gcc", *flags, *objects, "start.c", "-nostartfiles", "-T", "link.ld", "-lm"]
    subprocess.run([*command, "-o", "cases.elf"], cwd=folder, check=True)
    machine = ["qemu-system-arm", "-M", MACHINES[target], "-display", "none", "-monitor", "none", "-serial", "none"]
    emulator = [*machine, "-semihosting-config", "enable=on,target=native", "-kernel", "cases.elf"]
    done = subprocess.run(emulator, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 200, "fault"
    if done.returncode:
        case = cases[done.returncode - 1]
        raise AssertionError(f"{case.call.kernel.symbol}: {case.op}, {case.inputs}")


def cases_for(target: str) -> list[KernelCase]:
    return [case for symbol in SYMBOLS[target] for case in cases_of(symbol)]


def flags_for(target: str) -> list[str]:
    dsp = [*test_dsp_kernels.CPUS["dsp"], *test_dsp_kernels.FLAGS]
    return [*(dsp if target == "cortex-m4" else test_mve_kernels.FLAGS), "-I."]


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("target", SYMBOLS)
def test_assembler_computes_what_onnxruntime_computes(target: str, level: str, tmp_path: Path) -> None:
    kind: Kind = "shared" if level == "-O2" else "inlined"
    names = write_sources(tmp_path, cases_for(target), kind)
    flags = [*flags_for(target), level, *(["-DBTW_SHARED_KERNELS"] if kind == "shared" else [])]
    run(tmp_path, target, names, flags, cases_for(target))


def test_unfused_sums_are_within_the_tolerance(tmp_path: Path) -> None:
    cases = [case for name in ("conv2d", "linear") for case in cases_of(f"btw_{name}_f32_fpu")]
    names = write_sources(tmp_path, cases, "inlined")
    run(tmp_path, "cortex-m4", names, [*flags_for("cortex-m4"), "-O2", "-DBTW_F32_UNFUSED"], cases)


@pytest.mark.skipif(shutil.which("clang") is None, reason="apt install clang")
@pytest.mark.parametrize("target", SYMBOLS)
def test_assembler_in_objects_of_clang(target: str, tmp_path: Path) -> None:
    names = write_sources(tmp_path, cases_for(target), "inlined")
    library = subprocess.run(["arm-none-eabi-gcc", "-print-file-name=libc.a"], capture_output=True, text=True).stdout
    headers = Path(library.strip()).resolve().parents[1] / "include"
    command = ["clang", "--target=arm-none-eabi", *flags_for(target), "-O1", f"-isystem{headers}", "-c", *names]
    subprocess.run([*command, "-o", "cases.o"], cwd=tmp_path, check=True)
    run(tmp_path, target, ["cases.o"], flags_for(target), cases_for(target))


@pytest.mark.parametrize("target", SYMBOLS)
def test_the_stack_of_every_kernel_has_a_bound(target: str) -> None:
    """Layers of each kind, so many that gcc stops inlining: no kernel may call a loop by a pointer."""
    random, nodes, weights, x = np.random.default_rng(0), [], [], "x"
    depthwise = [(18, 3, 1), (18, 3, 2), (18, 3, 1), (18, 5, 1)] * 4
    for number, (groups, size, stride) in enumerate([*depthwise, *[(1, 3, 1), (1, 1, 1), (2, 3, 1)] * 2]):
        values = random.standard_normal((18, 18 // groups, size, size)).astype(np.float32) / 8
        weights.append(numpy_helper.from_array(values, f"w{number}"))
        window = {"group": groups, "strides": [stride] * 2, "pads": [size // 2] * 4}
        nodes.append(helper.make_node("Conv", [x, f"w{number}"], [x := f"c{number}"], **window))
    for number, pool in enumerate(("MaxPool", "AveragePool") * 2):
        nodes.append(helper.make_node(pool, [x], [x := f"p{number}"], kernel_shape=[2, 2], pads=[1, 1, 0, 0]))
    types = [helper.make_tensor_value_info("x", 1, [1, 18, 9, 9]), helper.make_tensor_value_info(x, 1, None)]
    graph = helper.make_graph(nodes, "kinds", types[:1], types[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    report = profile(onnx.shape_inference.infer_shapes(model), target, schedule="speed")
    assert {layer.kernel.rsplit("_", 1)[1] for layer in report.layers} <= {"fpu", "mve", "scalar"}
    assert 0 < report.stack_bytes < 1024
