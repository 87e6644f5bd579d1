"""How much memory a plan and its buffers would take, before anything of that size is made.

Each number of an acquisition may be one that can be, and all together such that nobody has room for a plan: elements a
fiftieth of a wavelength apart, and a record that lasts for a metre.
"""

from __future__ import annotations

import math
import os

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import bin_frequency_hz
from sonolucent.beamform.compute.split_complex import padded_length
from sonolucent.beamform.fourier.sampling import Sampling, TransformSizes, wavenumber_step
from sonolucent.beamform.image_grid import ImageGrid

_SHARE = 0.25
"""Of the machine's memory: others have theirs, and what makes the tables takes as much again."""
_SPECTRUM_BYTES, _LEG_BYTES, _PAIR_BYTES = 8, 64, 52
"""Of a number in the spectra; of a leg's plane wave at a frequency; of a pair of legs."""
_TABLE_BYTES, _WORK_BYTES, _KEPT_BYTES = 44, 120, 12
"""Of a receive leg of plane waves at a frequency, by trial: in the plan and, padded, for the kernels, while those are
made; while the tables of one pair of shots are worked out; in those that are finished by then."""


def require_room_for_pairs(acquisition: Acquisition, grid: ImageGrid, sampling: Sampling, widest_sine: float) -> None:
    """Refuses a plan of transmit-receive pairs that would take more than a quarter of the machine's memory.

    Args:
        widest_sine: of the legs, from the array's normal.

    Raises:
        ValueError: it says how much it would take.
    """
    n_legs = _waves_within(acquisition, sampling, widest_sine)
    spectra = _SPECTRUM_BYTES * sampling.n_lateral * sampling.n_bins * sampling.n_offsets
    legs = _LEG_BYTES * n_legs * sampling.n_bins
    columns = _SPECTRUM_BYTES * 4 * n_legs * sampling.n_depth
    _require(spectra + legs + _PAIR_BYTES * n_legs**2 + columns, acquisition)


def require_room_for_waves(
    acquisition: Acquisition, sampling: TransformSizes, widest_sine: float, n_mirrors: int
) -> None:
    """The same of a plan of plane waves, and of the beamformer that is made of it.

    Args:
        widest_sine: of both legs, transmit and receive, added up, at the highest frequency.
        n_mirrors: tables of receive legs.

    Raises:
        ValueError: it says how much it would take.
    """
    n_waves = 2 * _waves_within(acquisition, sampling, widest_sine) + 1
    n_bins = padded_length(sampling.n_bins)
    table = n_waves * n_bins
    by_wavenumber = (acquisition.n_tx + 1) * sampling.n_lateral * n_bins
    # Their spectra, and the phases that shift them, in the plan and for the kernels.
    by_receiver = 3 * acquisition.n_tx * (acquisition.n_rx + 1) * n_bins
    spectra = _SPECTRUM_BYTES * (by_wavenumber + by_receiver + n_waves * sampling.n_depth)
    planning = (_KEPT_BYTES * n_mirrors + _WORK_BYTES) * table
    _require(max(planning, _TABLE_BYTES * n_mirrors * table + spectra), acquisition)


def _waves_within(acquisition: Acquisition, sampling: TransformSizes, sine: float) -> float:
    """Lateral wavenumbers up to that sine at the highest frequency, in units of the step."""
    last: NDArray[np.float64] = bin_frequency_hz(
        acquisition, sampling.n_time, np.array([sampling.first_bin + sampling.n_bins - 1])
    )
    k_x = 2 * math.pi * float(last[0]) / acquisition.sound_speed_m_s * sine
    return k_x / wavenumber_step(acquisition, sampling) + 1


def _require(n_bytes: float, acquisition: Acquisition) -> None:
    most = _SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if n_bytes > most:
        raise ValueError(
            f"images of this acquisition would take {n_bytes / 2**30:.1f} GiB of memory, more than {most / 2**30:.1f} "
            f"GiB, a quarter of what there is; is pitch_m {acquisition.probe.pitch_m:g} right? A shorter record, or an "
            "image that is less deep, takes less"
        )
