"""ZeroMQ sockets as every part of a stream makes them: encrypted or on this machine, bounded, with errors for the user.

The end that sends frames binds, the end that receives them connects.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from sonolucent.stream.errors import BadInput, EdgeError
from sonolucent.stream.transport import heartbeats
from sonolucent.stream.transport.curve import Keys, authenticating
from sonolucent.stream.transport.descriptors import require_descriptors
from sonolucent.stream.transport.wire_header import MAX_PAYLOAD_BYTES

Context = zmq.Context[zmq.Socket[bytes]]


@contextmanager
def open_context(keys: Keys | None) -> Iterator[Context]:
    """A context whose sockets may use `keys`.

    Raises:
        StageFailed: this process may not open the descriptors that sockets take.
    """
    require_descriptors()
    with zmq.Context() as context, authenticating(context, keys):
        yield context


def check_endpoint(endpoint: str, keys: Keys | None) -> None:
    """Refuses what others could reach without keys.

    Raises:
        EdgeError: not an inproc, ipc or tcp endpoint, a tcp address without a port, one beyond this machine and no
            keys, or an ipc path that another user of this machine could take first.
    """
    scheme, _, address = endpoint.partition("://")
    if scheme not in ("inproc", "ipc", "tcp") or not address:
        raise EdgeError(f"endpoint {endpoint!r} is none of inproc://NAME, ipc://PATH, tcp://HOST:PORT")
    if scheme == "ipc":
        _require_private(endpoint, address)
    host, _, port = address.rpartition(":")
    if scheme == "tcp":
        _require_port(endpoint, port if host else "")
    if scheme == "tcp" and keys is None and host not in ("127.0.0.1", "localhost", "[::1]"):
        raise EdgeError(
            f"endpoint {endpoint!r} is not on loopback; other addresses need keys: make them with `sonolucent keys "
            "FOLDER` and give keys = FOLDER (docs/how-to/security.md), or use tcp://127.0.0.1:PORT through an SSH "
            "tunnel"
        )


def _require_private(endpoint: str, path: str) -> None:
    """Who can write to a folder can put a socket of his own where ours is expected."""
    folder = Path(path).parent
    hint = "use a folder of your own, such as $XDG_RUNTIME_DIR"
    if path.startswith("@"):
        raise EdgeError(f"endpoint {endpoint!r}: a name without a file can be taken by every user; {hint}")
    try:
        status = folder.stat()
    except OSError:
        return  # the socket says what is wrong with it
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EdgeError(f"endpoint {endpoint!r}: other users can write to {folder}, and take its place; {hint}")


def _require_port(endpoint: str, port: str) -> None:
    if port != "*" and not (port.isdecimal() and int(port) < 65536):
        fault = f"{port!r} is none" if port else "it has none"
        raise EdgeError(f"endpoint {endpoint!r} needs a port of 1..65535, as in tcp://127.0.0.1:5555; {fault}")


def bind(socket: zmq.Socket[bytes], endpoint: str, hint: str, keys: Keys | None) -> None:
    """Binds a socket that sends frames; one that cannot be bound is closed.

    Raises:
        EdgeError: the endpoint cannot be used, or is taken; then the message ends with `hint`.
        ConfigError: the keys cannot be used.
    """
    with _or_closed(socket, f"cannot bind {endpoint}", f"; {hint}"):
        check_endpoint(endpoint, keys)
        if keys is not None and endpoint.startswith("tcp://"):
            keys.secure_sender(socket)
        heartbeats.of_one_that_binds(socket)
        socket.bind(endpoint)


def connect(socket: zmq.Socket[bytes], endpoint: str, keys: Keys | None) -> None:
    """Connects a socket that receives frames, whether or not the other end is there yet; one that cannot be is closed.

    Raises:
        EdgeError: the endpoint cannot be used.
        ConfigError: the keys cannot be used.
    """
    with _or_closed(socket, f"cannot connect to {endpoint}"):
        check_endpoint(endpoint, keys)
        if keys is not None and endpoint.startswith("tcp://"):
            keys.secure_receiver(socket)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD_BYTES)
        heartbeats.of_one_that_connects(socket)
        socket.connect(endpoint)


@contextmanager
def _or_closed(socket: zmq.Socket[bytes], failure: str, hint: str = "") -> Iterator[None]:
    try:
        yield
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise EdgeError(f"{failure}: {error.strerror}{hint}") from error
    except BadInput:
        socket.close(linger=0)
        raise


def remove_file(endpoint: str) -> None:
    """Removes the file of an ipc endpoint, if there is one."""
    if endpoint.startswith("ipc://"):
        Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
