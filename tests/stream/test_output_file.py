"""Every file that leaves the program is whole or not there, and replaces nothing unasked."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sonolucent.stream import OutputError, OutputFailed
from sonolucent.stream.output_file import new_file, require_free, require_new_folder


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.mp4") as draft:
        assert draft.suffix == ".mp4"
        draft.write_bytes(b"whole")
        assert not (tmp_path / "a.mp4").exists()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.mp4", b"whole")]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.png").write_text("old")

    def fail() -> None:
        with new_file(tmp_path / "a.png", overwrite=True) as draft:
            draft.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.png", "old")]


def test_nothing_is_overwritten_unasked_and_asked_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"a\.png.*exists.*--overwrite"), new_file(path):
        pytest.fail("no work is done")
    with new_file(path, overwrite=True) as draft:
        draft.write_text("new")
    assert path.read_text() == "new"


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    def be_late() -> None:
        with new_file(tmp_path / "a.png") as draft:
            draft.write_text("mine")
            (tmp_path / "a.png").write_text("another's")

    with pytest.raises(OutputError, match="exists"):
        be_late()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.png", "another's")]


@pytest.mark.parametrize(("name", "what"), [("no/a.png", "there is no folder"), ("folder", "it is a folder")])
def test_where_nothing_can_be_written_is_said_before(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=what):
        require_free(tmp_path / name, overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into every folder")
def test_a_folder_that_takes_no_files(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="takes no new files"):
        require_free(tmp_path / "a.png")


def test_a_full_disk_is_named_with_the_file_that_was_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sonolucent.stream.output_file import new_file\n"
        "with new_file(Path(sys.argv[1])) as draft: draft.write_bytes(bytes(100_000))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.bin"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
        check=False,
    )
    assert OutputFailed.__name__ in ended.stderr
    assert f"{tmp_path / 'a.bin'}: cannot be written: File too large" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_is_made_and_one_that_holds_something_is_refused(tmp_path: Path) -> None:
    require_new_folder(tmp_path / "new")
    require_new_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()
    (tmp_path / "file").write_text("mine")
    for path, message in (
        (tmp_path, "it holds files"),
        (tmp_path / "file", "it is a file"),
        (tmp_path / "missing" / "new", "cannot be made"),
    ):
        with pytest.raises(OutputError, match=message):
            require_new_folder(path)
