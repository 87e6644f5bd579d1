"""What the pipeline asks of a transform, a stage between source and sinks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sonolucent.stream.config import Config
from sonolucent.stream.messages import Frame, Image, Stream


class FrameRefused(Exception):
    """A frame that a stage cannot use: a reason of few words for the ledger, and one sentence for the log.

    The pipeline counts the frame as dropped on the edges behind the stage, and goes on.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Transform(ABC):
    """From one frame to the next; opening it plans, so that frames find it ready."""

    def warm_up(self) -> None:  # noqa: B027 - some have nothing to do
        """Makes the first frame as quick as the others."""

    def describe(self) -> str:
        """What was planned, in one line."""
        return type(self).__name__

    @abstractmethod
    def __call__(self, frame: Frame) -> Image:
        """The next frame.

        Raises:
            FrameRefused: this frame cannot be used.
            ConfigError: no frame of this kind can; the run ends.
        """


TransformOpener = Callable[[Config, Stream], Transform]
"""Opens a transform for the frames of that stream."""
