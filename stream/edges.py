"""Edges: how frames cross from one stage to the next, over inproc, ipc or tcp.

The consumer asks for frames (it grants credit) and the producer keeps what has not been asked for, as the edge's
policy says. So a slow consumer never holds frames up inside a socket, every loss happens in one place, and it is
counted there. A thread of the edge does the sending; `push` never waits, except on a `lossless` edge that is full.

The consumer's grant is cumulative (frames taken so far, frames it has room for), so that repeating it is harmless and
either side may be restarted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

import zmq

from sonolucent.stream.errors import EdgeError

Policy = Literal["latest", "drop_oldest", "lossless"]
Context = zmq.Context[zmq.Socket[bytes]]

GRANT = struct.Struct("<QI")
POLL_S = 0.1


class Aborted(Exception):
    """The run was aborted while an edge was waiting."""


@dataclass(frozen=True)
class Edge:
    """One arrow of the pipeline's diagram; its name is "producer>consumer"."""

    name: str
    endpoint: str
    policy: Policy = "lossless"
    bound: int = 4

    @property
    def window(self) -> int:
        """Frames the consumer asks for ahead: none for the newest, one beside the one in work otherwise."""
        return 1 if self.policy == "latest" else 2


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
