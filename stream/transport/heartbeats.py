"""How a connection is kept honest: every time limit of every socket, in this one place.

Who connects asks the other end for a sign of life each second (a PING of ZMTP 3.1, which libzmq answers by itself on a
thread of its own, however busy the program is). libzmq's own limit for the answer stays off: it counts an answer as
missing while a reader that is behind has stopped reading. It was measured to cut off a reader that paused for longer,
with 16 of 26 messages on the way. `connection.py` looks at the bytes that arrive instead.

Who binds learns from the PING how long it may trust in the next one: a reader that has gone without a word holds no
frames for longer. A reader that a debugger or a busy machine stops for five seconds is kept.
"""

from __future__ import annotations

import zmq

PING_MS = 1000
TRUST_MS = 7000
HANDSHAKE_MS = 2000
CONNECT_MS = 2000
SUSPECT_S = 3.0
"""Without a byte for as long, three signs of life are missing."""
RETRY_S, RETRY_MAX_S = 0.02, 1.0
"""From the end of a connection to the next attempt; the longer, the more often the other end broke the protocol."""
_NEVER_MS = 2**31 - 1
_KEEPALIVE_IDLE_S, _KEEPALIVE_EVERY_S, _KEEPALIVE_PROBES = 5, 1, 5


def of_one_that_connects(socket: zmq.Socket[bytes]) -> None:
    """Sets the limits of a socket whose connection `Connection` looks after.

    libzmq never connects again by itself: it gives up for good after an error of protocol, and a server of CURVE that
    connects was seen to take the verdict on one client for the next one's, or to abort (decision 0028).
    """
    socket.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 0)
    socket.setsockopt(zmq.HEARTBEAT_TTL, TRUST_MS)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)


def of_one_that_binds(socket: zmq.Socket[bytes]) -> None:
    """Sets the limits of a socket that others connect to; the kernel looks after those that never send a PING."""
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, _KEEPALIVE_IDLE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, _KEEPALIVE_EVERY_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, _KEEPALIVE_PROBES)
