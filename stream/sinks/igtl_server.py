"""Serves images over OpenIGTLink on 127.0.0.1: each client is sent the newest when it has taken the last one."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.messages import Image, Stream

OVERTAKEN, GONE, NOT_SENT = "overtaken", "client gone", "could not be sent"
_READ_BYTES = 1 << 16
_AGAIN_S = 0.1
_MOST_CLIENTS = 32
_log = logging.getLogger(__name__)

Shown = tuple[Stream, Image]
Encode = Callable[[Stream, Image, bool], bytes]
"""The messages of an image; whether the client has an enhanced image of before, which may need to be cleared."""


class IgtlServer:
    """A thread that accepts clients, and one for each of them: one that stops reading holds nobody else up.

    Args:
        port: on 127.0.0.1; 0 picks a free one.
        encode: makes the messages, in the thread of the client that they are for.
        counts: of images that clients were sent, so far.

    Raises:
        ConfigError: the port is in use.
    """

    def __init__(self, port: int, encode: Encode, counts: EdgeCounts | None = None) -> None:
        self._encode = encode
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self._ledger = Ledger()
        if counts is not None:
            self._ledger.carry_on(counts)
        self._clients: list[_Client] = []
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._accept, name="igtl", daemon=True)
        self._thread.start()

    def show(self, shown: Shown) -> None:
        """Makes an image the newest; returns at once."""
        with self._lock:
            self._clients = [client for client in self._clients if client.alive]
            for client in self._clients:
                client.offer(shown)

    def counts(self) -> EdgeCounts:
        """How many images were offered to clients, sent, and overtaken by newer ones; each client counts."""
        return self._ledger.counts()

    def close(self) -> None:
        """Hangs up on all clients, and stops."""
        with self._lock:
            self._ended = True
            clients = self._clients
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for client in clients:
            client.close()
        self._thread.join()

    def _accept(self) -> None:
        while not self._ended:
            try:
                connection, address = self._socket.accept()
            except OSError:
                if self._ended:
                    return
                time.sleep(_AGAIN_S)  # as where all descriptors are in use
                continue
            with self._lock:
                self._clients = [client for client in self._clients if client.alive]
                if len(self._clients) >= _MOST_CLIENTS:
                    connection.close()
                    _log.warning("igtl: turned %s:%d away; %d clients read along already", *address, _MOST_CLIENTS)
                    continue
                _log.info("igtl: %s:%d reads along", *address)
                client = _Client(connection, self._encode, self._ledger)
                if self._ended:
                    client.close()
                self._clients.append(client)


class _Client:
    """One client; `offer` never waits for it."""

    def __init__(self, connection: socket.socket, encode: Encode, ledger: Ledger) -> None:
        self._connection, self._encode, self._ledger = connection, encode, ledger
        self._newest: Shown | None = None
        self._changed = threading.Condition()
        self.alive = True
        self._thread = threading.Thread(target=self._run, name="igtl client", daemon=True)
        self._thread.start()

    def offer(self, shown: Shown) -> None:
        with self._changed:
            if not self.alive:
                return
            self._ledger.acquire()
            if self._newest is not None:
                self._ledger.drop(OVERTAKEN)
            self._newest = shown
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self.alive = False
            self._changed.notify()
        with suppress(OSError):  # it had hung up
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        had_enhanced = False
        with self._connection:
            while (shown := self._next()) is not None:
                stream, image = shown
                try:
                    self._read_along()
                    self._connection.sendall(self._encode(stream, image, had_enhanced))
                except OSError:
                    self._give_up(GONE)
                    return
                except Exception:  # noqa: BLE001 - whatever it is, the client must not keep a place, and counts add up
                    _log.warning("igtl: an image could not be sent; its client was hung up on", exc_info=True)
                    self._give_up(NOT_SENT)
                    return
                had_enhanced = image.enhanced is not None
                self._ledger.deliver()

    def _next(self) -> Shown | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or not self.alive)
            if not self.alive:
                if self._newest is not None:
                    self._ledger.drop(GONE)
                return None
            shown, self._newest = self._newest, None
            return shown

    def _read_along(self) -> None:
        """Takes what the client says, and leaves it: nothing may pile up on its side.

        Raises:
            ConnectionError: it has hung up.
        """
        with suppress(BlockingIOError):
            while self._connection.recv(_READ_BYTES, socket.MSG_DONTWAIT):
                pass
            raise ConnectionResetError

    def _give_up(self, why: str) -> None:
        with self._changed:
            self.alive = False
            self._ledger.drop(why)
            if self._newest is not None:
                self._ledger.drop(why)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ConfigError(
            f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); give another with --igtl, or 0 for any"
        ) from error
