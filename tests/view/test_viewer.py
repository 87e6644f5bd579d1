"""The page on a real run: it paints, it moves, it freezes, and what it says is true of the pipeline."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import write_recording

from ..campaigns.running import page_address, running
from .browser import Chromium, Page, keep
from .looking import live

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

STATE = "document.getElementById('state').textContent"
NOTES = "document.getElementById('notes').textContent"
# Of what is drawn of an image, weighted by place, so that other frames have another sum.
DRAWN = """((pane) => {
  sonolucent.redraw();
  const { image } = sonolucent.surfaces, { x, y, width, height } = sonolucent.layout.panes[pane].clip;
  const copy = document.createElement('canvas');
  Object.assign(copy, { width: image.width, height: image.height });
  copy.getContext('2d').drawImage(image, 0, 0);
  const { data } = copy.getContext('2d').getImageData(x, y, width, height);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i] * (1 + (i % 977));
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
    command = [sys.executable, "-m", "sonolucent", "run", "--view", "--no-browser", "--port", "0", "--json"]
    with running([*command, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield page_address(process), process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def test_the_page_is_painted_and_moves(browser: Chromium, recording: Path, tmp_path: Path) -> None:
    async def visit(page: Page) -> None:
        await live(page)
        first = await page.evaluate(f"{DRAWN}(0)")
        assert first > 0
        await page.until(f"{DRAWN}(0) !== {first}")
        assert await page.evaluate(STATE) == "REPLAY"
        await page.until("Number(document.getElementById('fps').textContent) > 0")
        await page.until("document.getElementById('stages').textContent.includes('beamform')")
        # Without a model there is one image, and it says so.
        assert (await page.evaluate(NOTES)).startswith("Not enhanced: no enhancement was asked for")
        assert await page.evaluate("sonolucent.layout.panes.length") == 1
        await page.screenshot(keep(tmp_path / "plain.png"))

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browser.visit(address, visit)


def test_both_images_are_shown_with_the_model_and_true_proportions(
    browser: Chromium, recording: Path, tmp_path: Path
) -> None:
    async def visit(page: Page) -> None:
        await live(page)
        await page.until("sonolucent.enhances")
        for pane in (0, 1):
            assert await page.evaluate(f"{DRAWN}({pane})") > 0
        await page.until("document.getElementById('engine').textContent.includes('@')")
        assert "Not enhanced" not in await page.evaluate(NOTES)
        size = await page.evaluate(
            "(({ n_x, n_z, x_mm, z_mm }) => [n_x * x_mm[1], n_z * z_mm[1]])(sonolucent.cine.shown.stream)"
        )
        pane = await page.evaluate("sonolucent.layout.panes[1]")
        assert pane["width"] / pane["height"] == pytest.approx(size[0] / size[1], rel=0.01)
        await page.screenshot(keep(tmp_path / "enhanced.png"))
        await page.resize(600, 700)
        await page.screenshot(keep(tmp_path / "small.png"))

    with viewer("--source", f"replay:{recording}") as (address, _):
        browser.visit(address, visit)


def test_space_freezes_and_thaws(browser: Chromium, recording: Path) -> None:
    async def visit(page: Page) -> None:
        await live(page)
        await page.press("space")
        await page.until(f"{STATE} === 'FROZEN'")
        frozen, before = (
            await page.evaluate("sonolucent.cine.shown.header.frame_id"),
            await page.evaluate(f"{DRAWN}(0)"),
        )
        await page.evaluate("new Promise((done) => setTimeout(done, 400))")
        assert await page.evaluate(f"{DRAWN}(0)") == before
        await page.press("space")
        await live(page, frozen + 1)

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browser.visit(address, visit)


def test_two_pages_see_the_same_run_and_one_freezes_alone(browser: Chromium, recording: Path) -> None:
    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):

        async def second(page: Page) -> None:
            await live(page, 5)

        async def first(page: Page) -> None:
            await live(page)
            await page.press("space")
            await page.until(f"{STATE} === 'FROZEN'")
            await browser.look(address, second)
            assert await page.evaluate(STATE) == "FROZEN"

        browser.visit(address, first)


def test_ctrl_c_ends_the_viewer_and_tells_the_page(browser: Chromium, recording: Path) -> None:
    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, process):

        async def visit(page: Page) -> None:
            await live(page)
            process.send_signal(signal.SIGINT)
            await page.until(f"{STATE} === 'ENDED'")
            await page.until("!sonolucent.known.connected")
            assert await page.evaluate(STATE) == "ENDED"

        browser.visit(address, visit)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    report = json.loads(output)
    assert report["balanced"]
    assert report["frames_in"] > 0


@pytest.mark.skipif(os.name != "posix", reason="stops a process by a signal")
def test_a_run_that_is_killed_is_told_within_two_seconds(browser: Chromium, recording: Path) -> None:
    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, process):

        async def visit(page: Page) -> None:
            await live(page)
            process.send_signal(signal.SIGSTOP)
            await page.until(f"{STATE}.startsWith('NO DATA FOR')", timeout_s=2.0)
            process.send_signal(signal.SIGCONT)
            await page.until(f"{STATE} === 'REPLAY'")
            process.kill()
            await page.until(f"{STATE} === 'RECONNECTING'", timeout_s=2.0)

        browser.visit(address, visit)
