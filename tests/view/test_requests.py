"""What the page asks of others: requests to the run, keys, files that leave it, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .browser import Chromium, Page
from .looking import N_X, N_Z, blocks, live
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

BOTH = np.stack([blocks(-20), blocks(-30)])
IMAGING = {"depth_mm": [2, 4], "f_number": 1.5, "transmits": 32, "sound_speed_m_s": 1480}


def set_value(identity: str, value: str, event: str = "input") -> str:
    return (
        f"(node => {{ node.value = '{value}'; node.dispatchEvent(new Event('{event}', {{ bubbles: true }})); }})"
        f"(document.getElementById('{identity}'))"
    )


def begin(server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(BOTH, 0))


def test_imaging_settings_and_model(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        assert await page.evaluate("document.getElementById('imaging-apply').disabled")
        for identity, value in [("depth-from", "2"), ("depth-to", "4"), ("sound-speed", "1480"), ("transmits", "32")]:
            await page.evaluate(set_value(identity, value))
        server.answer = lambda request: {"error": "", "imaging": IMAGING, "model": "auto", "revision": 1}
        await page.evaluate("document.getElementById('imaging-apply').click()")
        await page.until("document.getElementById('f-number').value === '1.5'")
        asked = server.asked("control")[0]["imaging"]
        assert asked == {"depth_mm": [2, 4], "sound_speed_m_s": 1480, "transmits": 32}
        # A setting is taken back by an empty field, and a refusal is told in its place.
        await page.evaluate(set_value("f-number", ""))
        server.answer = lambda request: {
            "error": "transmits must lie in 1..64, not 99",
            "imaging": IMAGING,
            "model": "auto",
        }
        await page.evaluate("document.getElementById('imaging-apply').click()")
        await page.until("document.getElementById('imaging-error').textContent.includes('must lie in 1..64')")
        assert server.asked("control")[1]["imaging"] == {"f_number": None}
        await page.until("[...document.getElementById('model').options].some(({ value }) => value === 'full-quadrant')")
        server.answer = lambda request: {"error": "full-quadrant needs a GPU", "imaging": IMAGING, "model": "auto"}
        await page.evaluate(set_value("model", "full-quadrant", "change"))
        await page.until("document.getElementById('model-error').textContent === 'full-quadrant needs a GPU'")
        assert server.asked("control")[2]["model"] == "full-quadrant"
        await page.until("document.getElementById('model').value === 'auto'")

    browser.visit(server.address + "#panel=imaging", visit)


def test_recording(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate(set_value("record-note", 'left thyroid, "phantom" 3'))
        await page.evaluate("document.getElementById('record-channels').click()")
        server.answer = lambda request: {"error": "", "file": "scan-1.h5"}
        await page.evaluate("document.getElementById('record').click()")
        await page.until("document.getElementById('record-error').textContent === 'Recording scan-1.h5'")
        asked = server.asked("record")[0]
        assert (asked["on"], asked["note"], asked["channels"]) == (True, 'left thyroid, "phantom" 3', True)
        server.state(recording={"file": "scan-1.h5", "frames": 17})
        await page.until("document.getElementById('recording').textContent === 'REC 17 frames'")
        await page.press("w")
        await page.until("document.getElementById('record-error').textContent === 'Kept scan-1.h5'")
        assert server.asked("record")[1]["on"] is False

    browser.visit(server.address + "#panel=run", visit)


def test_a_page_that_may_only_look(browser: Chromium, server: ScriptedServer) -> None:
    server.hello |= {"may_control": False}
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        await page.until("!document.querySelector('.read-only').hidden")
        for identity in ("record", "model", "depth-to"):
            assert await page.evaluate(f"document.getElementById('{identity}').disabled")
        await page.press("w")
        await page.until("document.getElementById('warning').textContent.includes('may look, not control')")
        assert not server.asked("record")

    browser.visit(server.address, visit)


def test_a_screenshot_holds_all_parameters(browser: Chromium, server: ScriptedServer, tmp_path: Path) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate(
            "sonolucent.settings.set('gain', 4.5); sonolucent.measuring.add('ellipse', [[-2, 2], [0, 3]])"
        )
        data = bytes(await page.evaluate("sonolucent.picture().then((bytes) => [...bytes])"))
        picture = Image.open(io.BytesIO(data))
        picture.load()
        told = json.loads(picture.text["sonolucent"])
        assert told["display"]["gain"] == 4.5
        assert told["frame"]["frame_id"] == 0
        assert told["stream"]["n_x"] == N_X
        assert told["measurements"][0]["layers"][1]["mean"] == pytest.approx(-30, abs=1e-3)
        x, y, width, height = await page.evaluate(
            "(({ x, y, width, height }) => [x, y, width, height])(sonolucent.layout.panes[1])"
        )
        shade = picture.convert("RGB").getpixel((int(x + 0.8 * width), int(y + 0.8 * height)))
        assert shade[0] == pytest.approx((1 - 25.5 / 60) * 255, abs=2)
        # Saved by the button, the file has a name of its own.
        folder = tmp_path / "downloads"
        folder.mkdir()
        await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        await page.press("s")
        for _ in range(100):
            if (saved := folder / "sonolucent-frame-0.png").exists():
                break
            await asyncio.sleep(0.05)
        with Image.open(saved) as image:
            assert image.size == picture.size

    browser.visit(server.address, visit)


def test_only_its_own_server_is_asked_and_the_token_goes_along(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        for domain in ("Network", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        await page.call("Page.reload")
        await page.until("!window.sonolucent")
        await live(page)
        await page.evaluate("document.getElementById('trace').click(); sonolucent.clip()")
        await page.until("!document.getElementById('clip').disabled")
        await page.evaluate("new Promise((done) => setTimeout(done, 500))")
        asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
        asked += [e["params"]["url"] for e in page.events if e["method"] == "Network.webSocketCreated"]
        foreign = [
            u
            for u in asked
            if not u.startswith((server.address, server.address.replace("http", "ws"), "data:", "blob:"))
        ]
        assert foreign == []
        assert any("page/main.js" in url for url in asked)
        own = ("/frames?", "/models?", "/trace?", "/clip?")
        assert all("token=s3cret" in path for path in server.paths if path.startswith(own))
        assert {path.split("?")[0] for path in server.paths} >= {"/frames", "/trace", "/clip"}
        # Nothing is refused by the policy, and nothing fails in the console.
        told = [e for e in page.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
        assert told == []

    browser.visit(server.address + "?token=s3cret", visit)
