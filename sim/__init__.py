"""Phantoms and the simulation of their channel data."""

from sonolucent.sim import phantoms
from sonolucent.sim.aberration import PhaseScreen
from sonolucent.sim.attenuation import AttenuationLayers
from sonolucent.sim.echogenicity import ANECHOIC_DB, EchogenicityMap, Inclusion, Region
from sonolucent.sim.phantom import Phantom
from sonolucent.sim.pulse import pulse_spectrum
from sonolucent.sim.simulation import digitize, simulate

__all__ = [
    "ANECHOIC_DB",
    "AttenuationLayers",
    "EchogenicityMap",
    "Inclusion",
    "Phantom",
    "PhaseScreen",
    "Region",
    "digitize",
    "phantoms",
    "pulse_spectrum",
    "simulate",
]
