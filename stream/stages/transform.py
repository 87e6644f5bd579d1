"""What the pipeline asks of a transform, a stage between source and sinks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Frame, Image, Stream


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

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the images that it makes, a sentence each; the report and the viewer repeat them."""
        return ()

    def prepare(self, stream: Stream) -> None:
        """Makes ready for another description of the same stream, on another thread, while frames go on.

        Raises:
            ConfigError: it cannot work on it; everything stays as it is.
        """
        raise ConfigError(f"{type(self).__name__} cannot change its settings while frames flow")

    def begin(self, stream: Stream) -> None:
        """Works on that description, for which it was prepared, from the next frame on."""
        raise ConfigError(f"{type(self).__name__} cannot change its settings while frames flow")

    def swap_model(self, choice: str) -> bool:
        """Loads another model, on another thread, while frames go on, and goes over to it; False where it has none.

        Raises:
            ConfigError: that model cannot be used; the one before stays.
        """
        return False

    def soften(self, strength: float) -> bool:
        """Shows so much of its enhancement from the next frame on, 0..1; False where it enhances nothing."""
        return False

    def hasten(self, shots: Channels) -> None:  # noqa: B027 - most work on whole frames
        """Begins the work on a frame whose shots are arriving; the frame follows, whole, unless some of it is lost."""

    @abstractmethod
    def __call__(self, frame: Frame) -> Image:
        """The next frame.

        Raises:
            FrameRefused: this frame cannot be used.
            ConfigError: no frame of this kind can; the run ends.
        """


TransformOpener = Callable[[Config, Stream], Transform]
"""Opens a transform for the frames of that stream."""
