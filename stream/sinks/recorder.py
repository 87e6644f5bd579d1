"""Records a stream on its way: a bounded queue before the disk, and a thread that empties it."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError, RecordingError
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.messages import Channels, Frame, Stream
from sonolucent.stream.recording import layout
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sinks.sink import DISK, Sink, SinkEnd

EDGE = DISK.name
TOO_SLOW = "disk too slow"
# A pause of the disk of over a second, at 25 frames of 16.8 MB a second.
_QUEUE_BYTES = 1 << 29
_POLL_S = 0.1
_log = logging.getLogger(__name__)


class _Lost(NamedTuple):
    """What the recording tells of a frame that it does not hold: its pixels are kept no longer."""

    kind: str
    frame_id: int
    edges: dict[str, EdgeCounts]


class Recorder(Sink):
    """Writes images, and channel data where asked for, to `config.record`; to another file beside it, such as
    record-2.h5, when the process that wrote `recorded` was killed: what those hold is never touched again.

    Where changed settings ask for other pixels, the images go on in another file too.

    When the disk cannot keep up, a live stream loses whole frames, listed in the recording by frame id and counted
    on the edge `recorder>disk`; any other stream waits.

    Args:
        recorded: the files that this run's recorder has written so far.
        note: a text to keep in the file.
        queue_bytes: of frames that may wait for the disk.
    """

    def __init__(
        self,
        config: Config,
        stream: Stream,
        recorded: tuple[str, ...] = (),
        queue_bytes: int = _QUEUE_BYTES,
        note: str = "",
    ) -> None:
        if config.record is None:
            raise ConfigError("the recorder needs a file; give record = FILE")
        self._path, self._stream, self._channels = Path(config.record), stream, config.record_channels
        self._overwrite = config.overwrite
        self.recorded, self._note = recorded, note
        self._writer = self._open_file()
        self._live = config.live
        self._ledger = Ledger()
        self._edges: dict[str, EdgeCounts] = {}
        """Counts of the edges on the way here, as the last frame knew them."""
        self._room = queue_bytes
        self._queue: deque[tuple[Frame | Stream | _Lost, int]] = deque()
        self._lost: dict[str, list[int]] = {}
        carry_on_files(recorded, self._ledger, self._lost)
        self._ended = False
        self._failure: Exception | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recorder to disk")
        self._thread.start()

    @property
    def open_file(self) -> str:  # type: ignore[override]
        """The file that is being written."""
        return self.recorded[-1]

    def describe(self) -> str:
        waiting = "frames are lost" if self._live else "the stream waits"
        return f"{self.recorded[-1]}; where the disk is too slow, {waiting}"

    def begin(self, stream: Stream) -> None:
        with self._changed:
            self._queue.append((stream, 0))
            self._changed.notify_all()

    def write(self, frame: Frame) -> None:
        """Queues a frame for the disk.

        Raises:
            RecordingError, RecordingFailed: a frame before it could not be written.
        """
        self._ledger.acquire()
        size = _size(frame)
        with self._changed:
            while not self._live and not self._fits(size) and self._failure is None:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            if self._fits(size):
                self._room -= size
                self._queue.append((frame, size))
            else:
                self._queue.append((self._lose(frame), 0))
            self._changed.notify_all()

    def counts(self) -> dict[str, EdgeCounts]:
        """Of the edge to the disk, so far."""
        return {EDGE: self._ledger.counts()}

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        """Writes what is queued and closes the file; what became of the frames on the edge to the disk.

        Raises:
            RecordingError, RecordingFailed: a frame could not be written.
        """
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        self._writer.close({**edges, **self.counts()})
        return SinkEnd(self.counts(), {kind: ranges(ids) for kind, ids in self._lost.items()})

    def _fits(self, size: int) -> bool:
        return size <= self._room or not self._queue

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._store(*item)
        except Exception as error:  # noqa: BLE001 - whatever it is, `write` and `close` raise it
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _next(self) -> tuple[Frame | Stream | _Lost, int] | None:
        """The oldest frame of the queue, and its size; or that one was lost, or what describes the frames behind it;
        None at the end."""
        with self._changed:
            # A run that was aborted closes nothing; then the program's end is the end.
            while not self._queue and not self._ended and threading.main_thread().is_alive():
                self._changed.wait(_POLL_S)
            return self._queue.popleft() if self._queue else None

    def _store(self, frame: Frame | Stream | _Lost, size: int) -> None:
        if isinstance(frame, Stream):
            self._go_on(frame)
            return
        if isinstance(frame, _Lost):
            self._edges = frame.edges
            self._writer.lose(frame.kind, frame.frame_id, TOO_SLOW)
            return
        self._edges = frame.trail.edges
        self._writer.write(replace(frame, trail=frame.trail.crossed(EDGE, self._ledger.counts())))
        self._ledger.deliver()
        with self._changed:
            self._room += size
            self._changed.notify_all()

    def _go_on(self, stream: Stream) -> None:
        same_pixels, self._stream = stream.grid == self._stream.grid, stream
        if same_pixels:
            self._writer.begin(stream)
            return
        self._writer.close({**self._edges, **self.counts()})
        self._writer = self._open_file()
        _log.warning("%s: images of other pixels go on in %s", EDGE, self.recorded[-1])

    def _open_file(self) -> RecordingWriter:
        path = beside(self._path) if self.recorded else self._path
        if self._overwrite and not self.recorded:
            path.unlink(missing_ok=True)
        writer = RecordingWriter(path, self._stream, channels=self._channels, images=True, note=self._note)
        self.recorded = (*self.recorded, str(path))
        return writer

    def _lose(self, frame: Frame) -> _Lost:
        kind = layout.kind(frame)
        if not self._lost:
            _log.warning("%s: the disk is too slow; %s of frame %d is lost", EDGE, kind, frame.frame_id)
        self._ledger.drop(TOO_SLOW)
        self._lost.setdefault(kind, []).append(frame.frame_id)
        return _Lost(kind, frame.frame_id, frame.trail.edges)


def carry_on_files(files: Iterable[str], ledger: Ledger, lost: dict[str, list[int]]) -> None:
    """Goes on with the counts of files of before, also where one was cut off: what it holds up to its last flush was
    delivered. The ids of the frames that were lost there are added to `lost`, by kind."""
    for path in files:
        try:
            file = Recording(Path(path))
        except RecordingError as error:
            _log.warning("%s: nothing was flushed before the recorder was killed: %s", EDGE, error)
            continue
        with closing(file):
            n_rows, n_lost = len(file) + file.n_images, sum(map(len, file.lost.values()))
            ledger.carry_on(EdgeCounts(n_rows + n_lost, n_rows, {TOO_SLOW: n_lost}))
            for kind, frame_ids in file.lost.items():
                lost.setdefault(kind, []).extend(frame_ids)


def beside(path: Path) -> Path:
    """The first of path-2, path-3, ... that does not exist."""
    candidates = (path.with_stem(f"{path.stem}-{n}") for n in itertools.count(2))
    return next(candidate for candidate in candidates if not candidate.exists())


def _size(frame: Frame) -> int:
    return frame.data.nbytes if isinstance(frame, Channels) else frame.layers.nbytes


def ranges(frame_ids: list[int]) -> list[tuple[int, int]]:
    """Increasing ids as (first, last) of each run without a gap."""
    ranges: list[tuple[int, int]] = []
    for i in frame_ids:
        if ranges and ranges[-1][1] == i - 1:
            ranges[-1] = (ranges[-1][0], i)
        else:
            ranges.append((i, i))
    return ranges
