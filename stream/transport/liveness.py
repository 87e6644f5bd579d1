"""Whether messages still pass over a connection that stands: told from what comes, and from what is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from sonolucent.stream.transport import heartbeats
from sonolucent.stream.transport.byte_clock import ByteClock
from sonolucent.stream.transport.greeting import greeting_of
from sonolucent.stream.transport.wire_header import MAX_PAYLOAD_BYTES

_LOOK_S = 1.0
_PATIENCE_MAX_S = 60.0
_INQUIRE_S, _ANSWER_S = 1.0, 2.5
_SIGNS_BYTES = 256
"""More than the answers to heartbeats have between two looks; less than any frame."""
_DRIP_BYTES = 1024
"""Of a message that comes so slowly between two looks, nothing is lost when another connection takes its place."""
_BESIDE_PAYLOAD = 64 << 20  # the header, framing and encryption, and what waits in the kernel
_ENDLESS = (
    "it sends a message of parts without end; a message has two (docs/wire.md), so it is no scanner, or its program is "
    "broken"
)
_STUCK = "it gives signs of life, but no answer; bytes of a message may have been lost on the way"


class Death(NamedTuple):
    """Why a connection is to be given up; and whether the other end, or what lies between, broke the protocol."""

    why: str
    is_fault: bool


class Liveness:
    """Watches one connection after another to the same end; `died` is asked whenever nothing has come.

    Args:
        endpoint: of the other end.
        inquire: has the other end, if a message came from there, answer with another; None where it cannot be asked.

    Attributes:
        heard_s: when the last message was read.
    """

    def __init__(self, endpoint: str, inquire: Callable[[], None] | None) -> None:
        self._endpoint, self._inquire = endpoint, inquire
        self._clock: ByteClock | None = None
        self.heard_s = self._looked_s = self._begun_s = time.monotonic()
        self._patience_s, self._pause_s = heartbeats.SUSPECT_S, 0.0
        self.ends()

    def begins(self, clock: ByteClock) -> None:
        """Hears of a connection whose bytes can be counted."""
        self._clock, self._begun_s = clock, time.monotonic()

    def ends(self) -> None:
        """Hears that there is none any more."""
        self._clock = None
        self._answered_s: float | None = None
        self._inquired_s: float | None = None
        self._n_bytes, self._n_bytes_before = 0, 0
        self._has_spoken, self._is_counted = False, True
        self._largest_message = MAX_PAYLOAD_BYTES + _BESIDE_PAYLOAD

    def came(self) -> None:
        """Hears that a message was read; whoever pauses between two is given twice as long the next time."""
        now_s = time.monotonic()
        self._pause_s = min(2 * (now_s - self.heard_s), _PATIENCE_MAX_S)
        self._patience_s = max(heartbeats.SUSPECT_S, self._pause_s)
        self.heard_s = now_s
        self._inquired_s = None
        self._has_spoken, self._is_counted = True, False

    def expect(self, largest_payload_bytes: int) -> None:
        """Hears how much the messages of this connection carry; one that goes on far beyond has no end."""
        self._largest_message = largest_payload_bytes + _BESIDE_PAYLOAD

    def died(self, is_readable: Callable[[], object]) -> Death | None:
        """Why the connection is to be given up, if it is.

        Args:
            is_readable: whether messages that have come wait to be read.
        """
        now_s = time.monotonic()
        if self._clock is None or now_s - max(self.heard_s, self._looked_s) <= _LOOK_S:
            return None
        self._looked_s = now_s
        n_new = self._count(self._clock)
        if self._n_bytes - self._n_bytes_before > self._largest_message and not is_readable():
            return Death(_ENDLESS, is_fault=True)
        if self._leaves_unanswered(now_s) and n_new <= _SIGNS_BYTES and not is_readable():
            return Death(_STUCK, is_fault=True)
        if now_s - self.heard_s <= heartbeats.SUSPECT_S:
            return None
        drips = n_new <= _DRIP_BYTES and self._inquire is None
        return self._silent(now_s - max(self.heard_s, self._begun_s) if drips else self._clock.silent_s())

    def _count(self, clock: ByteClock) -> int:
        """How many bytes have come since the last look.

        libzmq keeps the parts of a message until the last, and knows no limit to their number: so those that came since
        the last message are counted here.
        """
        before, self._n_bytes = self._n_bytes, clock.n_bytes()
        if not self._is_counted:
            self._n_bytes_before, self._is_counted = self._n_bytes, True
        return self._n_bytes - before

    def _leaves_unanswered(self, now_s: float) -> bool:
        """Whether it was asked, and has had time to answer. In the middle of a message nothing else passes."""
        if self._inquire is None or not self._has_spoken or now_s - self.heard_s <= max(_INQUIRE_S, self._pause_s):
            return False
        if self._inquired_s is None:
            self._inquired_s = now_s
            self._inquire()
        return now_s - self._inquired_s > _ANSWER_S

    def _silent(self, silent_s: float) -> Death | None:
        """Whether no sign of life comes, or bytes drip that make no message, though the port answers anew.

        An end that answers neither is stopped, or a cable is out: what is on the way may still come, so it is kept.
        """
        if silent_s < self._patience_s:
            if silent_s < heartbeats.SUSPECT_S:
                self._answered_s = None
                self._patience_s = heartbeats.SUSPECT_S  # a sign of life, since no message has come for longer
            return None
        if not greeting_of(self._endpoint).mechanism:
            self._answered_s = None
            return None
        if self._answered_s is None:
            self._answered_s = time.monotonic()
            return None
        # A scanner that is silent gives no sign of life, and is not cut off every few seconds.
        self._patience_s = min(2 * self._patience_s, _PATIENCE_MAX_S)
        why = f"no message came over the connection for {silent_s:.0f} s, though the port answers: connecting again"
        return Death(why, is_fault=False)
