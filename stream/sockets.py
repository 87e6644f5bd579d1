"""ZeroMQ sockets as every part of a stream makes them: on this machine, bounded, and with errors for the user."""

from __future__ import annotations

from pathlib import Path

import zmq

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.wire import MAX_PAYLOAD_BYTES

Context = zmq.Context[zmq.Socket[bytes]]


def check_endpoint(endpoint: str) -> None:
    """Refuses what is not on this machine.

    Raises:
        EdgeError: not an inproc, ipc or tcp endpoint, or a tcp address that others can reach.
    """
    scheme, _, address = endpoint.partition("://")
    if scheme not in ("inproc", "ipc", "tcp") or not address:
        raise EdgeError(f"endpoint {endpoint!r} is none of inproc://NAME, ipc://PATH, tcp://HOST:PORT")
    host = address.rpartition(":")[0]
    if scheme == "tcp" and host not in ("127.0.0.1", "localhost", "[::1]"):
        raise EdgeError(
            f"endpoint {endpoint!r} is not on loopback; other addresses need encryption keys, which this version "
            "does not support yet. Use tcp://127.0.0.1:PORT, through an SSH tunnel where the stages are apart"
        )


def bind(socket: zmq.Socket[bytes], endpoint: str, hint: str) -> None:
    """Binds; a socket that cannot be bound is closed.

    Raises:
        EdgeError: the endpoint cannot be used, or is taken; then the message ends with `hint`.
    """
    try:
        check_endpoint(endpoint)
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise EdgeError(f"cannot bind {endpoint}: {error.strerror}; {hint}") from error
    except EdgeError:
        socket.close(linger=0)
        raise


def connect(socket: zmq.Socket[bytes], endpoint: str, reconnect_ms: int) -> None:
    """Connects, whether or not the other end is there yet, and again whenever it returns.

    Raises:
        EdgeError: the endpoint cannot be used.
    """
    try:
        check_endpoint(endpoint)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, reconnect_ms)
        socket.connect(endpoint)
    except EdgeError:
        socket.close(linger=0)
        raise


def remove_file(endpoint: str) -> None:
    """Removes the file of an ipc endpoint, if there is one."""
    if endpoint.startswith("ipc://"):
        Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
