"""Every `sonolucent` command in the documents is understood by the program, and the quick ones run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tyro
from documents import ROOT, Block, blocks, inline_code, name_of, pages

from sonolucent.stream import load_config, open_recording
from sonolucent.stream.commands.main import COMMANDS, main
from sonolucent.stream.hosting.host_config import load_host_config
from sonolucent.stream.offline.evaluation_manifest import load_manifest


class Understood(Exception):
    """Thrown instead of doing what a command line asks for."""


def _command_lines(block: Block) -> Iterator[list[str]]:
    """The words after `sonolucent` of each of its command lines in a shell block."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = _words(line)
        if "sonolucent" in words:
            yield words[words.index("sonolucent") + 1 :]


def _words(line: str) -> list[str]:
    """The words of a shell line up to a redirection, a pipe or an ampersand."""
    lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="<>|&;")
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if re.fullmatch(r"[<>|&;]+", word):
            break
        words.append(word.removeprefix(".venv/bin/"))
    return words


def _documented() -> Iterator[Any]:
    for page in pages():
        for block in blocks(page):
            if block.language in ("sh", "console"):
                yield from (pytest.param(words, id=f"{block.place} {words[0]}") for words in _command_lines(block))
        for code in inline_code(page):
            if re.match("sonolucent [a-z]", code) and " --" in code and "..." not in code and "--help" not in code:
                words = shlex.split(re.sub(r"\b(N|PORT)\b(?!:)", "1", code))
                yield pytest.param(words[1:], id=f"{name_of(page)} {words[1]}")


@pytest.fixture
def only_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands stop after their options have been read; the configuration of the documents is at hand."""
    cli: Callable[..., Any] = tyro.cli

    def read(*arguments: Any, **options: Any) -> Any:
        cli(*arguments, **options)
        raise Understood

    monkeypatch.setattr(tyro, "cli", read)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.toml").write_text('source = "sim"\n')


@pytest.mark.usefixtures("only_parsed")
@pytest.mark.parametrize("words", list(_documented()))
def test_a_documented_command_line_is_understood(words: list[str]) -> None:
    with pytest.raises(Understood):
        main(words)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_commands_that_are_mentioned_exist(page: Path) -> None:
    named = [code.split()[1] for code in inline_code(page) if re.match(r"sonolucent [a-z]", code)]
    assert [name for name in named if name not in COMMANDS] == []


def _configurations() -> list[Block]:
    found = [block for page in pages() for block in blocks(page) if block.language == "toml"]
    of_others = ("[project.", "evaluation.toml", "capture.toml")
    return [block for block in found if not any(word in block.text for word in of_others)]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.place) for block in _configurations()])
def test_a_documented_configuration_is_read(block: Block, tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text(block.text)
    load = load_host_config if "[scanners." in block.text else load_config
    load(tmp_path / "pipeline.toml")


def test_the_documented_manifest_is_read(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "evaluate.md"
    manifest = next(block.text for block in blocks(page) if block.language == "toml")
    for name in re.findall(r'"([\w/]+\.\w+)"', manifest):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "evaluation.toml").write_text(manifest)
    assert len(list(load_manifest(tmp_path).files())) == 4


def test_the_documented_description_of_arrays_is_read(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "convert.md"
    (tmp_path / "capture.toml").write_text(next(block.text for block in blocks(page) if block.language == "toml"))
    np.save(tmp_path / "capture.npy", np.ones((2, 4, 16, 300), np.int16))
    recording = open_recording(tmp_path / "capture.npy")
    assert recording.acquisition.tx_elements == (0, 5, 10, 15)
    assert recording.frame_rate_hz == 25


_SMALLER = {"simulate": ["--frames", "2", "--elements", "16"], "run": ["--model", "none"]}
_PAGES_THAT_RUN = (
    "docs/start/first-recording.md",
    "docs/how-to/convert.md",
    "docs/how-to/export.md",
    "docs/how-to/replay.md",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", _PAGES_THAT_RUN)
def test_the_commands_of_a_page_run_in_order(name: str, tmp_path: Path) -> None:
    if name in ("docs/how-to/convert.md", "docs/how-to/export.md"):
        _run(["simulate", "capture.h5"], tmp_path)
    for block in blocks(ROOT / name):
        if block.language == "sh" and block.not_run is None:
            for words in _command_lines(block):
                if "--view" not in words and words[0] != "view":
                    _run(words, tmp_path)


def _run(words: list[str], folder: Path) -> None:
    """Runs a command line on fewer frames of a smaller probe; where it names a frame, on the last of those."""
    smaller = ["1" if before == "--frame" else word for before, word in zip(["", *words], words, strict=False)]
    command = [sys.executable, "-m", "sonolucent", *smaller, *_SMALLER.get(words[0], [])]
    if words[0] == "run" and "--frames" in words:
        command += ["--frames", "3"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, f"{' '.join(words)}: {ended.stderr}"
