"""A recorder that is told to begin and to stop while frames flow; until then it takes none."""

from __future__ import annotations

import logging
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config, changed
from sonolucent.stream.control.orders import Order, Record, Tell, Told
from sonolucent.stream.control.requests import RecordingState, RecordRequest
from sonolucent.stream.errors import BadInput, ConfigError, RecordingError, StageFailed
from sonolucent.stream.ledger import EdgeCounts, Ledger, newest, summed
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.sinks.recorder import EDGE, Recorder, beside, carry_on_files, ranges
from sonolucent.stream.sinks.sink import Sink, SinkEnd
from sonolucent.stream.transport.edge import Edge

FAILED = "the recording failed"
_FAILURES = (BadInput, StageFailed, OSError)
_log = logging.getLogger(__name__)


class ToldRecorder(Sink):
    """Makes one recording after another, each by a `Recorder`; with `config.record` it begins with one at once.

    A recording that fails ends the run only where it was asked for at its start; any other failure is told.

    Args:
        past: what a process that was killed had recorded; the recording that it was making goes on in another file.
    """

    def __init__(self, config: Config, stream: Stream, past: StageReport) -> None:
        self._config, self._stream = config, stream
        self._lock = threading.Lock()
        self._recorder: Recorder | None = None
        """Takes the frames; None while none are taken."""
        self._open: tuple[Recorder, ...] = ()
        """Those that have not closed their files."""
        self._all_is_written = threading.Event()
        self._all_is_written.set()
        self._has_ended = False
        self._request, self._frames, self._error = RecordRequest(on=False), 0, ""
        self._edges: dict[str, EdgeCounts] = {}
        self._past = _Past(past.recorded if not past.open_file else ())
        self._at_the_end = ""
        if past.open_file:
            self._go_on(past)
        elif config.record is not None and not past.recorded:
            of_the_run = RecordRequest(True, config.record, channels=config.record_channels)
            self._begin(of_the_run, overwrite=config.overwrite)

    @property
    def recorded(self) -> tuple[str, ...]:  # type: ignore[override]
        """All files, of killed processes too."""
        return (*self._past.files, *(file for recorder in self._open for file in recorder.recorded))

    @property
    def open_file(self) -> str:  # type: ignore[override]
        """The file that is being written, or was when this was closed."""
        return self._recorder.open_file if self._recorder is not None else self._at_the_end

    def describe(self) -> str:
        return self._recorder.describe() if self._recorder is not None else "waits to be told to record"

    def wants(self, edge: Edge) -> bool:
        is_raw = edge.producer == "source" and bool(self._config.transforms)
        return self._recorder is not None and (self._request.channels or not is_raw)

    def obey(self, order: Order) -> bool | Told:
        if isinstance(order, Tell):
            return Told(recording=self._state())
        if not isinstance(order, Record):
            return False
        if not order.request.on:
            return Told(file=self._stop())
        with self._lock:
            self._begin(order.request)
        return Told(recording=self._state())

    def begin(self, stream: Stream) -> None:
        with self._lock:
            self._stream = stream
            if self._recorder is not None:
                self._recorder.begin(stream)

    def write(self, frame: Frame) -> None:
        with self._lock:
            recorder = self._recorder
            self._edges = newest(self._edges, frame.trail.edges)
            if recorder is None:
                return  # it was on its way when the recording was stopped
            try:
                recorder.write(frame)
                self._frames += isinstance(frame, Image)
                return
            except _FAILURES as error:
                if self._was_asked_for_at_the_start:
                    raise
                self._recorder, self._error = None, str(error)
                _log.warning("%s: %s", EDGE, error)
        with suppress(*_FAILURES):  # the same again
            self._finish(recorder)

    def counts(self) -> dict[str, EdgeCounts]:
        return {EDGE: summed([self._past.counts, *(recorder.counts()[EDGE] for recorder in self._open)])}

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        with self._lock:
            recorder, self._recorder = self._recorder, None
            self._has_ended = True
        if recorder is not None:
            self._edges, self._at_the_end = dict(edges), recorder.open_file
            try:
                self._finish(recorder)
            except _FAILURES as error:
                if self._was_asked_for_at_the_start:
                    raise
                self._at_the_end = ""
                _log.warning("%s: %s", EDGE, error)
        self._all_is_written.wait()  # also what was told to stop a moment ago, on another thread
        return SinkEnd(self.counts(), {kind: ranges(ids) for kind, ids in self._past.lost.items()})

    @property
    def _was_asked_for_at_the_start(self) -> bool:
        return self._config.record is not None and self._request.file == self._config.record

    def _state(self) -> RecordingState | None:
        if self._recorder is None and not self._error:
            return None
        return RecordingState(self.open_file or self._request.file, self._frames, self._error)

    def _begin(self, request: RecordRequest, *, overwrite: bool = False) -> None:
        if self._has_ended:
            raise ConfigError("the run is ending, and records nothing any more")
        if self._open:
            raise ConfigError(f"{self.recorded[-1]} is being recorded; stop that first")
        path = request.file or str(_named_after_the_time())
        config = changed(self._config, record=path, record_channels=request.channels, overwrite=overwrite)
        self._take_up(Recorder(config, self._stream, note=request.note))
        self._request, self._frames, self._error = msgspec.structs.replace(request, file=path), 0, ""

    def _go_on(self, past: StageReport) -> None:
        """Goes on with the recording that was being made, as that file tells."""
        channels, note = _as_before(Path(past.open_file), self._config)
        config = changed(self._config, record=past.open_file, record_channels=channels)
        self._take_up(Recorder(config, self._stream, past.recorded, note=note))
        self._request = RecordRequest(True, past.open_file, note, channels)
        _log.warning("%s: the recording goes on in %s", EDGE, self.open_file)

    def _take_up(self, recorder: Recorder) -> None:
        self._all_is_written.clear()
        self._open, self._recorder = (recorder,), recorder

    def _stop(self) -> str:
        """Ends the recording, and returns the names of its files.

        Raises:
            ConfigError: there is none, or it has failed.
        """
        with self._lock:
            recorder, self._recorder = self._recorder, None
            error, self._error = self._error, ""
        if recorder is None:
            raise ConfigError(error or "nothing is being recorded")
        self._finish(recorder)
        return ", ".join(recorder.recorded)

    def _finish(self, recorder: Recorder) -> None:
        """Closes its file; what became of the frames is kept, also where that fails."""
        try:
            end = recorder.close(self._edges)
            for kind, of_it in end.lost.items():
                self._past.lost.setdefault(kind, []).extend(i for first, last in of_it for i in range(first, last + 1))
        finally:
            counts = recorder.counts()[EDGE]
            failed = {FAILED: counts.in_flight} if counts.in_flight else {}
            self._past.counts = summed([self._past.counts, counts, EdgeCounts(0, 0, failed)])
            self._past.files = (*self._past.files, *recorder.recorded)
            self._open = ()
            self._all_is_written.set()


class _Past:
    """What earlier recordings have come to."""

    def __init__(self, files: tuple[str, ...]) -> None:
        ledger = Ledger()
        self.files, self.lost = files, dict[str, list[int]]()
        carry_on_files(files, ledger, self.lost)
        self.counts = ledger.counts()


def open_sink(config: Config, stream: Stream, past: JournalEntry) -> Sink:
    """A recorder of the whole run, or one that can be told, where the run can."""
    if config.is_controlled:
        return ToldRecorder(config, stream, past.report)
    sink = Recorder(config, stream, past.report.recorded)
    if past.report.recorded:
        _log.warning("%s: the recording goes on in %s", EDGE, sink.open_file)
    return sink


def _as_before(path: Path, config: Config) -> tuple[bool, str]:
    """Whether a file that was cut off was to hold channel data, and its note."""
    try:
        file = Recording(path)
    except RecordingError:  # nothing was flushed, and the recorder says so
        return config.record_channels, ""
    with closing(file):
        return file.takes_channels, file.note


def _named_after_the_time() -> Path:
    path = Path(f"sonolucent-{datetime.now(UTC):%Y%m%d-%H%M%S}.h5").absolute()
    return beside(path) if path.exists() else path
