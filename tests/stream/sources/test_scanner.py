"""A scanner over a real socket."""

import socket
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, Timer

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, End, Stream, Trail
from sonolucent.stream.sources import scanner as module
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.transport.curve import Keys, make_keys
from sonolucent.stream.transport.sockets import bind, open_context
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


def hint(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, port: int, keys: Path | None = None) -> str:
    """What is said of a scanner that says nothing for a moment."""
    monkeypatch.setattr(module, "_SILENCE_MS", 500)
    stop = Event()
    Timer(1.5, stop.set).start()
    source = f"tcp://127.0.0.1:{port}"
    with pytest.raises(ConfigError, match="never described its stream"):
        scanner(Config(source=source, keys=None if keys is None else str(keys)), stop, JournalEntry())
    (said,) = [text for record in caplog.records if "silent" in (text := record.getMessage())]
    assert said.startswith(f"{source}: silent for 0 s; ")
    return said


def test_where_nobody_listens_that_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    assert "nobody listens there" in hint(monkeypatch, caplog, 9)


def test_what_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "does not answer" in hint(monkeypatch, caplog, listener.getsockname()[1])


def test_a_scanner_that_sends_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as host:
        assert "sends nothing" in hint(monkeypatch, caplog, host.bind_to_random_port("tcp://127.0.0.1"))


@pytest.mark.parametrize(
    ("theirs", "ours", "says"),
    [
        (True, False, "it wants keys"),
        (False, True, "it has no keys"),
        (True, True, "or has other keys"),
    ],
)
def test_keys_that_do_not_fit_are_told(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    theirs: bool,
    ours: bool,
    says: str,
) -> None:
    for name in ("theirs", "ours"):
        make_keys(tmp_path / name)
    keys = Keys.of(str(tmp_path / "theirs")) if theirs else None
    with open_context(keys) as context, context.socket(zmq.PUSH) as host:
        bind(host, "tcp://127.0.0.1:*", "", keys)
        port = int(host.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])
        assert says in hint(monkeypatch, caplog, port, tmp_path / "ours" if ours else None)


def test_a_sliding_aperture_that_goes_on_describes_the_very_same_stream() -> None:
    scans = replace(STREAM, frame_rate_hz=10.0, next_frame_id=3)
    with zmq.Context() as context, context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        config = Config(source=f"tcp://127.0.0.1:{port}", every=2)
        Thread(target=lambda: host.send_multipart(encode(scans))).start()
        stream = scanner(config, Event(), JournalEntry()).stream
        assert (stream.frame_rate_hz, stream.next_frame_id) == (20.0, 6)
        after_a_crash = JournalEntry(stream=encode(stream), next_frame_id=9)
        assert scanner(config, Event(), after_a_crash).stream == stream
