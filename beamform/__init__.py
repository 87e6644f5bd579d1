"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, point-target quality."""

from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, uniform_gain
from sonolucent.beamform.baseband import to_baseband
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.channels import NotFiniteError
from sonolucent.beamform.das import DelayAndSum
from sonolucent.beamform.encoding import SequenceDecoder
from sonolucent.beamform.fourier import FourierBeamformer
from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.beamform.looks import Look, equalize, frequency_looks, quadrant_looks, steering_looks
from sonolucent.beamform.sequences import TransmitSequence
from sonolucent.beamform.spectrum import ImageSpectrum

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
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
