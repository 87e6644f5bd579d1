"""The page in a real browser: it paints, it moves, it freezes, and it says when a frame was not enhanced."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform.geometry import Acquisition, Probe
from sonolucent.stream import write_recording

from ..campaigns.running import running
from .browser import CHROMIUM, Page, browse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.xdist_group("browser"),
]

LIVE = "document.getElementById('state')?.textContent === 'live'"
BRIGHTNESS = """((id) => {
  const canvas = document.getElementById(id);
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) sum += pixels[i] * (1 + (i % 977));
  return sum;
})"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve small frames of noise that differ."""
    probe = Probe.linear(n_elements=32, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(32), 600, 25e6)
    path = tmp_path_factory.mktemp("view") / "noise.h5"
    noise = (np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(12))
    write_recording(path, list(noise), acquisition, frame_rate_hz=25.0)
    return path


@contextmanager
def viewer(*options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A running viewer: its address and its process, which is interrupted at the end."""
    command = [
        sys.executable,
        "-m",
        "sonolucent",
        "run",
        "--view",
        "--no-browser",
        "--port",
        "0",
        "--json",
    ]
    with running([*command, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next((m[0] for line in process.stderr if (m := re.search(r"http://\S+", line))), None)
        assert address is not None, "the viewer did not start"
        try:
            yield address, process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def keep(path: Path) -> Path:
    """Where a screenshot goes: SONOLUCENT_SCREENSHOTS, to look at, or the test's own folder."""
    return Path(os.environ.get("SONOLUCENT_SCREENSHOTS", path.parent)) / path.name


def test_the_page_is_painted_and_moves(recording: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.until(LIVE)
        first = await page.evaluate(f"{BRIGHTNESS}('plain')")
        assert first > 0
        await page.until(f"{BRIGHTNESS}('plain') !== {first}")
        assert await page.evaluate("document.getElementById('state').textContent") == "live"
        assert float(await page.evaluate("document.getElementById('fps').textContent")) > 0
        assert "beamform" in await page.evaluate("document.getElementById('stages').textContent")
        await page.screenshot(keep(tmp_path / "plain.png"))

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browse(address, tmp_path / "profile", visit)


def test_a_frame_that_was_not_enhanced_says_so(recording: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.until(LIVE)
        assert await page.evaluate("document.getElementById('skipped').hidden") is False
        assert "Not enhanced: no enhancement was asked for" in await page.evaluate(
            "document.getElementById('skipped').textContent"
        )
        assert await page.evaluate("document.getElementById('enhanced-title').textContent") == "Not enhanced"
        assert await page.evaluate(f"{BRIGHTNESS}('enhanced')") == 0

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browse(address, tmp_path / "profile", visit)


def test_both_images_are_shown_with_the_model_and_true_proportions(recording: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await page.until(LIVE)
        assert await page.evaluate(f"{BRIGHTNESS}('enhanced')") > 0
        assert "@" in await page.evaluate("document.getElementById('model').textContent")
        assert await page.evaluate("document.getElementById('skipped').hidden") is True
        place = json.loads(await page.evaluate("JSON.stringify(placement(500, 600))"))
        size = json.loads(
            await page.evaluate("JSON.stringify([stream.n_x * stream.x_mm[1], stream.n_z * stream.z_mm[1]])")
        )
        assert place["width"] / place["height"] == pytest.approx(size[0] / size[1])
        await page.screenshot(keep(tmp_path / "enhanced.png"))
        await page.resize(600, 700)
        await page.screenshot(keep(tmp_path / "small.png"))

    with viewer("--source", f"replay:{recording}") as (address, _):
        browse(address, tmp_path / "profile", visit)


def test_space_freezes_and_thaws(recording: Path, tmp_path: Path) -> None:
    press = "document.dispatchEvent(new KeyboardEvent('keydown', { key: ' ' }))"

    async def visit(page: Page) -> None:
        await page.until(LIVE)
        await page.evaluate(press)
        frozen = await page.evaluate("frame.header.frame_id")
        before = await page.evaluate(f"{BRIGHTNESS}('plain')")
        await page.until("document.getElementById('state').textContent === 'frozen'")
        await page.evaluate("new Promise((done) => setTimeout(done, 400))")
        assert await page.evaluate(f"{BRIGHTNESS}('plain')") == before
        await page.evaluate(press)
        await page.until(f"frame.header.frame_id > {frozen}")

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browse(address, tmp_path / "profile", visit)


def test_ctrl_c_ends_the_viewer_and_tells_the_page(recording: Path, tmp_path: Path) -> None:
    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, process):

        async def visit(page: Page) -> None:
            await page.until(LIVE)
            process.send_signal(signal.SIGINT)
            await page.until("document.getElementById('state').textContent === 'stream ended'")

        browse(address, tmp_path / "profile", visit)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    report = json.loads(output)
    assert report["balanced"]
    assert report["frames_in"] > 0
