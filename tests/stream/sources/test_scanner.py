"""A scanner over a real socket."""

from threading import Event, Thread, Timer

import numpy as np
import pytest
import zmq

from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, End, Stream, Trail
from sonolucent.stream.sources import scanner as module
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.transport.wire import encode

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 600, 25e6), ImageGrid.sau64())


def whole(i: int) -> Channels:
    return Channels(i, np.full(STREAM.acquisition.shape, i, np.int16), 0, Trail(10**18, 7))


def test_frames_come_with_foreign_messages_between() -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        early, hello = encode(whole(9)), (b"hello", b"")
        messages = [early, encode(STREAM), hello, encode(whole(0)), encode(whole(1)), encode(End(2))]
        sender = Thread(target=lambda: [host.send_multipart(m) for m in messages])
        sender.start()
        source = scanner(Config(source=f"tcp://127.0.0.1:{port}"), Event(), JournalEntry())
        assert source.stream == STREAM
        frames = list(source.frames)
        sender.join()
    assert [frame.frame_id for frame in frames] == [0, 1]
    # The scanner's monotonic clock is not ours: latency begins with the arrival here.
    assert all(frame.trail.acquired_ns < 10**18 and frame.trail.acquired_utc_ns == 7 for frame in frames)
    assert source.losses.counts().dropped == {}
    assert source.refused.counts().dropped == {"before the stream's description": 1, "foreign": 1}


def test_a_scanner_that_says_nothing_is_waited_for_aloud(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_SILENCE_MS", 200)
    stop = Event()
    Timer(1.0, stop.set).start()
    with pytest.raises(ConfigError, match="never described its stream"):
        scanner(Config(source="tcp://127.0.0.1:9"), stop, JournalEntry())
    assert [record.getMessage() for record in caplog.records] == [
        "tcp://127.0.0.1:9: silent for 0 s; waiting for the scanner"
    ]
