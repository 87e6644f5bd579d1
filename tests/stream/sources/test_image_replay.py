"""A recording of images alone is replayed as it was shown."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings, Probe
from sonolucent.stream import BadInput, Config, ConfigError, Image, RecordingError, Stream, Trail, run, write_recording
from sonolucent.stream.openers import open_source
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sources.image_replay import of_images

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(4), 64, 25e6)
SETTINGS = ImagingSettings(dynamic_range_db=50.0, gain_db=3.0)
STREAM = Stream(ACQUISITION, ImageGrid(0, 1e-3, 1e-4, 1e-4, 20, 30), 30.0, imaging=SETTINGS)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames, every other one enhanced."""
    path = tmp_path_factory.mktemp("images") / "shown.h5"
    writer = RecordingWriter(path, STREAM, channels=False, images=True)
    for i in range(4):
        layers = np.full((1 + i % 2, 20, 30), -i, np.float32)
        writer.write(Image(10 + i, layers, 50.0, "net@1" if i % 2 else "", "cpu", "", Trail(1, 1000 + i)))
    writer.close({})
    return path


def test_the_same_images_come_with_their_settings_and_times(images: Path) -> None:
    config = of_images(Config(source=f"replay:{images}", model="none", as_fast_as_possible=True))
    assert (config.source, config.transforms) == (f"images:{images}", ("enhance",))
    source = open_source(config, Event())
    assert source.of_images
    assert (source.stream.imaging, source.stream.grid) == (SETTINGS, STREAM.grid)
    frames = [frame for frame in source.frames if isinstance(frame, Image)]
    assert [(frame.frame_id, frame.model, len(frame.layers)) for frame in frames] == [
        (0, "", 1),
        (1, "net@1", 2),
        (2, "", 1),
        (3, "net@1", 2),
    ]
    assert [frame.trail.acquired_utc_ns for frame in frames] == [1000, 1001, 1002, 1003]


def test_a_run_shows_them_as_they_were_or_enhances_them(images: Path, tmp_path: Path) -> None:
    as_it_was = run(Config(source=f"replay:{images}", model="none", record=str(tmp_path / "again.h5")))
    assert (as_it_was.frames_out, as_it_was.enhanced, as_it_was.balanced) == (4, 2, True)
    again = Recording(tmp_path / "again.h5")
    for i in range(4):
        np.testing.assert_array_equal(again.image(i).layers, Recording(images).image(i).layers)
    assert again.imaging[0] == SETTINGS
    filtered = run(Config(source=f"replay:{images}", model="median", headless=True))
    assert filtered.models == {"median": 4}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"imaging": ImagingSettings(gain_db=1.0)}, ConfigError, "holds images, not channel data; gain_db"),
        ({"record": "a.h5", "record_channels": True}, ConfigError, "record_channels needs channel data"),
        ({"every": 2}, ConfigError, "every is for channel data"),
        ({"first": 4}, ConfigError, "frames 0 to 3"),
    ],
)
def test_what_takes_channel_data_is_refused(
    images: Path, options: dict[str, object], error: type[BadInput], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(Config(source=f"replay:{images}", **{"headless": "record" not in options, **options}))


def test_a_recording_of_channel_data_alone_has_no_images(tmp_path: Path) -> None:
    path = tmp_path / "raw.h5"
    write_recording(path, [np.zeros(ACQUISITION.shape, np.int16)], ACQUISITION)
    config = Config(source=f"replay:{path}")
    assert of_images(config) == config
    with pytest.raises(RecordingError, match="holds no images; replay:"):
        open_source(Config(source=f"images:{path}"), Event())
