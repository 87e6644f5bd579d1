"""Settings that nobody meant: each is refused in words, or made images of; none ends or deafens a run."""

import random
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings, Probe
from sonolucent.stream import Channels, Config, Stream
from sonolucent.stream.control.boundary import attempt
from sonolucent.stream.control.requests import ControlRequest, merged
from sonolucent.stream.stages.beamform import Beamform

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(8), n_samples=256, sampling_frequency_hz=20e6)
STREAM = Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION))
FRAME = np.random.default_rng(0).integers(-999, 999, ACQUISITION.shape, dtype=np.int16)
NUMBERS = (0, 1, -1, 1e-300, 5e-324, 1e300, 1.7e308, 1e-9, 1e9, 2**31, 2**63, 2**64 - 1, 10**30, 0.5, 60, 3, 7.5, -7000)
LISTS: tuple[list[Any], ...] = ([], [0], [1, 2], [0, 0], [1e-300, 1e300], [-1e308, 1e308], [1e-9, 1e-9], [0.01, 0.01])
LISTS += ([1e-4, 1e-4], [1, 1e9], [0, 5], [1, 9], [-3, 3], [-1e-300, 1e-300])
WORDS = ("das", "fourier", "hann", "boxcar", "tukey", "x", "")
NAMES = ImagingSettings.__struct_fields__
MOST_PIXELS = 1 << 16
"""Larger images are only slower."""


def any_value(rng: random.Random) -> Any:
    pair = [rng.choice(NUMBERS), rng.choice(NUMBERS)]
    return rng.choice([rng.choice(NUMBERS), rng.choice(NUMBERS), rng.choice(LISTS), rng.choice(WORDS), [pair], None])


def asked(changes: dict[str, Any]) -> ImagingSettings:
    """What the hub makes of a request."""
    request = msgspec.json.decode(msgspec.json.encode(ControlRequest(imaging=changes)), type=ControlRequest)
    return merged(ImagingSettings(), request.imaging)


class Stage:
    """The beamformer's, as the control channel and frames drive it."""

    def __init__(self) -> None:
        self.beamform = Beamform(Config(beamform_threads=1), STREAM)
        self.revision = 0

    def change(self, changes: dict[str, Any]) -> str:
        self.revision += 1
        stream = STREAM.imaged(asked(changes), self.revision)
        if stream.grid.n_z * stream.grid.n_x > MOST_PIXELS:
            return "large"
        self.beamform.prepare(stream)
        self.beamform.begin(stream)
        return "changed"


@pytest.mark.parametrize("seed", range(2))
def test_any_settings_are_refused_in_words_or_make_images(seed: int) -> None:
    rng, stage, outcomes = random.Random(seed), Stage(), Counter[str]()
    for i in range(400):
        changes = {name: any_value(rng) for name in rng.sample(NAMES, rng.choice([1, 1, 2]))}
        outcome, refusal = attempt(lambda changes=changes: stage.change(changes), "refused")
        assert "nobody foresaw" not in refusal, (changes, refusal)
        assert (refusal != "") == (outcome == "refused"), (changes, refusal)
        outcomes[outcome] += 1
        image = stage.beamform(Channels(i, FRAME)).bmode  # whatever was asked for, frames go on
        assert np.isfinite(image).all(), changes
    assert min(outcomes["refused"], outcomes["changed"]) > 20, outcomes


@pytest.mark.parametrize(
    "changes",
    [
        {"gain_db": -7000},
        {"gain_db": 2**64},
        {"reference_level": 1e-300},
        {"reference_level": 1e300},
        {"pixels_per_wavelength": 1.7e308},
        {"sound_speed_m_s": 5e-324},
        {"spacing_mm": [5e-324, 1]},
    ],
)
def test_the_settings_that_once_ended_or_deafened_a_run_are_refused_by_name(changes: dict[str, Any]) -> None:
    (name,) = changes
    with pytest.raises(ValueError, match=f"{name} must lie within .*, not "):
        asked(changes)
