"""Options and folders of the whole test run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["BITTWIN_STRICT"] = "1"  # a warning of a compiler stops a build


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden from what is generated now (make golden)"
    )


@pytest.fixture(scope="session", autouse=True)
def _cache_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled libraries go to a folder of this run, which child processes see too; the user's cache is not touched."""
    before = os.environ.get("BITTWIN_CACHE")
    os.environ["BITTWIN_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["BITTWIN_CACHE"]
    else:
        os.environ["BITTWIN_CACHE"] = before
