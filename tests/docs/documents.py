"""The project's documents, taken apart: pages, fenced blocks, inline code and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HISTORY = ROOT / "docs" / "history"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*$", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is that of its first line of text, `not_run` why it cannot run, if it cannot."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every document but those of history, which tell of what was."""
    docs = [page for page in sorted((ROOT / "docs").rglob("*.md")) if HISTORY not in page.parents]
    return [*sorted(ROOT.glob("*.md")), *docs]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        excuse = _NOT_RUN.search(before)
        line = text[: match.start("text")].count("\n") + 1
        yield Block(page, line, match["info"].strip(), match["text"], excuse["reason"] if excuse else None)


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    return [re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", prose(page))]


def links(page: Path) -> list[str]:
    """The targets of the page's links and pictures, inline code left out."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(page)))


def python_programs() -> dict[Path, list[Block]]:
    """The Python blocks of each page that has some."""
    found = {page: [block for block in blocks(page) if block.language == "python"] for page in pages()}
    return {page: programs for page, programs in found.items() if programs}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))
