"""One stage in a process of its own, as its parent sees it; `stage_child.py` is what runs there.

The parent writes an order to the child's standard input and keeps it open; when it closes (because the parent wants
the end, or has died however it did) the child ends. The child makes itself ready, waits for the word to begin, and
writes its report to standard output: so it can stand by for one that runs already.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading

import msgspec

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import BadInput, StageFailed

READY = b"ready\n"


class Order(msgspec.Struct, frozen=True):
    """What a child is to do.

    Args:
        stage: its name.
        journal: the descriptor of its journal's file.
        folder: of the run's sockets; the child removes it if its parent cannot.
    """

    stage: str
    config: Config
    journal: int
    folder: str


class Answer(msgspec.Struct):
    """What a child says at its end: its report, or what it failed with."""

    report: StageReport | None = None
    error: str | None = None
    bad_input: bool = False


class StageProcess:
    """The parent's handle on a stage's process, which waits for `begin`."""

    def __init__(self, order: Order) -> None:
        command = [sys.executable, "-m", "sonolucent.stream.runtime.stage_child", order.stage]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, pass_fds=(order.journal,))
        self._status: int | None = None
        self._output = b""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._tell(msgspec.json.encode(order) + b"\n")

    def look(self) -> None:
        """Sees whether it still runs; what is said of it holds until the next look, so that no two answers differ."""
        self._status = self._process.poll()

    @property
    def alive(self) -> bool:
        return self._status is None

    @property
    def ready(self) -> bool:
        """Whether it has nothing to do any more but to begin (or has ended)."""
        return self._ready.is_set()

    @property
    def failed(self) -> bool:
        return self._status not in (None, 0)

    @property
    def crashed(self) -> bool:
        """Whether it ended without a word, by a signal."""
        return (self._status or 0) < 0

    @property
    def fate(self) -> str:
        """The signal that ended a stage that crashed."""
        return signal.Signals(-(self._status or 0)).name

    def begin(self) -> None:
        """Lets it take its place in the pipeline."""
        self._tell(b"begin\n")

    def stop(self) -> None:
        """Ends a source in order; the stages after it end with the stream."""
        self._tell(b"stop\n")

    def abort(self) -> None:
        """Ends any stage at once."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def dismiss(self) -> None:
        """Ends one that has not begun, or has ended already."""
        self._process.kill()
        self._reader.join()
        self._process.wait()
        self.abort()

    def answer(self) -> StageReport | Exception:
        """The report of a stage that has ended, or what it failed with (no message when it could not say)."""
        self._reader.join()
        self.abort()
        try:
            answer = msgspec.json.decode(self._output, type=Answer)
        except UNDECODABLE:
            return StageFailed()
        if answer.report is not None:
            return answer.report
        return BadInput(answer.error) if answer.bad_input else StageFailed(answer.error or "")

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as output:
                first = output.readline()
                self._ready.set()
                self._output = b"" if first == READY else first
                self._output += output.read()

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()
