"""Both ends of an edge, and frames to send over it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.edge import GRANT, Edge, Place
from sonolucent.stream.transport.handover import ThreadEnds
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer

STREAM = Stream(Acquisition(), ImageGrid.sau64())


def frame(i: int) -> Channels:
    return Channels(i, np.full((2, 3, 4), i, np.int16))


def drain(pull: Consumer) -> list[Message]:
    messages: list[Message] = []
    while not messages or not isinstance(messages[-1], End):
        message = pull.pull(timeout_s=20)
        assert message is not None
        messages.append(message)
    pull.close()
    return messages


def both_ends(
    edge: Edge, place: Place | None, context: zmq.Context[zmq.Socket[bytes]], abort: threading.Event
) -> tuple[Producer, Consumer]:
    """Of an edge between sockets that meet at a place, or between threads."""
    if place is None:
        ends = ThreadEnds([edge], abort)
        return ends.producer(edge), ends.consumer(edge)
    return SocketProducer(edge, place, context, abort), SocketConsumer(edge, place, context, abort)


class Line:
    """Both ends of one edge."""

    def __init__(self, edge: Edge, place: Place | None, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.abort = threading.Event()
        self.push, self.pull = both_ends(edge, place, context, self.abort)

    def drain_in_background(self) -> tuple[threading.Thread, list[Message]]:
        messages: list[Message] = []
        thread = threading.Thread(target=lambda: messages.extend(drain(self.pull)))
        thread.start()
        return thread, messages


@contextmanager
def edge_to_a_stranger(
    context: zmq.Context[zmq.Socket[bytes]], endpoint: str = "inproc://stranger"
) -> Iterator[tuple[SocketProducer, zmq.Socket[bytes]]]:
    """A producer whose stream is described, and a socket in its consumer's place."""
    push = SocketProducer(Edge("a", "b"), Place(endpoint), context, threading.Event())
    with context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(endpoint)
        push.push(STREAM)
        yield push, stranger


def take_a_frame(push: SocketProducer, stranger: zmq.Socket[bytes]) -> None:
    """Has the producer's first frame sent to the stranger, who has not said that it took it."""
    push.push(frame(0))
    stranger.send(GRANT.pack(0, 2))
    for _ in range(2):  # the description, and the frame
        assert stranger.poll(5000)
        stranger.recv_multipart()
