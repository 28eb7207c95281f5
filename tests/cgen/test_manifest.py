"""The manifest keeps to its published schema; a model refuses the kernels of another version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from bittwin.builder import find_compiler
from bittwin_cgen import generate
from bittwin_cgen.emit.manifest import SCHEMA
from tests.graphs import random_model

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = json.loads((ROOT / "docs" / "manifest.schema.json").read_text())


def test_schema_is_one_and_names_its_version() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["properties"]["schema"] == {"const": SCHEMA}


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "golden").glob("*/*.json")), ids=lambda path: path.stem)
def test_reviewed_manifests_keep_to_it(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text()), PUBLISHED)


@pytest.mark.parametrize("schedule", ["ram", "speed", "layers"])
def test_manifests_of_every_schedule_keep_to_it(schedule: str) -> None:
    for seed in range(4):
        model = random_model(seed)
        made = generate(model, "cortex-m4", schedule)
        jsonschema.validate(json.loads(json.dumps(made.manifest)), PUBLISHED)


def test_model_refuses_kernels_of_another_version(tmp_path: Path) -> None:
    made = generate(random_model(0), name="net")
    for path, text in made.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = [find_compiler(), "-std=c11", "-fsyntax-only", str(tmp_path / "net.c")]
    assert subprocess.run(command, capture_output=True).returncode == 0
    header = tmp_path / "btw" / "btw.h"
    header.write_text(header.read_text().replace("#define BTW_ABI 1", "#define BTW_ABI 2"))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "different versions of bittwin" in done.stderr
