"""How long nothing has arrived on a connection, as the kernel counts it (Linux's TCP_INFO)."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
import termios

_NUMBER = struct.Struct("@I")
_LAST_DATA_RECEIVED_MS = 52
"""Where it stands in `struct tcp_info`: behind eight bytes and eleven numbers."""


class ByteClock:
    """Watches one TCP connection of this process, which libzmq may close, and its number be another's, at any time.

    Args:
        descriptor: the connection's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ends = _seen(descriptor)[0]

    def silent_s(self) -> float:
        """For how long no byte has come; 0 where some wait to be read, where it is closed, or no system tells."""
        ends, silent_s = _seen(self._descriptor)
        return silent_s if ends == self._ends else 0.0


def _seen(descriptor: int) -> tuple[object, float]:
    """Between whom a connection is, and for how long nothing has come."""
    if sys.platform != "linux":
        return None, 0.0
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None, 0.0
    try:
        with socket.socket(fileno=copy) as connection:
            copy = -1  # closed by the socket from here on
            waiting = _NUMBER.unpack(fcntl.ioctl(connection, termios.FIONREAD, bytes(_NUMBER.size)))[0]
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECEIVED_MS + _NUMBER.size)
            silent_s = 0.0 if waiting else _NUMBER.unpack_from(info, _LAST_DATA_RECEIVED_MS)[0] / 1000
            return (connection.getsockname(), connection.getpeername()), silent_s
    except OSError:  # it ended, and its number may be a file's by now
        return None, 0.0
    finally:
        if copy >= 0:
            os.close(copy)
