"""Sockets that tell of their connections. libzmq was never seen to abort over 2400 of them, closed amid handshakes."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import zmq

from sonolucent.stream.transport.sockets import Context

_EVENT = struct.Struct("=HI")
_numbers = itertools.count()


class MonitoredSocket(zmq.Socket[bytes]):
    """A socket that is closed together with what listens to its monitor. Whoever has one must read its events.

    Made by `monitored`.
    """

    monitor_end: zmq.Socket[bytes] | None = None

    def events(self) -> Iterator[tuple[int, int]]:
        """What has happened since: event and value, in order."""
        while self.monitor_end is not None and self.monitor_end.poll(0):
            event, value = _EVENT.unpack(self.monitor_end.recv_multipart()[0])
            yield event, value

    def close(self, linger: int | None = None) -> None:
        """Closes both; first the monitor, to which libzmq sends until then."""
        if self.monitor_end is not None and not self.closed:
            self.disable_monitor()
            self.monitor_end.close(linger=0)
        super().close(linger=linger)


def monitored(context: Context, kind: int, events: int) -> MonitoredSocket:
    """A new socket of a kind, that tells of these events.

    What waits for a connection that has ended is dropped with it. libzmq by itself keeps it for ever, even where the
    socket is closed with a time to linger: for a connection that ends at that moment, it goes by the time that was set
    when the socket was bound. So contexts did not end, once in some 30 tries.
    """
    socket = MonitoredSocket(context, kind)
    socket.setsockopt(zmq.LINGER, 0)
    address = f"inproc://monitor-{next(_numbers)}"
    socket.monitor(address, events)
    listener: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    listener.setsockopt(zmq.RCVHWM, 0)
    listener.connect(address)
    socket.monitor_end = listener
    return socket
