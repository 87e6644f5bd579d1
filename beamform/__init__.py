"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, point-target quality."""

from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe

__all__ = ["Acquisition", "ImageGrid", "Probe"]
