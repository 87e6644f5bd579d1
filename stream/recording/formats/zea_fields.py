"""The fields of a zea file: of a track's scan, and of the probe."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, layout
from sonolucent.stream.recording.formats.pulse_peak import pulse_peak_s
from sonolucent.stream.recording.sanity import Claim, numbers

_WAVEFORM_HZ = 250e6
"""`zea.func.ultrasound.compute_time_to_peak` assumes it; it is Verasonics' rate."""


class ZeaFields:
    """The fields of a track: those of its scan, then the probe's.

    Args:
        file: the file.
        track: where the track lies in it.

    Raises:
        ValueError: shots are received by parts of the aperture.
    """

    def __init__(self, file: h5py.File, track: str) -> None:
        self._file = file
        self._places = [f"{track}scan/", "probe/"]
        apertures = f"{track}scan/rx_aperture_indices"
        if apertures in file:
            _require_whole(layout.read_values(file[apertures]))

    def get(self, name: str) -> Claim | None:
        """A field; None where it is missing."""
        for place in self._places:
            if place + name in self._file and isinstance(self._file[place + name], h5py.Dataset):
                return Claim(place + name, layout.read_values(self._file[place + name]))
        return None

    def __getitem__(self, name: str) -> Claim:
        claim = self.get(name)
        if claim is None:
            raise ValueError(f"{self._places[0]}{name} is missing; add it to the file")
        return claim

    def require(self, *names: str) -> None:
        """Refuses a track that lacks some. Raises ValueError."""
        missing = [name for name in names if self.get(name) is None]
        if missing:
            before = "" if self._places[0].startswith("tracks") else "of before 0.1, "
            where = self._places[0].removesuffix("/")
            raise ValueError(f"{before}{where} lacks {', '.join(missing)}; without them nothing can be imaged")

    def waveform_peaks_s(self) -> list[float | None] | None:
        """When each two-way waveform has its peak; before 0.1 they are a group, and of each shot is told which it has.

        None where there are none.
        """
        place = self._places[0] + "waveforms_two_way"
        if place not in self._file:
            return None
        held = self._file[place]
        if isinstance(held, h5py.Dataset):
            waveforms = np.atleast_2d(numbers(Claim(place, layout.read_values(held))))
            return [pulse_peak_s(waveform, _WAVEFORM_HZ) for waveform in waveforms]
        peaks_s = [
            pulse_peak_s(numbers(Claim(f"{place}/{name}", layout.read_values(held[name]))).ravel(), _WAVEFORM_HZ)
            for name in hdf5.members(held)
        ]
        which = self.get("tx_waveform_indices")
        return peaks_s if which is None else [peaks_s[i] for i in numbers(which).astype(int).ravel()]


def _require_whole(apertures: NDArray[Any]) -> None:
    if apertures.ndim != 2 or (apertures != np.arange(apertures.shape[1])).any():
        raise ValueError(
            "rx_aperture_indices: shots are received by parts of the aperture; only whole ones can be read"
        )
