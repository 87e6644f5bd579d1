"""The page steers a real run: settings, model, replay, recording, and a clip that other programs open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import h5py
import pytest

from .browser import Chromium, Page, keep
from .looking import live
from .test_viewer import STATE, recording, viewer

__all__ = ["recording"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

ASK = "sonolucent.connection.request"


def test_settings_and_model_are_changed_between_two_frames(browser: Chromium, recording: Path) -> None:
    async def visit(page: Page) -> None:
        await live(page)
        rows = await page.evaluate("sonolucent.cine.shown.stream.n_z")
        await page.evaluate("document.getElementById('depth-to').value = 9")
        await page.evaluate("document.getElementById('imaging-form').requestSubmit()")
        await page.until(f"sonolucent.cine.shown.stream.n_z < {rows} && sonolucent.cine.shown.header.revision === 1")
        await page.until("document.getElementById('depth-to').value === '9'")
        # A depth that the record does not hold is refused where it was asked for.
        await page.evaluate("document.getElementById('depth-to').value = 900")
        await page.evaluate("document.getElementById('imaging-form').requestSubmit()")
        await page.until("document.getElementById('imaging-error').textContent.includes('depth_mm')")
        await page.evaluate(
            "(node => { node.value = 'none'; node.dispatchEvent(new Event('change')); })"
            "(document.getElementById('model'))"
        )
        await page.until("sonolucent.cine.shown.layers.length === 1")
        await page.until("document.getElementById('notes').textContent.includes('Not enhanced')")

    with viewer("--source", f"replay:{recording}") as (address, _):
        browser.visit(address + "#panel=imaging", visit)


def test_the_strength_is_drawn_down_and_every_frame_tells_its_own(
    browser: Chromium, recording: Path, tmp_path: Path
) -> None:
    value = "document.getElementById('strength-value').textContent"

    async def visit(page: Page) -> None:
        await live(page)
        await page.until("sonolucent.enhances && !document.getElementById('strength').disabled")
        assert await page.evaluate(value) == "100 %"
        for strength, told in ((0.4, "40 %"), (0, "0 %"), (0.85, "85 %")):
            await page.evaluate(
                f"(node => {{ node.value = {strength}; node.dispatchEvent(new Event('input')); }})"
                "(document.getElementById('strength'))"
            )
            await page.until(f"sonolucent.cine.shown.header.strength === {strength} && {value} === '{told}'")
            await page.until(f"document.getElementById('engine').textContent.includes(' at {told} ')")
        assert await page.evaluate("document.getElementById('strength-error').textContent") == ""
        assert "speckle grain" in await page.evaluate("document.getElementById('enhanced-why').textContent")
        await page.screenshot(keep(tmp_path / "strength.png"))

    with viewer("--source", f"replay:{recording}", "--model", "cpu") as (address, _):
        browser.visit(address + "#panel=imaging", visit)


def test_a_replay_waits_and_steps_exactly_one_frame(browser: Chromium, recording: Path) -> None:
    place = "sonolucent.known.server.replay"

    async def visit(page: Page) -> None:
        await live(page)
        await page.press("p")
        await page.until(f"{STATE} === 'PAUSED' && {place}.paused")
        await asyncio.sleep(0.7)
        for key, by in [("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", -1)]:
            before = await page.evaluate(f"{place}.frame")
            count = await page.evaluate("sonolucent.cine.frames.length")
            await page.press(key)
            await page.until(f"{place}.frame === {(before + by) % 12}")
            await page.until(f"sonolucent.cine.frames.length === {count + 1}")
        await page.press("p")
        await page.until(f"{STATE} === 'REPLAY'")

    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browser.visit(address, visit)


def test_a_recording_and_a_clip(
    browser: Chromium, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate("document.getElementById('record-note').value = 'phantom 3'")
        await page.press("w")
        await page.until("(sonolucent.known.server?.recording?.frames ?? 0) > 3")
        assert (await page.evaluate("document.getElementById('recording').textContent")).startswith("REC ")
        await page.press("w")
        await page.until("document.getElementById('record-error').textContent.startsWith('Kept ')")
        await page.until("sonolucent.cine.frames.length > 5")
        await page.press("space")
        await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
        await page.evaluate("document.getElementById('clip-format').value = 'h5'")
        await page.press("c")
        for _ in range(100):
            if saved := [path for path in (tmp_path / "saved").glob("*") if path.suffix == ".h5"]:
                break
            await asyncio.sleep(0.05)
        assert saved, await page.evaluate("document.getElementById('warning').textContent")
        n, n_z, n_x = await page.evaluate(
            "[sonolucent.cine.frames.length, sonolucent.cine.shown.stream.n_z, sonolucent.cine.shown.stream.n_x]"
        )
        assert images_of(saved[0]) == {(n, n_z, n_x)}

    (tmp_path / "saved").mkdir()
    with viewer("--source", f"replay:{recording}", "--model", "none") as (address, _):
        browser.visit(address + "#panel=run", visit)
    (kept,) = tmp_path.glob("*.h5")
    ((n_kept, *_),) = images_of(kept)
    assert n_kept > 3


def images_of(path: Path) -> set[tuple[int, ...]]:
    """The shapes of the images, (frames, n_z, n_x), in a recording."""
    found: set[tuple[int, ...]] = set()

    def look(_: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 3:
            found.add(item.shape)

    with h5py.File(path) as file:
        file.visititems(look)
    return found
