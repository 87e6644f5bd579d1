"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, point-target quality."""

from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.das import DelayAndSum
from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
    "DelayAndSum",
    "ImageGrid",
    "Probe",
    "ReferenceLevel",
    "WavenumberTaper",
    "log_compress",
]
