"""CMSIS-Pack: a pack description with one component for the model and one for its self-test."""

from __future__ import annotations

from bittwin.packagers.contents import Contents
from bittwin_cgen import BittwinError

# Dcore values of PACK.xsd on which the code of a target runs: the core itself, and those that have its instructions.
DSP = ("Cortex-M4", "Cortex-M7", "Cortex-M33", "Cortex-M35P", "Cortex-M55", "Cortex-M85")
HELIUM = ("Cortex-M55", "Cortex-M85")
MAINLINE = ("Cortex-M3", *DSP, "Cortex-M52")
ANY = ("Cortex-M0", "Cortex-M0+", "Cortex-M1", "Cortex-M23", *MAINLINE)
CORES = {
    "host": ANY,
    "cortex-m0": ANY,
    "cortex-m3": MAINLINE,
    "cortex-m4": DSP,
    "cortex-m4+nofp": DSP,
    "cortex-m7": DSP,
    "cortex-m33": DSP,
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
