"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, point-target quality."""

from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, uniform_gain
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.das import DelayAndSum
from sonolucent.beamform.fourier import FourierBeamformer
from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
    "DelayAndSum",
    "FourierBeamformer",
    "ImageGrid",
    "Probe",
    "ReferenceLevel",
    "WavenumberTaper",
    "log_compress",
    "uniform_gain",
]
