"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, point-target quality."""

from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, uniform_gain
from sonolucent.beamform.baseband import to_baseband
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.channel_data import NotFiniteError
from sonolucent.beamform.delay_and_sum.beamformer import DelayAndSum
from sonolucent.beamform.fourier.beamformer import FourierBeamformer
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum
from sonolucent.beamform.fourier.looks import Look, equalize, frequency_looks, quadrant_looks, steering_looks
from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.beamform.imager import BModeImager
from sonolucent.beamform.transmit.decoder import SequenceDecoder
from sonolucent.beamform.transmit.sequence import TransmitSequence

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
    "BModeImager",
    "DelayAndSum",
    "FourierBeamformer",
    "ImageGrid",
    "ImageSpectrum",
    "Look",
    "NotFiniteError",
    "Probe",
    "ReferenceLevel",
    "SequenceDecoder",
    "TransmitSequence",
    "WavenumberTaper",
    "equalize",
    "frequency_looks",
    "log_compress",
    "quadrant_looks",
    "steering_looks",
    "to_baseband",
    "uniform_gain",
]
