"""Records a stream on its way."""

from __future__ import annotations

from pathlib import Path

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.frames import Frame, Stream
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.recording import RecordingWriter


class Recorder:
    """Writes images, and channel data where asked for, to `config.record`."""

    def __init__(self, config: Config, stream: Stream) -> None:
        if config.record is None:
            raise ConfigError("the recorder needs a file; give record = FILE")
        self._writer = RecordingWriter(Path(config.record), stream, channels=config.record_channels, images=True)

    def write(self, frame: Frame) -> None:
        self._writer.write(frame)

    def close(self, edges: dict[str, EdgeCounts]) -> None:
        self._writer.close(edges)
