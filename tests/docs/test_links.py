"""Links lead somewhere, and files that are named exist: in documents, and documents that the sources name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import HISTORY, ROOT, blocks, inline_code, links, name_of, pages

_FOLDERS = ("beamform", "sim", "nn", "stream", "csrc", "tests", "examples", "docs")
_SOURCES = (".py", ".cpp", ".hpp", ".toml", ".js", ".html")
_FILE = re.compile(rf"(?<![\w./-])((?:{'|'.join(_FOLDERS)})/[\w./-]*[\w/])")
_HISTORY_PAGES = sorted(HISTORY.glob("*.md"))


@pytest.mark.parametrize("page", [*pages(), *_HISTORY_PAGES], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    local = [link for link in links(page) if not re.match(r"https?:|#", link)]
    missing = [link for link in local if not (page.parent / link.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", [page for page in pages() if page.name != "CHANGELOG.md"], ids=name_of)
def test_files_that_a_page_names_exist(page: Path) -> None:
    shell = [block.text for block in blocks(page) if block.language == "sh"]
    text = "\n".join([*inline_code(page), *shell])
    missing = [name for name in _FILE.findall(text) if not (ROOT / name).exists()]
    assert missing == []


def test_documents_that_the_sources_name_exist() -> None:
    sources = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in _SOURCES]
    missing = []
    for source in sources:
        named = re.findall(r"docs/[\w./-]+\.\w+", source.read_text(encoding="utf-8"))
        missing += [f"{source}: {name}" for name in named if not (ROOT / name).exists()]
    assert missing == []
