"""How a connection is kept honest: every time limit of every socket, in this one place.

Over tcp a stage that takes frames sends the other end a sign of life each second (a PING of ZMTP 3.1), which libzmq
answers by itself, and `connection.py` looks at when the last byte came. Three traps of libzmq 4.3.5 decide that nobody
else sends one (decision 0028):

- Its own limit for the answer counts it as missing while a reader that is behind has stopped reading.
- A socket that sends PINGs, and whose peer resets the connection while messages wait for room, ends the program. So
  whoever sends them has room without limit; the run's end of a scanner's connection must not have that.
- The answer to a PING of a scanner that has ended meanwhile resets the connection, and what was on the way is lost.

The kernel asks on every tcp connection on which nothing is on the way.
"""

from __future__ import annotations

import zmq

PING_MS = 1000
TRUST_MS = 7000
"""A stage that stops for five seconds, in a debugger or on a busy machine, is not taken for gone."""
HANDSHAKE_MS = 2000
CONNECT_MS = 2000
SUSPECT_S = 2.0
"""Without a byte for as long, or twice as long as the last pause, a connection may be dead."""
RETRY_S, RETRY_MAX_S = 0.02, 1.0
"""From the end of a connection to the next attempt; the longer, the more often the other end broke the protocol."""
_NEVER_MS = 2**31 - 1
_KEEPALIVE_IDLE_S, _KEEPALIVE_EVERY_S, _KEEPALIVE_PROBES = 1, 1, 6
LARGEST_COMMAND = 1 << 16
"""Of what readers send: grants, and answers to signs of life, before or after their keys are known."""


def of_one_that_connects(socket: zmq.Socket[bytes]) -> None:
    """Sets the limits of a socket whose connection `Connection` looks after.

    libzmq never connects again by itself: it gives up for good after an error of protocol, and a server of CURVE that
    connects was seen to take the verdict on one client for the next one's, or to abort (decision 0028).
    """
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
    _keep_alive(socket)
    if socket.getsockopt(zmq.TYPE) == zmq.DEALER:
        socket.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 0)
        socket.setsockopt(zmq.RCVHWM, 0)
        # The other end learns from a PING how long it may trust in the next one.
        socket.setsockopt(zmq.HEARTBEAT_TTL, TRUST_MS)


def of_one_that_binds(socket: zmq.Socket[bytes]) -> None:
    """Sets the limits of a socket that others connect to."""
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
    _keep_alive(socket)
    socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_COMMAND)


def _keep_alive(socket: zmq.Socket[bytes]) -> None:
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, _KEEPALIVE_IDLE_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, _KEEPALIVE_EVERY_S)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, _KEEPALIVE_PROBES)
