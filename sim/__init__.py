"""Phantoms and the simulation of their channel data."""

from sonolucent.sim import phantoms
from sonolucent.sim.channels import digitize, simulate

__all__ = ["digitize", "phantoms", "simulate"]
