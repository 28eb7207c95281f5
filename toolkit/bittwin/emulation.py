"""What stands in on the host for kernels in assembler and for Arm's intrinsics: plain C from runtime_c/emulate."""

from __future__ import annotations

import re

from bittwin_cgen.ir import GeneratedModel
from bittwin_cgen.runtime import runtime_files

FOLDER = "emulate/"


def host_files(model: GeneratedModel, left_out: str = "") -> dict[str, str]:
    """{path: text} of a model for any target, to be compiled on this machine, but for one path.

    A file of btw/ that has a twin of its name in emulate/ becomes that twin; headers of emulate/ that the files include
    come along, and scalar kernels that are twins under another name.
    """
    runtime = runtime_files()
    twins = {path.removeprefix(FOLDER): text for path, text in runtime.items() if path.startswith(FOLDER)}
    included = {path.rsplit("/", 1)[1]: text for path, text in runtime.items() if path.endswith("_scalar.c")} | twins
    files = {path: model.files[path] for path in model.files if path != left_out}
    for path in model.files:
        name = path.removeprefix("btw/")
        if name != path and name in twins:
            files[path] = twins[name]
    wanted = [text for path, text in files.items() if path.startswith("btw/")]
    while wanted:
        for name in re.findall(r'#include ["<]([\w.]+)[">]', wanted.pop()):
            if name in included and f"btw/{name}" not in files:
                files[f"btw/{name}"] = included[name]
                wanted.append(included[name])
    return files
