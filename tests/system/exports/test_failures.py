"""An export that fails says why and leaves nothing behind; a file that is there stays."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonolucent.stream import Stream, write_images

from ...campaigns.running import running
from .points import PIXELS, REFERENCE, wrote

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("no/a.png", [], "there is no folder"),
        ("there.mp4", [], "the file exists"),
        ("a.bmp", [], ".png"),
        ("a.npy", ["--axes"], "nothing drawn"),
        ("a.png", ["--first", 1, "--last", 2], "holds one image"),
        ("a.gif", ["--first", 4, "--last", 2], "in order"),
        ("a.mp4", ["--last", 6], "holds 6 images; there is no 6"),
        ("a.png", ["--gain-db", 6], "no channel data, so gain_db"),
        ("a.png", ["--enhance", "none", "--side-by-side"], "add --enhance"),
        ("a.png", ["--enhance", "frequency-compound"], "made of channel data"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing(
    sonolucent: Any, images: Path, tmp_path: Path, name: str, options: list[Any], words: str
) -> None:
    (tmp_path / "there.mp4").write_text("mine")
    ended = sonolucent("image", images, tmp_path / name, *options)
    assert ended.status == 2
    assert words in ended.errors
    assert "Traceback" not in ended.errors
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.mp4", "mine")]


def test_what_is_there_is_replaced_where_it_is_asked_for(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("old")
    wrote(sonolucent("image", images, tmp_path / "a.png", "--overwrite"), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] > 100


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.mp4", "a.dcm", "a.npy", "a.npz", "a.mat", "a.h5"])
def test_a_full_disk_leaves_nothing(images: Path, tmp_path: Path, name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sonolucent", "image", images, tmp_path / name],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400)),
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert f"{tmp_path / name}: cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["image", "simulate"])
def test_an_interruption_leaves_nothing(tmp_path: Path, command: str, number: signal.Signals) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if command == "image":
        frames = np.random.default_rng(1).uniform(-60, 0, (400, *PIXELS.shape)).astype(np.float32)
        write_images(tmp_path / "long.h5", frames, Stream(REFERENCE, PIXELS))
        words: list[object] = ["image", tmp_path / "long.h5", out / "a.mp4", "--axes"]
    else:
        words = ["simulate", out / "a.h5", "--frames", 500]
    with running([sys.executable, "-m", "sonolucent", *map(str, words)], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in out.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [path.name[0] for path in out.iterdir()] == ["."]
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert list(out.iterdir()) == []
