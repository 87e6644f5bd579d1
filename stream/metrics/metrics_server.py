"""A web server of two pages on 127.0.0.1, in threads of its own."""

from __future__ import annotations

import logging
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from sonolucent.stream.errors import MetricsError
from sonolucent.stream.metrics.prometheus import CONTENT_TYPE, exposition
from sonolucent.stream.metrics.status import Status

_MOST, _SILENT_S = 16, 5.0
"""Connections at a time, and how long one may say nothing."""
_log = logging.getLogger(__name__)


@contextmanager
def serving(port: int, status: Callable[[], Status]) -> Iterator[int]:
    """Within, serves the status on the port that it yields; 0 takes a free one.

    Raises:
        MetricsError: the port is in use.
    """
    try:
        server = _Server(("127.0.0.1", port), _handler(status))
    except OSError as error:
        raise MetricsError(
            f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); give another with --metrics, or 0 for any"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
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

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves one, in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Hears what serving one failed with; a client that has hung up is no news."""
        if not isinstance(sys.exception(), OSError):
            _log.warning("the metrics could not be served", exc_info=True)

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which waits where name servers are out of reach."""
        socketserver.TCPServer.server_bind(self)


def _handler(status: Callable[[], Status]) -> type[BaseHTTPRequestHandler]:
    pages: dict[str, tuple[str, Callable[[Status], bytes]]] = {
        "/metrics": (CONTENT_TYPE, lambda now: exposition(now).encode()),
        "/status.json": ("application/json", msgspec.json.encode),
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENT_S

        def do_GET(self) -> None:
            if self.headers.get("Host", "").rpartition(":")[0] not in ("127.0.0.1", "localhost"):
                # A web page whose own name has been pointed here.
                self.send_error(403, explain="served on this machine alone")
            elif self.path not in pages:
                self.send_error(404, explain="there are /metrics and /status.json")
            else:
                self._answer(*pages[self.path])

        def _answer(self, content_type: str, page: Callable[[Status], bytes]) -> None:
            body = page(status())
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            """Says nothing: standard error belongs to the run."""

    return Handler
