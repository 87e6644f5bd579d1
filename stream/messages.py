"""What flows through the pipeline: the stream's description, channel data, images and the end.

Every frame carries its trail: when it was acquired, when each stage took it in and gave it out, and the counts of
the edges it has crossed. The last stage therefore knows the whole story without asking anyone.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.ledger import Count, EdgeCounts

ChannelType = Literal["<i2", "<f4", "<c8"]
"""Of channel data: int16 or float32 samples (RF), or complex64 ones (baseband)."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

CLOCK = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else platform.node()
"""Names the monotonic clock of this host, which begins anew at every start: times on another one mean nothing here."""


class Stamp(NamedTuple):
    """When one stage took a frame in and gave it out, in monotonic nanoseconds of the stage's host."""

    stage: str
    in_ns: Count
    out_ns: Count


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

    acquired_ns: Count = 0
    acquired_utc_ns: Count = 0
    stamps: tuple[Stamp, ...] = ()
    edges: dict[str, EdgeCounts] = field(default_factory=dict)
    clock: str | UnsetType = UNSET

    @classmethod
    def begin(cls, acquired_utc_ns: int = 0) -> Trail:
        """The trail of a frame whose last shot has arrived just now; `acquired_utc_ns` is the scanner's word for it."""
        return cls(time.monotonic_ns(), acquired_utc_ns or time.time_ns(), clock=CLOCK)

    def later(self, seconds: float) -> Trail:
        """The trail of a frame acquired so much later; a UTC of 0, which nobody knows, stays 0."""
        ns = round(1e9 * seconds)
        utc_ns = self.acquired_utc_ns and self.acquired_utc_ns + ns
        return replace(self, acquired_ns=self.acquired_ns + ns, acquired_utc_ns=utc_ns)

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


def channel_type(data: NDArray[Any]) -> ChannelType:
    """The stream's type for channel data like these.

    Raises:
        ValueError: they are neither int16, float32 nor complex64.
    """
    for name in get_args(ChannelType):
        if data.dtype == np.dtype(name):
            found: ChannelType = name
            return found
    raise ValueError(f"channel data must be int16, float32 or complex64, not {data.dtype}")


@dataclass(frozen=True)
class Stream:
    """What all frames of a stream have in common; comes before the first of them.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels of the images.
        frame_rate_hz: nominal frame rate.
        dtype: of the channel data; complex64 where, and only where, the acquisition is at baseband.
        session: a number that the scanner draws anew whenever it counts its frames from the beginning.
        next_frame_id: of the first frame after this message; where it is known, those before it are not missed.
        imaging: the settings that images are made with.
        offered_grid: the pixels that the source offered, where settings have made others of them.
        revision: how often they have been changed since the run began; images tell theirs.

    Raises:
        ValueError: real samples of a baseband acquisition, or complex ones of any other.
    """

    acquisition: Acquisition
    grid: ImageGrid
    frame_rate_hz: float | None = None
    dtype: ChannelType = "<i2"
    session: int = 0
    next_frame_id: int | None = None
    imaging: ImagingSettings = field(default_factory=ImagingSettings)
    revision: int = 0
    offered_grid: ImageGrid | None = None

    def __post_init__(self) -> None:
        if self.acquisition.is_baseband != (self.dtype == "<c8"):
            raise ValueError(
                f"demodulation_frequency_hz is {self.acquisition.demodulation_frequency_hz:g} and samples are "
                f"{self.dtype}: complex samples (<c8) have a positive one, real samples 0"
            )

    def imaged(self, imaging: ImagingSettings, revision: int = 0) -> Stream:
        """The same stream with other settings of its images, and the pixels that they ask for.

        Raises:
            ValueError: the settings do not suit what was acquired.
        """
        offered = self.offered_grid or self.grid
        grid = imaging.grid_of(self.acquisition, offered)
        imaging.acquisition_of(self.acquisition)
        return replace(
            self, grid=grid, imaging=imaging, revision=revision, offered_grid=None if grid == offered else offered
        )

    def is_imaged_anew(self, before: Stream | None) -> bool:
        """Whether it is the same stream as before, its images alone made in another way."""
        return before is not None and replace(self, **{name: getattr(before, name) for name in _OF_IMAGES}) == before


_OF_IMAGES = ("grid", "imaging", "revision", "offered_grid")


@dataclass(frozen=True)
class Channels:
    """Consecutive shots of one frame: `data` (n, n_rx, n_samples) of the stream's type, from shot `first_tx` on.

    Shots may be passed on `ahead` of their frame, for work to be begun. They are no frame, and nobody counts them: the
    frame follows, whole.
    """

    frame_id: int
    data: NDArray[Any]
    first_tx: int = 0
    trail: Trail = field(default_factory=Trail)
    ahead: bool = False


@dataclass(frozen=True)
class Image:
    """B-mode of one frame in dB, -dynamic_range_db..0: `layers` (1 or 2, n_z, n_x), float32.

    The first layer is the plain image, the second the enhanced one. A frame that no network has touched has one
    layer, an empty `model`, and says in `skipped` why; any other says in `reason` why this model, there and so, and in
    `strength` how much of the enhancement it shows, from the plain image, 0, to the enhanced one, 1.
    It was made with the settings of the `Stream` of the same `revision`. That of a sliding aperture was made of
    `n_shots[0]` of the `n_shots[1]` shots that there are.
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
    revision: int = 0
    n_shots: tuple[int, int] | None = None
    strength: float = 1.0

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
