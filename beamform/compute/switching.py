"""Work beside frames: how often Python's lock changes hands."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_INTERVAL_S = 5e-4
_lock = threading.Lock()
_before_s: list[float] = []
"""The interval that each thread within found; that of the first one comes back when the last one leaves."""


@contextmanager
def quick_to_yield() -> Iterator[None]:
    """Within, a thread that wants Python's lock waits half a millisecond for it, not five: no half of a frame.

    Several threads may be within at a time.
    """
    with _lock:
        _before_s.append(sys.getswitchinterval())
        sys.setswitchinterval(min(_before_s[0], _INTERVAL_S))
    try:
        yield
    finally:
        with _lock:
            before_s = _before_s.pop()
            if not _before_s:
                sys.setswitchinterval(before_s)
