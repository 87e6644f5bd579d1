"""A page on the pipeline's machine is given fewer frames while stages lose some: the pipeline comes first."""

from __future__ import annotations

import math

from sonolucent.stream.messages import Image
from sonolucent.stream.transport.edge import Policy

_TOO_SLOW: Policy = "drop_oldest"
_LOOK_S = 0.5
_FIRST_S, _MOST_S = 0.05, 0.2
"""Between two frames: where a loss is seen first, and at most: about five frames a second."""
_SLOWER, _FASTER = 2.0, 0.9


class Pace:
    """When a page is given its next frame."""

    def __init__(self) -> None:
        self._apart_s, self._sent_s, self._looked_s = 0.0, -math.inf, -math.inf
        self._lost = 0

    def is_time(self, image: Image, now_s: float) -> bool:
        """Whether this image may be sent now."""
        lost = _lost(image)
        if now_s - self._looked_s >= _LOOK_S:
            is_first_look = math.isinf(self._looked_s)
            self._apart_s = self._next_apart_s(lost > self._lost and not is_first_look)
            self._lost, self._looked_s = lost, now_s
        return now_s - self._sent_s >= self._apart_s

    def sent(self, now_s: float) -> None:
        """A frame was sent."""
        self._sent_s = now_s

    def _next_apart_s(self, loses: bool) -> float:
        if loses:
            return min(max(_SLOWER * self._apart_s, _FIRST_S), _MOST_S)
        faster_s = _FASTER * self._apart_s
        return faster_s if faster_s > _FIRST_S / 4 else 0.0


def _lost(image: Image) -> int:
    """Frames that stages could not take in time, so far."""
    return sum(counts.dropped.get(_TOO_SLOW, 0) for counts in image.trail.edges.values())
