"""What the page says is true: of the stream, of the connection, of the frame that is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .browser import Chromium, Page
from .looking import N_X, N_Z, blocks, live
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

BOTH = np.stack([blocks(-20), blocks(-30)])
NOTES = "document.getElementById('notes').textContent"


def state(word: str) -> str:
    return f"document.getElementById('state')?.textContent === '{word}'"


def test_waiting_live_silent_and_ended(browser: Chromium, server: ScriptedServer) -> None:
    server.tell({"kind": "waiting", "source": "tcp://127.0.0.1:5555", "why": "no scanner yet at tcp://127.0.0.1:5555"})
    dimmed = "document.getElementById('stage').classList.contains('dim')"

    async def visit(page: Page) -> None:
        await page.until(state("WAITING FOR tcp://127.0.0.1:5555"))
        server.forget()
        server.tell(stream(N_Z, N_X))
        server.state()
        server.show(frame(BOTH, 0))
        await page.until(state("LIVE"))
        assert not await page.evaluate(dimmed)
        # The server's word counts; it grows between two words, and where no word comes any more.
        server.state("silent", silent_s=4.2)
        await page.evaluate("new Promise((done) => setTimeout(done, 1500))")
        await page.until("/^NO DATA FOR [5-9] S$/.test(document.getElementById('state').textContent)", timeout_s=3)
        assert await page.evaluate(dimmed)
        server.state()
        server.show(frame(BOTH, 1))
        await page.until(state("LIVE"))
        await page.until("document.getElementById('state').textContent.startsWith('NO DATA FOR 1 S')", timeout_s=3)
        server.tell({"kind": "end", "report": {"frames_in": 2, "frames_out": 2}})
        await page.until(state("ENDED"))
        assert "2 frames in, 2 out" in await page.evaluate("document.getElementById('banner').textContent")
        # It stays so when the server goes, and when the page is frozen and thawed.
        server.stop()
        await page.until("!sonolucent.known.connected")
        await page.press("space")
        await page.press("space")
        await page.evaluate("new Promise((done) => setTimeout(done, 300))")
        assert await page.evaluate(state("ENDED"))
        # Another run at the same address is shown without a hand on it.
        server.forget()
        server.tell(stream(N_Z, N_X))
        server.start()
        await page.until("sonolucent.known.connected")
        server.state()
        server.show(frame(BOTH, 0))
        await page.until(state("LIVE"))

    browser.visit(server.address, visit)


def test_a_reconnect_keeps_settings_and_measurements(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(BOTH, 0))
    settings = "JSON.stringify(sonolucent.settings.all())"

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate(
            "for (const key of ['+', '+', ',', 'm']) document.dispatchEvent(new KeyboardEvent('keydown', { key }))"
        )
        await page.evaluate(
            "sonolucent.settings.set('tgc', [1, 2, 3, 4, 5, 6, 7, 8]); sonolucent.settings.set('compare', 'wipe')"
        )
        await page.evaluate("sonolucent.measuring.add('distance', [[0, 2], [1, 3]])")
        before = await page.evaluate(settings)
        assert '"gain":2' in before
        assert '"range":55' in before
        server.stop()
        await page.until(state("RECONNECTING"))
        server.start()
        await page.until("sonolucent.known.connected")
        server.show(frame(BOTH, 1))
        await live(page, 1)
        assert await page.evaluate(settings) == before
        assert await page.evaluate("document.getElementById('range').value") == "55"
        assert await page.evaluate("sonolucent.measuring.list.length") == 1
        # The address holds them: a reload, or a colleague, sees the same.
        await page.until("location.hash.includes('tgc=1,2,3,4,5,6,7,8')")
        await page.call("Page.reload")
        await page.until("window.sonolucent?.known.connected")
        assert await page.evaluate(settings) == before

    browser.visit(server.address, visit)


def test_notes_about_the_frame(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X, warnings=["The model was trained for another probe."]))
    server.show(frame(BOTH, 0))

    async def visit(page: Page) -> None:
        await live(page)
        await page.until(f"{NOTES} === 'The model was trained for another probe.'")
        server.show(frame(BOTH[:1], 1, skipped="the network was late"))
        await page.until(f"{NOTES}.startsWith('Not enhanced: the network was late')")
        # What was not enhanced is not shown as enhanced: its half stays black, and where it is.
        assert await page.evaluate("(() => { sonolucent.redraw(); return sonolucent.layout.panes.length; })()") == 2
        server.show(frame(BOTH, 2, n_shots=[12, 64], after_restart=True))
        await page.until(f"{NOTES}.startsWith('Too few shots: made of 12 of 64')")
        assert "after a restart" in await page.evaluate(NOTES)

    browser.visit(server.address, visit)


def test_a_stream_without_a_model_has_one_large_image(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(BOTH[:1], 0))

    async def visit(page: Page) -> None:
        await live(page)
        await page.until(f"{NOTES} === 'Not enhanced: no enhancement was asked for'")
        panes = await page.evaluate("(() => { sonolucent.redraw(); return sonolucent.layout.panes; })()")
        assert [pane["layer"] for pane in panes] == ["plain"]
        assert await page.evaluate("document.getElementById('compare-wipe').disabled")

    browser.visit(server.address, visit)


def test_a_frame_that_cannot_be_read_is_told_and_the_stream_goes_on(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(BOTH, 0))

    async def visit(page: Page) -> None:
        await live(page)
        for damaged in (frame(BOTH, 1)[:-7], frame(BOTH, 1)[:3]):
            server.show(damaged)
            await page.until("document.getElementById('warning').textContent.startsWith('A frame cannot be read')")
        server.show(frame(BOTH, 2))
        await live(page, 2)

    browser.visit(server.address, visit)


def test_frozen_says_what_happens_behind(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(BOTH, 0))

    async def visit(page: Page) -> None:
        await live(page)
        await page.press("f")
        await page.until(state("FROZEN"))
        server.state("silent", silent_s=3.0)
        await page.until("document.getElementById('banner-text').textContent.startsWith('NO DATA FOR 3 S')")
        assert await page.evaluate(state("FROZEN"))
        assert not await page.evaluate("document.getElementById('stage').classList.contains('dim')")

    browser.visit(server.address, visit)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (820, 1180), (390, 844)])
def test_the_image_uses_the_window(browser: Chromium, server: ScriptedServer, width: int, height: int) -> None:
    server.tell(stream(620, 256))
    server.show(frame(np.full((2, 620, 256), -20.0), 0))

    async def visit(page: Page) -> None:
        await page.resize(width, height)
        await live(page)
        panes, stage = await page.evaluate(
            "(() => { sonolucent.redraw(); const s = document.getElementById('stage'); "
            "return [sonolucent.layout.panes, [s.clientWidth, s.clientHeight]]; })()"
        )
        one, other = panes
        assert (one["width"], one["height"]) == (other["width"], other["height"])
        assert one["width"] / one["height"] == pytest.approx(256 * 0.15625 / (620 * 0.0625), rel=0.01)
        # Whatever bounds the size leaves no more than rulers, labels and the grey bar around.
        across, down = other["x"] + other["width"] - one["x"], other["y"] + other["height"] - one["y"]
        assert stage[0] - across < 115 or stage[1] - down < 80
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        if width < 900:
            assert one["x"] == other["x"]

    browser.visit(server.address, visit)


def test_a_header_says_what_the_page_counts(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    dropped = {"source>beamform": {"newer_frame": 2}, "beamform>enhance": {"newer_frame": 1, "malformed": 4}}

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        server.show(frame(BOTH, 3, dropped=dropped, fps=12.34))
        await page.until("document.getElementById('dropped').textContent === '7'")
        assert await page.evaluate("document.getElementById('fps').textContent") == "12.3"
        losses = await page.evaluate("document.getElementById('losses').textContent")
        assert losses.split("\n")[0] == "2 at source → beamform: newer frame"
        # The scripted beamformer's p99 is over its budget of 18 ms, its p50 is not.
        assert await page.evaluate("document.getElementById('broken').textContent") == "beamform: p99 21.5 over 18.0 ms"
        broken = json.loads(
            await page.evaluate(
                "import(new URL('page/latency.js', document.baseURI)).then((m) => JSON.stringify(["
                "m.brokenBudgets({ p50_ms: 17, p99_ms: 17.9, budget_ms: 18, over_budget: true }),"
                "m.brokenBudgets({ p50_ms: 17, p99_ms: 17.9, budget_ms: 18, p50_budget_ms: 15, over_budget: true }),"
                "m.brokenBudgets({ p50_ms: 1, p99_ms: 2, budget_ms: 18, over_budget: false })]))"
            )
        )
        assert broken == ["p50 17.0 ms is over its budget", "p50 17.0 over 15.0 ms", ""]

    browser.visit(server.address, visit)


def test_training_on_the_stream_is_told_in_words(browser: Chromium, server: ScriptedServer) -> None:
    line = "document.getElementById('training').textContent"

    async def visit(page: Page) -> None:
        server.tell(stream(N_Z, N_X))
        server.state()
        server.show(frame(BOTH, 0))
        await page.until(state("LIVE"))
        assert await page.evaluate(line) == ""
        server.state(training="gathers frames, 12 of 24")
        await page.until(f"{line} === 'Training: gathers frames, 12 of 24'")

    browser.visit(server.address, visit)
