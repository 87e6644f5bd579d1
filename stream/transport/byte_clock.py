"""How much has arrived on a connection, and how long ago, as the kernel counts it (Linux's TCP_INFO)."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_NUMBER, _LARGE_NUMBER = struct.Struct("@I"), struct.Struct("@Q")
_NO_LINGER = struct.pack("@ii", 1, 0)
_LAST_DATA_RECEIVED_MS, _BYTES_RECEIVED = 52, 128
"""Where they stand in `struct tcp_info`."""


class ByteClock:
    """Watches one TCP connection of this process, which libzmq may close, and its number be another's, at any time.

    Args:
        descriptor: the connection's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ends = _seen(descriptor).ends

    def silent_s(self) -> float:
        """For how long no byte has come; 0 where some wait to be read, where it is closed, or no system tells."""
        return self._look().silent_s

    def n_bytes(self) -> int:
        """How many bytes have come since it began; 0 where it is closed, or no system tells."""
        return self._look().n_bytes

    def cut_off(self) -> None:
        """Ends the connection, at both ends and at once, whatever waits in it; nothing where it has ended already."""
        with suppress(OSError), _copied(self._descriptor) as connection:
            if (connection.getsockname(), connection.getpeername()) == self._ends:
                # Else the rest of what is on the way would be taken for as long as it comes.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                connection.shutdown(socket.SHUT_RDWR)

    def _look(self) -> _Seen:
        seen = _seen(self._descriptor)
        return seen if seen.ends == self._ends else _Seen()


class _Seen(NamedTuple):
    """Between whom a connection is, for how long nothing has come, and how much has."""

    ends: object = None
    silent_s: float = 0.0
    n_bytes: int = 0


def _seen(descriptor: int) -> _Seen:
    if sys.platform != "linux":
        return _Seen()
    try:
        with _copied(descriptor) as connection:
            waiting = _NUMBER.unpack(fcntl.ioctl(connection, termios.FIONREAD, bytes(_NUMBER.size)))[0]
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + _LARGE_NUMBER.size)
            silent_s = 0.0 if waiting else _NUMBER.unpack_from(info, _LAST_DATA_RECEIVED_MS)[0] / 1000
            n_bytes = _LARGE_NUMBER.unpack_from(info, _BYTES_RECEIVED)[0]
            return _Seen((connection.getsockname(), connection.getpeername()), silent_s, n_bytes)
    except OSError:  # it ended, and its number may be a file's by now
        return _Seen()


@contextmanager
def _copied(descriptor: int) -> Iterator[socket.socket]:
    """The connection under a number of our own, that nobody else closes, where there is one left.

    Raises:
        OSError: it is none, or no more.
    """
    try:
        copy = os.dup(descriptor)
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        # Who takes all descriptors must not be looked away from: then under its own number, for a moment.
        connection = socket.socket(fileno=descriptor)
        try:
            yield connection
        finally:
            connection.detach()
        return
    try:
        connection = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with connection:
        yield connection
