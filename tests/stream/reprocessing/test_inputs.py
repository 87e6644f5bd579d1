"""Which files are meant, where their outputs go, and what they are known again by."""

import os
from pathlib import Path

import pytest

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.reprocessing.inputs import InputFile, find_inputs, fingerprint


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def named(inputs: list[InputFile]) -> dict[str, str]:
    return {file.name: file.out for file in inputs}


def test_a_folder_s_tree_is_mirrored_without_hidden_files_and_descriptions_of_arrays(tmp_path: Path) -> None:
    make(tmp_path, "x.h5", "a/b/y.npy", "a/b/y.toml", "a/alone.toml", ".hidden.h5", ".git/z.h5")
    found = named(find_inputs([str(tmp_path)], ".mp4"))
    assert found == {"x.h5": "x.mp4", "a/b/y.npy": "a/b/y.mp4", "a/alone.toml": "a/alone.mp4"}


def test_names_that_differ_in_the_suffix_alone_keep_it(tmp_path: Path) -> None:
    make(tmp_path, "x.h5", "x.uff", "y.h5")
    assert named(find_inputs([str(tmp_path)], ".h5")) == {"x.h5": "x.h5.h5", "x.uff": "x.uff.h5", "y.h5": "y.h5"}


def test_patterns_files_and_lists_are_named_below_what_they_have_in_common(tmp_path: Path) -> None:
    make(tmp_path, "one/a/x.h5", "one/a/x.txt", "two/y.h5")
    assert set(named(find_inputs([f"{tmp_path}/one/**/*.h5"], ".h5"))) == {"a/x.h5"}
    listed = tmp_path / "list.txt"
    listed.write_text(f"{tmp_path}/one/a/x.h5\n\n{tmp_path}/two\n")
    assert set(named(find_inputs([f"@{listed}"], ".h5"))) == {"one/a/x.h5", "two/y.h5"}
    assert len(find_inputs([str(tmp_path / "two"), str(tmp_path / "two/y.h5")], ".h5")) == 1


@pytest.mark.parametrize("word", ["nowhere", "nowhere/*.h5", "@nowhere.txt", "empty"])
def test_what_means_no_file_is_refused_by_name(tmp_path: Path, word: str) -> None:
    (tmp_path / "empty").mkdir()
    word = f"@{tmp_path}/{word[1:]}" if word.startswith("@") else f"{tmp_path}/{word}"
    with pytest.raises(ConfigError, match=word[1:].replace("*", r"\*")):
        find_inputs([word], ".h5")


def test_pipes_are_no_files_of_an_archive(tmp_path: Path) -> None:
    make(tmp_path, "x.h5")
    os.mkfifo(tmp_path / "pipe.h5")
    assert list(named(find_inputs([str(tmp_path)], ".h5"))) == ["x.h5"]
    with pytest.raises(ConfigError, match=r"pipe\.h5: a pipe"):
        find_inputs([str(tmp_path / "pipe.h5")], ".h5")


def test_a_file_is_known_by_its_size_both_its_ends_and_its_description(tmp_path: Path) -> None:
    make(tmp_path, "x.npy", "x.toml")
    file = find_inputs([str(tmp_path)], ".h5")[0]
    path = Path(file.path)
    seen = [fingerprint(file)]
    for content in (bytes(200_000), bytes(199_999), bytes(199_998) + b"x", b"x" + bytes(199_998)):
        path.write_bytes(content)
        seen.append(fingerprint(file))
    path.with_suffix(".toml").write_text("pitch_m = 1e-3")
    seen.append(fingerprint(file))
    assert len(set(seen)) == len(seen)
