"""A socket ends when it is closed, whatever its connections do meanwhile."""

import threading
from contextlib import suppress

import pytest
import zmq

from sonolucent.stream.transport.monitored_socket import MonitoredSocket, monitored

ROUNDS = 20


def test_what_waits_is_dropped_with_its_connection(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """libzmq goes by what was set before the socket was bound. The race itself is rare, so that is looked at."""
    socket = monitored(context, zmq.ROUTER, zmq.EVENT_DISCONNECTED)
    assert socket.getsockopt(zmq.LINGER) == 0
    socket.close()


@pytest.mark.parametrize("closed_first", ["socket", "reader"])
def test_a_context_ends_though_a_reader_leaves_as_the_socket_is_closed(closed_first: str) -> None:
    for _ in range(ROUNDS):
        context = zmq.Context()
        with zmq.Context() as own, own.socket(zmq.DEALER) as reader:
            socket = behind_a_reader_that_never_reads(context, reader)
            if closed_first == "reader":
                reader.close(linger=0)
            socket.close(linger=200)
        ending = threading.Thread(target=context.term, daemon=True)
        ending.start()
        ending.join(10)
        assert not ending.is_alive()


def behind_a_reader_that_never_reads(
    context: zmq.Context[zmq.Socket[bytes]], reader: zmq.Socket[bytes]
) -> MonitoredSocket:
    """A socket in which messages wait."""
    socket = monitored(context, zmq.ROUTER, zmq.EVENT_DISCONNECTED)
    socket.setsockopt(zmq.SNDHWM, 4)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, 1), (zmq.RCVBUF, 4096)):
        reader.setsockopt(option, value)
    reader.connect(f"tcp://127.0.0.1:{port}")
    reader.send(b"here")
    name = socket.recv_multipart()[0]
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    with suppress(zmq.Again):
        while True:
            socket.send_multipart([name, bytes(1 << 21)], zmq.NOBLOCK)
    return socket
