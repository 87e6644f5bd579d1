"""From a recording to images in a file, by library calls: the imager's images, and what a model makes of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import BModeImager, ImagingSettings, log_compress
from sonolucent.nn import Enhancer, frequency_compound
from sonolucent.stream import open_recording
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.imaging import image_recording

Record = Callable[..., Path]


def test_every_frame_is_the_imager_s_image_and_what_the_model_makes_of_it(record: Record, tmp_path: Path) -> None:
    recording, out = open_recording(record()), tmp_path / "out.h5"
    imager, enhance = BModeImager(recording.acquisition), Enhancer("cpu")
    assert image_recording(recording.path, out, enhance="cpu") == (len(recording), imager.grid.shape)
    written = open_recording(out)
    for i, data in enumerate(recording):
        image, plain = written.image(i), imager(data)
        np.testing.assert_array_equal(image.bmode, plain)
        np.testing.assert_array_equal(image.best, enhance(plain))
        assert (image.model, image.device, image.skipped) == (enhance.model, "cpu", "")


def test_a_compound_is_made_of_the_analytic_image_at_the_stream_s_level(record: Record, tmp_path: Path) -> None:
    recording, out = open_recording(record()), tmp_path / "out.h5"
    settings = ImagingSettings(method="das", dynamic_range_db=50.0)
    image_recording(recording.path, out, enhance="frequency-compound", imaging=settings)
    imager = BModeImager(recording.acquisition, settings=settings)
    plain = imager(recording[0])
    expected = log_compress(
        frequency_compound(imager.analytic, imager.grid), dynamic_range_db=50.0, reference=imager.level
    )
    image = open_recording(out).image(0)
    np.testing.assert_array_equal(image.layers, [plain, expected])
    assert (image.model, image.dynamic_range_db) == ("frequency-compound", 50.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frame": 4}, "holds 4 frames of channel data; there is no 4"),
        ({"imaging": ImagingSettings(transmits=17)}, r"noise.h5: transmits must lie in 1\.\.16, not 17"),
        ({"imaging": ImagingSettings(depth_mm=(1, 90))}, "noise.h5: depth_mm ends at 90"),
        ({"imaging": ImagingSettings(dynamic_range_db=70), "enhance": "cpu"}, "trained for 60 dB, not for 70 dB"),
        ({"enhance": "nowhere"}, "model 'nowhere': nowhere: no such model folder"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(
    record: Record, tmp_path: Path, options: dict[str, object], said: str
) -> None:
    out = tmp_path / "out.h5"
    with pytest.raises(ConfigError, match=said):
        image_recording(record(), out, **options)
    assert not out.exists()


def test_a_frame_that_is_not_finite_is_named(record: Record, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"noise\.h5 frame 2: channel data holds nan at transmit 3"):
        image_recording(record(spoilt=2), tmp_path / "out.png", frame=2)
