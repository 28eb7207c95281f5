"""The processors that C can be generated for."""

from bittwin_cgen.errors import BittwinError
from bittwin_cgen.ir import Target

TARGETS = {
    target.name: target
    for target in (
        Target("host", ("scalar",)),
        Target("cortex-m0", ("armv6m", "scalar"), has_fpu=False),
        Target("cortex-m3", ("armv7m", "scalar"), has_fpu=False),
        Target("cortex-m4", ("dsp", "fpu", "armv7m", "scalar")),
        Target("cortex-m4+nofp", ("dsp", "armv7m", "scalar"), has_fpu=False),
        Target("cortex-m7", ("dsp", "fpu", "armv7m", "scalar")),
        Target("cortex-m33", ("dsp", "fpu", "armv7m", "scalar")),
        Target("cortex-m33+nofp", ("dsp", "armv7m", "scalar"), has_fpu=False),
        Target("cortex-m55", ("mve", "dsp", "fpu", "armv7m", "scalar")),
        Target("cortex-a53", ("neon", "scalar")),
        Target("cortex-a76", ("dotprod", "neon", "scalar")),
        Target("armv8.6-a", ("i8mm", "dotprod", "neon", "scalar")),
        Target("armv7-a", ("neon", "scalar"), armv7=True),
    )
}


def find_target(name: str) -> Target:
    """The target of that name; raises BittwinError for another."""
    if name not in TARGETS:
        raise BittwinError(f"--target {name}", "no such target", f"Choose one of: {' '.join(TARGETS)}")
    return TARGETS[name]
