"""Frames at a steady rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

from numpy.typing import NDArray

from sonolucent.stream.messages import Channels, Stamp, Trail


def paced(
    arrays: Iterable[NDArray[Any]],
    fps: float | None,
    stop: Event,
    first_frame_id: int = 0,
    first_tx: Callable[[int], int] = lambda frame_id: 0,
) -> Iterator[Channels]:
    """Numbers frames and releases them one by one; ends with them, or on `stop`.

    Args:
        arrays: channel data, each (n_tx, n_rx, n_samples), of the type that their stream tells.
        fps: frames a second; None releases each as soon as it is taken.
        first_frame_id: of the first of them; a source that goes on gives `past.next_frame_id`.
        first_tx: the shot that a frame of that id begins with.
    """
    due_s = time.monotonic()
    source = iter(arrays)
    frame_id = first_frame_id
    while not stop.is_set():
        begun_ns = time.monotonic_ns()
        array = next(source, None)
        if array is None:
            return
        read = Stamp("source", begun_ns, time.monotonic_ns())
        if fps is not None:
            due_s = max(due_s, time.monotonic() - 1 / fps)
            if stop.wait(max(0.0, due_s - time.monotonic())):
                return
            due_s += 1 / fps
        yield Channels(frame_id, array, first_tx(frame_id), replace(Trail.begin(), stamps=(read,)))
        frame_id += 1
