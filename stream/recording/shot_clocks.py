"""The clocks of a file's shots, joined into one.

Shots of single elements that begin at different times are shifted, by `align_shots`. A shot of many elements keeps its
samples: its delays are shifted instead, which is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.transmit.shot_alignment import align_shots, are_whole
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.recording import sanity
from sonolucent.stream.recording.element_order import ElementOrder
from sonolucent.stream.recording.file_description import FileDescription

_LONGEST_WAIT_RECORDS = 3.0
# A hundredth of a sample at 100 MHz: the rounding of times in single precision.
_SAME_TIME_S = 1e-10


@dataclass(frozen=True)
class ShotClocks:
    """One clock for all shots.

    Args:
        transmits: `tx_elements` or `sequence`, as `Acquisition` takes them.
        initial_time_s: of the record on that clock.
        n_samples: of the record.
        late_samples: how much later than the record each shot begins, (n_tx,); None where none does.
        carrier_zero_s: when the carrier of complex data has phase 0, (n_tx,).
        notes: what had to be changed.
    """

    transmits: dict[str, Any]
    initial_time_s: float
    n_samples: int
    late_samples: NDArray[np.float64] | None
    carrier_zero_s: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def align(self, frame: NDArray[Any]) -> NDArray[Any]:
        """A frame (n_tx, n_rx, n) on this clock, (n_tx, n_rx, n_samples)."""
        return frame if self.late_samples is None else align_shots(frame, self.late_samples, self.n_samples)


def shot_clocks(said: FileDescription, order: ElementOrder, sampling_frequency_hz: float) -> ShotClocks:
    """Joins the clocks of the shots.

    Raises:
        ValueError: times or delays are not those of the shots, or in another unit than s, or too far apart.
    """
    n_tx, n_rx, n_samples = said.shape
    record_s = n_samples / sampling_frequency_hz
    initial_s = _for_each_shot(sanity.times_s(said.initial_times_s, record_s), n_tx, said.initial_times_s.field)
    zero_s = _for_each_shot(np.asarray(said.carrier_zero_s, float), n_tx, "the carrier's zero")
    apodization = _of_shape(sanity.numbers(said.firing.apodization), (n_tx, n_rx), said.firing.apodization.field)
    delays_s, apodization = order.sort_receivers(_delays(said, record_s)), order.sort_receivers(apodization)
    elements = _single_elements(apodization)
    if elements is None:
        common_s = float(initial_s[0])
        delays_s = np.where(apodization != 0, delays_s - (initial_s - common_s)[:, np.newaxis], 0.0)
        sequence = TransmitSequence(delays_s, apodization)
        return ShotClocks({"sequence": sequence}, common_s, n_samples, None, zero_s - (initial_s - common_s))
    fired_s = delays_s[np.arange(n_tx), elements]
    return _of_single_elements(elements, initial_s - fired_s, zero_s - fired_s, n_samples, sampling_frequency_hz)


def _of_single_elements(
    elements: list[int], initial_s: NDArray[np.float64], zero_s: NDArray[np.float64], n: int, sampling_hz: float
) -> ShotClocks:
    earliest_s = float(initial_s.min())
    transmits = {"tx_elements": elements}
    if np.ptp(initial_s) < _SAME_TIME_S:
        return ShotClocks(transmits, float(initial_s.mean()), n, None, zero_s)
    late = (initial_s - earliest_s) * sampling_hz
    if late.max() > _LONGEST_WAIT_RECORDS * n:
        raise ValueError(
            f"shots begin {np.ptp(initial_s) * 1e6:g} us apart, {_LONGEST_WAIT_RECORDS:g} times their length and more; "
            "correct their initial times"
        )
    how = "shifted by whole samples" if are_whole(late) else "resampled"
    span_us = f"{earliest_s * 1e6:.3f} to {initial_s.max() * 1e6:.3f} us"
    note = f"shots begin at different times, {span_us} after their pulse; {how} onto one clock"
    longer = n + math.ceil(late.max() - 1e-3)
    return ShotClocks(transmits, earliest_s, longer, late, zero_s, (note,))


def _single_elements(apodization: NDArray[np.float64]) -> list[int] | None:
    """The element of each shot; None where a shot fires several, one twice, or with a weight."""
    fires = apodization != 0
    elements = [int(e) for e in fires.argmax(axis=1)]
    alone = (fires.sum(axis=1) == 1).all() and (apodization[fires] == 1).all()
    return elements if alone and len(set(elements)) == len(elements) else None


def _delays(said: FileDescription, record_s: float) -> NDArray[np.float64]:
    """Delays of the elements that fire; others may have any, or none."""
    claim, fires = said.firing.delays_s, sanity.numbers(said.firing.apodization) != 0
    values = _of_shape(np.asarray(claim.value), (said.shape[0], said.shape[1]), claim.field)
    return sanity.times_s(sanity.Claim(claim.field, np.where(fires, values, 0)), record_s)


def _of_shape(values: NDArray[Any], shape: tuple[int, int], field: str) -> NDArray[Any]:
    if values.shape != shape:
        raise ValueError(f"{field} has shape {values.shape}; {shape} is due (tx, element)")
    return values


def _for_each_shot(values: NDArray[np.float64], n_tx: int, field: str) -> NDArray[np.float64]:
    if values.size not in (1, n_tx):
        raise ValueError(f"{field} holds {values.size} numbers for {n_tx} transmits; one each, or one for all, is due")
    return np.broadcast_to(values.ravel(), (n_tx,)).astype(np.float64)
