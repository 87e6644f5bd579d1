"""The simulator beside an independent one: PyMUST's `simus`, one active element at a time, on the same scatterers.

PyMUST sums far fields of element segments in the frequency domain, we spike trapezoids in time. It is given our pulse,
a rigid baffle (ours has no obliquity factor) and directivities at every frequency. The echoes' differences of 2-8 % are
ours: smears are whole numbers of intervals, and evenly strong. They are largest where elements are seen at a slant.

    .venv-peers/bin/python -m pytest tests/compare/test_simus.py -s
"""

import numpy as np
import pytest
import scipy.signal

from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid, measure_point
from sonolucent.sim import phantoms, pulse_spectrum, simulate

pymust = pytest.importorskip("pymust", reason="PyMUST is not installed; `make bench-peers` installs it apart")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyMUST's

ACQUISITION = Acquisition()
POINTS_M = np.array([(0.3e-3, 8e-3), (-9e-3, 14e-3), (4e-3, 21e-3), (15e-3, 33e-3)])
_UPSAMPLING = 32


class _OurPulse(pymust.utils.Param):
    """PyMUST's parameters with the two-way pulse of our probe."""

    def getPulseSpectrumFunction(self, FreqSweep=None):
        return lambda omega: pulse_spectrum(ACQUISITION.probe, np.abs(omega) / (2 * np.pi))

    def getProbeFunction(self):
        return np.ones_like


def simus(scatterers_m, amplitudes, tx_elements, attenuation_db_cm_mhz=0.0):
    """Channel data (n_tx, n_rx, n_samples) by PyMUST, whose time zero is ours: the pulse's centre leaves at t = 0."""
    probe = ACQUISITION.probe
    channels = np.zeros((len(tx_elements), *ACQUISITION.shape[1:]))
    for shot, element in enumerate(tx_elements):
        param = _OurPulse()
        param.fc, param.fs, param.c = probe.center_frequency_hz, ACQUISITION.sampling_frequency_hz, 1540.0
        param.Nelements, param.pitch, param.width = probe.n_elements, probe.pitch_m, probe.element_width_m
        param.radius, param.baffle, param.attenuation = np.inf, "rigid", attenuation_db_cm_mhz
        options = pymust.utils.Options()
        options.FullFrequencyDirectivity = True
        delays = np.full((1, probe.n_elements), np.nan)
        delays[0, element] = 0
        x, z = np.ascontiguousarray(scatterers_m.T)
        traces = pymust.simus(x, z, amplitudes, delays, param, options)[0].T[:, : ACQUISITION.n_samples]
        channels[shot, :, : traces.shape[1]] = traces
    return channels


def widths_m(image, grid, wires_m):
    """Lateral and axial widths (n, 2)."""
    targets = [measure_point(image, grid, tuple(wire)) for wire in wires_m]
    return np.array([(target.lateral_width_m, target.axial_width_m) for target in targets])


def lag_samples(trace, reference):
    """By how much a trace is late, from the peak of its correlation with the reference."""
    n = 2 * trace.size
    spectrum = np.fft.rfft(trace, n) * np.fft.rfft(reference, n).conj()
    correlation = np.fft.irfft(spectrum, n * _UPSAMPLING)
    peak = int(np.argmax(correlation))
    return (peak - (n * _UPSAMPLING if peak > n * _UPSAMPLING // 2 else 0)) / _UPSAMPLING


@pytest.mark.parametrize("point_m", POINTS_M, ids=lambda p: f"x={p[0] * 1e3:g}mm,z={p[1] * 1e3:g}mm")
def test_echoes_arrive_when_pymusts_do_and_look_the_same(point_m):
    transmits = (5, 31, 50)
    target = {"scatterers_m": point_m[None], "amplitudes": np.ones(1)}
    ours = simulate(Acquisition(tx_elements=transmits), **target)
    theirs = simus(point_m[None], np.ones(1), transmits)
    strength = np.abs(scipy.signal.hilbert(theirs)).max(axis=-1)
    heard = strength > 0.03 * strength.max()
    lags = np.array([lag_samples(a, b) for a, b in zip(ours[heard], theirs[heard], strict=True)])
    alike = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(ours[heard], theirs[heard], strict=True)])
    gain = np.linalg.norm(ours) / np.linalg.norm(theirs)
    difference = np.linalg.norm(ours - gain * theirs) / np.linalg.norm(ours)
    print(f"\n{heard.sum()} pairs: arrival within {np.abs(lags).max():.3f} samples,", end=" ")
    print(f"correlation at least {alike.min():.4f}, difference {difference:.2%}")
    assert np.abs(lags).max() < 0.25
    assert alike.min() > 0.98
    assert difference < 0.1


def test_attenuation_is_pymusts():
    point = np.array([[2e-3, 30e-3]])
    target = {"scatterers_m": point, "amplitudes": np.ones(1)}
    ours, clear = (
        simulate(Acquisition(tx_elements=(28,)), **target, attenuation_db_cm_mhz=db_cm_mhz)[0, 20:50]
        for db_cm_mhz in (0.5, 0.0)
    )
    theirs, their_clear = (simus(point, np.ones(1), (28,), db_cm_mhz)[0, 20:50] for db_cm_mhz in (0.5, 0.0))
    gain = np.linalg.norm(clear) / np.linalg.norm(their_clear)
    difference = np.linalg.norm(ours - gain * theirs) / np.linalg.norm(ours)
    print(f"\nattenuated by 0.5 dB/cm/MHz at 30 mm: difference {difference:.2%}")
    assert difference < 0.05


def test_beamformed_wires_are_as_wide_as_pymusts():
    wires_m = phantoms.make("wires").wires_m
    grid = ImageGrid.sau64()
    beamform = FourierBeamformer(ACQUISITION, grid)
    ours = beamform(simulate(ACQUISITION, scatterers_m=wires_m, amplitudes=np.ones(len(wires_m)))).copy()
    theirs = beamform(simus(wires_m, np.ones(len(wires_m)), range(64)).astype(np.float32))
    ratio = widths_m(ours, grid, wires_m) / widths_m(theirs, grid, wires_m)
    lateral, axial = (f"{column.min():.3f}..{column.max():.3f}" for column in ratio.T)
    print(f"\n{len(wires_m)} wires, width ours over theirs: lateral {lateral}, axial {axial}")
    assert ratio == pytest.approx(1, abs=0.1)
