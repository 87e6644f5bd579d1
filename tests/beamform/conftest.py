"""Point targets and speckle, simulated once a session."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.sim import phantoms, simulate


@pytest.fixture(scope="session")
def acquisition():
    return Acquisition()


@pytest.fixture(scope="session")
def grid():
    return ImageGrid.sau64()


def point(acquisition, x_m, z_m):
    return simulate(acquisition, scatterers_m=np.array([[x_m, z_m]]), amplitudes=np.ones(1))


def correlation(a, b):
    return abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.fixture(scope="session")
def wires(acquisition):
    phantom = phantoms.make("wires")
    return simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes)


@pytest.fixture(scope="session")
def cysts(acquisition):
    phantom = phantoms.make("cysts", seed=1)
    return simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=30)
