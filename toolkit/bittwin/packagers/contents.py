"""What every package holds, whatever its ecosystem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bittwin.boards import BOARDS, Board
from bittwin.templates import render
from bittwin_cgen.ir import GeneratedModel
from bittwin_cgen.runtime import runtime_folder
from bittwin_cgen.version import VERSION

URL = "https://pypi.org/project/bittwin"

# Products and sums rounded one by one, where a package cannot give the compiler -ffp-contract=off. Before all else in
# a file: GCC does not inline functions that were declared under other options.
EXACT_FLOATS = """#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
"""


@dataclass(frozen=True)
class Contents:
    """The model's own C files, and those of its samples and self-test, all relative to one folder."""

    model: GeneratedModel
    sources: Mapping[str, str]
    selftest: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def target(self) -> str:
        return str(self.model.manifest["target"])

    @property
    def board(self) -> Board | None:
        """How C for the target is compiled here; None for the host."""
        return BOARDS.get(self.target)

    @property
    def needs(self) -> set[str]:
        """Instruction sets without which the kernels do not compile."""
        return {isa for step in self.model.program.steps() for isa in step.call.kernel.needs}

    @property
    def units(self) -> list[str]:
        """The files to compile of the model; the kernels are included by them."""
        units = [f"{self.name}{part}.c" for part in ("", "_weights", "_camera")]
        return [unit for unit in units if unit in self.sources]

    @property
    def selftest_units(self) -> list[str]:
        return [f"{self.name}_samples.c", f"{self.name}_selftest.c"]

    @property
    def uses_float(self) -> bool:
        """True where C may call expf: it has to be linked with the mathematics library."""
        return any("math.h" in text for text in self.sources.values())

    def below(self, folder: str) -> dict[str, str]:
        """All C files below a folder."""
        return {f"{folder}/{path}": text for path, text in {**self.sources, **self.selftest}.items()}

    def render(self, path: str, **facts: object) -> str:
        """A template, filled in with what all of them may say."""
        manifest = self.model.manifest
        return render(
            path,
            name=self.name,
            upper=self.name.upper(),
            version=VERSION,
            url=URL,
            target=self.target,
            board=self.board,
            needs=self.needs,
            schedule=manifest["schedule"],
            arena_bytes=manifest["arena_bytes"],
            constant_bytes=manifest["constant_bytes"],
            batch=manifest["batch"],
            inputs=manifest["inputs"],
            outputs=manifest["outputs"],
            camera=manifest.get("camera"),
            units=self.units,
            selftest_units=self.selftest_units,
            **facts,
        )

    def with_exact_floats(self) -> Contents:
        """The same for compilers that may fuse a product and a sum."""
        unit = f"{self.name}.c"
        return replace(self, sources={**self.sources, unit: EXACT_FLOATS + self.sources[unit]})

    def license(self) -> str:
        """The text of the licence under which all of it may be used."""
        return (runtime_folder() / "LICENSE").read_text()

    def readme(self, title: str, use: str, command: bool = True) -> str:
        """README.md: what it is, how it is built (`use` is a command, or said in words), how it is called."""
        return self.render("README.md", title=title, use=f"`{use}`" if command else use)
