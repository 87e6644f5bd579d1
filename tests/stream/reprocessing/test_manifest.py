"""The manifest: lines before outputs, one run at a time, whatever was killed."""

from pathlib import Path

import msgspec
import pytest

from sonolucent.stream.errors import OutputError
from sonolucent.stream.reprocessing.inputs import Fingerprint
from sonolucent.stream.reprocessing.manifest import Entry, Identity, open_manifest, read_manifest
from sonolucent.stream.reprocessing.work import Wish

IDENTITY = Identity(Fingerprint("x.h5", 7, "ab"), Wish(), "1.0")
ENTRY = Entry("a/x.h5", IDENTITY, 3, 5, "draft.h5")


def test_an_output_is_moved_and_known_by_all_that_it_was_made_of(tmp_path: Path) -> None:
    (tmp_path / "draft.h5").write_bytes(b"image")
    with open_manifest(tmp_path) as manifest:
        manifest.publish(ENTRY)
    assert (tmp_path / "a/x.h5").read_bytes() == b"image"
    assert not (tmp_path / "draft.h5").exists()
    with open_manifest(tmp_path) as manifest:
        assert "a/x.h5" in manifest
        assert manifest.done("a/x.h5", IDENTITY) == ENTRY
        assert manifest.done("a/x.h5", Identity(IDENTITY.input, Wish(strength=0.5), "1.0")) is None
        (tmp_path / "a/x.h5").write_bytes(b"cut")
        assert manifest.done("a/x.h5", IDENTITY) is None


def test_a_run_that_was_killed_between_the_line_and_the_move_is_made_up_for(tmp_path: Path) -> None:
    (tmp_path / "draft.h5").write_bytes(b"image")
    with open_manifest(tmp_path) as manifest:
        manifest.publish(ENTRY)
    (tmp_path / "a/x.h5").rename(tmp_path / "draft.h5")
    assert read_manifest(tmp_path).done("a/x.h5", IDENTITY) is None
    with open_manifest(tmp_path) as manifest:
        assert manifest.done("a/x.h5", IDENTITY) == ENTRY


def test_a_line_whose_writer_was_killed_is_cut_away(tmp_path: Path) -> None:
    (tmp_path / "draft.h5").write_bytes(b"image")
    with open_manifest(tmp_path) as manifest:
        manifest.publish(ENTRY)
    path = tmp_path / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    with open_manifest(tmp_path) as manifest:
        assert manifest.done("a/x.h5", IDENTITY) == ENTRY
    assert path.read_bytes() == whole


def test_two_runs_are_not_at_work_in_one_folder(tmp_path: Path) -> None:
    with (
        open_manifest(tmp_path),
        pytest.raises(OutputError, match="another run is at work there"),
        open_manifest(tmp_path),
    ):
        pass


def test_something_else_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text('{"start_url": "/"}\n')
    with pytest.raises(OutputError, match="is no manifest of this program"), open_manifest(tmp_path):
        pass
    assert (tmp_path / "manifest.jsonl").read_text() == '{"start_url": "/"}\n'


@pytest.mark.parametrize(
    ("draft", "out"),
    [("draft.h5", "../home/kept"), ("../home/kept", "x.h5"), ("draft.h5", "{}/home/kept"), ("draft.h5", "link/kept")],
)
def test_a_manifest_that_others_wrote_moves_nothing_from_or_to_another_folder(
    draft: str, out: str, tmp_path: Path
) -> None:
    folder, home = tmp_path / "images", tmp_path / "home"
    for place in (folder, home):
        place.mkdir()
    (home / "kept").write_text("mine")
    (folder / "draft.h5").write_text("theirs")
    (folder / "link").symlink_to(home)
    line = msgspec.json.encode(Entry(out.format(tmp_path), IDENTITY, 3, 5, draft))
    (folder / "manifest.jsonl").write_bytes(line + b"\n")
    with pytest.raises(OutputError, match="another folder"), open_manifest(folder):
        pass
    assert (home / "kept").read_text() == "mine"


@pytest.mark.parametrize("text", ['{"audio": "a.wav"}', '{"audio": "a.wav"}\n{"audio": "b.wav"}', "a\nb"])
def test_a_file_of_another_program_by_that_name_stays_as_it_is(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text(text)
    with pytest.raises(OutputError, match="no manifest of this program"), open_manifest(tmp_path):
        pass
    assert (tmp_path / "manifest.jsonl").read_text() == text
