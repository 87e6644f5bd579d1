"""A web server of a few pages on 127.0.0.1, in threads of its own."""

from __future__ import annotations

import logging
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LocalPage = tuple[str, Callable[[], bytes]]
"""The type of its content, and what makes that."""
_MOST, _SILENT_S = 16, 5.0
"""Connections at a time, and how long one may say nothing."""
_log = logging.getLogger(__name__)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@contextmanager
def serving_pages(port: int, pages: Mapping[str, LocalPage]) -> Iterator[int]:
    """Within, serves the pages, by their paths, on the port that it yields; 0 takes a free one.

    Raises:
        OSError: the port is in use.
    """
    server = _Server(("127.0.0.1", port), _handler(pages))
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._room = threading.BoundedSemaphore(_MOST)
        super().__init__(address, handler)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whether there is room for one more; else it is hung up on."""
        return self._room.acquire(blocking=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begins a thread to serve one; where none can be had, its place is free again."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves one, in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Hears what serving one failed with; a client that has hung up is no news."""
        if not isinstance(sys.exception(), OSError):
            _log.warning("a page could not be served", exc_info=True)

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which waits where name servers are out of reach."""
        socketserver.TCPServer.server_bind(self)


def _handler(pages: Mapping[str, LocalPage]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENT_S

        def do_GET(self) -> None:
            if self.headers.get("Host", "").rpartition(":")[0] not in ("127.0.0.1", "localhost"):
                # A web page whose own name has been pointed here.
                self.send_error(403, explain="served on this machine alone")
            elif self.path not in pages:
                self.send_error(404, explain=f"there are {', '.join(pages)}")
            else:
                self._answer(*pages[self.path])

        def _answer(self, content_type: str, make: Callable[[], bytes]) -> None:
            body = make()
            self.send_response(200)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **_HEADERS}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            """Says nothing: standard error belongs to the run."""

    return Handler
