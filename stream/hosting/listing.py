"""The page that lists the scanners of a host, on 127.0.0.1 alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.resources import files

import msgspec

from sonolucent.stream.hosting.watched_scanner import WatchedScanner
from sonolucent.stream.local_pages import LocalPage, serving_pages
from sonolucent.stream.printable import say

_FOLDER = files("sonolucent.stream.hosting").joinpath("page")
_FILES = {
    "/": ("text/html; charset=utf-8", "index.html"),
    "/listing.css": ("text/css; charset=utf-8", "listing.css"),
    "/listing.js": ("text/javascript; charset=utf-8", "listing.js"),
}


@contextmanager
def listing(port: int, scanners: Sequence[WatchedScanner]) -> Iterator[None]:
    """Within, serves the page.

    Raises:
        OSError: the port is in use.
    """

    def rows() -> bytes:
        return msgspec.json.encode([scanner.row() for scanner in scanners])

    with serving_pages(port, _pages(rows)) as served_at:
        say(f"scanners: http://127.0.0.1:{served_at}/   (Ctrl-C ends all)", file=sys.stderr)
        yield


def _pages(rows: Callable[[], bytes]) -> dict[str, LocalPage]:
    own = {path: (kind, partial(_FOLDER.joinpath(name).read_bytes)) for path, (kind, name) in _FILES.items()}
    return {**own, "/scanners.json": ("application/json", rows)}
