"""The sink that 3D Slicer, and whatever else speaks OpenIGTLink, reads the images from."""

from __future__ import annotations

import sys

import numpy as np

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.printable import say
from sonolucent.stream.sinks.crc64 import crc64
from sonolucent.stream.sinks.igtl_message import ENHANCED, PLAIN, image_message
from sonolucent.stream.sinks.igtl_server import IgtlServer
from sonolucent.stream.sinks.sink import Sink, SinkEnd
from sonolucent.stream.transport.edge import Edge

EDGE = Edge("igtl", "clients").name


class Igtl(Sink):
    """Serves the plain image of every frame, and the enhanced one where there is one, each as a device of its own.

    Raises:
        ConfigError: the port is in use.
    """

    def __init__(self, port: int, stream: Stream, counts: EdgeCounts | None = None) -> None:
        self._stream = stream
        self._server = IgtlServer(port, encode, counts)
        self.port = self._server.port

    def warm_up(self) -> None:
        crc64(bytes(16))

    def describe(self) -> str:
        return f"OpenIGTLink at 127.0.0.1:{self.port}: {PLAIN}, {ENHANCED}"

    def begin(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, frame: Frame) -> None:
        if isinstance(frame, Image):
            self._server.show((self._stream, frame))

    def counts(self) -> dict[str, EdgeCounts]:
        return {EDGE: self._server.counts()}

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        self._server.close()
        return super().close(edges)


def encode(stream: Stream, image: Image, had_enhanced: bool) -> bytes:
    """The messages of one image: a frame that was not enhanced blanks the enhanced image of before, which would pass
    for its own."""
    layers = {PLAIN: image.bmode}
    if image.enhanced is not None:
        layers[ENHANCED] = image.enhanced
    elif had_enhanced:
        layers[ENHANCED] = np.full_like(image.bmode, -image.dynamic_range_db)
    utc_ns = image.trail.acquired_utc_ns
    messages = (
        image_message(device, layer, image.dynamic_range_db, stream.grid, utc_ns) for device, layer in layers.items()
    )
    return b"".join(messages)


def open_sink(config: Config, stream: Stream, past: JournalEntry) -> Sink:
    """One that was here before has announced it, and clients connect again by themselves."""
    sink = Igtl(config.igtl or 0, stream, past.report.edges.get(EDGE))
    if past.report.sink is None:
        say(f"igtl: 127.0.0.1:{sink.port}, for 3D Slicer (OpenIGTLinkIF, client)", file=sys.stderr)
    return sink
