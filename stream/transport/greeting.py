"""What answers at a port, as far as its first bytes tell: nobody, something else, a socket of the wrong kind or keys.

Both ends of a ZeroMQ connection begin with a greeting of 64 bytes (ZMTP 3.1, rfc.zeromq.org/spec/37), in which each
names its mechanism: NULL, or CURVE where it has keys. Without keys each then says at once what kind of socket it is.
Nothing is dealt out to an end that goes no further.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from sonolucent.stream.printable import printable

_CONNECT_S, _LOOK_S, _MOMENT_S = 0.5, 0.5, 1e-3
_SIGNATURE = b"\xff" + 8 * b"\0" + b"\x7f"
_VERSION = b"\x03\x01"
_GREETING_BYTES = 64
_MECHANISM = slice(12, 32)
_OURS = _SIGNATURE + _VERSION + b"NULL".ljust(20, b"\0") + 32 * b"\0"
_COMMAND, _READY, _ERROR = 4, b"\x05READY", b"\x05ERROR"
_SHOWN_BYTES = 40
_SECURITY = "docs/how-to/security.md"


@dataclass(frozen=True)
class Greeting:
    """What came from the other end.

    Args:
        listens: whether there is one.
        opening: its first bytes.
        mechanism: of its greeting; empty if that was none.
        kind: of its socket, such as PUSH; empty where it does not tell.
        refusal: what it says instead.
    """

    listens: bool
    opening: bytes = b""
    mechanism: str = ""
    kind: str = ""
    refusal: str = ""


def greeting_of(endpoint: str) -> Greeting:
    """Looks, for at most a second.

    Args:
        endpoint: tcp://HOST:PORT.
    """
    address = urlsplit(endpoint)
    try:
        with socket.create_connection((address.hostname, address.port), _CONNECT_S) as peer:
            return _heard(peer, time.monotonic() + _LOOK_S)
    except OSError:
        return Greeting(listens=False)


def why_silent(endpoint: str, *, has_keys: bool) -> str:
    """What to look at where nothing comes from a scanner, in words."""
    found = greeting_of(endpoint)
    fault = fault_of(found, has_keys=has_keys, wanted=("PUSH",))
    return fault or "it is there, but sends nothing" + (", or has other keys" if has_keys else "")


def fault_of(found: Greeting, *, has_keys: bool, wanted: tuple[str, ...]) -> str:
    """What is wrong with the other end, and what to try; empty if nothing is.

    Args:
        found: what came from it.
        has_keys: whether this end has keys.
        wanted: the kinds of socket that it may be.
    """
    if not found.listens:
        return "nobody listens there: is the scanner on, and the port right?"
    if not found.opening:
        return "something listens there, but does not answer: is it a scanner, and does it run?"
    if not found.mechanism:
        return f"{_guess(found.opening)}: is the port right?"
    if found.mechanism == "CURVE" and not has_keys:
        return f"it wants keys: give keys = FOLDER ({_SECURITY})"
    if found.mechanism not in ("CURVE", "NULL"):
        return f"it speaks {found.mechanism}; Sonolucent speaks CURVE, with keys, or NULL, without ({_SECURITY})"
    if found.mechanism == "NULL" and has_keys:
        return f"it has no keys, and this end has: leave keys out, or give it some ({_SECURITY})"
    if found.refusal:
        return f"it refuses: {found.refusal}"
    if found.kind and found.kind not in wanted:
        return f"it is a socket of kind {found.kind}, not {' or '.join(wanted)}: is the port right? (docs/wire.md)"
    return ""


def _guess(opening: bytes) -> str:
    if opening.startswith(b"SSH-"):
        return "an ssh server answers there"
    if opening.startswith((b"HTTP/", b"<")):
        return "a web server answers there"
    said = printable(opening[:_SHOWN_BYTES].decode("latin-1"))
    return f"what answers there is not ZeroMQ (it says {said})"


def _heard(peer: socket.socket, until_s: float) -> Greeting:
    opening = _read(peer, until_s, _GREETING_BYTES, _SIGNATURE + _VERSION)
    if len(opening) < _GREETING_BYTES or opening[0] != _SIGNATURE[0]:
        return Greeting(listens=True, opening=opening)
    mechanism = printable(opening[_MECHANISM].rstrip(b"\0").decode("ascii", "replace"))
    if mechanism != "NULL":
        return Greeting(listens=True, opening=opening, mechanism=mechanism)
    # It tells its kind unasked, and deals us nothing as long as we do not tell ours.
    command = _read(peer, until_s, 2, _OURS[len(_SIGNATURE + _VERSION) :])
    body = _read(peer, until_s, command[1]) if len(command) == 2 and command[0] == _COMMAND else b""
    refusal = printable(body[len(_ERROR) + 1 :].decode("ascii", "replace")) if body.startswith(_ERROR) else ""
    return Greeting(listens=True, opening=opening, mechanism=mechanism, kind=_kind(body), refusal=refusal)


def _kind(command: bytes) -> str:
    """The socket's kind in a READY command: properties are a name, one byte long, and a value, four bytes long."""
    rest = command[len(_READY) :] if command.startswith(_READY) else b""
    while rest:
        name, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        n_bytes = int.from_bytes(rest[:4], "big")
        value, rest = rest[4 : 4 + n_bytes], rest[4 + n_bytes :]
        if name.lower() == b"socket-type":
            return printable(value.decode("ascii", "replace"))
    return ""


def _read(peer: socket.socket, until_s: float, n_bytes: int, said: bytes = b"") -> bytes:
    """What the other end answers, as far as it comes in time, however slowly it drips."""
    answer = b""
    try:
        peer.settimeout(max(_MOMENT_S, until_s - time.monotonic()))
        # No more than it needs to go on with its own: who sees the wrong mechanism hangs up.
        peer.sendall(said)
        while len(answer) < n_bytes and (left_s := until_s - time.monotonic()) > 0:
            peer.settimeout(left_s)
            piece = peer.recv(n_bytes - len(answer))
            if not piece:
                break
            answer += piece
    except OSError:
        pass
    return answer
