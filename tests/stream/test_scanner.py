"""A scanner's messages become whole frames, and whatever does not is counted."""

from collections.abc import Iterable
from threading import Event, Thread

import numpy as np
import zmq

from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.stream.config import Config
from sonolucent.stream.frames import Channels, End, Message, Stream
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.sources.scanner import assemble, scanner
from sonolucent.stream.wire import encode

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 600, 25e6), ImageGrid.sau64())


def whole(i: int) -> Channels:
    return Channels(i, np.full(STREAM.acquisition.shape, i, np.int16))


def shots(i: int, which: Iterable[int] = range(4)) -> list[Channels]:
    return [Channels(i, whole(i).data[k : k + 1], k) for k in which]


def assembled(messages: list[Message]) -> tuple[list[int], dict[str, int]]:
    losses = Ledger()
    frames = list(assemble(STREAM, iter(messages), losses))
    assert all((f.data == f.frame_id).all() and f.data.shape == STREAM.acquisition.shape for f in frames)
    return [f.frame_id for f in frames], losses.counts().dropped


def test_whole_frames_pass() -> None:
    assert assembled([whole(0), whole(1), End(2)]) == ([0, 1], {})


def test_shots_make_frames() -> None:
    assert assembled([*shots(0), *shots(1), End(2)]) == ([0, 1], {})


def test_a_lost_shot_loses_its_frame_only() -> None:
    assert assembled([*shots(0, (0, 1, 3)), *shots(1), End(2)]) == ([1], {"incomplete": 1})


def test_a_gap_is_counted() -> None:
    assert assembled([whole(0), whole(4), End(5)]) == ([0, 4], {"gap": 3})


def test_a_frame_of_another_shape_is_counted() -> None:
    stranger = Channels(1, np.zeros((1, 2, 3), np.int16))
    assert assembled([whole(0), stranger, End(1)]) == ([0], {"does not fit the stream": 1})


def test_a_stream_that_breaks_off_within_a_frame() -> None:
    assert assembled([*shots(0), *shots(1, (0, 1))]) == ([0], {"incomplete": 1})


def test_over_a_real_socket_with_a_foreign_message_between() -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        messages = [encode(STREAM), (b"hello", b""), encode(whole(0)), encode(whole(1)), encode(End(2))]
        sender = Thread(target=lambda: [host.send_multipart(m) for m in messages])
        sender.start()
        source = scanner(Config(source=f"tcp://127.0.0.1:{port}"), Event())
        assert source.stream == STREAM
        assert [f.frame_id for f in source.frames] == [0, 1]
        sender.join()
    assert source.losses.counts().dropped == {"foreign": 1}
