"""Simulated scenes under named conditions, beamformed as a user would who does not know of the condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import (
    Acquisition,
    BModeImager,
    ImageGrid,
    ImagingSettings,
    Probe,
    ReferenceLevel,
    uniform_gain,
)
from sonolucent.sim import PhaseScreen, phantoms, simulate
from sonolucent.sim.phantom import Phantom

DYNAMIC_RANGE_DB = 60.0
_SNR_DB = 20.0
_MEDIAN_DB = -26.0
"""Where the envelope's median is shown. A live stream's reference level lets bright points clip, which widens them;
this leaves them room."""

_BRIGHTEST_PERCENT, _ROOM_DB = 0.5, 6.0
"""At most so much of an image is shown above -6 dB, however dark most of it is."""


@dataclass(frozen=True)
class Condition:
    """What is different from the reference: the medium, its noise, the probe.

    Args:
        what: in words, for the report.
        acquisition: what the beamformer is assumed.
        speed_ratio: how much faster sound really travels than the acquisition says.
        snr_db: of the channel data.
        time_gain_db_m: time-gain compensation, per metre of depth.
        medium: further arguments of `simulate`, for the probe and a seed.
    """

    what: str
    acquisition: Acquisition = field(default_factory=Acquisition)
    speed_ratio: float = 1.0
    snr_db: float = _SNR_DB
    time_gain_db_m: float = 0.0
    medium: Callable[[Probe, int], dict[str, Any]] = field(default=lambda probe, seed: {})


def _fine_probe() -> Acquisition:
    probe = Probe.linear(n_elements=128, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=7.5e6)
    return Acquisition(probe, range(128))


CONDITIONS: dict[str, Condition] = {
    "reference": Condition(f"{_SNR_DB:g} dB channel SNR"),
    # The gain is that of both ways at 7.5 MHz; the high frequencies that echoes lose it cannot give back.
    "attenuation": Condition(
        "0.5 dB/cm/MHz, compensated by 7.5 dB a cm of depth",
        time_gain_db_m=2 * 0.5 * 7.5 * 100,
        medium=lambda probe, seed: {"attenuation_db_cm_mhz": 0.5},
    ),
    "sound-speed": Condition("sound 2 % faster than the beamformer is assumed", speed_ratio=1.02),
    "aberration": Condition(
        "a phase screen of 21 ns and 1.6 dB rms",
        medium=lambda probe, seed: {"screen": PhaseScreen.random(probe, seed=seed)},
    ),
    "noise": Condition("0 dB channel SNR", snr_db=0.0),
    "probe": Condition("128 elements at 0.3 mm", acquisition=_fine_probe()),
    "motion": Condition(
        "tissue moves 2 um deeper from shot to shot",
        medium=lambda probe, seed: {"motion_m_per_shot": (0.0, 2e-6)},
    ),
}


@dataclass(frozen=True)
class Scene:
    """One beamformed frame and the phantom it shows.

    Args:
        image: analytic, complex64 (n_z, n_x).
        grid: its pixels, as the beamformer takes them.
        true_grid: where they really lie; measures of the truth go by it.
        level: the envelope at 0 dB.
        plain_db: the B-mode image, float32 (n_z, n_x).
        phantom: the truth.
    """

    image: NDArray[np.complex64]
    grid: ImageGrid
    true_grid: ImageGrid
    level: float
    plain_db: NDArray[np.float32]
    phantom: Phantom


class _OverMedian(ReferenceLevel):
    """26 dB over the median of the first image's envelope, kept from then on; more where bright tissue lacks room."""

    def update(self, image: NDArray[np.complexfloating]) -> float:
        if self.level is None:
            median, brightest = np.percentile(np.abs(image), (50, 100 - _BRIGHTEST_PERCENT))
            self.level = max(float(median) * 10 ** (-_MEDIAN_DB / 20), float(brightest) * 10 ** (_ROOM_DB / 20))
        return self.level


class PhantomScanner:
    """Makes scenes of one condition.

    Args:
        condition: what is different from the reference.
        grid: pixels; those that the settings ask for by default.
        settings: how scenes are imaged, with a dynamic range of `DYNAMIC_RANGE_DB`.
        threads: that simulate and beamform; as many as there are cores by default.
    """

    def __init__(
        self,
        condition: Condition,
        grid: ImageGrid | None = None,
        settings: ImagingSettings | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        assumed = condition.acquisition
        settings = settings or ImagingSettings()
        self.grid = grid or settings.grid_of(assumed)
        self._condition, self._threads = condition, threads
        self._actual = replace(assumed, sound_speed_m_s=condition.speed_ratio * assumed.sound_speed_m_s)
        time_gain = 10 ** (condition.time_gain_db_m * self.grid.z_m[:, None] / 20)
        receive, transmit = settings.tapers_of(assumed)
        used = settings.acquisition_of(assumed)
        uniform = uniform_gain(used, self.grid, receive, transmit_apodization=transmit)
        gain = (uniform * time_gain).astype(np.float32)
        self._imager = BModeImager(assumed, self.grid, settings=settings, gain=gain, threads=threads)

    def scene(self, name: str, seed: int, *, frame: int = 0, level: float | None = None) -> Scene:
        """The phantom `name` of a seed; `level` is the envelope at 0 dB, by default 26 dB over this frame's median."""
        phantom = phantoms.make(name, seed=seed, frame=frame)
        channels = simulate(
            self._actual,
            scatterers_m=phantom.scatterers_m,
            amplitudes=phantom.amplitudes,
            snr_db=self._condition.snr_db,
            seed=1000 * seed + frame,
            threads=self._threads,
            **self._condition.medium(self._actual.probe, seed),
        )
        self._imager.reference = _OverMedian(level)
        plain_db = self._imager(channels)
        return Scene(self._imager.analytic.copy(), self.grid, self._true_grid(), self._imager.level, plain_db, phantom)

    def _true_grid(self) -> ImageGrid:
        """Depth is time; sound that is faster comes from deeper."""
        faster = self._condition.speed_ratio
        return replace(self.grid, z0_m=self.grid.z0_m * faster, dz_m=self.grid.dz_m * faster)
