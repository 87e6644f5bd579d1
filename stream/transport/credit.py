"""What the producer of an edge knows of its consumer: how much it was sent, has taken, and asks for."""

from __future__ import annotations

from dataclasses import dataclass

from sonolucent.stream.transport.flood_guard import Speaker
from sonolucent.stream.transport.wire import Buffer

Parts = tuple[bytes, Buffer]


@dataclass
class Peer:
    """One consumer, from its first grant on.

    Args:
        identity: its address on the producer's socket.
        taken: frames it has taken in all, also from a producer that was here before.
        room: frames it will take beyond those.
        speaker: its connection; None within this process.
        taken_before: `taken` when this producer first sent to it.
        sent: frames sent to it by this producer.
        stream: the description it was sent last.
        has_left: whether it said goodbye.
    """

    identity: bytes
    taken: int
    room: int
    speaker: Speaker | None = None
    taken_before: int = 0
    sent: int = 0
    stream: Parts | None = None
    has_left: bool = False

    def __post_init__(self) -> None:
        self.taken_before = self.taken

    @property
    def outstanding(self) -> int:
        """Frames sent that it has not taken yet."""
        return max(0, self.sent - (self.taken - self.taken_before))

    @property
    def may_send(self) -> bool:
        return self.outstanding < self.room

    def grant(self, taken: int, room: int) -> int:
        """Hears a grant; how many of this producer's frames it acknowledges."""
        if self.sent == 0:
            self.taken_before = self.taken = taken
        newly_taken = min(max(0, taken - self.taken), self.outstanding)
        # Who claims more than it was sent would be sent all that follows, read or not.
        self.taken, self.room = min(taken, self.taken_before + self.sent), room
        return newly_taken
