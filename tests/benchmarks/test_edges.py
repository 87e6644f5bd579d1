"""A frame of 16.8 MB across one edge: header, transport and hand-over."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.wire import decode, encode

FRAME = np.random.default_rng(0).integers(-999, 999, Acquisition().shape, dtype=np.int16)


@pytest.fixture(params=["inproc", "ipc", "tcp"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SocketProducer, SocketConsumer]]:
    """Both ends of an edge, in one process with a context each where the transport allows it."""
    endpoint = {"inproc": "inproc://bench", "ipc": f"ipc://{tmp_path}/e", "tcp": "tcp://127.0.0.1:48661"}[request.param]
    edge, place, abort = Edge("a", "b"), Place(endpoint), threading.Event()
    with zmq.Context() as here, zmq.Context() as there:
        push = SocketProducer(edge, place, here, abort)
        pull = SocketConsumer(edge, place, here if request.param == "inproc" else there, abort)
        push.push(Stream(Acquisition(), ImageGrid.sau64()))
        pull.describe()
        yield push, pull
        pull.close()
        push.close()


def test_header_round_trip(benchmark: BenchmarkFixture) -> None:
    message = Channels(1, FRAME, 0, Trail.begin().stamped("source", 1))
    decoded = benchmark(lambda: decode(encode(message)))
    assert np.shares_memory(decoded.data, FRAME)
    assert benchmark.stats.stats.median < 50e-6


def test_frame_across_an_edge(benchmark: BenchmarkFixture, line: tuple[SocketProducer, SocketConsumer]) -> None:
    push, pull = line

    def cross() -> Channels:
        push.push(Channels(7, FRAME, 0, Trail.begin()))
        message = pull.pull(10.0)
        assert isinstance(message, Channels)
        return message

    received = benchmark.pedantic(cross, rounds=60, warmup_rounds=5)
    assert np.array_equal(received.data, FRAME)
    assert benchmark.stats.stats.median < 40e-3
