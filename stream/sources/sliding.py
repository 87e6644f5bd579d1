"""The sliding synthetic aperture: an image after every few shots, of the latest shot of each transmit.

Each group of shots is a frame of its own, with an id and a place in the ledger. Without sliding a frame is one group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import MOST
from sonolucent.stream.messages import Channels, End, Message, Stream


@dataclass(frozen=True)
class SlidingAperture:
    """Groups of `every` shots, of `n_tx` a scan."""

    n_tx: int
    every: int

    @classmethod
    def of(cls, acquisition: Acquisition, every: int | None) -> SlidingAperture:
        """Groups of so many shots; of all where there is no number.

        Raises:
            ConfigError: the shots of a scan cannot be divided so.
        """
        n_tx = acquisition.n_tx
        if every is not None and (every > n_tx or n_tx % every):
            nearest = min((n for n in range(1, n_tx + 1) if n_tx % n == 0), key=lambda n: abs(n - every))
            raise ConfigError(f"every {every} does not divide the {n_tx} shots of a frame; {nearest} does")
        return cls(n_tx, n_tx if every is None else every)

    @property
    def n_groups(self) -> int:
        """Groups, and images, a scan."""
        return self.n_tx // self.every

    def rate_hz(self, scans_hz: float | None) -> float | None:
        """Groups a second."""
        return None if scans_hz is None else scans_hz * self.n_groups

    def first_tx(self, frame_id: int) -> int:
        """The first shot of a group within its scan."""
        return frame_id % self.n_groups * self.every

    def group(self, scan_of: Callable[[int], NDArray[Any]], frame_id: int) -> NDArray[Any]:
        """The shots of a group, (every, n_rx, n_samples); `scan_of` gives those of whole scans by their number."""
        first = self.first_tx(frame_id)
        return scan_of(frame_id // self.n_groups)[first : first + self.every]

    def stream(self, scans: Stream) -> Stream:
        """The stream of the groups, each with the acquisition of a first group."""
        next_id = scans.next_frame_id
        return replace(
            scans,
            acquisition=scans.acquisition.of_shots(range(self.every)),
            frame_rate_hz=self.rate_hz(scans.frame_rate_hz),
            # An id that no group can have is as good as none.
            next_frame_id=None if next_id is None or next_id * self.n_groups > MOST else next_id * self.n_groups,
        )

    def split(self, messages: Iterator[Message]) -> Iterator[Message]:
        """What a scanner says of its scans, said of groups: shots count within their group.

        Scans of another number of shots, and shots beyond a scan, are no groups: they pass as they came, to be refused.
        """
        for message in messages:
            if isinstance(message, Stream):
                yield self.stream(message) if message.acquisition.n_tx == self.n_tx else message
            elif isinstance(message, End):
                yield End(message.frames * self.n_groups)
            elif isinstance(message, Channels):
                yield from self._groups(message)

    def placed(self, frame: Channels) -> Channels:
        """The shots of a group, counted within their scan again."""
        return replace(frame, first_tx=self.first_tx(frame.frame_id) + frame.first_tx)

    def _groups(self, message: Channels) -> Iterator[Channels]:
        begin, end = message.first_tx, message.first_tx + len(message.data)
        if end > self.n_tx:
            yield replace(message, frame_id=message.frame_id * self.n_groups)
            return
        while begin < end:
            group, first = divmod(begin, self.every)
            n = min(self.every - first, end - begin)
            data = message.data[begin - message.first_tx :][:n]
            yield replace(message, frame_id=message.frame_id * self.n_groups + group, data=data, first_tx=first)
            begin += n
