"""Recordings of other people's layouts: converted there and back, and refused where they hold something else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import RecordingError, open_recording
from sonolucent.stream.commands import convert
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.save import write_sonolucent

PROBE = Probe.linear(
    n_elements=6, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6, fractional_bandwidth=0.7
)
ACQUISITION = Acquisition(PROBE, (0, 2, 5), 64, 25e6, 1.25e-6, 1480.0)
FRAMES = [np.random.default_rng(i).integers(-999, 999, ACQUISITION.shape, dtype=np.int16) for i in range(3)]
SUFFIXES = [".h5", ".hdf5", ".uff"]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "original.h5"
    source = ForeignRecording("test", path, ACQUISITION, 30.0, len(FRAMES), FRAMES.__getitem__)
    write_sonolucent(path, source)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_there_and_back_nothing_is_lost(original: Path, tmp_path: Path, suffix: str) -> None:
    there, back = tmp_path / f"there{suffix}", tmp_path / "back.h5"
    assert convert.main([str(original), str(there)]) == 0
    assert convert.main([str(there), str(back)]) == 0
    recording = open_recording(back)
    assert [np.array_equal(*pair) for pair in zip(recording, FRAMES, strict=True)] == [True] * 3
    acquisition = recording.acquisition
    assert acquisition.tx_elements == ACQUISITION.tx_elements
    assert recording.frame_rate_hz == pytest.approx(30.0, rel=1e-5)
    for name in ("n_samples", "sampling_frequency_hz", "initial_time_s", "sound_speed_m_s"):
        assert getattr(acquisition, name) == pytest.approx(getattr(ACQUISITION, name), rel=1e-5), name
    for name in ("n_elements", "pitch_m", "element_width_m", "center_frequency_hz", "fractional_bandwidth"):
        assert getattr(acquisition.probe, name) == pytest.approx(getattr(PROBE, name), rel=1e-5), name


def test_zea_s_clock_starts_when_the_element_fires(original: Path, tmp_path: Path) -> None:
    convert.main([str(original), str(tmp_path / "z.hdf5")])
    with h5py.File(tmp_path / "z.hdf5") as file:
        scan = file["tracks/track_0/scan"]
        assert scan["initial_times"][:] == pytest.approx(1.25e-6 + 1 / 5e6)
        assert file["tracks/track_0/data/raw_data"].shape == (3, 3, 64, 6, 1)
        assert scan["tx_apodizations"][:].argmax(axis=1).tolist() == [0, 2, 5]


def test_uff_s_clock_starts_when_the_wave_passes_the_origin(original: Path, tmp_path: Path) -> None:
    pyuff = pytest.importorskip("pyuff_ustb")
    convert.main([str(original), str(tmp_path / "u.uff")])
    channel_data = pyuff.Uff(str(tmp_path / "u.uff")).read("channel_data")
    assert channel_data.data.shape == (64, 6, 3, 3)
    assert [wave.source.x for wave in channel_data.sequence] == pytest.approx([-0.75e-3, -0.15e-3, 0.75e-3])
    assert [wave.delay for wave in channel_data.sequence] == pytest.approx(np.array([0.75e-3, 0.15e-3, 0.75e-3]) / 1480)


def compress(original: Path, path: Path) -> None:
    """Every dataset as zea saves it."""
    import hdf5plugin

    convert.main([str(original), str(path)])
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if getattr(item, "shape", ()) else None)
        for name in names:
            data = file[name][...]
            del file[name]
            file.create_dataset(name, data=data, **hdf5plugin.Blosc(cname="zstd", shuffle=hdf5plugin.Blosc.BITSHUFFLE))


# In a process of its own: once loaded, a filter stays.
READ_COMPRESSED = """
import sys
if sys.argv[2] == "without":
    sys.modules["hdf5plugin"] = None
from sonolucent.stream import RecordingError, open_recording
try:
    print(len([frame.sum() for frame in open_recording(sys.argv[1])]))
except RecordingError as error:
    print(error)
"""


@pytest.mark.parametrize(("plugin", "answer"), [("with", "3\n"), ("without", "pip install 'sonolucent[formats]'")])
def test_zea_files_that_zea_has_compressed(original: Path, tmp_path: Path, plugin: str, answer: str) -> None:
    pytest.importorskip("hdf5plugin")
    compress(original, tmp_path / "z.hdf5")
    command = [sys.executable, "-c", READ_COMPRESSED, str(tmp_path / "z.hdf5"), plugin]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert answer in done.stdout


def test_zea_files_in_which_a_shot_fires_several_elements_have_a_sequence(original: Path, tmp_path: Path) -> None:
    convert.main([str(original), str(tmp_path / "z.hdf5")])
    with h5py.File(tmp_path / "z.hdf5", "r+") as file:
        file["tracks/track_0/scan/tx_apodizations"][0, :2] = 1
    sequence = open_recording(tmp_path / "z.hdf5").acquisition.sequence
    assert sequence is not None
    assert sequence.apodization.sum(axis=1).tolist() == [2, 1, 1]


def apertures_are_partial(scan: h5py.Group) -> None:
    scan["rx_aperture_indices"] = np.zeros((3, 6), int)


def speed_is_nonsense(scan: h5py.Group) -> None:
    scan["sound_speed"][()] = -1


def times_are_too_many(scan: h5py.Group) -> None:
    del scan["initial_times"]
    scan["initial_times"] = np.zeros(7)


def shots_are_far_apart(scan: h5py.Group) -> None:
    scan["initial_times"][1] = 1e-4


def a_shot_is_silent(scan: h5py.Group) -> None:
    scan["tx_apodizations"][1] = 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (apertures_are_partial, "rx_aperture_indices: .* only whole ones"),
        (speed_is_nonsense, "sound_speed is -1; it must be positive, in m/s"),
        (times_are_too_many, "initial_times holds 7 for 3 transmits"),
        (shots_are_far_apart, "shots begin .* us apart"),
        (a_shot_is_silent, "shot 1 fires no element"),
    ],
)
def test_zea_files_of_something_else_are_refused(
    original: Path, tmp_path: Path, change: Callable[[h5py.Group], None], message: str
) -> None:
    path = tmp_path / "z.hdf5"
    convert.main([str(original), str(path)])
    with h5py.File(path, "r+") as file:
        change(file["tracks/track_0/scan"])
    with pytest.raises(RecordingError, match=message):
        open_recording(path)


@pytest.mark.parametrize("suffix", [".hdf5", ".uff"])
def test_whatever_is_missing_the_file_is_refused_or_read(original: Path, tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    convert.main([str(original), str(whole)])
    paths: list[str] = []
    with h5py.File(whole) as file:
        file.visit(paths.append)
    refused = 0
    for i, path in enumerate(paths):
        damaged = tmp_path / f"damaged{i}"  # one that is open cannot be written
        damaged.write_bytes(whole.read_bytes())
        with h5py.File(damaged, "r+") as file:
            del file[path]
        try:
            recording = open_recording(damaged)
            assert [frame.shape for frame in recording] == [recording.acquisition.shape] * 3
        except RecordingError:
            refused += 1
    assert refused >= 5


@pytest.mark.parametrize(("arguments", "message"), [(["o.h5", "p.bmp"], "a suffix of"), (["o.h5", "o.h5"], "exists")])
def test_what_cannot_be_written_is_named(original: Path, arguments: list[str], message: str) -> None:
    original.rename(original.parent / "o.h5")
    paths: list[Any] = [str(original.parent / name) for name in arguments]
    with pytest.raises(ValueError, match=message):
        convert.main(paths)
