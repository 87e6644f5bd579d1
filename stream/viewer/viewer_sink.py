"""The viewer as a sink of the pipeline: hands the newest frame to the page's server."""

from __future__ import annotations

import os
import sys
import time
import webbrowser

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.sinks.sink import Sink, SinkEnd
from sonolucent.stream.viewer.page_messages import RECENT, encode_frame, encode_stream
from sonolucent.stream.viewer.page_server import Server


class Viewer(Sink):
    """Serves the page on 127.0.0.1 while the stream lasts.

    Raises:
        ViewerError: the port is in use.
    """

    def __init__(self, config: Config, stream: Stream) -> None:
        self._timing = Timing(window=RECENT)
        self._budgets = load_budgets(config.budget)
        self._server = Server(config.port, encode_stream(stream, config, self._budgets))

    def announce(self, *, browser: bool) -> None:
        """Tells where the page is, and opens it where there is a display."""
        print(f"viewer: {self._server.address}   (Ctrl-C ends)", file=sys.stderr, flush=True)
        if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(self._server.address)

    def describe(self) -> str:
        return f"the page at {self._server.address}"

    def write(self, frame: Frame) -> None:
        if isinstance(frame, Image):
            self._timing.record(frame.frame_id, frame.trail, time.monotonic_ns())
            self._server.show(encode_frame(frame, self._timing, self._budgets))

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        self._server.close()
        return super().close(edges)


def open_sink(config: Config, stream: Stream, past: JournalEntry) -> Sink:
    """A viewer; one that was here before has announced it, and the page connects again by itself."""
    viewer = Viewer(config, stream)
    if past.report.sink is None:
        viewer.announce(browser=config.browser)
    return viewer
