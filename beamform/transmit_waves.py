"""Which wave a shot of many elements sends: plane, diverging from a virtual source, or focused to a point.

The scanner's delays are the truth; angles and virtual sources follow from them and from the speed of sound in force.
A shot is a wave where its elements' delays lie within a twentieth of a period of the wave's own: the clocks of scanners
(4 ns to 12.5 ns) round them by less, and at 18 degrees of phase an element still adds 95 % of its pulse.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition

# No sound comes from there; squares of more could not be summed.
_FARTHEST_M = 1e6
_TOLERANCE_PERIODS = 0.05


@dataclass(frozen=True)
class PlaneWave:
    """The centre of its pulse passes (x, z) at delay_s + (x sine + z cosine) / c."""

    sine: float
    """Of the angle from the array's normal, positive towards +x."""
    delay_s: float
    """When it leaves the array's centre, x = 0."""
    polarity: float
    """1, or -1 where the pulse is inverted."""

    @property
    def angle_rad(self) -> float:
        """Angle from the array's normal, positive towards +x."""
        return math.asin(self.sine)

    @property
    def cosine(self) -> float:
        """Of the angle."""
        return math.sqrt(1 - self.sine**2)

    def way_m(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64], sound_speed_m_s: float) -> NDArray[np.float64]:
        """How far sound comes from t = 0 until the wave passes (x, z)."""
        return np.asarray(self.delay_s * sound_speed_m_s + x_m * self.sine + z_m * self.cosine)

    def lit(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the wave is taken to reach (x, z): everywhere."""
        return np.ones(np.broadcast_shapes(x_m.shape, z_m.shape), np.bool_)


@dataclass(frozen=True)
class DivergingWave:
    """Seems to come from a virtual source, and passes (x, z) at delay_s + its distance / c."""

    source_m: tuple[float, float]
    """x and z; z <= 0."""
    delay_s: float
    """When it would have left the source."""
    polarity: float
    """1, or -1 where the pulse is inverted."""

    def way_m(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64], sound_speed_m_s: float) -> NDArray[np.float64]:
        """How far sound comes from t = 0 until the wave passes (x, z)."""
        x, z = self.source_m
        return np.asarray(self.delay_s * sound_speed_m_s + np.hypot(x_m - x, z_m - z))

    def lit(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether the wave is taken to reach (x, z): everywhere."""
        return np.ones(np.broadcast_shapes(x_m.shape, z_m.shape), np.bool_)


@dataclass(frozen=True)
class FocusedWave:
    """Runs into a focus in the medium and out of it again: passes (x, z) at delay_s -+ its distance to the focus / c.

    That holds within the double cone between the aperture's edges and the focus. At the focus the cone is as wide as
    the beam, and arrival times jump by the difference of the two branches: they are sound a few wavelengths before it
    and behind it. (Bae and Jeong, "A study of synthetic-aperture imaging with virtual source elements", IEEE TUFFC
    47(6), 2000)
    """

    focus_m: tuple[float, float]
    """x and z; z > 0."""
    delay_s: float
    """When it passes the focus."""
    polarity: float
    """1, or -1 where the pulse is inverted."""
    edges_m: tuple[float, float]
    """The left and the right end of the aperture that fires."""
    waist_m: float
    """Half the beam's width at the focus."""

    def way_m(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64], sound_speed_m_s: float) -> NDArray[np.float64]:
        """How far sound comes from t = 0 until the wave passes (x, z)."""
        x, z = self.focus_m
        distance = np.copysign(np.hypot(x_m - x, z_m - z), z_m - z)
        return np.asarray(self.delay_s * sound_speed_m_s + distance)

    def lit(self, x_m: NDArray[np.float64], z_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether (x, z) lies in the double cone or in the waist around its axis."""
        x, z = self.focus_m
        left, right = self.edges_m
        left_of_beam = x + (left - x) * (1 - z_m / z)
        right_of_beam = x + (right - x) * (1 - z_m / z)
        middle, half_m = (left_of_beam + right_of_beam) / 2, np.abs(right_of_beam - left_of_beam) / 2
        return np.asarray(np.abs(x_m - middle) <= np.maximum(half_m, self.waist_m))


TransmitWave = PlaneWave | DivergingWave | FocusedWave


@functools.lru_cache(maxsize=8)
def find_waves(acquisition: Acquisition) -> tuple[TransmitWave | None, ...]:
    """The wave that each shot of a sequence sends, None where it is none of the kinds; nothing without a sequence.

    All pulses of a wave have one sign, whatever their strength. A plane wave is fired by at least half of the probe's
    elements, so that it lights most of the image; a diverging or focused one by at least half of the elements between
    its outermost two, three or more, or by a single element, which is its own source.
    """
    sequence = acquisition.sequence
    if sequence is None:
        return ()
    shots = zip(sequence.delays_s, sequence.apodization, strict=True)
    return tuple(_wave_of(acquisition, delays_s, weights) for delays_s, weights in shots)


def require_waves(acquisition: Acquisition) -> tuple[TransmitWave, ...]:
    """The wave that each shot of a sequence sends; nothing without a sequence.

    Raises:
        ValueError: a shot is no wave.
    """
    found = find_waves(acquisition)
    waves = tuple(wave for wave in found if wave is not None)
    if len(waves) < len(found):
        raise ValueError(
            f"shot {found.index(None)} of the sequence is neither a plane nor a diverging nor a focused wave at "
            f"{acquisition.sound_speed_m_s:g} m/s; decode such shots (SequenceDecoder) and image the full matrix"
        )
    return waves


def _wave_of(
    acquisition: Acquisition, delays_s: NDArray[np.float64], weights: NDArray[np.float64]
) -> TransmitWave | None:
    fired = np.flatnonzero(weights)
    polarity = float(np.sign(weights[fired[0]]))
    if (np.sign(weights[fired]) != polarity).any():
        return None
    x_m, delays_s = acquisition.probe.element_x_m[fired], delays_s[fired]
    if not max(np.abs(delays_s).max() * acquisition.sound_speed_m_s, np.abs(x_m).max()) < _FARTHEST_M:
        return None
    if fired.size == 1:
        return DivergingWave((float(x_m[0]), 0.0), float(delays_s[0]), polarity)
    is_wide = 2 * fired.size >= acquisition.probe.n_elements
    if wave := _plane(acquisition, x_m, delays_s, polarity):
        return wave if is_wide else None
    is_dense = 2 * fired.size >= fired[-1] - fired[0] + 1
    return _curved(acquisition, x_m, delays_s, polarity) if is_dense and fired.size >= 3 else None


def _plane(
    acquisition: Acquisition, x_m: NDArray[np.float64], delays_s: NDArray[np.float64], polarity: float
) -> PlaneWave | None:
    slope_s_m, delay_s = np.polyfit(x_m, delays_s, 1)
    sine = float(slope_s_m * acquisition.sound_speed_m_s)
    if abs(sine) < 1 and _fits(acquisition, slope_s_m * x_m + delay_s - delays_s):
        return PlaneWave(sine, float(delay_s), polarity)
    return None


def _curved(
    acquisition: Acquisition, x_m: NDArray[np.float64], delays_s: NDArray[np.float64], polarity: float
) -> DivergingWave | FocusedWave | None:
    """Delays d = d_0 +- |x - source| / c, least squares; the circle's equation, linear in its unknowns, is the start.

    That is c^2 d^2 - x^2 = 2 (c d_0) (c d) - 2 x_0 x + (x_0^2 + z_0^2 - c^2 d_0^2), of the source (x_0, z_0).
    """
    ways_m = delays_s * acquisition.sound_speed_m_s
    shift_m = ways_m.mean()
    ways_m = ways_m - shift_m
    unknowns = np.stack([2 * ways_m, -2 * x_m, np.ones_like(x_m)], axis=1)
    way_m, source_x_m, rest = np.linalg.lstsq(unknowns, ways_m**2 - x_m**2)[0]
    branch = -1.0 if way_m > 0 else 1.0  # elements fire after the virtual source, and before the focus
    depth_m = math.sqrt(max(rest - source_x_m**2 + way_m**2, 0.0))

    def misfit_m(guess: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(guess[0] + branch * np.hypot(x_m - guess[1], guess[2]) - ways_m)

    start = [way_m, source_x_m, depth_m]
    found = scipy.optimize.least_squares(misfit_m, start, x_scale=np.ptp(x_m), xtol=1e-12, ftol=1e-12)
    if not _fits(acquisition, misfit_m(found.x) / acquisition.sound_speed_m_s):
        return None
    way_m, source_x_m, depth_m = (float(value) for value in found.x)
    delay_s = float(way_m + shift_m) / acquisition.sound_speed_m_s
    if branch > 0:
        return DivergingWave((source_x_m, -abs(depth_m)), delay_s, polarity)
    edges_m = float(x_m.min()) - acquisition.probe.pitch_m / 2, float(x_m.max()) + acquisition.probe.pitch_m / 2
    waist_m = acquisition.wavelength_m * abs(depth_m) / (edges_m[1] - edges_m[0])
    return FocusedWave((source_x_m, abs(depth_m)), delay_s, polarity, edges_m, waist_m)


def _fits(acquisition: Acquisition, misfit_s: NDArray[np.float64]) -> bool:
    return bool(np.abs(misfit_s).max() <= _TOLERANCE_PERIODS / acquisition.probe.center_frequency_hz)
