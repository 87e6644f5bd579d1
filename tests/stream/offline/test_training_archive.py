"""What there is to train on is known by name before a frame of it is read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.evaluate import CHOOSING, TRAINING
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.training_archive import FAMILIES, ListedFrame, describe, list_frames, single_sources
from sonolucent.stream.offline.training_share import parted

Record = Callable[..., Path]


def test_folders_patterns_and_lists_stand_for_their_recordings(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exam" / "inner").mkdir(parents=True)
    files = [f"exam{os.sep}b.h5", f"exam{os.sep}inner{os.sep}a.h5"]
    for name in files:
        record().rename(name)
    Path("list.txt").write_text("sim:2\nexam\n")
    assert single_sources(["exam"]) == files
    assert single_sources(["exam/**/*.h5"]) == files
    assert single_sources(["@list.txt", "anatomy:3", "lone.h5"]) == ["sim:2", *files, "anatomy:3", "lone.h5"]
    assert single_sources([str(tmp_path / "exam" / "inner")]) == [str(tmp_path / files[1])]
    with pytest.raises(ConfigError, match="no file is named so"):
        single_sources(["exam/*.mat"])


def test_frames_are_listed_and_none_is_read(record: Record) -> None:
    spoilt, other = str(record("spoilt.h5", spoilt=2)), str(record("other.h5"))
    listed = list_frames([spoilt, other], ImagingSettings()).frames
    assert listed == [ListedFrame(file, f"{file} frame {i}", file, i) for file in (spoilt, other) for i in range(4)]
    assert describe([spoilt, other], listed) == "spoilt.h5, 4 frames; other.h5, 4 frames"


def test_many_recordings_are_described_in_short() -> None:
    sources = [f"exam/{i:02}.h5" for i in range(30)]
    frames = [ListedFrame(source, source, source, i) for source in sources for i in range(2)]
    assert describe([*sources, "sim:3"], frames) == (
        "30 recordings, 00.h5 to 29.h5, 60 frames; 3 random_tissue phantoms of sonolucent.sim, seeds 0..2, SNR 20 dB"
    )


def test_phantoms_are_held_out_by_the_word_that_stands_for_them() -> None:
    frames = list_frames(["sim:5", "anatomy:2"], ImagingSettings()).frames
    training, judging = parted(frames, ["anatomy:2"], seed=0)
    assert [frame.name for frame in training] == [f"random_tissue {seed}" for seed in TRAINING[:5]]
    assert [frame.name for frame in judging] == ["anatomy 0", "anatomy 1"]


def test_the_noise_of_anatomies_varies_and_that_of_random_tissue_does_not() -> None:
    levels = [FAMILIES["anatomy"].snr_of(seed) for seed in TRAINING[:50]]
    assert min(levels) < 15
    assert max(levels) > 27
    assert {FAMILIES["sim"].snr_of(seed) for seed in TRAINING[:50]} == {20.0}


@pytest.mark.parametrize("family", FAMILIES)
def test_phantoms_that_figures_are_measured_on_are_never_trained_on(family: str) -> None:
    with pytest.raises(ConfigError, match=f"{family}:{CHOOSING[0] + 1}: .* at most 800"):
        list_frames([f"{family}:{CHOOSING[0] + 1}"], ImagingSettings())
