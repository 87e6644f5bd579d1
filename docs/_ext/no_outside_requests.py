"""Fails the build when a page would make the reader's browser ask another server for anything."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

_REQUEST = re.compile(
    r"""<(?:script|img|iframe|source|video)\b[^>]*\bsrc=["'](?:https?:)?//"""
    r"""|<link\b(?![^>]*rel=["'](?:canonical|next|prev)["'])[^>]*\bhref=["'](?:https?:)?//"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//|url\(["']?(?:https?:)?//""",
)


def _check(app: Sphinx, failure: Exception | None) -> None:
    if failure is not None or app.builder.format != "html":
        return
    files = [path for path in Path(app.outdir).rglob("*") if path.suffix in (".html", ".css")]
    outside = [str(path) for path in files if _REQUEST.search(path.read_text(encoding="utf-8"))]
    if outside:
        raise SphinxError(f"these pages ask another server for something: {', '.join(sorted(outside))}")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True}
