"""Display controls change the pixels by what they say, in the shader and on the 2-D canvas alike."""

from typing import Any

import numpy as np
import pytest

from .browser import Chromium, Page
from .looking import N_X, N_Z, blocks, colours, evaluate, live, middle, shades
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

RENDERERS = ["?renderer=webgl2", "?renderer=2d"]
PLAIN_DB = (-60.0, -50.0, -30.0, -10.0, -1.0)
ENHANCED_DB = (-60.0, -40.0, -35.0, -5.0, -20.0)


def begin(server: ScriptedServer, *, bits: int = 16) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(np.stack([blocks(*PLAIN_DB), blocks(*ENHANCED_DB)]), 0, bits=bits))


def grey(*levels_db: float, gain: float = 0, range_db: float = 60, bits: int = 16) -> Any:
    """What is expected: the stream's floor of -60 dB stays black. One grey value is left to rounding, and to 8 bits
    what half a step of theirs makes."""
    shade = [0 if db <= -60 else np.clip(1 + (db + gain) / range_db, 0, 1) * 255 for db in levels_db]
    return pytest.approx(shade, abs=1.01 + (bits == 8) * 0.5 * 60 / range_db)


def test_without_a_graphics_card_the_canvas_is_chosen(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        assert await page.evaluate("sonolucent.display.name") == "2-D canvas"

    browser.visit(server.address, visit)


@pytest.mark.parametrize("query", RENDERERS)
@pytest.mark.parametrize("bits", [16, 8])
def test_gain_range_and_map(browser: Chromium, server: ScriptedServer, query: str, bits: int) -> None:
    begin(server, bits=bits)

    async def visit(page: Page) -> None:
        await live(page)
        assert await page.evaluate("sonolucent.display.name") == ("2-D canvas" if query == "?renderer=2d" else "WebGL2")
        assert await shades(page, 5) == grey(*PLAIN_DB, bits=bits)
        assert await shades(page, 5, pane=1) == grey(*ENHANCED_DB, bits=bits)
        for gain, range_db in [(12, 60), (-30, 60), (30, 100), (0, 20), (-5, 45)]:
            await page.evaluate(
                f"sonolucent.settings.set('gain', {gain}); sonolucent.settings.set('range', {range_db})"
            )
            for pane, levels in enumerate([PLAIN_DB, ENHANCED_DB]):
                assert await shades(page, 5, pane) == grey(*levels, gain=gain, range_db=range_db, bits=bits)
        await page.evaluate("sonolucent.settings.reset('gain', 'range')")
        await page.evaluate("sonolucent.settings.set('map', 'heat')")
        table = await evaluate(page, "[...m.colours('heat')]", "tone")
        index = round((1 - 10 / 60) * 255)
        assert (await colours(page, (0, *middle(3))))[0] == pytest.approx(table[3 * index : 3 * index + 3], abs=3)

    browser.visit(server.address + query + ("&bits=8" if query else "?bits=8") * (bits == 8), visit)


@pytest.mark.parametrize("query", RENDERERS)
def test_tgc_acts_by_depth_and_leaves_the_floor_black(browser: Chromium, server: ScriptedServer, query: str) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(np.stack([blocks(-30, -60)]), 0))
    nodes = [-6, 0, 3, 9, -12, 20, 4, 0]

    async def visit(page: Page) -> None:
        await live(page)
        await page.until("!document.getElementById('tgc').hidden")
        for row in range(4):
            depth = (row + 0.5) / 4 + 0.5 / N_Z
            gain = np.interp(depth, np.linspace(0, 1, 8), nodes)
            seen = await colours(page, (0, *middle(4 * row)), (0, *middle(4 * row + 1)))
            assert seen[0][0] == pytest.approx((0.5 + gain / 60) * 255, abs=3)
            assert seen[1] == [0, 0, 0]

    browser.visit(f"{server.address}{query}#editor=on&tgc={','.join(map(str, nodes))}", visit)


@pytest.mark.parametrize("query", RENDERERS)
def test_persistence_weighs_frames_before(browser: Chromium, server: ScriptedServer, query: str) -> None:
    server.tell(stream(N_Z, N_X))

    async def visit(page: Page) -> None:
        await page.until("window.sonolucent?.known.connected")
        for frame_id, level in enumerate([-40, -20, -10]):
            server.show(frame(np.stack([blocks(level)]), frame_id))
            await live(page, frame_id)
        assert await shades(page, 1) == grey(-10)
        await page.evaluate("sonolucent.settings.set('persistence', 0.5)")
        weighed = (-10 - 20 / 2 - 40 / 4) / (1 + 1 / 2 + 1 / 4)
        assert await shades(page, 1) == grey(weighed)
        # Frozen, one frame back: the same of the two frames that were there then.
        await page.evaluate("sonolucent.transport.freeze(true); sonolucent.transport.step(-1)")
        assert await shades(page, 1) == grey((-20 - 40 / 2) / 1.5)

    browser.visit(server.address + query, visit)


@pytest.mark.parametrize("query", RENDERERS)
def test_compare(browser: Chromium, server: ScriptedServer, query: str) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        for mode, expected in [("plain", PLAIN_DB), ("enhanced", ENHANCED_DB)]:
            await page.evaluate(f"document.getElementById('compare-{mode}').click()")
            assert await shades(page, 5) == grey(*expected)
        await page.evaluate("document.getElementById('compare-wipe').click()")
        assert await shades(page, 4) == grey(*PLAIN_DB[:2], *ENHANCED_DB[2:4])
        panes = await page.evaluate("sonolucent.layout.panes")
        assert panes[0]["clip"]["width"] == pytest.approx(panes[0]["width"] / 2, abs=1)
        # The handle is dragged to three quarters.
        x, y = panes[1]["clip"]["x"], panes[1]["y"] + panes[1]["height"] / 2
        top = await page.evaluate("document.getElementById('stage').getBoundingClientRect().top")
        await page.drag((x, y + top), (panes[0]["x"] + 0.75 * panes[0]["width"], y + top))
        assert await page.evaluate("sonolucent.settings.get('wipe')") == pytest.approx(0.75, abs=0.005)
        assert await shades(page, 4) == grey(*PLAIN_DB[:3], ENHANCED_DB[3])
        await page.evaluate("document.getElementById('compare-difference').click()")
        table = await evaluate(page, "[...m.differenceColours()]", "tone")
        for block, difference in enumerate(np.subtract(ENHANCED_DB, PLAIN_DB)):
            index = round(float(np.clip(0.5 + difference / 60, 0, 1)) * 255)
            seen = await colours(page, (0, *middle(block)))
            assert seen[0] == pytest.approx(table[3 * index : 3 * index + 3], abs=3)

    browser.visit(server.address + query, visit)


def test_zoom_and_pan_keep_what_lies_under_the_pointer(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)
    at = """(async () => {
      const { toMm } = await import(new URL('page/layout.js', document.baseURI));
      sonolucent.redraw();
      const { panes, extent } = sonolucent.layout, [pane] = panes;
      return toMm(pane, extent, pane.x + 0.3 * pane.width, pane.y + 0.6 * pane.height);
    })()"""

    async def visit(page: Page) -> None:
        await live(page)
        place = await page.evaluate("(() => { sonolucent.redraw(); return sonolucent.layout.panes[0]; })()")
        top = await page.evaluate("document.getElementById('stage').getBoundingClientRect().top")
        x, y = place["x"] + 0.3 * place["width"], place["y"] + top + 0.6 * place["height"]
        before = await page.evaluate(at)
        await page.mouse("Wheel", x, y, deltaX=0, deltaY=-400)
        await page.until("sonolucent.settings.get('zoom') > 1.9")
        assert await page.evaluate(at) == pytest.approx(before, abs=0.05)
        await page.drag((x, y), (x + 40, y + 20))
        moved = await page.evaluate(at)
        assert moved[0] < before[0] - 0.1
        assert moved[1] < before[1] - 0.05
        await page.click(x, y, clicks=2)
        await page.until("sonolucent.settings.get('zoom') === 1")
        assert await page.evaluate(at) == pytest.approx(before, abs=1e-6)

    browser.visit(server.address, visit)


def test_two_fingers_zoom_and_one_moves(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def touch(page: Page, kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        await page.call("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=fingers)

    async def visit(page: Page) -> None:
        await page.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        await live(page)
        place = await page.evaluate("(() => { sonolucent.redraw(); return sonolucent.layout.panes[0]; })()")
        top = await page.evaluate("document.getElementById('stage').getBoundingClientRect().top")
        x, y = place["x"] + place["width"] / 2, place["y"] + top + place["height"] / 2
        await touch(page, "Start", (x - 20, y))
        await touch(page, "Start", (x - 20, y), (x + 20, y))
        for apart in (25, 30, 40):
            await touch(page, "Move", (x - apart, y), (x + apart, y))
        await touch(page, "End")
        await page.until("Math.abs(sonolucent.settings.get('zoom') - 2) < 0.05")
        await touch(page, "Start", (x, y))
        for by in (10, 20, 30):
            await touch(page, "Move", (x + by, y))
        await touch(page, "End")
        await page.until("sonolucent.settings.get('x') < 0.48")

    browser.visit(server.address, visit)


def test_a_double_click_resets_one_control(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        box = await page.evaluate("document.getElementById('gain').getBoundingClientRect().toJSON()")
        await page.click(box["x"] + 20, box["y"] + box["height"] / 2)
        assert await page.evaluate("sonolucent.settings.get('gain')") < -20
        assert await page.evaluate("sonolucent.settings.get('range')") == 50
        await page.click(box["x"] + 20, box["y"] + box["height"] / 2, clicks=2)
        assert await page.evaluate("sonolucent.settings.get('gain')") == 0
        assert await page.evaluate("sonolucent.settings.get('range')") == 50

    browser.visit(server.address + "#range=50", visit)


def test_a_lost_context_comes_back_with_the_image(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)

    async def visit(page: Page) -> None:
        await live(page)
        before = await shades(page, 5)
        await page.evaluate(
            "window.lost = sonolucent.display.gl.getExtension('WEBGL_lose_context'); lost.loseContext()"
        )
        await page.until("sonolucent.display.gl.isContextLost()")
        await page.evaluate("new Promise((done) => setTimeout(done, 100))")
        await page.evaluate("lost.restoreContext()")
        await page.until("!sonolucent.display.gl.isContextLost()")
        assert await shades(page, 5) == before

    browser.visit(server.address + "?renderer=webgl2", visit)
