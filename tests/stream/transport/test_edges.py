"""Edges deliver or count every frame, whatever the transport and however slow the consumer."""

import errno
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.messages import Channels, End, Stream
from sonolucent.stream.transport.consumer import pull_all
from sonolucent.stream.transport.edge import Aborted, Edge, Place
from sonolucent.stream.transport.socket_producer import SocketProducer

from .lines import STREAM, Line, frame


def test_lossless_delivers_everything_in_order(
    any_place: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b"), any_place, context)
    thread, messages = line.drain_in_background()
    line.push.push(STREAM)
    for i in range(50):
        line.push.push(frame(i))
    line.push.push(End(50))
    counts = line.push.close()
    thread.join()
    assert messages[0] == STREAM
    assert messages[-1] == End(50)
    frames = messages[1:-1]
    assert [m.frame_id for m in frames if isinstance(m, Channels)] == list(range(50))
    assert all(isinstance(m, Channels) and (m.data == m.frame_id).all() for m in frames)
    assert (counts.acquired, counts.delivered, counts.dropped) == (50, 50, {})


def test_sequences_and_complex_samples_cross_every_edge(
    any_place: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    sequence = TransmitSequence.hadamard(64)
    stream = Stream(Acquisition(sequence=sequence, demodulation_frequency_hz=7.5e6), ImageGrid.sau64(), dtype="<c8")
    data = (np.arange(24).reshape(2, 3, 4) * (1 - 2j)).astype(np.complex64)
    line = Line(Edge("a", "b"), any_place, context)
    thread, messages = line.drain_in_background()
    line.push.push(stream)
    line.push.push(Channels(0, data))
    line.push.close()
    thread.join()
    described, shots, _ = messages
    assert described == stream
    assert isinstance(shots, Channels)
    assert shots.data.dtype == np.complex64
    assert np.array_equal(shots.data, data)


@pytest.mark.parametrize(("policy", "kept"), [("latest", [9]), ("drop_oldest", [6, 7, 8, 9])])
def test_a_late_consumer_gets_the_newest_and_the_rest_is_counted(
    any_place: Place | None, policy: str, kept: list[int], context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b", policy, bound=4), any_place, context)
    line.push.push(STREAM)
    for i in range(10):
        line.push.push(frame(i))
    thread, messages = line.drain_in_background()
    counts = line.push.close()
    thread.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == kept
    assert counts.dropped == {policy: 10 - len(kept)}
    assert counts.balanced


def test_a_slow_live_consumer_holds_no_frame_that_grows_old(
    in_process: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    """What it takes next is one of the newest, not one that it was sent while it worked."""
    line = Line(Edge("a", "b", "drop_oldest", bound=2), in_process, context)
    line.push.push(frame(0))
    working_on = line.pull.pull(20)
    for i in range(1, 10):
        line.push.push(frame(i))
        time.sleep(0.02)  # long enough for the edge to send it, if it were asked for
    thread, messages = line.drain_in_background()
    counts = line.push.close()
    thread.join()
    assert isinstance(working_on, Channels)
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == [8, 9]
    assert (counts.delivered, counts.dropped) == (3, {"drop_oldest": 7})


def test_frames_carry_the_counts_of_the_edges_they_crossed(
    in_process: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b", "latest"), in_process, context)
    for i in range(3):
        line.push.push(frame(i))
    thread, messages = line.drain_in_background()
    line.push.close()
    thread.join()
    last = messages[0]
    assert isinstance(last, Channels)
    assert last.trail.edges["a>b"].acquired == 3
    assert last.trail.edges["a>b"].dropped == {"latest": 1}


def test_a_consumer_that_never_comes_is_counted(
    in_process: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b"), in_process, context)
    line.push.push(frame(0))
    counts = line.push.close(patience_s=0.1)
    line.pull.close()
    assert counts.dropped == {"never asked for": 1}


def test_aborting_frees_a_producer_that_waits(
    in_process: Place | None, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b", bound=1), in_process, context)
    line.push.push(frame(0))
    threading.Timer(0.05, line.abort.set).start()
    with pytest.raises(Aborted):
        line.push.push(frame(1))
    assert line.push.close().dropped == {"aborted": 1, "never asked for": 1}
    line.pull.close()


def test_whatever_ends_an_edge_s_thread_is_raised_where_frames_are_pushed(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_descriptor(*parts: object) -> bool:
        raise zmq.ZMQError(errno.EMFILE)

    monkeypatch.setattr(SocketProducer, "_send", no_descriptor)
    line = Line(Edge("a", "b", bound=1), Place("inproc://broken"), context)
    line.push.push(STREAM)
    line.pull.pull(timeout_s=0.0)

    def push_frames() -> None:
        # The first is taken by the thread, which fails with it; the second may find its room before that.
        for frame_id in range(3):
            line.push.push(frame(frame_id))

    with pytest.raises(zmq.ZMQError, match="Too many open files"):
        push_frames()
    with pytest.raises(zmq.ZMQError, match="Too many open files"):
        line.push.close()
    line.pull.close()


def test_no_socket_file_stays_behind(tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    path = tmp_path / "edge"
    push = SocketProducer(Edge("a", "b"), Place(f"ipc://{path}"), context, threading.Event())
    assert path.exists()
    push.close(patience_s=0)
    context.term()
    assert not path.exists()


def test_whoever_pulls_has_asked_for_the_next_frame_before_it_sleeps(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a frame that came while another was worked on would wait for the end of the nap."""
    slept: list[bool] = []

    class Poller(zmq.Poller):
        def poll(self, timeout: float | None = None) -> list[tuple[object, int]]:
            slept.append(line.pull._granted[0] == line.pull.taken)
            return super().poll(timeout)

    line = Line(Edge("a", "b", "drop_oldest"), Place("inproc://asked"), context)
    monkeypatch.setattr(zmq, "Poller", Poller)
    line.push.push(STREAM)
    messages = pull_all([line.pull])
    for i in range(4):
        line.push.push(frame(i))
        while isinstance(next(messages)[1], Stream):
            pass
        slept_before = len(slept)
        line.push.push(frame(10 + i))
        next(messages)
        assert all(slept[slept_before:])
    closing = threading.Thread(target=line.push.close, args=(0.0,))
    closing.start()
    while not isinstance(next(messages)[1], End):
        pass
    line.pull.close()
    closing.join()
