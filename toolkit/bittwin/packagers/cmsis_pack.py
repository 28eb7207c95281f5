"""CMSIS-Pack: a pack description with one component for the model and one for its self-test."""

from __future__ import annotations

from bittwin.packagers.contents import Contents
from bittwin_cgen import BittwinError

# Attributes of PACK.xsd of the cores on which the code of a target runs. Armv6-M: its kernels are for it alone.
BASELINE = tuple({"Dcore": core} for core in ("Cortex-M0", "Cortex-M0+", "Cortex-M1", "Cortex-M23"))
DSP = (
    *({"Dcore": core} for core in ("Cortex-M4", "Cortex-M7")),
    *({"Dcore": core, "Ddsp": "DSP"} for core in ("Cortex-M33", "Cortex-M35P")),
    *({"Dcore": core} for core in ("Cortex-M52", "Cortex-M55", "Cortex-M85")),
)
DSP_AND_FPU = tuple({**core, "Dfpu": fpu} for core in DSP for fpu in ("SP_FPU", "DP_FPU"))
HELIUM = tuple({"Dcore": core, "Dmve": "FP_MVE"} for core in ("Cortex-M52", "Cortex-M55", "Cortex-M85"))
MAINLINE = tuple({"Dcore": core} for core in ["Cortex-M3", *(core["Dcore"] for core in DSP)])
CORES = {
    "host": (*BASELINE, *MAINLINE),
    "cortex-m0": BASELINE,
    "cortex-m3": MAINLINE,
    "cortex-m4": DSP_AND_FPU,
    "cortex-m4+nofp": DSP,
    "cortex-m7": DSP_AND_FPU,
    "cortex-m33": DSP_AND_FPU,
    "cortex-m33+nofp": DSP,
    "cortex-m55": HELIUM,
}


def cmsis_pack(contents: Contents) -> dict[str, str]:
    """The files of a pack, to be zipped; raises BittwinError for targets that are no Cortex-M."""
    if contents.target not in CORES:
        raise BittwinError(
            f"--format cmsis-pack --target {contents.target}", "is no Cortex-M", f"Choose one of: {' '.join(CORES)}"
        )
    headers = sorted(path for path in contents.sources if "/" not in path and path.endswith(".h"))
    headers.remove(f"{contents.name}_weights.h")
    parts = sorted(set(contents.sources) - {*headers, *contents.units})
    pack = f"bittwin.{contents.name}"
    use = f"packchk {pack}.pdsc && cpackget add {pack}.pdsc"
    return {
        f"{pack}.pdsc": contents.render(
            "cmsis_pack/pack.pdsc", cores=CORES[contents.target], headers=headers, parts=parts
        ),
        "README.md": contents.readme("a CMSIS-Pack", use),
        "LICENSE": contents.license(),
        **contents.with_exact_floats().below("src"),
        "example/main.c": contents.render("example/main.c"),
        "example/cycles.h": contents.render("example/cycles.h"),
    }
