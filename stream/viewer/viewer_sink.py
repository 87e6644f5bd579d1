"""The viewer as a sink of the pipeline: hands the newest frame to the page's server."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import webbrowser
from contextlib import suppress

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.printable import say
from sonolucent.stream.sinks.sink import EarlySinkOpener, Run, Sink, SinkEnd
from sonolucent.stream.viewer.page_messages import encode_stream
from sonolucent.stream.viewer.page_server import PageServer
from sonolucent.stream.viewer.screen import Screen

_INQUIRY_S = 2.0
# A page that skips frames, and who looks at it, have time to see it.
_TOLD_S = 2.0


class Viewer(Sink):
    """Serves the page from before the stream is described until its end.

    Raises:
        ViewerError: the port is in use, or the certificate cannot be read.
    """

    def __init__(self, config: Config, run: Run) -> None:
        self._config, self._run = config, run
        self._budgets = load_budgets(config.budget)
        self._screen = Screen(self._budgets)
        self._restarts, self._restarted_s = run.restarts(), -math.inf
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._description = ""
        self._told: tuple[tuple[str, ...], int] = ((), 0)
        """Warnings, and how many frames a replay has: what the rest of the run has said of the stream."""
        self._server = PageServer(config, self._screen, run.ask, self._hear)

    def announce(self, *, browser: bool) -> None:
        """Tells where the page is, and opens it where there is a display."""
        say(f"viewer: {self._server.address}   (Ctrl-C ends)", file=sys.stderr)
        if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(self._server.address)

    def describe(self) -> str:
        return f"the page at {self._server.address}"

    def begin(self, stream: Stream) -> None:
        if self._stream is None and self._run.ask is not None:
            with suppress(ControlError):  # it is busy; the server goes on asking
                self._hear(self._run.ask(ControlRequest(), _INQUIRY_S))
        with self._lock:
            self._stream = stream
            self._tell()

    def write(self, frame: Frame) -> None:
        if isinstance(frame, Image):
            now_s, restarts = time.monotonic(), self._run.restarts()
            if restarts != self._restarts:
                self._restarts, self._restarted_s = restarts, now_s
            self._screen.show(frame, self._description, after_restart=now_s - self._restarted_s < _TOLD_S)
            self._server.refresh()

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        self._run.close()
        self._server.close(self._screen.report(edges))
        return super().close(edges)

    def abandon(self) -> None:
        self._run.close()
        self._server.close(None)

    def _hear(self, answer: ControlAnswer) -> None:
        """What the run says of its stream changes with its model, and is not known at once."""
        told = answer.warnings, answer.replay.n_frames if answer.replay else 0
        with self._lock:
            if told != self._told:
                self._told = told
                self._tell()

    def _tell(self) -> None:
        if self._stream is not None:
            warnings, n_frames = self._told
            self._description = encode_stream(self._stream, self._config, self._budgets, warnings, n_frames)
            self._server.describe(self._stream, self._description)


class ViewerOpener(EarlySinkOpener):
    """Opens a viewer; one that was here before has announced it, and the page connects again by itself."""

    def before_stream(self, config: Config, past: JournalEntry, run: Run) -> Sink:
        viewer = Viewer(config, run)
        if past.report.sink is None:
            viewer.announce(browser=config.browser)
        return viewer


open_sink = ViewerOpener()
