"""A replay that can be told to wait, to go faster, and where to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from sonolucent.stream.control.requests import ReplayRequest, ReplayState
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Frame, Stamp, Trail

AtEnd = Literal["end", "again", "hold"]
_POLL_S = 0.05
_FASTEST = 100.0


class Playback:
    """Where a replay is and what it was told; safe to use from the thread that plays and those that tell it.

    Args:
        n_frames: how many there are.
        fps: the pace at speed 1; None releases each as soon as it is taken.
        stop: ends it soon after it is set.
        first: the frame to begin with, counted from 0.
        at_end: behind the last frame it ends, begins again, or waits to be told what to do.
    """

    def __init__(
        self, n_frames: int, fps: float | None, stop: threading.Event, first: int = 0, at_end: AtEnd = "end"
    ) -> None:
        self._n_frames, self._fps, self._stop, self._at_end = n_frames, fps, stop, at_end
        self._next, self._shown = first, max(0, first - 1)
        self._paused, self._speed, self._owed = False, 1.0, False
        self._due_s = time.monotonic()
        self._orders = self._orders_seen = 0
        self._changed = threading.Condition()

    def obey(self, request: ReplayRequest) -> None:
        """Goes on as it is told; a frame that it was told to go to is released even while it waits.

        Raises:
            ConfigError: there is no such frame, or no such speed.
        """
        self._require(request)
        with self._changed:
            if request.speed is not None:
                self._speed = request.speed
            if request.step is not None:
                self._next = min(max(self._place + request.step, 0), self._n_frames - 1)
            if request.seek is not None:
                self._next = request.seek
            self._owed |= request.step is not None or request.seek is not None
            self._pause(request)
            self._due_s = time.monotonic()
            self._orders += 1
            self._changed.notify_all()

    def state(self) -> ReplayState:
        """Where it is now."""
        with self._changed:
            return ReplayState(self._place, self._n_frames, self._paused, self._speed)

    def play(self, frame_of: Callable[[int, int, Trail], Frame], first_frame_id: int) -> Iterator[Frame]:
        """The frames as they are due.

        Args:
            frame_of: reads the frame of that place, and makes one of that id and with that trail of it.
            first_frame_id: of the first frame that is released; ids count on, wherever it goes.
        """
        frame_id = first_frame_id
        while (place := self._turn()) is not None:
            begun_ns = time.monotonic_ns()
            frame = frame_of(place, frame_id, Trail())
            read = Stamp("source", begun_ns, time.monotonic_ns())
            if self._release(place):
                trail = Trail.begin(frame.trail.acquired_utc_ns)
                yield replace(frame, trail=replace(trail, stamps=(read,)))
                frame_id += 1

    @property
    def _place(self) -> int:
        """The frame that was told to come next, even before it has; else the last one."""
        return self._next if self._owed else self._shown

    def _require(self, request: ReplayRequest) -> None:
        if request.seek is not None and not 0 <= request.seek < self._n_frames:
            raise ConfigError(f"there is no frame {request.seek}; the replay has frames 0 to {self._n_frames - 1}")
        if request.speed is not None and not 0 < request.speed <= _FASTEST:
            raise ConfigError(f"speed must be positive and at most {_FASTEST:g}, not {request.speed:g}")
        if request.speed is not None and self._fps is None:
            raise ConfigError("this replay has no pace to be faster than: it runs as fast as its frames are taken")

    def _pause(self, request: ReplayRequest) -> None:
        if request.step is not None:
            self._paused = True
        if request.paused is not None:
            self._paused = request.paused
            if not self._paused and self._next >= self._n_frames:
                self._next = 0

    def _turn(self) -> int | None:
        """Waits for the turn of a frame, and says of which; None at the end."""
        with self._changed:
            while not self._stop.is_set():
                if self._next >= self._n_frames and self._at_end == "end":
                    return None
                if self._next >= self._n_frames and self._at_end == "again":
                    self._next = 0
                if self._next < self._n_frames and (self._owed or not self._paused):
                    self._orders_seen = self._orders
                    return self._next
                self._changed.wait(_POLL_S)
        return None

    def _release(self, place: int) -> bool:
        """Waits until the frame is due; False where it was told to do something else meanwhile, or to stop."""
        with self._changed:
            period_s = 0.0 if self._fps is None else 1 / (self._fps * self._speed)
            self._due_s = max(self._due_s, time.monotonic() - period_s)
            while (ahead_s := self._due_s - time.monotonic()) > 0 and period_s > 0:
                self._changed.wait(min(ahead_s, _POLL_S))
                if self._stop.is_set() or self._orders != self._orders_seen:
                    return False
            if self._stop.is_set() or self._orders != self._orders_seen:
                return False
            self._due_s += period_s
            self._shown, self._next, self._owed = place, place + 1, False
            self._paused |= self._at_end == "hold" and self._next >= self._n_frames
            return True
