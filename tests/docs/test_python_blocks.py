"""Every Python block of the documents runs: those of a page one after another, in a folder of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from documents import Block, name_of, python_programs

_PROGRAMS = python_programs()
_SLOW = {"README.md", "docs/explanations/simulation.md", "docs/how-to/train.md"}  # reference probe, training


def _page(page: Path) -> Any:
    return pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if name_of(page) in _SLOW else [])


@pytest.mark.parametrize("page", [_page(page) for page in _PROGRAMS])
def test_the_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__documented__"}
    for block in _PROGRAMS[page]:
        if block.not_run is None:
            exec(_compiled(block), names)


def test_only_what_cannot_run_here_is_excused() -> None:
    """A vendor's SDK, a client of a run, trainings of minutes: tests of their own run these, in short."""
    excused = sorted(
        block.place.rpartition(":")[0] for programs in _PROGRAMS.values() for block in programs if block.not_run
    )
    assert excused == ["docs/extend/source.md", "docs/how-to/despeckle.md", "docs/how-to/export.md"]


def _compiled(block: Block) -> Any:
    """With the lines of the page, so that an error names the place."""
    return compile("\n" * (block.line - 1) + block.text, block.page, "exec")
