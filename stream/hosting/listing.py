"""The page that lists the scanners of a host, on 127.0.0.1 alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files

import msgspec

from sonolucent.stream.hosting.host_report import ScannerRow
from sonolucent.stream.hosting.telling import tell
from sonolucent.stream.local_pages import LocalPage, serving_pages

_FOLDER = files("sonolucent.stream.hosting").joinpath("page")
_FILES = {
    "/": ("text/html; charset=utf-8", "index.html"),
    "/listing.css": ("text/css; charset=utf-8", "listing.css"),
    "/listing.js": ("text/javascript; charset=utf-8", "listing.js"),
}


@contextmanager
def listing(port: int, rows: Callable[[], list[ScannerRow]]) -> Iterator[int]:
    """Within, serves the page on the port that it yields; 0 takes a free one.

    Args:
        rows: the scanners as of now; is called on threads of the server.

    Raises:
        OSError: the port is in use.
    """
    with serving_pages(port, _pages(rows)) as served_at:
        tell(f"scanners: http://127.0.0.1:{served_at}/   (Ctrl-C ends all)")
        yield served_at


def _pages(rows: Callable[[], list[ScannerRow]]) -> dict[str, LocalPage]:
    own = {path: (kind, partial(_FOLDER.joinpath(name).read_bytes)) for path, (kind, name) in _FILES.items()}
    return {**own, "/scanners.json": ("application/json", lambda: msgspec.json.encode(rows()))}
