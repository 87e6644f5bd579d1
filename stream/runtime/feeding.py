"""What every stage does with the edges that it feeds."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from sonolucent.stream.messages import Message
from sonolucent.stream.stages.transform import FrameRefused
from sonolucent.stream.transport.producer import Producer

_CONSUMER_TIMEOUT_S = 60.0
_log = logging.getLogger(__name__)


def push_all(producers: Sequence[Producer], message: Message) -> None:
    for producer in producers:
        producer.push(message)


def lose_all(producers: Sequence[Producer], refusal: FrameRefused) -> None:
    """Counts a frame that a stage refused as lost on the edges behind it; the log tells of the first one."""
    for producer in producers:
        if refusal.reason not in producer.ledger.counts().dropped:
            _log.warning("%s: dropped %s", producer.edge.name, refusal)
        producer.ledger.lose(refusal.reason)


def wait_for_consumers(producers: Sequence[Producer]) -> None:
    """Frames flow when all who take them are ready, or after a minute without those that are not."""
    deadline = time.monotonic() + _CONSUMER_TIMEOUT_S
    for producer in producers:
        if producer.edge.awaited and not producer.wait_for_consumer(max(0.0, deadline - time.monotonic())):
            waits = "waits for it" if producer.edge.policy == "lossless" else "keeps the newest frames and drops others"
            _log.warning(
                "%s: %s has not asked for a frame in %.0f s; %s goes on and %s. Is it running, and at this address?",
                producer.edge.name,
                producer.edge.consumer,
                _CONSUMER_TIMEOUT_S,
                producer.edge.producer,
                waits,
            )
