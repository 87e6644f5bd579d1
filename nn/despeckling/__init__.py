"""Despeckling that is learnt from images alone: of one image, or of many, none of which is clean.

`offline_method(NAME)` of `sonolucent.nn` makes one. Blind-spot methods stand here as controls: they take away noise
that is independent from pixel to pixel, which speckle is not.
"""

from sonolucent.nn.despeckling.blind_spot import BlindSpot, noise2self, noise2void
from sonolucent.nn.despeckling.self2self import Self2Self
from sonolucent.nn.despeckling.speckle2self import Speckle2Self

__all__ = ["BlindSpot", "Self2Self", "Speckle2Self", "noise2self", "noise2void"]
