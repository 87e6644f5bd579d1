"""What every element does in every shot: transmit sequences beyond single elements.

Time zero of a sequence: an element with delay d fires so that the centre of its pulse leaves it at t = d. The
constructors give each shot's earliest element d = 0, as scanners count. Where a file counts otherwise (from the instant
at which the wave passes the array's centre, say), shift that shot's delays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from sonolucent.beamform.probe import Probe


@dataclass(frozen=True, eq=False)
class TransmitSequence:
    """Delays and weights of each shot's elements.

    Args:
        delays_s: when the centre of the pulse leaves each element, (n_shots, n_elements), any sign.
        apodization: weight of each element's pulse, the same shape; 0 is silent, negative inverted.

    Raises:
        ValueError: shapes differ or are not (n_shots, n_elements), a value is not finite, or a shot is silent.
    """

    delays_s: NDArray[np.float64]
    apodization: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("delays_s", "apodization"):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.ndim != 2 or not values.size or not np.isfinite(values).all():
                raise ValueError(f"{name} must be a finite array (n_shots, n_elements), not of shape {values.shape}")
            values += 0.0  # no negative zeros: equal is equal in bytes
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        if self.delays_s.shape != self.apodization.shape:
            raise ValueError(f"delays_s has shape {self.delays_s.shape}, apodization {self.apodization.shape}")
        silent = np.flatnonzero(~self.apodization.any(axis=1))
        if silent.size:
            raise ValueError(f"shot {silent[0]} fires no element: its apodization is zero")

    @classmethod
    def plane_waves(cls, probe: Probe, angles_rad: ArrayLike, sound_speed_m_s: float) -> TransmitSequence:
        """One plane wave an angle, 0 straight ahead, positive towards +x; all elements fire.

        To recover single elements over the whole aperture of D metres, sines must be at most c / (f D) apart at the
        highest frequency f of the pass band, and span at least c / (f pitch) at its lowest.

        Raises:
            ValueError: an angle is not within +-pi/2, or the speed of sound is not positive.
        """
        angles = np.atleast_1d(np.asarray(angles_rad, dtype=np.float64))
        if angles.ndim != 1 or not (np.abs(angles) < np.pi / 2).all():
            raise ValueError("angles_rad must be a list of angles between -pi/2 and pi/2")
        return cls._of_paths(np.sin(angles)[:, None] * probe.element_x_m, sound_speed_m_s)

    @classmethod
    def diverging(cls, probe: Probe, virtual_sources_m: ArrayLike, sound_speed_m_s: float) -> TransmitSequence:
        """One cylindrical wave a virtual source at or behind the array's face; all elements fire.

        Args:
            virtual_sources_m: positions [x, z], (n_shots, 2), z <= 0.

        Raises:
            ValueError: another shape, a source before the array, or the speed of sound is not positive.
        """
        sources = np.asarray(virtual_sources_m, dtype=np.float64)
        if sources.ndim != 2 or sources.shape[1] != 2:
            raise ValueError(f"virtual_sources_m must be (n_shots, 2) [x, z], not {sources.shape}")
        if not (sources[:, 1] <= 0).all():
            raise ValueError("virtual sources lie at or behind the array, z <= 0; give focused waves by their delays")
        return cls._of_paths(np.hypot(probe.element_x_m - sources[:, :1], sources[:, 1:]), sound_speed_m_s)

    @classmethod
    def hadamard(cls, n_elements: int) -> TransmitSequence:
        """`n_elements` shots in which every element fires at once, with the signs of Sylvester's Hadamard matrix.

        Decoded noise is sqrt(n_elements) times weaker than that of single elements (Chiao, Thomas & Silverstein 1997).

        Raises:
            ValueError: `n_elements` is not a power of two.
        """
        if n_elements < 1 or n_elements & (n_elements - 1):
            raise ValueError(f"Sylvester's Hadamard matrices have 1, 2, 4, 8, ... rows, not {n_elements}")
        signs = scipy.linalg.hadamard(n_elements, dtype=np.float64)
        return cls(np.zeros_like(signs), signs)

    @classmethod
    def _of_paths(cls, paths_m: NDArray[np.float64], sound_speed_m_s: float) -> TransmitSequence:
        if not sound_speed_m_s > 0:
            raise ValueError(f"sound_speed_m_s must be positive, not {sound_speed_m_s}")
        earliest_m = paths_m.min(axis=1, keepdims=True, initial=np.inf)
        return cls((paths_m - earliest_m) / sound_speed_m_s, np.ones_like(paths_m))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TransmitSequence) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[tuple[int, ...], bytes, bytes]:
        return self.delays_s.shape, self.delays_s.tobytes(), self.apodization.tobytes()

    def of_shots(self, shots: Sequence[int]) -> TransmitSequence:
        """Some of its shots alone."""
        return TransmitSequence(self.delays_s[list(shots)], self.apodization[list(shots)])

    @property
    def fired_elements(self) -> tuple[int, ...]:
        """The elements that fire in any shot, rising."""
        return tuple(int(e) for e in np.flatnonzero(self.apodization.any(axis=0)))

    @property
    def mean_delays_s(self) -> NDArray[np.float64]:
        """The mean of the delays of the elements that fire, (n_shots,)."""
        fired = self.apodization != 0
        return np.asarray((self.delays_s * fired).sum(axis=1) / fired.sum(axis=1))

    @property
    def n_shots(self) -> int:
        """Shots a frame."""
        return int(self.delays_s.shape[0])

    @property
    def n_elements(self) -> int:
        """Elements of the probe, silent ones too."""
        return int(self.delays_s.shape[1])
