"""The newest image and the figures beside it: the sink puts them there, the page's server takes them when asked to."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from sonolucent.stream.accounting.budgets import Profile
from sonolucent.stream.accounting.report import SinkReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.messages import Image
from sonolucent.stream.viewer.page_messages import Bits, frame_header, pack_frame

RECENT = 50
"""Frames that the figures beside the images are taken over."""
_TRACED = 2000
_FIGURES_S = 0.2


@dataclass(frozen=True)
class Shown:
    """An image, its place in the order of arrival, and the description of its stream in the page's words."""

    number: int
    image: Image
    stream: str
    after_restart: bool = False


class Screen:
    """Safe to use from the sink's thread and the server's; encodes a frame once, however many look at it.

    Args:
        budgets: that the figures are held to.
    """

    def __init__(self, budgets: Profile) -> None:
        self._budgets = budgets
        self._lock = threading.Lock()
        self._timing = Timing(window=_TRACED)
        self._report = SinkReport()
        self._newest: Shown | None = None
        self._arrived_s = time.monotonic()
        self._figures: tuple[float, dict[str, Any]] = (-1.0, {})
        self._encoded: dict[tuple[int, Bits], bytes] = {}

    @property
    def newest(self) -> Shown | None:
        """The image that came last; None before the first."""
        return self._newest

    @property
    def silent_s(self) -> float:
        """Since the last image came; since the viewer was opened, before the first one."""
        return time.monotonic() - self._arrived_s

    def show(self, image: Image, stream: str, *, after_restart: bool) -> None:
        """Makes an image the newest; nothing is encoded before somebody wants it."""
        now_ns = time.monotonic_ns()
        with self._lock:
            self._timing.record(image.frame_id, image.trail, now_ns)
            self._report = self._report.with_image(image)
            number = self._newest.number + 1 if self._newest else 1
            self._newest, self._arrived_s = Shown(number, image, stream, after_restart), now_ns / 1e9

    def encode(self, shown: Shown, bits: Bits) -> bytes:
        """The message of an image for the page; one thread alone may ask."""
        key = shown.number, bits
        if key not in self._encoded:
            header = frame_header(shown.image, bits, after_restart=shown.after_restart) | self._figures_now()
            others = {other: message for other, message in self._encoded.items() if other[0] == shown.number}
            self._encoded = {**others, key: pack_frame(header, shown.image, bits)}
        return self._encoded[key]

    def trace(self) -> dict[str, Any]:
        """The frames of the last minute or so as Trace Event JSON, for ui.perfetto.dev."""
        with self._lock:
            return self._timing.trace()

    def report(self, edges: dict[str, Any]) -> dict[str, Any]:
        """What the page is told at the end: frames, rates, latencies, and the counts of the edges."""
        with self._lock:
            seen = self._report.with_timing(self._timing, self._budgets, trace=False)
        told: dict[str, Any] = msgspec.to_builtins(seen)
        return told | {"edges": msgspec.to_builtins(edges)}

    def _figures_now(self) -> dict[str, Any]:
        """Rates and latencies, reckoned five times a second at most: nobody reads them faster."""
        now_s = time.monotonic()
        if now_s - self._figures[0] > _FIGURES_S or not self._figures[1].get("fps"):
            with self._lock:
                figures = {
                    "fps": self._timing.frame_rate_hz(RECENT),
                    "end_to_end": self._timing.end_to_end(self._budgets, RECENT),
                    "stages": self._timing.stages(self._budgets, RECENT),
                }
            self._figures = now_s, figures
        return self._figures[1]
