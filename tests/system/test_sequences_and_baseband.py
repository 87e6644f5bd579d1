"""Sequences and baseband data from the simulator to the screen: recorded, replayed, served by a scanner, imaged."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import TransmitSequence
from sonolucent.stream import Recording

from ..campaigns.running import running

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]
ARRAY: list[Any] = ["--elements", 16, "--pitch-mm", 0.3, "--element-width-mm", 0.27, "--center-frequency-mhz", 5]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(["--baseband", 4], id="baseband"),
        pytest.param(["--sequence", "hadamard"], id="hadamard"),
        pytest.param(["--sequence", "plane:5", "--baseband", 4], id="plane waves at baseband"),
    ],
)
def simulated(request: pytest.FixtureRequest, sonolucent: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames."""
    path: Path = tmp_path_factory.mktemp("simulated") / "simulated.h5"
    ended = sonolucent("simulate", path, "--phantom", "wires", "--frames", 3, *ARRAY, *request.param)
    assert ended.status == 0, ended.errors
    return path


LIBRARY = """
import sys
from pathlib import Path
import numpy as np
from sonolucent.beamform import BModeImager
from sonolucent.stream import Recording
recording = Recording(Path(sys.argv[1]))
imager = BModeImager(recording.acquisition, recording.stream.grid)
np.save(sys.argv[2], [imager(frame) for frame in recording])
"""


def library_s(recording: Path, folder: Path) -> Any:
    """The images that the library makes of a recording, in a process of its own: bits are those of one FFT plan."""
    subprocess.run(
        [sys.executable, "-c", LIBRARY, str(recording), str(folder / "library.npy")], check=True, timeout=120
    )
    return np.load(folder / "library.npy")


def assert_images_are_the_library_s(record: Path, within_db: float = 0.0) -> None:
    recording = Recording(record)
    assert recording.n_images == len(recording) > 0
    for i, expected in enumerate(library_s(record, record.parent)):
        np.testing.assert_allclose(recording.image(i).bmode, expected, rtol=0, atol=within_db)
    assert len(np.unique(recording.image(0).bmode)) > 1000


def test_baseband_is_what_was_asked_for(sonolucent: Any, tmp_path: Path) -> None:
    assert sonolucent("simulate", tmp_path / "iq.h5", "--frames", 2, *ARRAY, "--baseband", 4).status == 0
    recording = Recording(tmp_path / "iq.h5")
    assert recording.acquisition.demodulation_frequency_hz == 5e6
    assert recording[0].dtype == np.complex64
    facts = sonolucent("info", tmp_path / "iq.h5", "--hashes", "--json").report
    assert (facts["shape"], facts["sampling_frequency_hz"]) == ([16, 16, 512], 37.5e6 / 4)
    assert len(set(facts["hashes"]["raw_data"].values())) == 2


def test_shots_of_a_sequence_are_what_was_asked_for(sonolucent: Any, tmp_path: Path) -> None:
    for name in ("single", "hadamard"):
        options = [*ARRAY, "--phantom", "wires", "--snr-db", 60, "--sequence", name]
        assert sonolucent("simulate", tmp_path / f"{name}.h5", *options).status == 0
    single, hadamard = (Recording(tmp_path / f"{name}.h5") for name in ("single", "hadamard"))
    assert hadamard.acquisition == replace(single.acquisition, sequence=TransmitSequence.hadamard(16))
    signs = TransmitSequence.hadamard(16).apodization
    expected = np.tensordot(signs, single[0].astype(float), 1)
    assert np.corrcoef(expected.ravel(), hadamard[0].ravel())[0, 1] > 0.999


def test_image_shows_it(sonolucent: Any, simulated: Path, tmp_path: Path) -> None:
    ended = sonolucent("image", simulated, tmp_path / "out.h5")
    assert ended.status == 0, ended.errors
    images, frames = Recording(tmp_path / "out.h5"), Recording(simulated)
    assert images.acquisition == frames.acquisition
    assert images.n_images == 3
    for i, expected in enumerate(library_s(simulated, tmp_path)):
        assert np.array_equal(images.image(i).bmode, expected)


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_replay_makes_the_library_s_images(sonolucent: Any, simulated: Path, tmp_path: Path, transport: str) -> None:
    record = ["--record", tmp_path / "out.h5", "--record-channels", "--headless", "--as-fast-as-possible"]
    run = ["run", "--source", f"replay:{simulated}", "--model", "none", "--transport", transport, "--json"]
    ended = sonolucent(*run, *record)
    assert ended.status == 0, ended.errors
    assert (ended.report["frames_out"], ended.report["dropped"]) == (3, {})
    assert np.array_equal(list(Recording(tmp_path / "out.h5")), list(Recording(simulated)))
    assert_images_are_the_library_s(tmp_path / "out.h5")


@pytest.mark.parametrize("whole", [[], ["--whole-frames"]])
def test_a_scanner_s_images_are_the_library_s(
    sonolucent: Any, simulated: Path, tmp_path: Path, whole: list[str]
) -> None:
    options = ["--source", f"replay:{simulated}", "--frames", "6", "--port", "0", "--as-fast-as-possible", *whole]
    with running([*CLI, "scanner", *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as scanner:
        assert scanner.stderr is not None
        endpoint = re.search(r"tcp://[\d.]+:\d+", scanner.stderr.readline())
        assert endpoint is not None
        record = ["--record", tmp_path / "out.h5", "--record-channels", "--headless", "--as-fast-as-possible"]
        ended = sonolucent("run", "--source", endpoint[0], "--model", "none", "--json", *record)
        scanner.communicate(timeout=60)
    assert ended.status == 0, ended.errors
    assert ended.report["ledger"]["scanner>source"] == {"acquired": 6, "delivered": 6, "dropped": {}}
    assert np.array_equal(list(Recording(tmp_path / "out.h5")), 2 * list(Recording(simulated)))
    # Shots that are worked on as they arrive are transformed in other company than those of a whole frame.
    assert_images_are_the_library_s(tmp_path / "out.h5", within_db=0.0 if whole else 0.02)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--baseband", 3], "2048 samples cannot be divided by a decimation of 3"),
        (["--baseband", 0], "decimation of 0"),
        (["--baseband", 16], "too few for the pass band"),
        (["--sequence", "sweep"], "no sequence 'sweep'; there are single, hadamard, plane:N"),
        (["--sequence", "hadamard", "--elements", 12], "Hadamard matrices"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_any_work(
    sonolucent: Any, tmp_path: Path, options: list[Any], words: str
) -> None:
    ended = sonolucent("simulate", tmp_path / "out.h5", *options)
    assert ended.status == 2
    assert words in ended.errors
    assert list(tmp_path.iterdir()) == []
