"""Which words stand for several files."""

from pathlib import Path

import pytest

from sonolucent.stream.recording.file_words import means_several


@pytest.mark.parametrize(
    ("word", "several"), [("folder", True), ("*.h5", True), ("a[1].h5", False), ("b[1].h5", True), ("x.h5::two", False)]
)
def test_folders_and_patterns_do_but_for_files_that_are_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, several: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("a[1].h5").touch()
    assert means_several(word) == several
