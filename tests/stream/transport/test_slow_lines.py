"""A consumer that reads all it asked for, behind a line that is slower than what it is sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import zmq

from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, End, Message
from sonolucent.stream.transport.edge import Edge, Place, Policy
from sonolucent.stream.transport.send_queue import SendQueue
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from tests.campaigns.raw_peers import free_port
from tests.campaigns.tunnel import Tunnel

from .lines import STREAM, drain

N_FRAMES, N_SHOTS, PACE_S = 12, 16, 0.001
SHOTS = np.ones((N_SHOTS, 32, 1024), np.int16)


def frames_behind_their_shots(n: int) -> Iterator[Channels]:
    """Frames of a megabyte, each told shot by shot before it is whole."""
    for i in range(n):
        whole = Channels(i, SHOTS)
        yield from (replace(whole, data=SHOTS[k : k + 1], first_tx=k, ahead=True) for k in range(N_SHOTS))
        yield whole


@pytest.mark.parametrize("policy", ["lossless", "drop_oldest"])
def test_a_consumer_behind_a_slow_line_has_not_gone(policy: Policy, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """What came is counted as delivered, and nothing else; where nothing may be lost, all comes."""
    edge, place, got = Edge("a", "b", policy), Place(f"tcp://127.0.0.1:{free_port()}"), list[Message]()
    push = SocketProducer(edge, place, context, threading.Event())
    with closing(Tunnel(int(place.endpoint.rpartition(":")[2]), 20e6)) as tunnel:
        near = SocketConsumer(edge, Place(f"tcp://127.0.0.1:{tunnel.port}"), context, threading.Event())
        reading = threading.Thread(target=lambda: got.extend(drain(near)))
        reading.start()
        push.push(STREAM)
        assert push.wait_for_consumer(5)
        for message in frames_behind_their_shots(N_FRAMES):
            push.push(message)
            time.sleep(PACE_S)
        push.push(End(N_FRAMES))
        counts = push.close()
        reading.join(20)
    frame_ids = [message.frame_id for message in got if isinstance(message, Channels) and not message.ahead]
    assert isinstance(got[-1], End)
    assert counts.delivered == len(frame_ids)
    assert set(counts.dropped) <= ({"drop_oldest"} if policy == "drop_oldest" else set())
    assert policy == "drop_oldest" or frame_ids == list(range(N_FRAMES))


def test_of_shots_ahead_those_of_one_frame_are_kept() -> None:
    """A scanner that sends halves of frames to a stage that is at work filled its memory."""
    queue = SendQueue(Edge("a", "b"), Ledger(), threading.Event())
    for frame_id in range(3):
        for shot in range(2):
            queue.put_ahead(frame_id, (f"{frame_id}.{shot}".encode(), b""))
    waiting = list(iter(lambda: queue.get(0), None))
    assert [item.parts[0] for item in waiting] == [b"2.0", b"2.1"]
