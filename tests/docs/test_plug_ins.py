"""The example plug-ins of docs/extend, installed beside the program as a user's packages would be, and used in runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import ROOT, blocks

from sonolucent.stream import open_recording

pytestmark = pytest.mark.slow
_PAGES = [ROOT / "docs" / "extend" / f"{name}.md" for name in ("source", "transform", "sink", "network", "file-format")]
_PAGES.append(ROOT / "docs" / "how-to" / "export.md")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages: every module of the pages, with all their entry points, and frames to play."""
    folder = tmp_path_factory.mktemp("site")
    entry_points = ""
    for page in _PAGES:
        for block in blocks(page):
            module = re.match(r"# (\w+\.py)\n", block.text)
            if block.language == "python" and module:
                (folder / module[1]).write_text(block.text)
            entry = re.search(r'\[project\.entry-points\."(.+?)"\]\n(\w+) = "(.+?)"', block.text)
            if block.language == "toml" and entry:
                entry_points += f"[{entry[1]}]\n{entry[2]} = {entry[3]}\n"
    installed = folder / "documented-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: documented\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(_grouped(entry_points))
    frames = np.random.default_rng(1).integers(-1000, 1000, (6, 16, 16, 512)).astype(np.int16)
    np.save(folder / "frames.npy", frames)
    return folder


def _grouped(entry_points: str) -> str:
    """Each group once, as the format asks for."""
    groups: dict[str, list[str]] = {}
    for group, entry in re.findall(r"\[(.+?)\]\n(.+)\n", entry_points):
        groups.setdefault(group, []).append(entry)
    return "".join(f"[{group}]\n" + "\n".join(entries) + "\n" for group, entries in groups.items())


def _run(site: Path, folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sonolucent", "run", "--source", f"npy:{site / 'frames.npy'}", "--json", *options]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert report["balanced"]
    return report


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_source_a_transform_and_a_sink_of_one_run(site: Path, tmp_path: Path, transport: str) -> None:
    chain = ("--transforms", "beamform", "persistence", "--sinks", "levels", "--as-fast-as-possible")
    chain += ("--transport", transport)
    report = _run(site, tmp_path, *chain)
    assert report["frames_out"] == 6
    assert set(report["stages"]) >= {"source", "beamform", "persistence"}
    ids = [line.split(",")[0] for line in (tmp_path / "levels.csv").read_text().splitlines()]
    assert ids == ["0", "1", "2", "3", "4", "5"]


def test_persistence_averages(site: Path, tmp_path: Path) -> None:
    _run(site, tmp_path, "--transforms", "beamform", "--record", "plain.h5", "--as-fast-as-possible")
    chain = ("--transforms", "beamform", "persistence", "--record", "averaged.h5", "--as-fast-as-possible")
    _run(site, tmp_path, *chain)
    plain, averaged = (open_recording(tmp_path / name) for name in ("plain.h5", "averaged.h5"))
    half = 0.5 * plain.image(0).bmode + 0.5 * plain.image(1).bmode
    np.testing.assert_allclose(averaged.image(1).bmode, half, atol=1e-4)


def test_an_own_network_says_that_it_enhanced(site: Path, tmp_path: Path) -> None:
    report = _run(site, tmp_path, "--transforms", "beamform", "own", "--headless", "--as-fast-as-possible")
    assert report["model"] == "own"
    assert report["enhanced"] == 6


def test_a_transform_takes_the_place_of_the_beamformer(site: Path, tmp_path: Path) -> None:
    report = _run(site, tmp_path, "--transforms", "narrow", "--record", "narrow.h5", "--as-fast-as-possible")
    assert report["frames_out"] == 6
    _run(site, tmp_path, "--transforms", "beamform", "--record", "wide.h5", "--as-fast-as-possible")
    narrow, wide = (open_recording(tmp_path / name) for name in ("narrow.h5", "wide.h5"))
    assert np.abs(narrow.image(0).bmode - wide.image(0).bmode).max() > 1


def test_a_format_of_a_package_is_read_by_every_command(site: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run([sys.executable, str(site / "lab_format.py")], cwd=tmp_path, env=environment, check=True, timeout=60)
    command = [sys.executable, "-m", "sonolucent", "convert", "frames.lab", "frames.h5"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60, capture_output=True)
    recording = open_recording(tmp_path / "frames.h5")
    assert (len(recording), recording.acquisition.shape) == (2, (16, 16, 512))
    ended = subprocess.run(
        [sys.executable, "-m", "sonolucent", "info", "frames.lab"],
        cwd=tmp_path,
        env=environment,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert "the array's centre lies at x = 2.25 mm; shifted to 0" in ended.stdout


def test_a_format_of_a_package_is_written(site: Path, tmp_path: Path) -> None:
    from PIL import Image

    _run(site, tmp_path, "--transforms", "beamform", "--record", "images.h5", "--as-fast-as-possible")
    command = [sys.executable, "-m", "sonolucent", "image", "images.h5", "frame.pgm", "--frame", "2"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60, capture_output=True)
    with Image.open(tmp_path / "frame.pgm") as picture:
        assert picture.size[::-1] == open_recording(tmp_path / "images.h5").image(0).bmode.shape
