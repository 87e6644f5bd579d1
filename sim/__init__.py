"""Phantoms and the simulation of their channel data."""

from sonolucent.sim import phantoms
from sonolucent.sim.aberration import PhaseScreen
from sonolucent.sim.simulation import digitize, simulate

__all__ = ["PhaseScreen", "digitize", "phantoms", "simulate"]
