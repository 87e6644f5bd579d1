"""The spectrum of an image, without its carrier, cut into parts of equal energy.

An analytic image holds steering to the left and right in the sign of k_x, and low and high frequencies in k_z below
and above the carrier. Disjoint parts show the same tissue with (almost) uncorrelated speckle: their mean is a compound
image, and one can be trained to predict the others.

The beamformer's own looks (`FourierBeamformer.looks`) are cut from channel data, at wavenumbers that are given. Here
only the image is left, of any beamformer and probe, and attenuation has lowered its carrier with depth: so the carrier
is taken off first, and the cuts lie where they share the energy out equally.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.demodulation import carrier_phase, demodulated
from sonolucent.nn.totals import Total, alone

AnalyticImages = Iterable[NDArray[np.complexfloating]]

# Half-width of the ramp between parts over half of the rms bandwidth of one. What two parts share is speckle that
# neither a mean nor a training removes; a sharper cut would ring.
_RAMP = 0.4


class EnergySplit(NamedTuple):
    """Into how many bands of equal energy a spectrum is cut along k_z and along k_x."""

    depth: int
    lateral: int

    @property
    def n_looks(self) -> int:
        """Into how many parts the spectrum is cut."""
        return self.depth * self.lateral


def require_analytic(image: NDArray[np.complexfloating], grid: ImageGrid, name: str) -> None:
    """
    Raises:
        ValueError: `image` is no analytic image of the grid's shape with finite values, not all zero.
    """
    if not np.iscomplexobj(image):
        raise ValueError(f"{name} is {image.dtype}, without phase: this needs the complex beamformed image")
    if image.shape != grid.shape:
        raise ValueError(f"{name} has shape {image.shape}, the grid {grid.shape}")
    if not np.isfinite(image).all() or not image.any():
        raise ValueError(f"{name} is empty or holds NaN or infinity: leave the frame out")


def demodulated_spectra(
    images: Sequence[NDArray[np.complexfloating]], grid: ImageGrid
) -> list[NDArray[np.complexfloating]]:
    """The spectra (n_z, n_x) of frames of one scanner without their carrier, zero frequency in the middle."""
    phase = carrier_phase(images, grid)
    return [shifted_spectrum(demodulated(image, phase)) for image in images]


def shifted_spectrum(image: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    """The spectrum of an image without its carrier, zero frequency in the middle."""
    return np.asarray(scipy.fft.fftshift(scipy.fft.fft2(image)))


def image_of_spectrum(values: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.complexfloating]:
    """The inverse of `shifted_spectrum`, sampled at `shape` over the same extent."""
    resized = np.zeros(shape, values.dtype)
    kept = [min(pair) for pair in zip(values.shape, shape, strict=True)]
    resized[_middle(shape, kept)] = values[_middle(values.shape, kept)]
    gain = resized.size / values.size
    return np.asarray(scipy.fft.ifft2(scipy.fft.ifftshift(resized)) * gain)


def look_masks(spectra: AnalyticImages, split: EnergySplit, total: Total = alone) -> list[NDArray[np.float64]]:
    """The masks (n_z, n_x) that part the mean spectrum into looks of equal energy; they add up to one.

    Each frame counts alike. Order: k_x rising, and within it k_z rising.

    Args:
        spectra: of frames of one scanner, at least one; none of them is held.
        split: into how many parts.
        total: the sum of an array over all processes that have some of the frames.
    """
    power = total(np.asarray(sum(np.abs(values) ** 2 / np.linalg.norm(values) ** 2 for values in spectra)))
    depth, lateral = _bands(power.sum(axis=1), split.depth), _bands(power.sum(axis=0), split.lateral)
    return [np.outer(z, x) for x in lateral for z in depth]


def _bands(power: NDArray[np.floating], n: int) -> list[NDArray[np.float64]]:
    """`n` masks along an axis, each with the same share of the power."""
    bins, share = _axis(power.size), np.cumsum(power) / power.sum()
    ramp = _RAMP * rms_width(power) / n
    edges = np.interp(np.arange(1, n) / n, share, bins + 0.5)
    steps = [np.ones(power.size), *(_rise((bins - edge) / ramp) for edge in edges), np.zeros(power.size)]
    return [above - below for above, below in itertools.pairwise(steps)]


def _middle(shape: Sequence[int], kept: Sequence[int]) -> tuple[slice, ...]:
    """The `kept` bins about the zero frequency of a shifted spectrum."""
    return tuple(slice(n // 2 - k // 2, n // 2 - k // 2 + k) for n, k in zip(shape, kept, strict=True))


def rms_width(power: NDArray[np.floating]) -> float:
    """The rms bandwidth of a power spectrum about its centroid, in bins."""
    bins, weight = _axis(power.size), power / power.sum()
    return float(np.sqrt((weight * (bins - (weight * bins).sum()) ** 2).sum()))


def _axis(n: int) -> NDArray[np.float64]:
    """Bins of a shifted spectrum, zero at n // 2."""
    return np.arange(n, dtype=np.float64) - n // 2


def _rise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 to 1 over -1..1, as a sine."""
    return np.asarray(0.5 + 0.5 * np.sin(0.5 * np.pi * np.clip(x, -1, 1)))
