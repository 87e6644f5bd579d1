"""Why a scanner is silent, as far as a look at its port tells: nobody there, something else, or keys that do not fit.

Both ends of a ZeroMQ connection begin with a greeting of 64 bytes (ZMTP 3.1, rfc.zeromq.org/spec/37), in which each
names its mechanism: NULL, or CURVE where it has keys. Nothing is dealt out to an end that goes no further.

A monitor of the socket would tell as much; but libzmq was seen to abort where one was closed during a handshake.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

_TIMEOUT_S = 0.5
_SIGNATURE = b"\xff" + 8 * b"\0" + b"\x7f"
_VERSION = b"\x03\x01"
_GREETING_BYTES = 64
_MECHANISM = slice(12, 32)


def why_silent(endpoint: str, *, has_keys: bool) -> str:
    """What to look at, in words.

    Args:
        endpoint: tcp://HOST:PORT of a scanner from which nothing comes.
        has_keys: whether this end has keys.
    """
    address = urlsplit(endpoint)
    try:
        with socket.create_connection((address.hostname, address.port), _TIMEOUT_S) as peer:
            mechanism = _mechanism_of(peer)
    except OSError:
        return "nobody listens there: is the scanner on, and the port right?"
    if mechanism is None:
        return "something listens there, but does not answer: is it a scanner, and does it run?"
    if mechanism == "CURVE" and not has_keys:
        return "it wants keys: give keys = FOLDER (docs/how-to/security.md)"
    if mechanism != "CURVE" and has_keys:
        return "it has no keys, and this end has: leave keys out, or give it some (docs/how-to/security.md)"
    return "it is there, but sends nothing" + (", or has other keys" if has_keys else "")


def _mechanism_of(peer: socket.socket) -> str | None:
    """That of the other end's greeting; None where there is no such greeting in time."""
    peer.settimeout(_TIMEOUT_S)
    greeting = b""
    try:
        # No more than it needs to go on with its own: who sees the wrong mechanism hangs up.
        peer.sendall(_SIGNATURE + _VERSION)
        while len(greeting) < _GREETING_BYTES and (piece := peer.recv(_GREETING_BYTES - len(greeting))):
            greeting += piece
    except OSError:
        return None
    if len(greeting) < _GREETING_BYTES or greeting[0] != _SIGNATURE[0]:
        return None
    return greeting[_MECHANISM].rstrip(b"\0").decode("ascii", "replace")
