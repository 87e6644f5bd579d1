"""The process of one scanner, as the host sees it; `scanner_child.py` is what runs there.

The host writes the configuration to the child's standard input and keeps it open. A line there, or its end (because the
host has died, however it did), ends the run in order. The child writes its report to standard output.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Collection

import msgspec

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.config import Config
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.hosting.core_shares import on_cores
from sonolucent.stream.hosting.telling import tell

_CHILD = "sonolucent.stream.hosting.scanner_child"
_LAST_LINES_S = 0.5


class ScannerAnswer(msgspec.Struct):
    """What a child says at its end: its report, or what it failed with."""

    report: RunReport | None = None
    error: str | None = None


class ScannerProcess:
    """Runs a pipeline from now on; what that says on standard error is passed on behind the scanner's name.

    Args:
        cores: that it may use.
    """

    def __init__(self, name: str, config: Config, cores: Collection[int]) -> None:
        self._name, self._killed = name, False
        pipe = subprocess.PIPE
        with on_cores(cores):
            # A group of its own: a terminal's Ctrl-C is for the host, which passes it on.
            self._process = subprocess.Popen(
                [sys.executable, "-m", _CHILD], stdin=pipe, stdout=pipe, stderr=pipe, process_group=0
            )
        self._output = b""
        self._answer = threading.Thread(target=self._read, daemon=True)
        self._lines = threading.Thread(target=self._pass_on, daemon=True)
        self._answer.start()
        self._lines.start()
        self._tell(msgspec.json.encode(config) + b"\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends it in order; once is enough."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._tell(b"stop\n")

    def kill(self) -> None:
        """Ends it at once."""
        self._killed = True
        self._process.kill()

    def answer(self) -> ScannerAnswer:
        """What it said at its end, once it is there; how it ended, where it could not say."""
        status = self._process.wait()
        self._answer.join()
        # Processes that it had started, and that hang, hold the other end of this one.
        self._lines.join(_LAST_LINES_S)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            return msgspec.json.decode(self._output, type=ScannerAnswer)
        except UNDECODABLE:
            return ScannerAnswer(error="aborted" if self._killed else _fate(status))

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as output:
                self._output = output.read()

    def _pass_on(self) -> None:
        if self._process.stderr is not None:
            with self._process.stderr as lines:
                for line in lines:
                    tell(f"{self._name}: {line.decode(errors='replace').rstrip()}")

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()


def _fate(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status} and no report"
