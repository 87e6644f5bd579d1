"""What a stage between two others does from the description of its stream to its end.

It learns what the stream is, tells the next one, makes itself ready, and asks for frames only when those behind it are
ready too: so the first frame finds everything warm. It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sonolucent.beamform.compute.switching import quick_to_yield
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.control.orders import Arrive, Order, Prepare, Soften, SwapModel, TakeOver, Tell, Told
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, End, Frame, Message, Stream
from sonolucent.stream.openers import TRANSFORMS
from sonolucent.stream.pipeline import Stage
from sonolucent.stream.runtime.counting import close_all, of_consumers, of_producers, taken
from sonolucent.stream.runtime.feeding import lose_all, push_all, wait_for_consumers
from sonolucent.stream.stages.transform import FrameRefused, Transform
from sonolucent.stream.transport.consumer import Consumer, pull_all
from sonolucent.stream.transport.producer import Producer

_MOMENT_S = 1.0
_POLL_S = 0.005
_log = logging.getLogger(__name__)


class TransformLoop:
    """A transform between the edge that feeds it and those that it feeds.

    Args:
        prepared: one that was opened and warmed up ahead, for the stream that it was opened for.
    """

    def __init__(
        self,
        stage: Stage,
        config: Config,
        consumer: Consumer,
        producers: Sequence[Producer],
        journal: Journal,
        prepared: tuple[Stream, Transform] | None = None,
    ) -> None:
        self._stage, self._config, self._journal = stage, config, journal
        self._consumer, self._producers = consumer, producers
        self._prepared = prepared
        self._stream: Stream | None = None
        self._transform: Transform | None = None
        self._following: Stream | None = None
        """The description that the transform is ready for."""
        self._told = deque[Stream](maxlen=1)
        """What it goes over to before the next frame."""
        self._meter = Meter()

    def run(self) -> StageReport:
        for message in _messages(self._consumer):
            if isinstance(message, End):
                push_all(self._producers, message)
                break
            if isinstance(message, Stream):
                self._begin(message)
            elif isinstance(message, Channels) and message.ahead:
                self._hasten(message)
            else:
                self._work(message)
        edges = {**of_consumers([self._consumer]), **close_all(self._producers)}
        warnings = self._transform.warnings if self._transform is not None else ()
        return StageReport(edges, taken=taken([self._consumer]), usage=self._meter.usage(), warnings=warnings)

    def obey(self, order: Order) -> bool | Told:
        """Carries out an order of the control channel, on its thread; False where there is nothing to do.

        Raises:
            ConfigError: it cannot be done; everything stays as it is.
        """
        transform, stream = self._transform, self._stream
        if isinstance(order, Tell):
            return Told(warnings=transform.warnings if transform is not None else ())
        if transform is None or stream is None:
            raise ConfigError("its stream has not begun; ask again in a moment")
        match order:
            case Prepare():
                try:
                    following = stream.imaged(order.imaging, order.revision)
                except ValueError as error:
                    raise ConfigError(str(error)) from error
                with quick_to_yield():
                    transform.prepare(following)
                self._following = following
            case TakeOver():
                if self._following is not None:
                    self._told.append(self._following)
            case Arrive():
                self._wait_for(order.revision)
            case SwapModel():
                return transform.swap_model(order.model)
            case Soften():
                return transform.soften(order.strength)
            case _:
                return False
        return True

    def _wait_for(self, revision: int) -> None:
        """Until the frames of a revision have come, or none has for a moment."""
        deadline = time.monotonic() + _MOMENT_S
        while self._stream is not None and self._stream.revision < revision and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _begin(self, stream: Stream) -> None:
        past = self._journal.read().described
        if past is not None and past.is_imaged_anew(stream) and past.revision > stream.revision:
            stream = past  # the settings were changed here, or on the way to the process that was here before
        if stream == self._stream:
            return  # A producer that was restarted describes the same stream again.
        if self._transform is not None and stream.is_imaged_anew(self._stream):
            self._go_over(self._transform, stream)
            return
        self._stream = stream
        push_all(self._producers, stream)
        self._journal.describe(stream)
        ready = self._prepared is not None and self._prepared[0] == stream
        self._transform = self._prepared[1] if self._prepared and ready else opened(self._stage, self._config, stream)
        wait_for_consumers(self._producers)

    def _hasten(self, shots: Channels) -> None:
        if self._transform is not None:
            self._transform.hasten(shots)

    def _go_over(self, transform: Transform, stream: Stream) -> None:
        transform.begin(stream)
        self._stream = stream
        push_all(self._producers, stream)
        self._journal.describe(stream)

    def _work(self, frame: Frame) -> None:
        if self._transform is not None and self._told:
            self._go_over(self._transform, self._told.pop())
        if self._transform is None:
            self._consumer.refused.lose("before the stream's description")
            return
        begun_ns = time.monotonic_ns()
        self._meter.tick()
        result = None
        try:
            result = self._transform(frame)
        except FrameRefused as refusal:
            lose_all(self._producers, refusal)
        counts = {**of_consumers([self._consumer]), **of_producers(self._producers)}
        self._journal.write(StageReport(counts, taken=taken([self._consumer])))
        if result is not None:
            push_all(self._producers, replace(result, trail=result.trail.stamped(self._stage.name, begun_ns)))


def opened(stage: Stage, config: Config, stream: Stream) -> Transform:
    """The transform of a stage, warmed up.

    Raises:
        ConfigError: there is none of that name, or it cannot work on this stream.
    """
    transform = TRANSFORMS.find(stage.opener)(config, stream)
    transform.warm_up()
    _log.info(transform.describe())
    return transform


def _messages(consumer: Consumer) -> Iterator[Message]:
    """The description first, without asking for frames yet; then everything that comes."""
    yield consumer.describe()
    for _, message in pull_all([consumer]):
        yield message
