"""Both ends of an edge, and frames to send over it."""

import threading

import numpy as np
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.producer import Producer

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


class Line:
    """Both ends of one edge."""

    def __init__(self, edge: Edge, place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.abort = threading.Event()
        self.place = place
        self.push = Producer(edge, place, context, self.abort)
        self.pull = Consumer(edge, place, context, self.abort)

    def drain_in_background(self) -> tuple[threading.Thread, list[Message]]:
        messages: list[Message] = []
        thread = threading.Thread(target=lambda: messages.extend(drain(self.pull)))
        thread.start()
        return thread, messages
