"""A journal holds what a stage did when nobody is left to ask; sources go on from it."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.accounting.journal import Journal, JournalEntry
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Image, Stream
from sonolucent.stream.openers import SOURCES, open_source
from sonolucent.stream.runtime.run_stage import run_stage
from sonolucent.stream.sources.source import SCANNER, Source
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.wire import encode

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64(), session=9)


def past(n_frames: int, stream: Stream = STREAM) -> JournalEntry:
    """The journal of a source that has passed on so many frames, numbered from 0."""
    return JournalEntry(StageReport({SCANNER.name: EdgeCounts(n_frames, n_frames)}), encode(stream), n_frames)


@pytest.fixture
def descriptor() -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        yield file.fileno()


def test_the_newest_entry_is_read_whatever_its_length(descriptor: int) -> None:
    assert Journal(descriptor).read() == JournalEntry()
    writer = Journal(descriptor)
    writer.describe(STREAM)
    long = StageReport({f"edge {i}": EdgeCounts(i, i) for i in range(50)})
    short = StageReport({"a>b": EdgeCounts(3, 2, {"latest": 1})}, taken={"b>c": 7})
    writer.write(long)
    assert Journal(descriptor).read().report == long
    writer.write(short, next_frame_id=8)
    entry = Journal(descriptor).read()
    assert (entry.report, entry.described, entry.next_frame_id) == (short, STREAM, 8)


def test_a_sequence_of_any_size_is_kept_with_its_stream(descriptor: int) -> None:
    probe = replace(PROBE, n_elements=512)
    stream = replace(STREAM, acquisition=Acquisition(probe, n_samples=64, sequence=TransmitSequence.hadamard(512)))
    writer = Journal(descriptor)
    writer.describe(stream)
    assert Journal(descriptor).read() == JournalEntry()  # it knows nothing before its first entry
    writer.write(StageReport({}), 1)
    writer.write(StageReport({}), 2)
    writer.note({"enhance": 3})
    entry = Journal(descriptor).read()
    assert (entry.described, entry.next_frame_id, writer.restarts()) == (stream, 2, {"enhance": 3})


def test_without_a_file_nothing_is_kept() -> None:
    journal = Journal()
    journal.write(StageReport({"a>b": EdgeCounts(3, 3)}))
    assert journal.read() == JournalEntry()


def test_a_recorder_has_noted_its_file_before_the_first_frame(descriptor: int, tmp_path: Path) -> None:
    config, stop, abort = Config(record=str(tmp_path / "a.h5")), Event(), Event()
    with zmq.Context() as context:
        push = SocketProducer(Edge("enhance", "recorder"), Place("inproc://enhance>recorder"), context, abort)
        push.push(STREAM)
        recorder = Thread(target=run_stage, args=("recorder", config, context, stop, abort, Journal(descriptor)))
        recorder.start()
        assert push.wait_for_consumer(20)
        noted = Journal(descriptor).read()
        push.push(End(0))
        push.close()
        recorder.join()
    assert noted.report.recorded == (str(tmp_path / "a.h5"),)
    assert noted.described == STREAM


def test_a_stage_has_noted_a_frame_that_it_is_still_passing_on(descriptor: int) -> None:
    config, stop, abort = Config(source="replay:any.h5", model="none"), Event(), Event()
    with zmq.Context() as context:
        push = SocketProducer(Edge("beamform", "enhance", bound=8), Place("inproc://beamform>enhance"), context, abort)
        pull = SocketConsumer(Edge("enhance", "headless"), Place("inproc://enhance>headless"), context, abort)
        push.push(STREAM)
        for i in range(4):
            push.push(Image(i, np.zeros((1, *STREAM.grid.shape), np.float32), 60.0))
        stage = Thread(target=run_stage, args=("enhance", config, context, stop, abort, Journal(descriptor)))
        stage.start()
        pull.describe()
        # One frame asks for two; a third waits at the producer, and the fourth cannot be passed on.
        assert pull.pull(20.0) is not None
        deadline = time.monotonic() + 20.0
        while (noted := Journal(descriptor).read().report.taken) != {"beamform>enhance": 4}:
            assert time.monotonic() < deadline, noted
            time.sleep(0.01)
        push.push(End(4))
        closing = Thread(target=push.close)
        closing.start()
        while not isinstance(pull.pull(20.0), End):
            pass
        pull.close()
        closing.join()
        stage.join()


def test_a_simulated_source_goes_on_at_the_next_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    from sonolucent.stream.sources import simulated

    loop = np.arange(3, dtype=np.int16)[:, None, None, None]
    monkeypatch.setattr(simulated, "cached_loop", lambda phantom, seed: loop)
    config = Config(frames=10, as_fast_as_possible=True)
    frames = list(open_source(config, Event(), past(7)).frames)
    assert [(frame.frame_id, int(frame.data.max())) for frame in frames] == [(7, 1), (8, 2), (9, 0)]


def test_a_source_that_had_its_frames_has_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from sonolucent.stream.sources import simulated

    monkeypatch.setattr(simulated, "cached_loop", lambda phantom, seed: np.zeros((1, 1, 1, 1), np.int16))
    config = Config(frames=10, as_fast_as_possible=True)
    assert list(open_source(config, Event(), past(10)).frames) == []


def test_a_plug_in_is_numbered_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def plug_in(config: Config, stop: Event, past: JournalEntry) -> Source:
        return Source(STREAM, (Channels(i, np.zeros((4, 4, 64), np.int16)) for i in itertools.count()))

    monkeypatch.setattr(SOURCES, "find", lambda word: plug_in)
    frames = open_source(Config(source="acme:", frames=5), Event(), past(3)).frames
    assert [frame.frame_id for frame in frames] == [3, 4]


def test_a_live_scanner_is_joined_again_and_what_was_missed_is_a_gap() -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        frames = [Channels(i, np.full(STREAM.acquisition.shape, i, np.int16)) for i in (12, 13)]
        sender = Thread(target=lambda: [host.send_multipart(encode(m)) for m in (*frames, End(14))])
        sender.start()
        source = open_source(Config(source=f"tcp://127.0.0.1:{port}"), Event(), past(8))
        assert source.stream == STREAM
        assert [frame.frame_id for frame in source.frames] == [12, 13]
        sender.join()
    assert source.losses.counts() == EdgeCounts(4, 0, {"gap": 4})
