"""A slow tunnel: relays connections to a port, at a rate, and keeps what it was sent and has not passed on."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_PIECE = 1 << 14


class Tunnel:
    """Relays, one direction at a rate.

    Args:
        port: of the far end.
        bytes_per_s: from the far end to the near one; the other direction is not held up.

    Attributes:
        port: where the near end connects.
    """

    def __init__(self, port: int, bytes_per_s: float) -> None:
        self._far, self._rate = port, bytes_per_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Hangs up."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._ends.append(near)
                far = socket.create_connection(("127.0.0.1", self._far))
                self._ends.append(far)
                for source, sink, rate in ((far, near, self._rate), (near, far, float("inf"))):
                    thread = threading.Thread(target=self._relay, args=(source, sink, rate), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    @staticmethod
    def _relay(source: socket.socket, sink: socket.socket, rate: float) -> None:
        due_s = time.monotonic()
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                due_s = max(due_s, time.monotonic()) + len(piece) / rate
                time.sleep(max(0.0, due_s - time.monotonic()))
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
