"""A scanner in a box over a real socket: what it reports is what its reader counts, whatever it does to the shots."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.sim.faults import FAULTS, FaultRates
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import EdgeError
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.scanner_box.box import BoxedScanner, ScannerReport
from sonolucent.stream.scanner_box.push_socket import PushSocket
from sonolucent.stream.sources.pacing import paced
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.sources.source import Source

from ...campaigns.raw_peers import joined

N_SHOTS = 8
PROBE = Probe.linear(n_elements=N_SHOTS, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(N_SHOTS), 6, 25e6), ImageGrid.sau64(), 500.0)
HADAMARD = Acquisition(PROBE, n_samples=6, demodulation_frequency_hz=5e6, sequence=TransmitSequence.hadamard(N_SHOTS))
BASEBAND = Stream(HADAMARD, ImageGrid.sau64(), 500.0, "<c8")


def array(frame_id: int, stream: Stream = STREAM) -> np.ndarray[Any, Any]:
    """A frame whose every shot tells frame and shot."""
    shots = np.arange(N_SHOTS)[:, None, None] + N_SHOTS * frame_id
    return np.broadcast_to(shots, stream.acquisition.shape).astype(stream.dtype)


@pytest.fixture
def serve(context: zmq.Context[zmq.Socket[bytes]]) -> Callable[..., tuple[ScannerReport, Source, list[Channels]]]:
    """Serves some frames to a reader; what the scanner says it did, and what the reader made of it."""

    def run(n_frames: int, n_messages: int, faults: FaultRates, *, live: bool = False, stream: Stream = STREAM) -> Any:
        stop = Event()
        socket = PushSocket(context, "tcp://127.0.0.1:*", 4 * n_messages, stop)
        fps = stream.frame_rate_hz if live else None
        source = Source(stream, paced((array(i, stream) for i in range(n_frames)), fps, stop))
        reports: list[ScannerReport] = []
        box = BoxedScanner(source, socket, n_messages, faults, seed=3, live=live)
        thread = Thread(target=lambda: reports.append(box.run()))
        thread.start()
        read = scanner(Config(source=socket.endpoint), stop, JournalEntry())
        frames = [frame for frame in read.frames if not frame.ahead]
        thread.join()
        socket.close()
        return reports[0], read, frames

    return run


def agrees(report: ScannerReport, read: Source, frames: list[Channels]) -> bool:
    """Whether the reader has counted what the scanner has done, and shows no frame of mixed shots."""
    assert all(np.array_equal(frame.data, array(frame.frame_id, read.stream)) for frame in frames)
    assert len(frames) == report.frames.delivered
    assert read.losses.counts().dropped == report.frames.dropped
    assert read.refused.counts().dropped == report.refused
    return report.frames.balanced


@pytest.mark.parametrize("n_messages", [1, N_SHOTS])
def test_without_faults_everything_arrives(serve: Any, n_messages: int) -> None:
    report, read, frames = serve(30, n_messages, FaultRates())
    assert [frame.frame_id for frame in frames] == list(range(30))
    assert report.messages == 30 * n_messages + 2  # and the stream's description and end
    assert not any(report.faults.values())
    assert agrees(report, read, frames)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_survived_and_counted(serve: Any, fault: str) -> None:
    report, read, frames = serve(40, N_SHOTS, FaultRates(**{fault: 0.02}))
    assert report.faults[fault] > 0
    assert sum(report.faults.values()) == report.faults[fault] + report.faults["lost"] * (fault == "late")
    assert frames
    assert agrees(report, read, frames)


@pytest.mark.parametrize("stream", [STREAM, BASEBAND], ids=["single", "baseband Hadamard"])
@pytest.mark.parametrize("n_messages", [1, N_SHOTS])
def test_all_faults_together(serve: Any, n_messages: int, stream: Stream) -> None:
    faults = FaultRates(*[0.05] * (len(FAULTS) - 2), disconnected=0.01, clock_jumped=0.05)
    report, read, frames = serve(640 // n_messages, n_messages, faults, stream=stream)
    assert agrees(report, read, frames)
    assert read.stream.acquisition == stream.acquisition
    assert all(frame.data.dtype == stream.dtype for frame in frames)


def test_a_live_scanner_waits_for_its_first_reader_only(serve: Any) -> None:
    report, read, frames = serve(40, N_SHOTS, FaultRates(disconnected=0.02), live=True)
    # While it has no reader its shots are not taken; the reader finds as many frames missing.
    assert report.faults["disconnected"] > 0
    assert report.frames.acquired == 40
    assert agrees(report, read, frames)


def test_a_port_in_use_is_an_error(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with context.socket(zmq.PUSH) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        with pytest.raises(EdgeError, match=f"{port}.*choose another --port"):
            PushSocket(context, f"tcp://127.0.0.1:{port}", 1, Event())


def test_a_scanner_that_is_stopped_before_it_had_a_reader(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    stop = Event()
    socket = PushSocket(context, "tcp://127.0.0.1:*", 1, stop)
    stop.set()
    report = BoxedScanner(Source(STREAM, paced([array(0)], None, stop)), socket, 1, FaultRates(), 1, live=True).run()
    socket.close()
    assert (report.messages, report.frames.acquired) == (0, 0)


def test_a_second_reader_is_told_of_where_the_scanner_runs(
    context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(PushSocket(context, "tcp://127.0.0.1:*", 4, Event())) as host:
        with ExitStack() as readers:
            for n_readers in (1, 2):
                reader = readers.enter_context(context.socket(zmq.PULL))
                reader.connect(host.endpoint)
                until_s = time.monotonic() + 2
                while time.monotonic() < until_s or (n_readers == 2 and not caplog.records):
                    assert time.monotonic() < until_s + 20
                    host.send((b"shot", b""))
                    time.sleep(0.01)
                assert len(caplog.records) == n_readers - 1
        (warning,) = [record.getMessage() for record in caplog.records]
        assert f"{host.endpoint}: 2 readers are connected" in warning


def kept_bytes(context: zmq.Context[zmq.Socket[bytes]], frame_bytes: int) -> int:
    """What a scanner can send to a reader that takes nothing."""
    with (
        closing(PushSocket(context, "tcp://127.0.0.1:*", 4, Event(), frame_bytes=frame_bytes)) as push,
        socket.socket() as reader,
    ):
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        reader.connect(("127.0.0.1", int(push.endpoint.rpartition(":")[2])))
        reader.sendall(joined(b"PULL"))
        assert push.wait()
        n_bytes, refused = 0, 0
        while refused < 20:
            if push.send([b"", bytes(1 << 14)]):
                n_bytes, refused = n_bytes + (1 << 14), 0
            else:
                refused += 1
                time.sleep(0.002)
    return n_bytes


def test_the_kernel_keeps_few_small_frames_for_a_reader_that_is_behind(
    context: zmq.Context[zmq.Socket[bytes]],
) -> None:
    """They would be old when they come; of large ones it keeps less than two anyway."""
    assert 1 << 16 < kept_bytes(context, frame_bytes=1 << 14) < 1 << 20 < kept_bytes(context, frame_bytes=1 << 24)
