"""A cable between a scanner and its run that can be pulled, or spoil what passes; connections stand all the while."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

_PIECE = 1 << 16
_POLL_S = 0.05

Spoiling = Callable[[bytes], bytes]
"""What becomes of a range of bytes on its way to the run."""


def delayed(piece: bytes) -> bytes:
    """Comes half a second late."""
    time.sleep(0.5)
    return piece


def cut(piece: bytes) -> bytes:
    """Its middle is missing."""
    third = len(piece) // 3
    return piece[:third] + piece[-third:]


def duplicated(piece: bytes) -> bytes:
    """Comes twice."""
    return 2 * piece


def reordered(piece: bytes) -> bytes:
    """Its second half comes first."""
    half = len(piece) // 2
    return piece[half:] + piece[:half]


SPOILINGS: dict[str, Spoiling] = {
    "byte ranges late": delayed,
    "byte ranges cut": cut,
    "byte ranges twice": duplicated,
    "byte ranges in another order": reordered,
}


class Cable:
    """Relays connections to a port.

    Args:
        port: of the far end.

    Attributes:
        port: where the near end connects.
        spoiling: what becomes of bytes on their way from the far end; nothing by default.
    """

    def __init__(self, port: int) -> None:
        self._far = port
        self.spoiling: Spoiling | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_S)
        self.port = int(self._listener.getsockname()[1])
        self._pulled, self._over = threading.Event(), threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lost: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def n_connections(self) -> int:
        """How many were made over it so far."""
        return len(self._pairs)

    def pull(self) -> None:
        """Swallows both directions of all connections that stand, for ever, and of new ones until the cable is back."""
        self._lost.update(end for pair in self._pairs for end in pair)
        self._pulled.set()

    def plug_in(self) -> None:
        """Lets new connections through."""
        self._pulled.clear()

    def close(self) -> None:
        """Hangs up."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._join(near)

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._far))
        except OSError:
            if self._pulled.is_set():
                self._pairs.append((near, near))  # somebody out there might be slow to answer
            else:
                near.close()
            return
        self._pairs.append((near, far))
        if self._pulled.is_set():
            self._lost.update((near, far))
        for source, sink in ((near, far), (far, near)):
            source.settimeout(_POLL_S)
            thread = threading.Thread(target=self._relay, args=(source, sink, source is far))
            self._threads.append(thread)
            thread.start()

    def _relay(self, source: socket.socket, sink: socket.socket, is_homeward: bool) -> None:
        while not self._over.is_set():
            try:
                piece = source.recv(_PIECE)
            except TimeoutError:
                continue
            except OSError:
                piece = b""
            if source in self._lost:
                if not piece:
                    return  # that it ended is not told either
                continue
            if piece and self.spoiling is not None and is_homeward:
                piece = self.spoiling(piece)
            with suppress(OSError):
                sink.sendall(piece) if piece else sink.shutdown(socket.SHUT_RDWR)
            if not piece:
                return
