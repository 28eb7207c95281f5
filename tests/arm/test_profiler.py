"""Counts of the profiler: exact for code of known length, the same each time, whole for whole networks."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bittwin
from bittwin.boards import BOARDS, Clock
from bittwin.cli import main
from bittwin.cortex_m4 import Executed, Instruction, estimate_cycles, parse_disassembly
from bittwin.emulator import Emulated
from bittwin.profiler import count_instructions, profile, run_with_plugin, without_call, without_harness
from bittwin.stack import Function, deepest, read_call_graph, read_functions, stack_bound
from bittwin_cgen import BittwinError
from tests.arm.test_emulator import INPUT, need, network, probe

LOOPS = 300
FRAME = 240  # bytes
THUMB = """__asm__(".pushsection .text\\n.syntax unified\\n.thumb\\n.global probe_run\\n.type probe_run, %function\\n"
        ".thumb_func\\nprobe_run:\\n"
        "mov r3, r0\\nmov r2, sp\\nsub sp, #{frame}\\nstr r3, [sp]\\nmov sp, r2\\n"
        "ldr r3, ={loops}\\n1:\\nsubs r3, r3, #1\\nbne 1b\\nbx lr\\n.ltorg\\n.popsection");
"""
A64 = """__asm__(".pushsection .text\\n.global probe_run\\n.type probe_run, %function\\nprobe_run:\\n"
        "mov x3, x0\\nmov x2, sp\\nsub sp, sp, #{frame}\\nstr x3, [sp]\\nmov sp, x2\\n"
        "mov w3, #{loops}\\n1:\\nsubs w3, w3, #1\\nb.ne 1b\\nret\\n.popsection");
"""


def known(target: str, loops: int = LOOPS) -> Emulated:
    """A run that executes 7 + 2 * loops instructions and reaches FRAME bytes of stack."""
    board = need(target)
    text = A64 if board.toolchain.startswith("aarch64") else THUMB
    return Emulated(probe(text.format(frame=FRAME, loops=loops), inline=False, macs=1), board)


# ---------------------------------------------------------------- the counter itself


@pytest.mark.parametrize("target", BOARDS)
def test_code_of_known_length_and_frame_is_measured_exactly(target: str) -> None:
    for loops in (LOOPS, LOOPS + 1):
        counted = count_instructions(known(target, loops), INPUT)
        assert counted.instructions == 7 + 2 * loops
        assert counted.stack_bytes == FRAME


@pytest.mark.parametrize("target", ["cortex-m3", "cortex-m33", "cortex-m55"])
def test_clock_and_plugin_count_the_same(target: str) -> None:
    emulated = known(target)
    for mix in (False, True):
        counted = run_with_plugin(emulated, INPUT, mix=mix)
        assert counted.between(0) - counted.between(1) + 1 == 7 + 2 * LOOPS
    own = without_harness(counted.mix, emulated)
    assert sum(counts.times for counts in own.values()) == 7 + 2 * LOOPS
    assert sum(counts.taken for counts in own.values()) == LOOPS - 1 + 1  # of the loop, and the return


def test_a_clock_that_wraps_is_read_right() -> None:
    emulated = known("cortex-m3")
    clock = emulated.board.clock
    assert clock is not None and not clock.wide
    hundredths = 100 * (1 << 32) // clock.hertz
    assert emulated._ticks((0xFFFFFF00, 7, 0x100, 7)) == 0x200
    assert emulated._ticks((5, 7, 6, 8)) == 1
    assert emulated._ticks((0, 0, 10, 3 * hundredths)) == 3 * (1 << 32) + 10
    assert emulated._ticks((10, 0, 0, 3 * hundredths)) == 3 * (1 << 32) - 10


def test_a_tick_is_shorter_than_an_instruction_everywhere() -> None:
    from bittwin.profiler import NANOSECONDS

    clocks: list[Clock] = [board.clock for board in BOARDS.values() if board.clock]
    assert all(1e9 / clock.hertz < NANOSECONDS / 2 for clock in clocks)


# ---------------------------------------------------------------- whole networks


@pytest.mark.parametrize("target", BOARDS)
def test_profiles_are_whole_and_the_same_each_time(target: str) -> None:
    need(target)
    first, second = (profile(network("small int8"), target, name="net") for _ in range(2))
    assert first == second
    assert first.instructions > first.macs / 16
    assert first.macs == sum(layer.macs for layer in first.layers)
    together = sum(layer.instructions for layer in first.layers)
    assert abs(together - first.instructions) < 0.02 * first.instructions + 100
    assert all(layer.instructions > 0 for layer in first.layers)
    assert first.code_bytes > 200 and first.constant_bytes > 400 and first.stack_bytes >= 32
    assert first.static_bytes == 0
    if BOARDS[target].machine:
        assert first.stack_bound_bytes is not None
        assert first.stack_bytes <= first.stack_bound_bytes <= 512
    else:
        assert first.stack_bound_bytes is None
    assert (first.cycles_estimate is not None) == target.startswith("cortex-m4")
    if first.cycles_estimate is not None:
        assert first.instructions < first.cycles_estimate < 3 * first.instructions


def test_instructions_around_the_call_leave_no_layer_below_zero() -> None:
    assert without_call([50, 9, 3], 2) == [50, 9, 1]
    assert without_call([50, 0, 3], 7) == [46, 0, 0]


def test_streamed_rows_are_counted_with_their_layers() -> None:
    need("cortex-m4")
    streamed, whole = (profile(network("small int8"), "cortex-m4", schedule) for schedule in ("ram", "speed"))
    assert streamed.arena_bytes < whole.arena_bytes
    together = sum(layer.instructions for layer in streamed.layers)
    assert abs(together - streamed.instructions) < 0.02 * streamed.instructions + 100


def test_profile_of_a_float_network_and_of_given_inputs() -> None:
    need("cortex-m4")
    proto = network("small float32")
    shape = tuple(d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim)
    given = bittwin.profile(proto, "cortex-m4", inputs={"x": np.zeros((3, *shape[1:]), np.float32)})
    assert given.instructions > given.macs / 4
    assert given.mac_per_instruction == round(given.macs / given.instructions, 3)


def test_command_line(tmp_path: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    need("cortex-m4")
    path = f"{tmp_path}/net.onnx"
    with open(path, "wb") as file:
        file.write(network("small int8").SerializeToString())

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["profile", path, "--target", "cortex-m4", *arguments])
        return int(str(end.value.code)), " ".join(capsys.readouterr().out.split())

    status, text = call("--schedule", "layers", "--json")
    report = json.loads(text)
    assert status == 0
    keys = "target instructions cycles_estimate macs arena_bytes static_bytes constant_bytes code_bytes stack_bytes"
    assert {*keys.split(), "layers", "mac_per_instruction"} <= report.keys()
    assert {"name", "op", "kernel", "instructions", "macs"} <= report["layers"][0].keys()
    ram = report["arena_bytes"] + report["static_bytes"] + report["stack_bound_bytes"]
    flash = report["code_bytes"] + report["constant_bytes"]
    assert call("--schedule", "layers", "--ram", str(ram), "--flash", str(flash))[0] == 0
    for option, size in (("--ram", ram), ("--flash", flash)):
        status, text = call("--schedule", "layers", option, str(size - 1))
        assert status == 1
        assert option in text and f"is {size - 1:,}" in text
    status, text = call("--schedule", "layers")
    assert status == 0 and f"{report['instructions']:,} instructions" in text


def test_the_host_has_no_profile() -> None:
    with pytest.raises(BittwinError, match="has no profile"):
        profile(network("small int8"), "host")


# ---------------------------------------------------------------- the bound of the stack


CALLS = """
00000040 <net_run>:
      40:	push	{r4, lr}
      42:	sub	sp, #24
      44:	bl	60 <net_layer>
      48:	add	sp, #24
      4a:	pop	{r4, pc}

00000060 <net_layer>:
      60:	stmdb	sp!, {r4, r5, r6, r7, r8, r9, r10, r11, lr}
      64:	vpush	{d8-d15}
      68:	push	{r7, ip}
      6a:	subs	r0, #1
      6c:	bne.n	60 <net_layer>
      6e:	b.w	80 <memcpy>

00000080 <memcpy>:
      80:	strd	r4, r5, [sp, #-16]!
      84:	b.n	80 <memcpy+0x2>
      86:	bx	lr

000000a0 <by_pointer>:
      a0:	blx	r3

000000b0 <again>:
      b0:	push	{lr}
      b2:	bl	b0 <again>
"""


def test_frames_and_calls_of_a_disassembly() -> None:
    functions = read_functions(CALLS)
    frames = {name: function.frame for name, function in functions.items()}
    assert frames == {"net_run": 32, "net_layer": 36 + 64 + 8, "memcpy": 16, "by_pointer": 0, "again": 4}
    assert functions["net_layer"].calls == {"memcpy"}
    assert deepest(functions, "net_run") == 32 + 108 + 16
    for name in ("by_pointer", "again"):
        with pytest.raises(BittwinError, match="its stack has no bound"):
            deepest(functions, name)


def test_the_call_graph_of_the_compiler() -> None:
    graph = """graph: { title: "net.c"
node: { title: "net.c:layer.constprop.0" label: "layer.constprop\nnet.c:6:1\n96 bytes (static)" }
node: { title: "net_run" label: "net_run\nnet.c:8:6\n8 bytes (static)" }
node: { title: "memset" label: "memset\n/usr/include/string.h:33:9" shape : ellipse }
edge: { sourcename: "net_run" targetname: "net.c:layer.constprop.0" label: "net.c:9:5" }
edge: { sourcename: "net_run" targetname: "memset" }
node: { title: "loose" label: "loose\nnet.c:8:6\n8 bytes (dynamic)" }
}"""
    functions = read_call_graph(graph)
    assert functions["net_run"] == Function(8, {"layer.constprop.0", "memset"})
    assert functions["layer.constprop.0"] == Function(96)
    assert functions["loose"].endless


def test_stack_pushed_by_inline_assembly_is_in_the_bound() -> None:
    """The frame of a probe, which no compiler knows of: by its disassembly alone."""
    emulated = known("cortex-m4")
    assert stack_bound(emulated.program, emulated.board, "probe_run") == FRAME


# ---------------------------------------------------------------- cycles of a Cortex-M4


DISASSEMBLY = """
00000040 <probe>:
      40:	b5f0      	push	{r4, r5, r6, r7, lr}
      42:	6885      	ldr	r5, [r0, #8]
      44:	68c6      	ldr	r6, [r0, #12]
      46:	e9d0 1200 	ldrd	r1, r2, [r0]
      4a:	ecb0 0a08 	vldmia	r0!, {s0-s7}
      4e:	eee0 0a20 	vfma.f32	s1, s0, s1
      52:	fb21 3402 	smlad	r4, r1, r2, r3
      56:	d1fc      	bne.n	42 <probe+0x2>
      58:	bdf0      	pop	{r4, r5, r6, r7, pc}
"""


def test_cycles_of_known_instructions() -> None:
    instructions = parse_disassembly(DISASSEMBLY)
    assert [i.mnemonic for i in instructions][:3] == ["push", "ldr", "ldr"]
    assert [i.size for i in instructions] == [2, 2, 2, 4, 4, 4, 4, 2, 2]
    loop = 2 + 1 + 3 + 9 + 3 + 1 + 1
    executed = {i.address: Executed(10, 0) for i in instructions}
    executed[0x40] = Executed(1, 0)
    executed[0x56] = Executed(10, 9)
    executed[0x58] = Executed(1, 1)
    assert estimate_cycles(instructions, executed) == 6 + 10 * loop + 9 * 1 + 6 + 2


def test_a_branch_to_a_wide_instruction_between_words_costs_more() -> None:
    branch = Instruction(0, 2, "b.n", "2 <probe+0x2>")
    for size, expected in ((2, 2), (4, 3)):
        assert estimate_cycles([branch, Instruction(2, size, "mov", "")], {0: Executed(1, 1)}) == expected
