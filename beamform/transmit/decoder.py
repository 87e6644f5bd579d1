"""From single elements to shots that fire many, and back to the full matrix.

Sound adds up: with S_e the echoes of element e alone, shot s of a sequence with delays d and weights a records

    R_s(f) = sum_e H_se(f) S_e(f),    H_se(f) = a_se exp(-2 pi i f d_se).

Decoding inverts H at each frequency of the pass band (Bottenus, "Recovery of the complete data set from focused
transmit beams", IEEE TUFFC 65, 2018), with Tikhonov regularisation where asked (Ali et al., "Extending retrospective
encoding for robust recovery of the multistatic data set", IEEE TUFFC 67, 2020). Without delays H is the same at all
frequencies, and is inverted in time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import ChannelData, pass_band_hz, require_channels, require_finite, require_real
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.transmit.shot_mixing import FrequencyMixer, Mixer, TimeMixer
from sonolucent.beamform.transmit_sequence import TransmitSequence

_LARGEST_CONDITION = 1e3
"""Beyond it the weakest part's noise would grow by 60 dB, and single precision would show."""

_BLOCK = 16
"""Frequencies planned at once."""

Matrices = NDArray[np.complex128]
"""One matrix a frequency."""


class UndeterminedElementsError(ValueError):
    """The shots of a sequence do not tell its elements apart."""


def encode(full_matrix: ChannelData, acquisition: Acquisition, *, threads: int | None = None) -> NDArray[np.float32]:
    """What a scanner that fires a sequence would record: float32 `acquisition.shape`, the twin of `decode`.

    Args:
        full_matrix: channel data of single elements, int16 or float32 `acquisition.full_matrix.shape`.
        acquisition: of the shots, with their sequence.
        threads: threads that share the work; all cores by default.

    Raises:
        TypeError, ValueError: channel data of another type or shape, or an acquisition without a sequence.
    """
    require_channels(full_matrix, acquisition.full_matrix.shape)
    mix = _plan(acquisition, (0.0, math.inf), lambda h, _: h, ThreadPool(threads))
    shots = np.empty(acquisition.shape, np.float32)
    mix(full_matrix, shots)
    return shots


def decode(
    shots: ChannelData, acquisition: Acquisition, *, regularization: float = 0.0, threads: int | None = None
) -> NDArray[np.float32]:
    """The full matrix, float32 `acquisition.full_matrix.shape`, of a single frame: the twin of `encode`.

    Args:
        shots: what was recorded, int16 or float32 `acquisition.shape`.
        acquisition, regularization, threads: as for `SequenceDecoder`, which plans once for many frames.

    Raises:
        TypeError, ValueError: as `SequenceDecoder` does.
    """
    return SequenceDecoder(acquisition, regularization=regularization, threads=threads)(shots)


class SequenceDecoder:
    """Recovers the full matrix, frame after frame; the inverses are planned once.

    With S shots, E elements, R receivers and N samples, a frame costs (S + E) R FFTs of N samples and S E R complex
    products a frequency of the pass band, for which the plan holds 2 S E + (S + E) R complex numbers. Without delays it
    is S E R N real products and no FFT.

    Frequencies outside the pass band, which beamformers do not use, come back as zero.

    Shots last as long as the decoded record; let it end later than the deepest echo by the longest delay. Echoes cut
    off from the sums disturb the end of the decoded record, and all of it where the inversion is ill-conditioned.

    Args:
        acquisition: of the shots, with their sequence; the decoded data are those of `acquisition.full_matrix`.
        regularization: singular values of H below this part of the largest are held back. 0 inverts exactly; 1e-2 suits
            sequences of fewer shots than elements, or of angles too narrow to tell all elements apart.
        threads: threads that share the work; all cores by default.

    Raises:
        ValueError: the acquisition has no sequence or is at baseband, `regularization` is not within [0, 1), or it is
            too small for shots that do not determine every element.
    """

    def __init__(self, acquisition: Acquisition, *, regularization: float = 0.0, threads: int | None = None) -> None:
        if not 0 <= regularization < 1:
            raise ValueError(f"regularization must lie in [0, 1), not {regularization}")
        require_real(acquisition, "SequenceDecoder")
        self.acquisition = acquisition
        self._decoded_shape = acquisition.full_matrix.shape
        invert = functools.partial(_invert, regularization=regularization)
        self._mix = _plan(acquisition, pass_band_hz(acquisition), invert, ThreadPool(threads))

    def __call__(self, shots: ChannelData, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The full matrix, float32 `acquisition.full_matrix.shape`, of one frame of shots, int16 or float32
        `acquisition.shape`.

        Raises:
            TypeError, ValueError: shots of another type or shape, or an `out` that cannot take them.
        """
        require_channels(shots, self.acquisition.shape)
        require_finite(shots)
        if out is None:
            out = np.empty(self._decoded_shape, np.float32)
        elif out.shape != self._decoded_shape or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(f"out must be C-contiguous float32 {self._decoded_shape}, not {out.dtype} {out.shape}")
        self._mix(shots, out)
        return out


def _plan(
    acquisition: Acquisition,
    band_hz: tuple[float, float],
    matrices_of: Callable[[Matrices, NDArray[np.float64]], Matrices],
    pool: ThreadPool,
) -> Mixer:
    """Mixes with `matrices_of(H, frequency_hz)` within the band."""
    sequence = acquisition.sequence
    if sequence is None:
        raise ValueError("the acquisition has no transmit sequence; its shots are single elements already")
    if not sequence.delays_s.any():
        center_hz = np.array([acquisition.probe.center_frequency_hz])
        return TimeMixer(matrices_of(_encoding(acquisition, sequence, center_hz), center_hz)[0].real, pool)
    n_fft = _fft_length(acquisition, sequence)
    frequency_hz = scipy.fft.rfftfreq(n_fft, 1 / acquisition.sampling_frequency_hz)
    first, end = (int(i) for i in np.searchsorted(frequency_hz, band_hz))
    # In blocks, because double precision for all frequencies at once would take gigabytes.
    blocks = [frequency_hz[i : min(i + _BLOCK, end)] for i in range(first, end, _BLOCK)]
    matrices = [matrices_of(_encoding(acquisition, sequence, b), b).astype(np.complex64) for b in blocks]
    return FrequencyMixer(np.concatenate(matrices), first_bin=first, n_fft=n_fft, n_rx=acquisition.n_rx, pool=pool)


def _fft_length(acquisition: Acquisition, sequence: TransmitSequence) -> int:
    """Room for what the longest delay pushes out of the record, twice: inverses ring beyond the delays themselves."""
    reach_s = max(float(sequence.delays_s.max()), 0.0) - min(float(sequence.delays_s.min()), 0.0)
    reach = math.ceil(reach_s * acquisition.sampling_frequency_hz)
    return int(scipy.fft.next_fast_len(acquisition.n_samples + 2 * reach, real=True))


def _encoding(acquisition: Acquisition, sequence: TransmitSequence, frequency_hz: NDArray[np.float64]) -> Matrices:
    """H of each frequency, (n_frequencies, n_shots, n_tx)."""
    fired = list(acquisition.tx_elements)
    phase = -2 * np.pi * frequency_hz[:, None, None] * sequence.delays_s[:, fired]
    return np.asarray(sequence.apodization[:, fired] * np.exp(1j * phase), dtype=np.complex128)


def _invert(encoding: Matrices, frequency_hz: NDArray[np.float64], *, regularization: float) -> Matrices:
    """(H^H H + (r s_max)^2)^-1 H^H of H (n_frequencies, n_shots, n_tx), s_max its largest singular value."""
    adjoint = encoding.conj().mT
    normal = adjoint @ encoding
    powers = np.asarray(np.linalg.eigvalsh(normal), dtype=np.float64)
    held_back = regularization**2 * powers[:, -1:]
    _require_determined(encoding.shape, powers + held_back, frequency_hz)
    inverse = np.linalg.solve(normal + held_back[:, None] * np.eye(normal.shape[1]), adjoint)
    return np.asarray(inverse, dtype=np.complex128)


def _require_determined(shape: tuple[int, ...], powers: NDArray[np.float64], frequency_hz: NDArray[np.float64]) -> None:
    """Holds singular values, the roots of `powers` (n_frequencies, n_tx), to the largest condition number."""
    _, n_shots, n_tx = shape
    weakest = np.sqrt(np.maximum(powers[:, 0], 0) / powers[:, -1])
    worst = int(np.argmin(weakest))
    if weakest[worst] < 1 / _LARGEST_CONDITION:
        raise UndeterminedElementsError(
            f"{n_shots} shots do not tell {n_tx} elements apart at {frequency_hz[worst] / 1e6:.2f} MHz (smallest "
            f"singular value {weakest[worst]:.1e} of the largest); fire more shots over a wider span, or give "
            "regularization=1e-2"
        )
