"""An archive reprocessed: the images of every recording as if in one go, whatever happens, and a ledger of all."""

import errno
import json
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from sonolucent.beamform import BModeImager, ImagingSettings
from sonolucent.stream import image_recording, open_recording
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.engines.work_engine import Lost
from sonolucent.stream.errors import ConfigError, OutputError, OutputFailed
from sonolucent.stream.reprocessing.reprocess import estimate, reprocess
from sonolucent.stream.reprocessing.work import Outcome, Unit, Wish

from .conftest import FILES, N_FRAMES, Here, contents

WISH = Wish(enhance="cpu")
FIXED = msgspec.structs.replace(WISH, imaging=ImagingSettings(reference_level=2000.0), grain="off")
OUTS = {"x.h5", "inner/y.h5", "inner/z.h5"}


def interrupted(unit: Unit) -> Outcome:
    raise KeyboardInterrupt


def lost(unit: Unit) -> Lost:
    return Lost(unit.number, "its process was killed by SIGKILL")


@pytest.mark.parametrize("wish", [WISH, FIXED], ids=["a running level", "a fixed level"])
def test_parts_give_the_bytes_that_the_whole_gives_and_image_the_same_images(
    archive: Path, tmp_path: Path, wish: Wish
) -> None:
    report = reprocess([str(archive)], tmp_path / "parts", wish, by=Here(), range_frames=2)
    assert report.balanced
    assert (report.frames.in_, report.frames.out) == (15, 15)
    reprocess([str(archive)], tmp_path / "whole", wish, by=Here())
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    assert set(contents(tmp_path / "whole")) == OUTS
    grain, imaging = wish.grain, wish.imaging
    image_recording(archive / "x.h5", tmp_path / "x.h5", enhance="cpu", grain=grain, imaging=imaging)
    assert (tmp_path / "x.h5").read_bytes() == (tmp_path / "whole/x.h5").read_bytes()


def test_a_second_run_skips_what_is_there_and_does_again_what_does_not_match(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = reprocess([str(archive)], out, WISH, by=Here())
    assert first.files.out == 3
    again = reprocess([str(archive)], out, WISH, by=Here())
    assert (again.frames.in_, again.frames.skipped, again.frames.out, again.workers) == (15, 15, 0, 0)
    before = contents(out)
    (out / "x.h5").unlink()
    (out / "inner/y.h5").write_bytes(b"cut")
    with (archive / "inner/z.uff").open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"\0")
    assert reprocess([str(archive)], out, WISH, by=Here()).files.out == 3
    assert contents(out) == before
    other = msgspec.structs.replace(WISH, strength=0.5)
    assert reprocess([str(archive)], out, other, by=Here()).files.out == 3
    assert contents(out) != before
    assert reprocess([str(archive)], out, msgspec.structs.replace(other, enhance="auto"), by=Here()).files.out == 0


@pytest.mark.parametrize("wish", [WISH, FIXED], ids=["a running level", "a fixed level"])
def test_an_interrupted_run_goes_on_from_the_ranges_that_are_done(archive: Path, tmp_path: Path, wish: Wish) -> None:
    reprocess([str(archive)], tmp_path / "undisturbed", wish, by=Here(), range_frames=2)
    out, done = tmp_path / "out", 0
    for after in (3, 2):
        engine = Here(happens={after: interrupted})
        with pytest.raises(KeyboardInterrupt):
            reprocess([str(archive)], out, wish, by=engine, range_frames=2)
        done += after - 1
    last = Here()
    report = reprocess([str(archive)], out, wish, by=last, range_frames=2)
    n_units = 3 * 3 + (3 if wish is FIXED else 0)
    assert len(last.benches[0].units) == n_units - done
    assert report.balanced
    assert contents(out) == contents(tmp_path / "undisturbed")


def test_a_plan_is_made_for_each_geometry_and_not_for_each_file(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    shutil.copy(archive / "x.h5", archive / "again.h5")
    monkeypatch.setattr(
        "sonolucent.stream.offline.clips.BModeImager",
        lambda *args, **kwargs: made.append(args) or BModeImager(*args, **kwargs),
    )
    reprocess([str(archive)], tmp_path / "out", WISH, by=Here(), range_frames=2)
    geometries = {open_recording(archive / name).acquisition for name in FILES}
    assert len(made) == len(geometries) < 4


def test_bad_files_are_listed_and_all_others_done(archive: Path, tmp_path: Path) -> None:
    whole = (archive / "x.h5").read_bytes()
    (archive / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (archive / "notes.txt").write_text("of the day")
    (archive / "empty.h5").write_bytes(b"")
    report = reprocess([str(archive)], tmp_path / "out", WISH, by=Here())
    assert {name: why.partition(": ")[2][:12] for name, why in report.bad.items()} == {
        "cut.h5": "not a comple",
        "empty.h5": "an empty fil",
        "notes.txt": "text, and of",
    }
    assert (report.files.in_, report.files.out, report.files.failed) == (6, 3, 3)
    assert set(contents(tmp_path / "out")) == OUTS


def test_a_frame_that_cannot_be_imaged_costs_its_own_file_alone(archive: Path, tmp_path: Path) -> None:
    wish = msgspec.structs.replace(WISH, imaging=ImagingSettings(transmits=16))
    report = reprocess([str(archive)], tmp_path / "out", wish, by=Here(), range_frames=2)
    assert list(report.bad) == ["inner/z.uff"]
    assert "transmits must lie in 1..12, not 16" in report.bad["inner/z.uff"]
    assert report.balanced
    assert (report.frames.out, report.frames.failed) == (2 * N_FRAMES, N_FRAMES)


def test_a_unit_that_is_lost_is_done_once_more_and_then_its_file_is_bad(archive: Path, tmp_path: Path) -> None:
    assert reprocess([str(archive)], tmp_path / "once", WISH, by=Here(happens={1: lost, 2: lost})).files.out == 3
    report = reprocess([str(archive)], tmp_path / "twice", WISH, by=Here(happens={1: lost, 3: lost}))
    assert list(report.bad.values()) == ["its process was killed by SIGKILL"]
    assert report.balanced
    assert report.files.out == 2


def test_a_full_disk_ends_the_run_and_the_same_call_goes_on(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr("sonolucent.stream.reprocessing.workbench.os.fsync", refused)
        with pytest.raises(OutputFailed, match="No space left on device; make room, and the same command goes on"):
            reprocess([str(archive)], tmp_path / "out", WISH, by=Here())
    assert reprocess([str(archive)], tmp_path / "out", WISH, by=Here()).files.out == 3


def test_a_file_that_no_run_has_made_is_not_overwritten_unasked(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "x.h5").write_text("mine")
    with pytest.raises(OutputError, match=r"x\.h5: cannot be written: the file exists"):
        reprocess([str(archive)], out, WISH, by=Here())
    assert (out / "x.h5").read_text() == "mine"
    assert reprocess([str(archive)], out, WISH, by=Here(), overwrite=True).files.out == 3


@pytest.mark.parametrize("link", [".unfinished", ".unfinished/parts"])
def test_a_link_among_what_is_unfinished_does_not_have_another_folder_cleared(
    archive: Path, tmp_path: Path, link: str
) -> None:
    home, out = tmp_path / "home", tmp_path / "images"
    (home / "parts" / "mine").mkdir(parents=True)
    (home / "work").mkdir()
    for folder in (home / "parts", home / "work"):
        (folder / "kept").write_text("mine")
    (out / link).parent.mkdir(parents=True)
    (out / link).symlink_to(home / "work" if link.endswith("parts") else home)
    with pytest.raises(OutputError, match="is a link"):
        reprocess([str(archive)], out, WISH, by=Here())
    assert (home / "work" / "kept").exists()
    assert (home / "parts" / "kept").exists()


def test_an_estimate_counts_and_writes_nothing(archive: Path, tmp_path: Path) -> None:
    (archive / "notes.txt").write_text("of the day")
    told = estimate([str(archive)], tmp_path / "out", WISH, by=EngineChoice(workers=2))
    assert (told.files, told.frames, list(told.bad)) == (3, 15, ["notes.txt"])
    assert told.bytes_in == sum((archive / name).stat().st_size for name in FILES)
    assert told.seconds is not None
    assert not (tmp_path / "out").exists()
    reprocess([str(archive)], tmp_path / "out", WISH, by=Here())
    assert estimate([str(archive)], tmp_path / "out", WISH).skipped_frames == 15


@pytest.mark.parametrize("form", ["mp4", "dcm"])
def test_films_and_dicom_are_the_same_bytes_again(archive: Path, tmp_path: Path, form: str) -> None:
    pytest.importorskip("pydicom")
    wish = msgspec.structs.replace(WISH, format=form, side_by_side=True)
    for folder, n in (("one", 500), ("two", 2)):
        reprocess([str(archive / "x.h5")], tmp_path / folder, wish, by=Here(), range_frames=n)
    assert list(contents(tmp_path / "one")) == [f"x.{form}"]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_recordings_of_images_are_enhanced_anew(archive: Path, tmp_path: Path) -> None:
    image_recording(archive / "x.h5", tmp_path / "images.h5", enhance="median")
    report = reprocess([str(tmp_path / "images.h5")], tmp_path / "out", WISH, by=Here(), range_frames=2)
    assert report.frames.out == N_FRAMES
    image_recording(tmp_path / "images.h5", tmp_path / "anew.h5", enhance="cpu")
    assert (tmp_path / "out/images.h5").read_bytes() == (tmp_path / "anew.h5").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"enhance": "nowhere"}, "no such model folder"),
        ({"enhance": "zssr"}, "takes minutes for each image"),
        ({"grain": "coarse"}, "grain must be auto, off"),
        ({"strength": 2.0}, "strength must lie within 0..1"),
        ({"imaging": ImagingSettings(dynamic_range_db=70)}, "trained for 60 dB, not for 70 dB"),
        ({"axes": True}, "h5: holds numbers and nothing drawn"),
        ({"enhance": "none", "format": "mp4", "side_by_side": True}, "side by side needs an enhanced image"),
    ],
)
def test_what_cannot_be_made_is_refused_before_any_work(
    archive: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        reprocess([str(archive)], tmp_path / "out", msgspec.structs.replace(WISH, **change))
    assert not (tmp_path / "out").exists()


def test_outputs_among_the_inputs_are_refused(archive: Path) -> None:
    for out in (archive / "out", archive):
        with pytest.raises(ConfigError, match="would lie among the inputs of the next run"):
            reprocess([str(archive)], out, WISH)


def test_an_engine_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="add --workers"):
        EngineChoice("slurm")
    with pytest.raises(ConfigError, match="no meaning for the engine local"):
        EngineChoice(slurm=("partition=long",))
    with pytest.raises(ConfigError, match="workers must be at least 1"):
        EngineChoice(workers=0)


def test_the_manifest_tells_what_an_output_was_made_of(archive: Path, tmp_path: Path) -> None:
    reprocess([str(archive / "x.h5")], tmp_path / "out", WISH, by=Here())
    line = json.loads((tmp_path / "out/manifest.jsonl").read_text())
    assert line["frames"] == N_FRAMES
    assert line["identity"]["input"]["size_bytes"] == (archive / "x.h5").stat().st_size
    assert line["identity"]["wish"]["model"].startswith("light-quadrant@")
    assert line["identity"]["version"]
