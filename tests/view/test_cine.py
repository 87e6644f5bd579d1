"""Freeze, cine loop, clip and replay: every step is exactly one frame, and memory is bounded."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from .browser import Chromium, Page
from .looking import N_X, N_Z, blocks, live
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

SHOWN = "sonolucent.cine.shown.header.frame_id"


def send(server: ScriptedServer, *frame_ids: int, **more: Any) -> list[bytes]:
    messages = [frame(np.stack([blocks(-20 - i % 30)] * 2), i, **more) for i in frame_ids]
    for message in messages:
        server.show(message)
    return messages


def test_a_frozen_page_steps_plays_and_asks_for_nothing(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        send(server, *range(10))
        await live(page, 9)
        await page.press("space")
        await page.until("document.getElementById('state').textContent === 'FROZEN'")
        asked = len(server.asked("next"))
        server.offer(frame(np.stack([blocks(-3)] * 2), 10))
        for key, shown in [
            ("ArrowLeft", 8),
            ("ArrowLeft", 7),
            ("ArrowRight", 8),
            ("Home", 0),
            ("ArrowLeft", 0),
            ("End", 9),
        ]:
            await page.press(key)
            assert await page.evaluate(SHOWN) == shown
        # The range: play goes from 2 to 4 and over again.
        await page.evaluate("sonolucent.cine.go(2)")
        await page.press("[")
        await page.evaluate("sonolucent.cine.go(4)")
        await page.press("]")
        await page.evaluate(
            f"window.seen = new Set(); sonolucent.cine.addEventListener('change', () => seen.add({SHOWN}))"
        )
        await page.press("p")
        await page.until("seen.size >= 3")
        await page.evaluate("new Promise((done) => setTimeout(done, 400))")
        assert sorted(await page.evaluate("[...seen]")) == [2, 3, 4]
        # Not looping, it stops at the end of the range.
        await page.press("l")
        await page.until("!sonolucent.cine.playing")
        assert await page.evaluate(SHOWN) == 4
        assert len(server.asked("next")) <= asked + 1
        await page.press("space")
        send(server, 11)
        await live(page, 11)

    browser.visit(server.address, visit)


def test_the_loop_keeps_seconds_and_bytes(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        send(server, *range(80), time_s=0.0)
        kept = "sonolucent.cine.frames.map(({ header }) => header.frame_id)"
        await live(page, 79)
        assert len(await page.evaluate(kept)) == 80
        for i in range(80, 90):
            send(server, i, time_s=(i - 60) * 0.2)
        await live(page, 89)
        # Two seconds of frames 0.2 s apart; those before are older.
        assert await page.evaluate(kept) == list(range(80, 90))
        assert await page.evaluate("sonolucent.cine.bytes") == await page.evaluate(
            "sonolucent.cine.frames.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)"
        )

    browser.visit(server.address + "#cine=2", visit)


def test_a_clip_is_the_range_as_it_came(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        messages = send(server, *range(6))
        await live(page, 5)
        await page.evaluate("sonolucent.transport.freeze(true); sonolucent.cine.go(1); sonolucent.cine.mark('first')")
        await page.evaluate("sonolucent.cine.go(3); sonolucent.cine.mark('last')")
        await page.evaluate("document.getElementById('clip-format').value = 'gif'")
        await page.press("c")
        await page.until("!document.getElementById('clip').disabled")
        for _ in range(100):
            if server.clips:
                break
            await page.evaluate("new Promise((done) => setTimeout(done, 50))")
        assert server.clips == [b"".join(struct.pack("<I", len(m)) + m for m in messages[1:4])]
        assert any("clip?format=gif" in path for path in server.paths)

    browser.visit(server.address, visit)


def test_the_bar_drives_a_replay(browser: Chromium, server: ScriptedServer) -> None:
    server.hello |= {"mode": "replay", "source": "replay:capture.h5"}
    server.tell(stream(N_Z, N_X, replay={"n_frames": 40}))
    place = {"frame": 7, "n_frames": 40, "paused": False, "speed": 1}
    server.state(replay=place)

    async def visit(page: Page) -> None:
        await page.until("document.getElementById('state')?.textContent === 'REPLAY'")
        send(server, 7)
        await live(page, 7)
        await page.until("document.getElementById('where').textContent === '8 / 40'")
        await page.press("p")
        await page.press("ArrowRight")
        await page.press("ArrowLeft")
        await page.press("End")
        await page.evaluate(
            "(s => { s.value = 12; s.dispatchEvent(new Event('input')); })(document.getElementById('scrub'))"
        )
        await page.evaluate(
            "(s => { s.value = '2'; s.dispatchEvent(new Event('change')); })(document.getElementById('speed'))"
        )
        await page.until("sonolucent.connection.waiting.size === 0")
        asked = [{k: v for k, v in request.items() if k not in ("kind", "id")} for request in server.asked("replay")]
        assert asked == [
            {"paused": True},
            {"paused": True, "step": 1},
            {"paused": True, "step": -1},
            {"seek": 39},
            {"seek": 12},
            {"speed": 2},
        ]
        server.state("paused", replay={**place, "frame": 12, "paused": True})
        await page.until("document.getElementById('state').textContent === 'PAUSED'")
        await page.until("document.getElementById('play').getAttribute('aria-label') === 'Play'")
        server.answer = lambda request: {"error": "this recording cannot be sought in"}
        await page.press("Home")
        await page.until("!document.getElementById('warning').hidden")
        assert "cannot be sought in" in await page.evaluate("document.getElementById('warning').textContent")
        # Frozen, the same bar moves through the cine loop.
        await page.press("space")
        await page.until("document.getElementById('what').textContent === 'Cine'")

    browser.visit(server.address, visit)


def test_a_hidden_tab_asks_for_nothing(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        send(server, 0)
        await live(page, 0)
        await page.until("sonolucent.connection.asked")
        await page.evaluate(
            "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        asked = len(server.asked("next"))
        server.offer(frame(np.stack([blocks(-3)] * 2), 1))
        await live(page, 1)
        await page.evaluate("new Promise((done) => setTimeout(done, 300))")
        assert len(server.asked("next")) == asked
        await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        send(server, 2)
        await live(page, 2)

    browser.visit(server.address, visit)


MANY = """(async (first, n) => {
  const { buffer, header } = sonolucent.cine.shown, start = 4 + new DataView(buffer).getUint32(0, true);
  for (let i = first; i < first + n; i++) {
    const text = JSON.stringify({ ...header, frame_id: i, time_s: i / 50 });
    const bytes = new TextEncoder().encode(text + ' '.repeat((4 - (text.length % 4)) % 4));
    const message = new Uint8Array(4 + bytes.length + buffer.byteLength - start);
    new DataView(message.buffer).setUint32(0, bytes.length, true);
    message.set(bytes, 4);
    message.set(new Uint8Array(buffer, start), 4 + bytes.length);
    sonolucent.receive(message.buffer);
    if (i % 100 === 0) sonolucent.redraw();
  }
})"""


def test_memory_is_flat_over_ten_thousand_frames(browser: Chromium, server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))

    async def used(page: Page) -> float:
        await page.call("HeapProfiler.collectGarbage")
        usage = await page.call("Runtime.getHeapUsage")
        return float(usage["usedSize"] + usage["backingStorageSize"])

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        send(server, 0)
        await live(page, 0)
        await page.evaluate(f"{MANY}(1, 1000)")
        before = await used(page)
        for first in range(1001, 10_001, 3000):
            await page.evaluate(f"{MANY}({first}, 3000)")
        assert await page.evaluate(SHOWN) == 10_000
        # A frame has 17 kB; 9000 of them would be 150 MB.
        assert await used(page) - before < 2e6
        assert await page.evaluate("sonolucent.latency.past.length") <= 241

    browser.visit(server.address + "#cine=2", visit)
