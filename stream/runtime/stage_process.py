"""One stage in a process of its own: the parent's handle, and what runs in the child.

The parent writes an order to the child's standard input and keeps it open; when it closes (because the parent wants
the end, or has died however it did) the child ends. The child makes itself ready, waits for the word to begin, and
writes its report to standard output: so it can stand by for one that runs already.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from io import FileIO

import msgspec

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.errors import BadInput, StageFailed

_GRACE_S = 15.0
_READY = b"ready\n"


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


class _Answer(msgspec.Struct):
    report: StageReport | None = None
    error: str | None = None
    bad_input: bool = False


class Worker:
    """The parent's handle on a stage's process, which waits for `begin`."""

    def __init__(self, order: Order) -> None:
        command = [sys.executable, "-m", "sonolucent.stream.runtime.stage_process", order.stage]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, pass_fds=(order.journal,))
        self._output = b""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._tell(msgspec.json.encode(order) + b"\n")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it has nothing to do any more but to begin (or has ended)."""
        return self._ready.is_set()

    @property
    def failed(self) -> bool:
        return self._process.poll() not in (None, 0)

    @property
    def crashed(self) -> bool:
        """Whether it ended without a word, by a signal."""
        return (self._process.poll() or 0) < 0

    @property
    def fate(self) -> str:
        """The signal that ended a stage that crashed."""
        return signal.Signals(-(self._process.poll() or 0)).name

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
            answer = msgspec.json.decode(self._output, type=_Answer)
        except msgspec.DecodeError:
            return StageFailed()
        if answer.report is not None:
            return answer.report
        return BadInput(answer.error) if answer.bad_input else StageFailed(answer.error or "")

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as output:
                first = output.readline()
                self._ready.set()
                self._output = b"" if first == _READY else first
                self._output += output.read()

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()


class _Ears:
    """Hears the parent, on a thread of its own."""

    def __init__(self, parent: FileIO, folder: str) -> None:
        self.begin, self.stop, self.abort = threading.Event(), threading.Event(), threading.Event()
        self._parent, self._folder = parent, folder
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while line := self._parent.readline():
            (self.begin if line == b"begin\n" else self.stop).set()
        if not self.begin.is_set():
            os._exit(1)
        self.stop.set()
        self.abort.set()
        threading.Timer(_GRACE_S, self._leave).start()

    def _leave(self) -> None:
        """The last resort when a stage does not end: no orphan, and no socket file behind it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(1)


def main() -> int:
    """What the child does."""
    # Ctrl-C at the terminal, and many a SIGTERM, reach the whole process group; the parent decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(format=f"{sys.argv[1]}: %(message)s", level=logging.WARNING)
    # Unbuffered: a thread that waits in a buffered reader keeps its lock and breaks the interpreter's exit.
    parent = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process
    line = parent.readline()
    if not line:
        return 1
    order = msgspec.json.decode(line, type=Order)
    ears = _Ears(parent, order.folder)
    answer = _obey(order, ears)
    if ears.abort.is_set():
        shutil.rmtree(order.folder, ignore_errors=True)
    _say(msgspec.json.encode(answer))
    return 0 if answer.error is None else 1


def _obey(order: Order, ears: _Ears) -> _Answer:
    from sonolucent.stream.transport.edge import Aborted

    try:
        return _Answer(_run(order, ears))
    except Aborted:
        return _Answer(error="")
    except Exception as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        return _Answer(error=str(error) or type(error).__name__, bad_input=isinstance(error, BadInput))


def _run(order: Order, ears: _Ears) -> StageReport:
    from sonolucent.stream.accounting.journal import Journal
    from sonolucent.stream.runtime.run_stage import prepare, run_stage
    from sonolucent.stream.transport.curve import Keys
    from sonolucent.stream.transport.sockets import open_context

    journal = Journal(order.journal)
    stream = journal.read().described
    prepared = prepare(order.stage, order.config, stream) if stream else None
    _say(_READY)
    ears.begin.wait()
    with open_context(Keys.of(order.config.keys)) as context:
        return run_stage(order.stage, order.config, context, ears.stop, ears.abort, journal, prepared)


def _say(line: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
