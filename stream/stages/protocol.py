"""What the pipeline asks of a transform, a stage between source and sinks."""

from __future__ import annotations

from collections.abc import Callable

from sonolucent.stream.messages import Frame, Image

Transform = Callable[[Frame], Image]


class FrameRefused(Exception):
    """A frame that a stage cannot use: a reason of few words for the ledger, and one sentence for the log."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
