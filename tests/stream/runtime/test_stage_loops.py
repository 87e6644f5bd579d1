"""A stage from the description of its stream to its end, over real edges."""

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import zmq

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings, Probe
from sonolucent.stream import Channels, Config, ConfigError, End, Frame, FrameRefused, Image, Source, Stream, Transform
from sonolucent.stream.accounting.journal import Journal, JournalEntry
from sonolucent.stream.control.orders import Arrive, Prepare, TakeOver
from sonolucent.stream.messages import Message
from sonolucent.stream.openers import SOURCES, TRANSFORMS
from sonolucent.stream.pipeline import Stage
from sonolucent.stream.runtime import feeding, sink_loop
from sonolucent.stream.runtime.run_stage import run_stage
from sonolucent.stream.runtime.transform_loop import TransformLoop
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid(0.0, 0.0, 1e-3, 1e-3, 2, 3))
LOSSLESS = Config(source="replay:any.h5")


class Brighten(Transform):
    """Counts what is asked of it; refuses odd frames."""

    def __init__(self, config: Config, stream: Stream) -> None:
        self.asked: list[str] = []

    def warm_up(self) -> None:
        self.asked.append("warm_up")

    def describe(self) -> str:
        self.asked.append("describe")
        return "brighter by one"

    def __call__(self, frame: Frame) -> Image:
        if frame.frame_id % 2:
            raise FrameRefused("odd", f"frame {frame.frame_id} is odd")
        return Image(frame.frame_id, np.zeros((1, *STREAM.grid.shape), np.float32), 60.0, trail=frame.trail)


def test_a_transform_is_warmed_up_and_described_once_and_what_it_refuses_is_counted(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[Brighten] = []
    monkeypatch.setattr(TRANSFORMS, "find", lambda word: lambda *given: made.append(Brighten(*given)) or made[-1])
    abort = threading.Event()
    push = SocketProducer(Edge("source", "beamform", "lossless", 8), Place("inproc://source>beamform"), context, abort)
    pull = SocketConsumer(Edge("beamform", "enhance"), Place("inproc://beamform>enhance"), context, abort)
    reports = []
    stage = threading.Thread(
        target=lambda: reports.append(run_stage("beamform", LOSSLESS, context, threading.Event(), abort))
    )
    with caplog.at_level(logging.INFO):
        stage.start()
        push.push(STREAM)
        push.push(STREAM)  # as a producer that was restarted does
        for i in range(5):
            push.push(Channels(i, np.zeros(STREAM.acquisition.shape, np.int16)))
        push.push(End(5))
        closing = threading.Thread(target=push.close)
        closing.start()
        assert pull.describe() == STREAM
        frames = []
        while not isinstance(message := pull.pull(20.0), End):
            frames.append(message.frame_id)
        pull.close()
        closing.join()
        stage.join()
    assert frames == [0, 2, 4]
    assert made[0].asked == ["warm_up", "describe"]
    assert len(made) == 1
    assert "brighter by one" in caplog.text
    assert reports[0].edges["beamform>enhance"].dropped == {"odd": 2}
    assert reports[0].edges["beamform>enhance"].balanced
    assert reports[0].taken == {"source>beamform": 5}


def test_who_never_asks_for_a_frame_is_named_and_the_source_goes_on(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def open_source(config: Config, stop: threading.Event, past: JournalEntry) -> Source:
        return Source(STREAM, (Channels(i, np.zeros(STREAM.acquisition.shape, np.int16)) for i in range(3)))

    monkeypatch.setattr(SOURCES, "find", lambda word: open_source)
    monkeypatch.setattr(feeding, "_CONSUMER_TIMEOUT_S", 0.2)
    report = run_stage("source", Config(), context, threading.Event(), threading.Event())
    assert "source>beamform: beamform has not asked for a frame in 0 s" in caplog.text
    assert "drops others" in caplog.text
    counts = report.edges["source>beamform"]
    assert (counts.acquired, counts.delivered, counts.balanced) == (3, 0, True)


@pytest.mark.parametrize(("name", "message"), [("beamform", "takes channel data"), ("enhance", "takes images")])
def test_transforms_in_an_order_that_cannot_work_are_told_so(name: str, message: str) -> None:
    grid = ImageGrid.for_acquisition(Acquisition())
    stream = Stream(Acquisition(), grid)
    transform = TRANSFORMS.find(name)(Config(model="none"), stream)
    wrong: Frame = Image(0, np.zeros((1, *grid.shape), np.float32), 60.0)
    if name == "enhance":
        wrong = Channels(0, np.zeros(Acquisition().shape, np.int16))
    with pytest.raises(ConfigError, match=message):
        transform(wrong)


class Following(Brighten):
    """Takes any settings."""

    def prepare(self, stream: Stream) -> None:
        self.asked.append(f"prepare {stream.revision}")

    def begin(self, stream: Stream) -> None:
        self.asked.append(f"begin {stream.revision}")


def test_a_stage_goes_over_to_what_it_was_told_to_not_to_what_was_only_prepared_since(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Following] = []
    monkeypatch.setattr(TRANSFORMS, "find", lambda word: lambda *given: made.append(Following(*given)) or made[-1])
    abort = threading.Event()
    into, out = Edge("source", "beamform", "lossless", 8), Edge("beamform", "enhance", "lossless", 8)
    push = SocketProducer(into, Place("inproc://source>beamform"), context, abort)
    taking = SocketConsumer(into, Place("inproc://source>beamform"), context, abort)
    giving = SocketProducer(out, Place("inproc://beamform>enhance"), context, abort)
    pull = SocketConsumer(out, Place("inproc://beamform>enhance"), context, abort)
    loop = TransformLoop(Stage("beamform", "transform", "beamform"), LOSSLESS, taking, [giving], Journal())
    running = threading.Thread(target=loop.run)
    running.start()
    push.push(STREAM)
    assert pull.describe() == STREAM
    assert pull.pull(0.5) is None  # it is ready now, and waits for a frame
    loop.obey(Prepare(ImagingSettings(gain_db=1), 1))
    loop.obey(TakeOver())
    loop.obey(Prepare(ImagingSettings(gain_db=2), 2))
    push.push(Channels(0, np.zeros(STREAM.acquisition.shape, np.int16)))
    described, image = pull.pull(20.0), pull.pull(20.0)
    assert (described.imaging.gain_db, described.revision, image.frame_id) == (1, 1, 0)
    loop.obey(Arrive(1))
    assert made[0].asked == ["warm_up", "describe", "prepare 1", "prepare 2", "begin 1"]
    push.push(End(1))
    closing = threading.Thread(target=push.close)
    closing.start()
    while not isinstance(pull.pull(20.0), End):
        pass
    pull.close()
    closing.join()
    running.join()
    taking.close()


class Told(Consumer):
    """Takes what it is given."""

    def __init__(self, name: str, messages: list[Message]) -> None:
        super().__init__(Edge(name, "recorder"), threading.Event(), 1)
        self.messages = messages

    def pull(self, timeout_s: float | None = None) -> Message | None:
        return self.messages.pop(0) if self.messages else None

    @classmethod
    def waiting(cls, consumers: Sequence[Consumer]) -> Callable[[], object]:
        return lambda: None

    def close(self) -> None:
        pass


def test_a_sink_of_two_edges_that_is_told_one_end_twice_goes_on_with_the_other() -> None:
    """An end is told again where its connection broke before the consumer had said that it had heard it."""
    images = [Image(i, np.zeros((1, *STREAM.grid.shape), np.float32), 60.0) for i in range(3)]
    source, enhance = Told("source", [End(1), End(1)]), Told("enhance", [*images, End(3)])
    assert [frame for _, frame, _ in sink_loop._frames([enhance, source])] == images
