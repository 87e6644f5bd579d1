"""A recording written as zea opens in zea, is valid there, and its beamformer puts a point where it was simulated.

KERAS_BACKEND=torch .venv-peers/bin/python -m pytest tests/compare/test_zea.py
"""

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from sonolucent.beamform import Acquisition, Probe
from sonolucent.sim import simulate
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.zea import read_zea, write_zea

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("zea", reason="zea is not installed; `make bench-peers` installs it apart")
pytestmark = pytest.mark.filterwarnings("ignore")  # zea's

POINT_M = (1.1e-3, 12.3e-3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    probe = Probe.linear(n_elements=24, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(24), 800, 40e6, initial_time_s=2.5e-6)
    frame = simulate(acquisition, scatterers_m=np.array([POINT_M]), amplitudes=np.ones(1), snr_db=60, seed=1)
    frame = frame.astype(np.float32)
    write_zea(tmp_path / "point.hdf5", ForeignRecording("", tmp_path, acquisition, 25.0, 2, lambda i: frame))
    return tmp_path / "point.hdf5"


def test_zea_puts_the_point_where_it_is(file: Path) -> None:
    import zea
    from zea.beamform.beamformer import tof_correction

    with zea.File(str(file)) as recording:
        recording.validate()
        data = np.asarray(recording.data.raw_data[0])
        p = recording.load_parameters()
    x_m, z_m = np.linspace(0.0, 2.2e-3, 45), np.linspace(11.3e-3, 13.3e-3, 401)
    grid = np.stack(np.meshgrid(x_m, [0.0], z_m, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    delays = (p.t0_delays, p.tx_apodizations, p.sound_speed, p.probe_geometry, p.initial_times)
    scan = (p.sampling_frequency, p.demodulation_frequency, 0.0, p.polar_angles, p.focus_distances, p.t_peak)
    aligned = tof_correction(data, grid, *delays, *scan, p.transmit_origins)
    image = np.asarray(aligned.cpu()).sum(axis=(0, 2, 3)).reshape(len(x_m), len(z_m))
    envelope = np.abs(scipy.signal.hilbert(image, axis=1))
    ix, iz = np.unravel_index(envelope.argmax(), envelope.shape)
    # Within a sixth of the sampling interval, or of a wavelength across.
    assert (x_m[ix], z_m[iz]) == pytest.approx(POINT_M, abs=20e-6)


def test_what_zea_saves_is_read(file: Path, tmp_path: Path) -> None:
    import zea

    saved = tmp_path / "saved.hdf5"
    with zea.File(str(file)) as recording:
        recording.validate_spec().save(str(saved))
    ours, theirs = read_zea(file), read_zea(saved)
    assert np.array_equal(ours[1], theirs[1])
    assert theirs.acquisition == ours.acquisition
    assert theirs.frame_rate_hz == pytest.approx(25.0)
