"""Where derived files are kept."""

import os
import stat
from pathlib import Path

import pytest

from sonolucent.beamform.compute.cache_folder import cache_folder


def test_a_folder_of_the_users_cache_is_made(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder("a", "b") == tmp_path / "cache" / "sonolucent" / "a" / "b"
    assert cache_folder("a", "b").is_dir()
    assert caplog.text == ""


@pytest.mark.parametrize("kind", ["a file", "read-only", "nowhere"])
def test_where_it_cannot_be_written_one_that_ends_with_the_process_is(tmp_path, monkeypatch, caplog, kind):
    place = Path("/proc/nowhere") if kind == "nowhere" else tmp_path / "cache"
    if kind == "a file":
        place.touch()
    if kind == "read-only":
        (place / "sonolucent").mkdir(parents=True)
        (place / "sonolucent").chmod(stat.S_IRUSR | stat.S_IXUSR)
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    folder = cache_folder("models")
    (folder / "file").touch()
    assert place not in folder.parents
    assert cache_folder() == folder.parent
    assert caplog.text.count("Set XDG_CACHE_HOME") == 1
