"""Whoever sits between a scanner with keys and its run, and cuts and swaps connections while a key is being looked up.

A program of its own, since libzmq 4.3.5 ended the whole process: `python tests/campaigns/curve_attack.py silent` or
`... stranger`. It prints what came: nothing, or what a client sent whose key is not listed.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import zmq

from sonolucent.stream.transport.connection import Connection
from sonolucent.stream.transport.curve import Keys, make_keys
from sonolucent.stream.transport.sockets import bind, open_context

_LOOKUP_S = 0.5
_ATTACK_S = 4.0
asked = threading.Event()


class SlowKeys(Keys):
    """Keys on a disk that is slow."""

    def admit(self, client: bytes) -> bool:
        """As its parent; the answer comes late."""
        listed = super().admit(client)
        asked.set()
        time.sleep(_LOOKUP_S)
        return listed


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Passes on what comes."""
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def relay(listener: socket.socket, first: int, others: int | None, kept: list[socket.socket]) -> None:
    """Connects the first caller to one port, cut off as its key is looked up; the others to another, or to nobody."""
    n = 0
    while True:
        near, _ = listener.accept()
        kept.append(near)
        n += 1
        if n > 1 and others is None:
            continue
        far = socket.create_connection(("127.0.0.1", first if n == 1 else others or 0))
        kept.append(far)
        for ends in ((near, far), (far, near)):
            threading.Thread(target=pump, args=ends, daemon=True).start()
        if n == 1:
            asked.wait(10)
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def attack(folder: Path, manner: str) -> bytes:
    """What came to a run whose scanner has a listed key; `manner` says who takes its place."""
    make_keys(folder / "run")
    make_keys(folder / "stranger")
    (folder / "stranger" / "server.public").write_bytes((folder / "run" / "server.public").read_bytes())
    keys, theirs = SlowKeys(folder / "run"), Keys(folder / "stranger")
    listener, kept = socket.create_server(("127.0.0.1", 0)), []  # type: tuple[socket.socket, list[socket.socket]]
    with zmq.Context() as outside, open_context(keys) as context:
        scanner, stranger = outside.socket(zmq.PUSH), outside.socket(zmq.PUSH)
        ports = []
        for host, its in ((scanner, Keys(folder / "run")), (stranger, theirs)):
            host.setsockopt(zmq.LINGER, 0)
            bind(host, "tcp://127.0.0.1:*", "", its)
            ports.append(int(host.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2]))
        others = ports[1] if manner == "stranger" else None
        threading.Thread(target=relay, args=(listener, ports[0], others, kept), daemon=True).start()
        endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        connection = Connection(context, zmq.PULL, endpoint, keys)
        try:
            return heard(connection, stranger)
        finally:
            for host in (scanner, stranger, connection.socket):
                host.close(linger=0)


def heard(connection: Connection, stranger: zmq.Socket[bytes]) -> bytes:
    """What comes while the stranger tries to send."""
    deadline = time.monotonic() + _ATTACK_S
    while time.monotonic() < deadline:
        if stranger.poll(0, zmq.POLLOUT):
            stranger.send(b"what a stranger sent", zmq.DONTWAIT)
        if connection.socket.poll(connection.wait_ms(20)):
            return connection.socket.recv()
        connection.tend()
    return b""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(attack(Path(scratch), sys.argv[1]).decode() or "nothing")
