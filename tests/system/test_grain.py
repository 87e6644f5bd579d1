"""The speckle grain is measured by a run as it is by `sonolucent image`, so both make the same of a recording."""

import logging
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImagingSettings, Probe
from sonolucent.nn import load_model
from sonolucent.nn.shipped_models import find_model
from sonolucent.sim import phantoms, simulate
from sonolucent.stream import image_recording, open_recording, run, write_recording
from sonolucent.stream.config import Config

from .conftest import Command

pytestmark = pytest.mark.slow
FINE = ImagingSettings(reference_level=1e3, spacing_mm=(0.1, 0.03))
TRAINED_ON = load_model(find_model("light-quadrant")).info.speckle_grain_px


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of noise alone, then three of uniform speckle."""
    probe = Probe.linear(n_elements=32, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(32), 700, 25e6)
    phantom = phantoms.make("uniform", seed=1)
    shown = {"scatterers_m": phantom.scatterers_m, "amplitudes": phantom.amplitudes, "snr_db": 30}
    frames = [simulate(acquisition, **shown, seed=seed) for seed in range(3)]
    path = tmp_path_factory.mktemp("grain") / "speckle.h5"
    write_recording(path, [frames[0] * np.float32(1e-6), *frames], acquisition, frame_rate_hz=25.0)
    return path


@pytest.mark.parametrize("grain", ["auto", "1.9x2.4"])
def test_a_run_and_an_image_of_a_recording_are_the_same(recording: Path, tmp_path: Path, grain: str) -> None:
    chosen = {"grain": grain, "strength": 0.75, "imaging": FINE}
    live = Config(
        source=f"replay:{recording}", frames=4, headless=True, model="cpu", record=f"{tmp_path}/a.h5", **chosen
    )
    report = run(live)
    image_recording(recording, tmp_path / "b.h5", enhance="cpu", **chosen)
    shown, made = open_recording(tmp_path / "a.h5"), open_recording(tmp_path / "b.h5")
    for i in range(4):
        np.testing.assert_array_equal(shown.image(i).layers, made.image(i).layers)
        assert (shown.image(i).model, shown.image(i).strength) == (made.image(i).model, 0.75)
    assert f"resampled to the {TRAINED_ON} trained on" in report.reason


def test_off_leaves_images_as_they_are(recording: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for grain in ("auto", "off"):
            image_recording(recording, tmp_path / f"{grain}.npy", enhance="cpu", grain=grain, imaging=FINE)
    matched, plain = (np.load(tmp_path / f"{grain}.npy") for grain in ("auto", "off"))
    assert np.abs(matched - plain)[-1].max() > 3
    said = f"resampled to the {TRAINED_ON} trained on"
    assert any(said in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("option", "value"), [("grain", "fine"), ("strength", "2")])
def test_what_cannot_be_is_refused(
    sonolucent: Command, recording: Path, tmp_path: Path, option: str, value: str
) -> None:
    for command in (("run", "--source", f"replay:{recording}"), ("image", recording, tmp_path / "c.png", "--enhance")):
        ended = sonolucent(*command, f"--{option}", value)
        assert ended.status == 2
        assert f"{option} must" in ended.errors
    assert not (tmp_path / "c.png").exists()
