"""One stage in a process of its own: the parent's handle, and what runs in the child.

The parent writes the configuration to the child's standard input and keeps it open; when it closes (because the
parent wants the end, or has died however it did) the child ends. The child writes its report to standard output.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from io import FileIO
from pathlib import Path

import msgspec
import zmq

from sonolucent.stream.config import Config
from sonolucent.stream.errors import BadInput, StageFailed
from sonolucent.stream.report import StageReport

_GRACE_S = 15.0


class _Answer(msgspec.Struct):
    report: StageReport | None = None
    error: str | None = None
    bad_input: bool = False


class Worker:
    """The parent's handle on a stage's process."""

    def __init__(self, name: str, config: Config) -> None:
        command = [sys.executable, "-m", "sonolucent.stream.worker", name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._tell(msgspec.json.encode(config) + b"\n")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

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

    def stop(self) -> None:
        """Ends a source in order; the stages after it end with the stream."""
        self._tell(b"stop\n")

    def abort(self) -> None:
        """Ends any stage at once."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

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
                self._output = output.read()

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()


def main() -> int:
    """What the child does."""
    from sonolucent.stream import pipeline
    from sonolucent.stream.edges import Aborted

    # Ctrl-C at the terminal, and many a SIGTERM, reach the whole process group; the parent decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(format=f"{sys.argv[1]}: %(message)s", level=logging.WARNING)
    # Unbuffered: a thread that waits in a buffered reader keeps its lock and breaks the interpreter's exit.
    parent = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process
    config = msgspec.json.decode(parent.readline(), type=Config)
    stop, abort = threading.Event(), threading.Event()
    threading.Thread(target=_listen, args=(parent, config, stop, abort), daemon=True).start()
    try:
        with zmq.Context() as context:
            answer = _Answer(pipeline.run_stage(sys.argv[1], config, context, stop, abort))
    except Aborted:
        answer = _Answer(error="")
    except Exception as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        answer = _Answer(error=str(error) or type(error).__name__, bad_input=isinstance(error, BadInput))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()
    return 0 if answer.error is None else 1


def _listen(parent: FileIO, config: Config, stop: threading.Event, abort: threading.Event) -> None:
    if parent.readline():
        stop.set()
        while parent.readline():
            pass
    stop.set()
    abort.set()
    threading.Timer(_GRACE_S, _leave, args=(config,)).start()


def _leave(config: Config) -> None:
    """The last resort when a stage does not end: no orphan, and no socket file behind it."""
    for endpoint in config.endpoints.values():
        if endpoint.startswith("ipc://"):
            Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
