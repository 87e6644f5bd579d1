"""What flows through the pipeline: the stream's description, channel data, images and the end.

Every frame carries its trail: when it was acquired, when each stage took it in and gave it out, and the counts of
the edges it has crossed. The last stage therefore knows the whole story without asking anyone.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import require_real
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.ledger import EdgeCounts

ChannelType = Literal["<i2", "<f4"]
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

CLOCK = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else platform.node()
"""Names the monotonic clock of this host, which begins anew at every start: times on another one mean nothing here."""


class Stamp(NamedTuple):
    """When one stage took a frame in and gave it out, in monotonic nanoseconds of the stage's host."""

    stage: str
    in_ns: int
    out_ns: int


@dataclass(frozen=True)
class Trail:
    """The history of one frame.

    Args:
        acquired_ns: monotonic time at which its last shot was there, on the source's host.
        acquired_utc_ns: the same instant in nanoseconds since 1970 UTC.
        stamps: one for each stage passed, in order.
        edges: the counts of every edge crossed, as they stood when the frame left it.
        clock: the `CLOCK` of the source's host; where it is not told, the source is on this host.
    """

    acquired_ns: int = 0
    acquired_utc_ns: int = 0
    stamps: tuple[Stamp, ...] = ()
    edges: dict[str, EdgeCounts] = field(default_factory=dict)
    clock: str | UnsetType = UNSET

    @classmethod
    def begin(cls, acquired_utc_ns: int = 0) -> Trail:
        """The trail of a frame whose last shot has arrived just now; `acquired_utc_ns` is the scanner's word for it."""
        return cls(time.monotonic_ns(), acquired_utc_ns or time.time_ns(), clock=CLOCK)

    @property
    def on_this_clock(self) -> bool:
        """Whether times of this host can be compared with when the frame was acquired."""
        return self.clock in (UNSET, CLOCK)

    def stamped(self, stage: str, in_ns: int) -> Trail:
        """This trail after `stage`, which took the frame in at `in_ns` and gives it out now."""
        stamps = (*self.stamps, Stamp(stage, in_ns, time.monotonic_ns()))
        return Trail(self.acquired_ns, self.acquired_utc_ns, stamps, self.edges, self.clock)

    def crossed(self, edge: str, counts: EdgeCounts) -> Trail:
        """This trail after `edge`."""
        return Trail(self.acquired_ns, self.acquired_utc_ns, self.stamps, {**self.edges, edge: counts}, self.clock)


@dataclass(frozen=True)
class Stream:
    """What all frames of a stream have in common; comes before the first of them.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels of the images.
        frame_rate_hz: nominal frame rate.
        dtype: of the channel data.
        session: a number that the scanner draws anew whenever it counts its frames from the beginning.
        next_frame_id: of the first frame after this message; where it is known, those before it are not missed.

    Raises:
        ValueError: complex baseband data, which streams do not carry.
    """

    acquisition: Acquisition
    grid: ImageGrid
    frame_rate_hz: float | None = None
    dtype: ChannelType = "<i2"
    session: int = 0
    next_frame_id: int | None = None

    def __post_init__(self) -> None:
        require_real(self.acquisition, "a stream")


@dataclass(frozen=True)
class Channels:
    """Consecutive transmits of one frame: `data` (n, n_rx, n_samples), int16 or float32, from shot `first_tx` on."""

    frame_id: int
    data: NDArray[Any]
    first_tx: int = 0
    trail: Trail = field(default_factory=Trail)


@dataclass(frozen=True)
class Image:
    """B-mode of one frame in dB, -dynamic_range_db..0: `layers` (1 or 2, n_z, n_x), float32.

    The first layer is the plain image, the second the enhanced one. A frame that no network has touched has one
    layer, an empty `model`, and says in `skipped` why; any other says in `reason` why this model, there and so.
    """

    frame_id: int
    layers: NDArray[np.float32]
    dynamic_range_db: float
    model: str = ""
    device: str = ""
    skipped: str = "no stage has enhanced it"
    trail: Trail = field(default_factory=Trail)
    backend: str = ""
    reason: str = ""

    @property
    def bmode(self) -> NDArray[np.float32]:
        """The plain image, (n_z, n_x)."""
        plain: NDArray[np.float32] = self.layers[0]
        return plain

    @property
    def enhanced(self) -> NDArray[np.float32] | None:
        """The enhanced image, (n_z, n_x), if there is one."""
        return self.layers[1] if len(self.layers) == 2 else None

    @property
    def best(self) -> NDArray[np.float32]:
        """The enhanced image where there is one, else the plain one."""
        return self.bmode if self.enhanced is None else self.enhanced


@dataclass(frozen=True)
class End:
    """The stream is over after `frames` frames left the source."""

    frames: int


Frame = Channels | Image
Message = Stream | Frame | End
