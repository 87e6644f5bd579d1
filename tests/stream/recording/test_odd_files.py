"""Every odd file gives the right image, or one sentence that names what is odd and what to do."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, DelayAndSum, ImageGrid, Probe
from sonolucent.sim import digitize, simulate
from sonolucent.stream import AnyRecording, RecordingError, open_recording, write_recording
from sonolucent.stream.commands import convert, info
from sonolucent.stream.recording.inspection import inspect_frame

from .odd_files import CHANGES, FOREIGN, READ, REFUSED, SAME_FRAMES, SAME_IMAGE, make_foreign

PROBE = Probe.linear(n_elements=40, pitch_m=0.6e-3, element_width_m=0.5e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(40), 400, 25e6, initial_time_s=3e-6, sound_speed_m_s=1540)
WIRES_M = np.array([(0.0, 8e-3), (-5e-3, 11e-3), (6e-3, 9e-3)])


def _simulated(folder: Path) -> Path:
    channels = simulate(ACQUISITION, scatterers_m=WIRES_M, amplitudes=np.ones(3), snr_db=40, seed=1)
    folder.mkdir()
    write_recording(folder / "base.hdf5", digitize(channels)[np.newaxis], ACQUISITION)
    for name, change in CHANGES.items():
        shutil.copy(folder / "base.hdf5", folder / f"{name}.hdf5")
        with h5py.File(folder / f"{name}.hdf5", "r+") as file:
            change(file)
    make_foreign(folder / "base.hdf5", folder)
    return folder


def _of_the_data_folder(folder: Path, real_data: Path) -> Path:
    source = real_data / "odd_files" / "make.py"
    if not source.is_file():
        pytest.skip(f"no {source}")
    spec = importlib.util.spec_from_file_location("make_odd_files", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder.mkdir()
    base = folder / "base.hdf5"
    convert.main([str(real_data / "fmc" / "aluminium_64x0.63mm_5MHz_hmc.mat"), str(base)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make.py", str(base), str(folder)])
        module.main()
    return folder


@pytest.fixture(scope="module", params=["simulated", "of the data folder"])
def odd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "files"
    if request.param == "simulated":
        return _simulated(folder)
    return _of_the_data_folder(folder, request.getfixturevalue("real_data"))


def image(recording: AnyRecording) -> NDArray[np.complex64]:
    acquisition = recording.acquisition
    reach_m = acquisition.time_s[-1] * acquisition.sound_speed_m_s / 2
    grid = ImageGrid.linear(x_m=(-12e-3, 12e-3), z_m=(0.3 * reach_m, 0.8 * reach_m), shape=(60, 48))
    made: NDArray[np.complex64] = DelayAndSum(acquisition, grid)(recording[0].astype(np.float32))
    return made


@pytest.mark.parametrize("name", [*(f"{name}.hdf5" for name in REFUSED), *FOREIGN])
def test_what_cannot_be_is_refused_in_one_sentence(odd: Path, name: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as refusal:
        open_recording(odd / name)
    sentence = str(refusal.value)
    for word in {**{f"{key}.hdf5": words for key, words in REFUSED.items()}, **FOREIGN}[name]:
        assert word in sentence
    assert sentence.startswith(str(odd / name))
    assert "damaged" not in sentence
    assert "\n" not in sentence
    with pytest.raises(RecordingError):
        convert.main([str(odd / name), str(tmp_path / "out.h5")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_and_what_was_done_is_said_once(
    odd: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        recording = open_recording(odd / f"{name}.hdf5")
        open_recording(odd / f"{name}.hdf5")
    assert recording[0].shape == recording.acquisition.shape
    assert READ[name] in " ".join(recording.notes)
    assert bool(recording.notes) == bool(READ[name])
    said = [record.getMessage() for record in caplog.records]
    assert sorted(set(said)) == sorted(said)
    assert all(any(note in line for line in said) for note in recording.notes)


@pytest.mark.parametrize("name", sorted(SAME_IMAGE))
def test_the_image_is_that_of_the_plain_file(odd: Path, name: str) -> None:
    plain, changed = open_recording(odd / "base.hdf5"), open_recording(odd / f"{name}.hdf5")
    if name in SAME_FRAMES:
        np.testing.assert_array_equal(plain[0], changed[0])
    expected, found = image(plain), image(changed)
    if name == "elements_right_to_left":
        found = found[:, ::-1]  # it is another object, the mirrored one
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_shots_on_clocks_of_their_own_give_the_image_of_one_clock(tmp_path: Path) -> None:
    """A wire simulated once, recorded by shots that begin when they like."""
    starts_s = ACQUISITION.initial_time_s + np.linspace(0, 1e-6, 40)
    channels = np.concatenate(
        [
            simulate(
                Acquisition(PROBE, (shot,), 400, 25e6, initial_time_s=start_s),
                scatterers_m=WIRES_M,
                amplitudes=np.ones(3),
            )
            for shot, start_s in enumerate(starts_s)
        ]
    )
    write_recording(tmp_path / "z.hdf5", channels[np.newaxis].astype(np.float32), ACQUISITION)
    with h5py.File(tmp_path / "z.hdf5", "r+") as file:
        file["tracks/track_0/scan/initial_times"][:] = starts_s + 1 / 5e6
    plain = simulate(ACQUISITION, scatterers_m=WIRES_M, amplitudes=np.ones(3)).astype(np.float32)
    recording = open_recording(tmp_path / "z.hdf5")
    common = min(recording.acquisition.n_samples, 400)
    error = recording[0][:, :, :common] - plain[:, :, :common]
    # The end of the record is cut off, the start begins with the first shot.
    assert np.abs(error[:, :, 40:-40]).max() < 2e-3 * np.abs(plain).max()


def test_dead_and_swapped_elements_are_named(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert info.main([str(odd / "dead_and_swapped_elements.hdf5")]) == 0
    told = capsys.readouterr().out
    assert "nothing is received by element 20" in told
    assert "elements 30 and 31 seem to be swapped" in told
    assert info.main([str(odd / "base.hdf5")]) == 0
    plain = capsys.readouterr().out
    assert "swapped on" not in plain
    assert "nothing is" not in plain


def test_the_share_of_saturated_samples_is_told(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = open_recording(odd / "saturated.hdf5")
    seen = inspect_frame(recording[0], recording.acquisition)
    top = np.abs(recording[0].astype(float)).max()
    at_the_top = np.abs(recording[0].astype(float)) >= top - 1
    assert seen.saturated_share == pytest.approx(at_the_top.mean(), rel=0.01)
    assert info.main([str(odd / "saturated.hdf5")]) == 0
    assert f"{seen.saturated_share:.2%} of its samples are saturated" in capsys.readouterr().out


def test_reciprocity_is_stated(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info.main([str(odd / "tx_and_rx_exchanged.hdf5")])
    assert "reciprocal; exchanged axes" in capsys.readouterr().out


def test_a_second_track_is_opened_by_its_name(odd: Path) -> None:
    second = open_recording(f"{odd / 'two_tracks.hdf5'}::track_1")
    assert "track track_1 is read" in " ".join(second.notes)
    with pytest.raises(RecordingError, match="no track track_7; there are track_0, track_1"):
        open_recording(f"{odd / 'two_tracks.hdf5'}::track_7")


def test_a_missing_speed_of_sound_is_given(odd: Path) -> None:
    recording = open_recording(odd / "no_sound_speed.hdf5", sound_speed_m_s=1480)
    assert recording.acquisition.sound_speed_m_s == 1480
    with pytest.raises(RecordingError, match=r"--sound-speed-m-s is 1\.48, which is likely in mm/us"):
        open_recording(odd / "no_sound_speed.hdf5", sound_speed_m_s=1.48)


def test_iq_needs_the_frequency_of_its_demodulation(odd: Path, tmp_path: Path) -> None:
    recording = open_recording(odd / "iq_as_two_channels.hdf5")
    assert recording.acquisition.demodulation_frequency_hz == 5e6
    assert recording[0].dtype == np.complex64
    shutil.copy(odd / "iq_as_two_channels.hdf5", tmp_path / "iq.hdf5")
    with h5py.File(tmp_path / "iq.hdf5", "r+") as file:
        del file["tracks/track_0/scan/demodulation_frequency"]
    with pytest.raises(RecordingError, match="demodulation_frequency is missing"):
        open_recording(tmp_path / "iq.hdf5")
