"""One browser for all tests of the page, and a server for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .browser import CHROMIUM, Chromium, chromium
from .scripted_server import ScriptedServer


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as started:
        yield started
