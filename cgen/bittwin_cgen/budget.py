"""What to say where a budget does not hold: what is needed, which layers need it, and what would fit."""

from __future__ import annotations

from bittwin_cgen.emit.model import ModelText
from bittwin_cgen.errors import BudgetExceeded
from bittwin_cgen.ir import Program
from bittwin_cgen.lower import lower

SHOWN = 4  # layers
QUANTIZE = "Quantize the model (bittwin quantize): int8 takes about a quarter"


def arena_exceeded(text: ModelText, budget: int) -> BudgetExceeded:
    """The arena does not fit `budget` bytes."""
    program = text.program
    if program.schedule == "layers":
        least = lower(program.graph, program.target, "ram", budget).arena_bytes
        fits = "" if least <= budget else ", which does not fit either"
        do = f"Try --schedule ram: it needs {least:,}{fits}"
    elif any(buffer.dtype == "float32" for buffer in program.buffers.values()):
        do = QUANTIZE
    else:
        least, step = program.search.lower_bound, program.search.narrowest
        why = f"The least that was found; no order of rows needs less than {least:,}"
        if budget < least:
            why = f"No order of rows fits: a row of {step}, and what waits before and behind it, take {least:,}"
        do = f"{why}. Allow --ram {text.arena_bytes}, use a smaller input, or fewer channels there"
    step, detail = _fullest(program)
    return BudgetExceeded(
        text.name,
        f"needs {text.arena_bytes:,} bytes of arena; the budget is {budget:,}. Largest: {detail}, while {step} runs",
        do,
    )


def _fullest(program: Program) -> tuple[str, str]:
    """(the step at which most bytes are alive, the largest buffers then)."""
    steps = list(program.steps())
    alive = [[p for p in program.places.items() if p[1].first <= i <= p[1].last] for i in range(len(steps))]
    if not any(alive):
        return program.graph.name, "nothing"
    fullest = max(range(len(steps)), key=lambda i: sum(place.bytes for _, place in alive[i]))
    makers = {step.output: step.name for step in steps}
    return steps[fullest].name, _largest({makers.get(name, name): place.bytes for name, place in alive[fullest]})


def constants_exceeded(text: ModelText, budget: int) -> BudgetExceeded:
    """The constants do not fit `budget` bytes."""
    program = text.program
    arrays, *_ = text.initializers
    sizes: dict[str, int] = {}
    for name, values in arrays.arrays.items():
        step = next((s.name for s in program.steps() if name.startswith(f"{text.name}_{s.name}_")), name)
        sizes[step] = sizes.get(step, 0) + values.nbytes
    do = "Use fewer channels in these layers"
    if any(values.dtype == "float32" and values.nbytes > 1024 for values in arrays.arrays.values()):
        do = QUANTIZE
    what = f"needs {arrays.bytes:,} bytes of constants; the budget is {budget:,}. Largest: {_largest(sizes)}"
    return BudgetExceeded(text.name, what, do)


def _largest(sizes: dict[str, int]) -> str:
    """conv1 (25,088) + pool1 (6,272) + 3 more (812)."""
    order = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{name} ({size:,})" for name, size in order[:SHOWN]]
    rest = order[SHOWN:]
    return " + ".join([*shown, *([f"{len(rest)} more ({sum(size for _, size in rest):,})"] if rest else [])])
