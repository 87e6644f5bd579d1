"""How a frame of channel data was taken: the array, what it fired, and the clock of its samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.probe import Probe, axis, require_positive
from sonolucent.beamform.transmit_sequence import TransmitSequence

_DEFAULT_ELEMENTS = tuple(range(64))


@dataclass(frozen=True)
class Acquisition:
    """How a frame of channel data, shape (n_tx, n_rx, n_samples), was taken.

    t = 0 is the instant at which the centre of the transmitted pulse leaves the transmitting element;
    `initial_time_s` is the time of sample 0 on that clock and may be any real number.

    Args:
        probe: the array that transmits single elements and receives on all.
        tx_elements: the transmitting element of each shot, in the order of the data's first axis.
        dead_elements: elements whose shots and echoes are left out of every image, whatever the data hold.
        sequence: what each shot fires, where a shot is not one element; `tx_elements` are then all that fire in any
            shot, and need not be given.
        n_samples: samples a trace.
        sampling_frequency_hz: sampling frequency.
        initial_time_s: time of sample 0.
        sound_speed_m_s: speed of sound in the medium.
        demodulation_frequency_hz: of complex baseband data, the analytic signal times exp(-2 pi i f t) on the clock
            above; 0 where samples are real (RF).

    Raises:
        ValueError: a number is not positive, a transmit element is missing from the probe or given twice, or the
            sequence is another probe's or fires other elements.
    """

    probe: Probe = field(default_factory=Probe.sau64)
    tx_elements: Sequence[int] = _DEFAULT_ELEMENTS
    n_samples: int = 2048
    sampling_frequency_hz: float = 37.5e6
    initial_time_s: float = 0.0
    sound_speed_m_s: float = 1540.0
    demodulation_frequency_hz: float = 0.0
    sequence: TransmitSequence | None = None
    dead_elements: Sequence[int] = ()

    def __post_init__(self) -> None:
        elements = tuple(int(e) for e in self.tx_elements)
        if self.sequence is not None:
            elements = self._fired_by(self.sequence, elements)
        object.__setattr__(self, "tx_elements", elements)
        object.__setattr__(self, "dead_elements", tuple(sorted({int(e) for e in self.dead_elements})))
        for name in ("n_samples", "sampling_frequency_hz", "sound_speed_m_s"):
            require_positive(self, name)
        if not math.isfinite(self.initial_time_s):
            raise ValueError(f"initial_time_s must be finite, not {self.initial_time_s}")
        if not (math.isfinite(self.demodulation_frequency_hz) and self.demodulation_frequency_hz >= 0):
            raise ValueError(f"demodulation_frequency_hz must be 0 or positive, not {self.demodulation_frequency_hz}")
        if not elements:
            raise ValueError("tx_elements is empty: at least one element must transmit")
        if len(set(elements)) != len(elements):
            raise ValueError("tx_elements names an element twice")
        if min(elements) < 0 or max(elements) >= self.probe.n_elements:
            raise ValueError(
                f"tx_elements must lie in 0..{self.probe.n_elements - 1}, not {min(elements)}..{max(elements)}; "
                f"give tx_elements=range({self.probe.n_elements}) where all of the probe's elements transmit"
            )
        if not all(0 <= element < self.probe.n_elements for element in self.dead_elements):
            raise ValueError(f"dead_elements must lie in 0..{self.probe.n_elements - 1}, not {self.dead_elements}")
        if set(elements) <= set(self.dead_elements):
            raise ValueError("dead_elements leave no element that transmits; leave fewer out")

    def _fired_by(self, sequence: TransmitSequence, elements: tuple[int, ...]) -> tuple[int, ...]:
        if sequence.n_elements != self.probe.n_elements:
            raise ValueError(f"the sequence has {sequence.n_elements} elements, the probe {self.probe.n_elements}")
        fired = sequence.fired_elements
        if elements not in (fired, _DEFAULT_ELEMENTS):
            differing = sorted(set(fired).symmetric_difference(elements))
            raise ValueError(
                f"tx_elements must be those that the sequence fires; they differ in {differing}. Leave tx_elements out"
            )
        return fired

    @property
    def n_tx(self) -> int:
        """Shots a frame."""
        return len(self.tx_elements) if self.sequence is None else self.sequence.n_shots

    @property
    def full_matrix(self) -> Acquisition:
        """The same elements fired one by one: what decoding a sequence recovers."""
        return replace(self, sequence=None)

    def of_shots(self, shots: Sequence[int], **changes: Any) -> Acquisition:
        """That of some of its shots alone, with other `changes` as `dataclasses.replace` takes them.

        Raises:
            ValueError: what is left cannot be an acquisition.
            IndexError: there is no such shot.
        """
        if self.sequence is not None:
            return replace(self, sequence=self.sequence.of_shots(shots), tx_elements=_DEFAULT_ELEMENTS, **changes)
        return replace(self, tx_elements=[self.tx_elements[shot] for shot in shots], **changes)

    def firing(self, sequence: TransmitSequence) -> Acquisition:
        """The same with the shots of a sequence; `full_matrix` is the way back.

        Raises:
            ValueError: the sequence is another probe's.
        """
        return replace(self, sequence=sequence, tx_elements=sequence.fired_elements)

    @property
    def n_rx(self) -> int:
        """Traces a shot; every element receives."""
        return self.probe.n_elements

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one frame of channel data, (n_tx, n_rx, n_samples)."""
        return self.n_tx, self.n_rx, self.n_samples

    @property
    def is_baseband(self) -> bool:
        """Whether samples are complex, demodulated."""
        return self.demodulation_frequency_hz > 0

    @property
    def wavelength_m(self) -> float:
        """Wavelength at the centre frequency."""
        return self.sound_speed_m_s / self.probe.center_frequency_hz

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of each sample, shape (n_samples,)."""
        return axis(self.initial_time_s, 1 / self.sampling_frequency_hz, self.n_samples)

    @property
    def record_depths_m(self) -> tuple[float, float]:
        """Depths straight ahead whose echoes the record's first and last sample hold, of some shot where many differ.

        Of a transmit sequence, depths count from the mean of a shot's delays.
        """
        delays_s = np.zeros(1) if self.sequence is None else self.sequence.mean_delays_s
        c, first_s = self.sound_speed_m_s, self.initial_time_s
        # Not `time_s[-1]`: a length that somebody claims must not fill the memory.
        last_s = first_s + (self.n_samples - 1) * (1 / self.sampling_frequency_hz)
        return c * (first_s - float(delays_s.max())) / 2, c * (last_s - float(delays_s.min())) / 2
