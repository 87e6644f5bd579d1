"""Whoever may answer at a scanner's port, below ZeroMQ: raw sockets that greet wrongly, break off, or say nothing."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_SIGNATURE = b"\xff" + 8 * b"\0" + b"\x7f"
_LARGEST = 2**30
_MOMENT_S, _TRICKLE_S, _DRIP_S = 0.2, 0.0005, 0.25


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def greeting(mechanism: bytes) -> bytes:
    """The 64 bytes with which an end of a ZeroMQ connection begins (ZMTP 3.1)."""
    return _SIGNATURE + b"\x03\x01" + mechanism.ljust(20, b"\0") + 32 * b"\0"


def command(name: bytes, body: bytes) -> bytes:
    """A short command."""
    whole = bytes([len(name)]) + name + body
    return bytes([4, len(whole)]) + whole


def ready(kind: bytes) -> bytes:
    """The command that ends the handshake of a socket of this kind, without keys."""
    name = b"Socket-Type"
    return command(b"READY", bytes([len(name)]) + name + struct.pack(">I", len(kind)) + kind)


def joined(kind: bytes) -> bytes:
    """All that a socket of this kind says before its first message."""
    return greeting(b"NULL") + ready(kind)


Opening = tuple[bytes, ...]
"""What is said, with a moment for the other end to say its own in between."""


def openings(kind: bytes) -> dict[str, Opening]:
    """What each peer begins with, where a socket of `kind` would be right."""
    joining = joined(kind)
    return {
        "random bytes": (bytes(range(1, 200)),),
        "a signature, then random bytes": (_SIGNATURE + bytes(range(1, 200)),),
        "a CURVE greeting": (greeting(b"CURVE"),),
        "a PLAIN greeting": (greeting(b"PLAIN"),),
        "a greeting of another name": (greeting(b"\x1b[2J"),),
        "another socket": (joined(b"PUB"),),
        "a socket of no kind": (joined(b"SCANNER"),),
        "an ERROR command": (greeting(b"NULL") + command(b"ERROR", b"\x03bad"),),
        "a part above the limit": (joining, b"\x02" + struct.pack(">Q", _LARGEST + 1) + bytes(1000)),
        "a bad flag byte": (joining, b"\xf8\x01a"),
        "half a message": (joining, b"\x01\x05abcde"),
        "an ssh banner": (b"SSH-2.0-OpenSSH_9.6\r\n",),
        "an http answer": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",),
        "nothing": (b"",),
        "a part above the limit, at once": (joining + b"\x02" + struct.pack(">Q", _LARGEST + 1),),
    }


Manner = Callable[[socket.socket, Opening], None]


def say(connection: socket.socket, opening: Opening) -> None:
    """Says it piece by piece."""
    for n, piece in enumerate(opening):
        time.sleep(_MOMENT_S if n else 0.0)
        connection.sendall(piece)


def hang_up(connection: socket.socket, opening: Opening) -> None:
    """Says it, and hangs up in order."""
    say(connection, opening)
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket, opening: Opening) -> None:
    """Says it, and breaks off."""
    say(connection, opening)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stay(connection: socket.socket, opening: Opening) -> None:
    """Says it, and keeps the connection."""
    say(connection, opening)


def trickle(connection: socket.socket, opening: Opening) -> None:
    """Says it byte by byte, and keeps the connection."""
    for byte in b"".join(opening):
        connection.sendall(bytes([byte]))
        time.sleep(_TRICKLE_S)


def flood(connection: socket.socket, opening: Opening) -> None:
    """Says it, and its last piece again and again, until the other end has had enough."""
    say(connection, opening)
    with suppress(OSError):
        while True:
            connection.sendall(opening[-1])


PARTS_WITHOUT_END: Opening = (joined(b"PUSH"), b"\x03" + struct.pack(">Q", 1 << 20) + bytes(1 << 20))
"""For `flood`: after each part of a message comes another."""


def flooded(port: int, kind: bytes, part: bytes = bytes(1 << 15), most: int = 1 << 29) -> int:
    """How many bytes of a message without end could be sent to a port, as a socket of this kind, before it was cut off.

    Args:
        part: of the message, sent again and again.
        most: bytes after which it is given up.

    Raises:
        AssertionError: it was not cut off.
    """
    frame = b"\x03" + struct.pack(">Q", len(part)) + part
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(joined(kind))
        time.sleep(_MOMENT_S)
        try:
            while sent < most:
                connection.sendall(frame)
                sent += len(frame)
        except ConnectionError:
            return sent
    raise AssertionError(f"{sent} bytes of a message without end were taken")


def drip(connection: socket.socket, opening: Opening) -> None:
    """Says it, and then a byte now and then, for ever, of a message that it announces."""
    say(connection, opening)
    with suppress(OSError):
        while True:
            connection.sendall(b"\0")
            time.sleep(_DRIP_S)


A_PART_THAT_DRIPS: Opening = (joined(b"PUSH"), b"\x03" + struct.pack(">Q", _LARGEST))
"""For `drip`."""

MANNERS: dict[str, Manner] = {"hangs up": hang_up, "resets": reset, "stays": stay, "trickles": trickle}


class RawPeer:
    """Answers everyone at a port with the same bytes.

    Args:
        opening: the bytes, in pieces.
        manner: how they are said.
        port: where; 0 picks a free one.
    """

    def __init__(self, opening: Opening, manner: Manner, port: int = 0) -> None:
        self._opening, self._manner = opening, manner
        self._listener = socket.create_server(("127.0.0.1", port))
        self._connections: list[socket.socket] = []
        self.met = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self._listener.getsockname()[1])

    def leave(self) -> None:
        """Answers nobody any more; connections that it keeps stay open until `close`."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def close(self) -> None:
        """Breaks its connections off."""
        for connection in self._connections:
            connection.close()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._manner(connection, self._opening)
        self.met.set()


@contextmanager
def raw_peer(opening: Opening, manner: Manner, port: int = 0) -> Iterator[RawPeer]:
    """A peer that has gone at the end of the block."""
    peer = RawPeer(opening, manner, port)
    try:
        yield peer
    finally:
        with suppress(OSError):
            peer.leave()
        peer.close()


@contextmanager
def silent_crowd(port: int, size: int) -> Iterator[None]:
    """Within, so many connections to a port stand that say nothing; who is turned away comes again."""
    over = threading.Event()

    def come_again() -> None:
        crowd: list[socket.socket] = []
        while not over.wait(_MOMENT_S):
            crowd = [one for one in crowd if not _turned_away(one)]
            with suppress(OSError):
                while len(crowd) < size:
                    crowd.append(socket.create_connection(("127.0.0.1", port), timeout=1))
        for one in crowd:
            one.close()

    thread = threading.Thread(target=come_again)
    thread.start()
    try:
        time.sleep(2 * _MOMENT_S)
        yield
    finally:
        over.set()
        thread.join()


def _turned_away(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(1 << 12):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    connection.close()
    return True
