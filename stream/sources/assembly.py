"""Shots to whole frames: docs/wire.md, "Shots and frames", is what this file does.

Two frames are open at a time, so that shots may overtake one another, also across the border of two frames. A frame is
given up when a later one is complete or two later ones have begun: what is shown is never older than that, never waits,
and is never made of the shots of two frames.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.ledger import MOST, Ledger
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.sources.loss_watch import LossWatch

_OPEN_FRAMES = 2
_FARTHEST = 10_000
"""Frames by which a count may be off before the scanner's next description has to say so: one wrong number in a shot
would have all others be late."""
_MOST_LATE = 5
"""Frames in a row that may be late, each after the one before: what goes on so has the right count."""
_MOST_MISSED = 1_000_000_000
"""Frames: days at a thousand a second. A count that jumps by more is another one, and what lies between no loss."""
_log = logging.getLogger(__name__)


class _OpenFrame:
    """A frame whose shots are arriving."""

    def __init__(self, stream: Stream) -> None:
        self.data: NDArray[Any] = np.empty(stream.acquisition.shape, stream.dtype)
        self.present = np.zeros(stream.acquisition.n_tx, np.bool_)


class Assembler:
    """Makes whole frames of `channels` messages, and counts every frame and every message that it cannot use.

    Args:
        stream: what the frames have in common.
        losses: takes each frame that never became whole, once.
        refused: takes each message that was of no use.
    """

    def __init__(self, stream: Stream, losses: Ledger, refused: Ledger) -> None:
        self._stream, self._losses, self._refused = stream, losses, refused
        self._watch = LossWatch()
        self._told = False
        """Whether it was told that another acquisition is described now."""
        self._next = stream.next_frame_id
        self._delivered: int | None = None
        self._late: list[int] = []
        """The frames that were late since shots were of use last, as far as each came after the one before."""
        self._open: dict[int, _OpenFrame] = {}

    def begin(self, stream: Stream) -> None:
        """Hears the stream described again: a new session counts its frames from the beginning."""
        is_another = stream.acquisition != self._stream.acquisition or stream.dtype != self._stream.dtype
        if is_another and not self._told:
            _log.warning(
                "the scanner describes another acquisition now; none of its shots fit: start another run for it"
            )
        self._told = is_another
        if stream.session != self._stream.session:
            _log.warning("the scanner began a new session")
            self.end()
            self._stream = replace(self._stream, session=stream.session)
            self._next, self._delivered = stream.next_frame_id, None
        elif stream.next_frame_id is not None and self._next is not None:
            self._count_anew(stream.next_frame_id)

    def _count_anew(self, next_frame_id: int) -> None:
        """Follows a count that is far from the one so far."""
        if next_frame_id - (self._next or 0) > _FARTHEST:
            self._give_up(before=next_frame_id)
        elif (self._next or 0) - next_frame_id > _FARTHEST:
            self._open.clear()
            self._next = next_frame_id

    def take(self, message: Channels) -> Channels | None:
        """The frame that these shots complete, or else the shots, ahead of it, where no older frame is open."""
        reason = self._useless(message)
        if reason is not None:
            self._refuse(reason, message)
            return None
        self._late.clear()
        self._give_up(before=message.frame_id - _OPEN_FRAMES + 1)
        frame = self._add(message)
        if frame is not None:
            return self._deliver(frame)
        return replace(message, ahead=True) if message.frame_id == min(self._open) else None

    def end(self, n_frames: int | None = None) -> None:
        """Counts what did not arrive of the stream's `n_frames` frames; of those seen, when that is not known."""
        seen = max(self._open, default=-1) + 1
        self._give_up(before=max(seen, n_frames or 0))

    def _useless(self, message: Channels) -> str | None:
        """Why a message is to be refused, if it is."""
        if not _fits(self._stream, message):
            return "does not fit the stream"
        if message.frame_id >= MOST:  # there is no next one
            return "too far ahead"
        if self._next is None:
            self._next = message.frame_id
        if self._stream.next_frame_id is not None and message.frame_id - self._next > _FARTHEST:
            return "too far ahead"
        if message.frame_id < self._next and not self._has_a_wrong_count(message.frame_id):
            return "duplicate" if message.frame_id == self._delivered else "late"
        frame = self._open.get(message.frame_id)
        return "duplicate" if frame is not None and frame.present[_shots(message)].any() else None

    def _has_a_wrong_count(self, late_id: int) -> bool:
        """Whether frames go on behind the count, as after a number that was wrong; follows them then."""
        if self._late and late_id < self._late[-1]:
            self._late.clear()
        if not self._late or late_id > self._late[-1]:
            self._late.append(late_id)
        if len(self._late) <= _MOST_LATE:
            return False
        _log.warning("the scanner's frames go on at %d, not at %s: a number was wrong", late_id, self._next)
        self._open.clear()
        self._next = late_id
        return True

    def _add(self, message: Channels) -> Channels | None:
        """Puts shots where they belong; the whole frame when they were the last."""
        if len(message.data) == self._stream.acquisition.n_tx:
            return message
        if message.frame_id not in self._open:
            self._open[message.frame_id] = _OpenFrame(self._stream)
        frame = self._open[message.frame_id]
        frame.data[_shots(message)] = message.data
        frame.present[_shots(message)] = True
        if not frame.present.all():
            return None
        del self._open[message.frame_id]
        return replace(message, data=frame.data, first_tx=0)

    def _deliver(self, frame: Channels) -> Channels:
        self._give_up(before=frame.frame_id)
        self._delivered = frame.frame_id
        self._next = frame.frame_id + 1
        self._watch.came()
        return frame

    def _give_up(self, before: int) -> None:
        if self._next is None or before <= self._next:
            return
        begun = [frame_id for frame_id in self._open if frame_id < before]
        for frame_id in begun:
            del self._open[frame_id]
        self._losses.lose("incomplete", len(begun))
        if before - self._next > _MOST_MISSED:
            _log.warning("the scanner's count jumps from %d to %d: another count, no loss", self._next, before)
        else:
            self._losses.lose("gap", before - self._next - len(begun))
        self._watch.lost(before - self._next)
        self._next = before

    def _refuse(self, reason: str, message: Channels) -> None:
        if reason not in self._refused.counts().dropped:
            shots = f"frame {message.frame_id}, shot {message.first_tx}, shape {message.data.shape}"
            _log.warning("refused shots from the scanner: %s (%s)", reason, shots)
        self._refused.lose(reason)


def assemble(stream: Stream, messages: Iterator[Message], losses: Ledger, refused: Ledger) -> Iterator[Channels]:
    """The whole frames in a scanner's messages, in order, and their shots ahead of them; ends with the stream.

    What a scanner calls ahead is counted like all else.
    """
    assembler = Assembler(stream, losses, refused)
    for message in messages:
        if isinstance(message, End):
            return assembler.end(message.frames)
        if isinstance(message, Stream):
            assembler.begin(message)
        elif isinstance(message, Channels) and (frame := assembler.take(replace(message, ahead=False))):
            yield frame
    return assembler.end()


def _shots(message: Channels) -> slice:
    return slice(message.first_tx, message.first_tx + len(message.data))


def _fits(stream: Stream, message: Channels) -> bool:
    n_tx, n_rx, n_samples = stream.acquisition.shape
    in_range = message.first_tx + len(message.data) <= n_tx
    return in_range and message.data.shape[1:] == (n_rx, n_samples) and message.data.dtype == stream.dtype
