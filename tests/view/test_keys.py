"""The keyboard alone does everything, takes nothing from the browser, and reaches everything by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .browser import Chromium, Page, keep
from .looking import N_X, N_Z, blocks, live
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

BOTH = np.stack([blocks(-20), blocks(-30)])


def begin(server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(BOTH, 0))


def test_no_key_is_taken_from_the_browser(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)
    frozen = "sonolucent.cine.frozen"

    async def visit(page: Page) -> None:
        await live(page)
        for modifiers in (1, 2, 4):
            await page.press("f", modifiers=modifiers)
            assert not await page.evaluate(frozen)
        await page.press("?")
        assert await page.evaluate("document.getElementById('help').open")
        assert "Freeze" in await page.evaluate("document.getElementById('keys').textContent")
        await page.press("f")
        assert not await page.evaluate(frozen)
        await page.press("Escape")
        await page.until("!document.getElementById('help').open")
        # Written into a note, letters are letters.
        await page.evaluate("sonolucent.settings.set('panel', 'run'); document.getElementById('record-note').focus()")
        await page.press("f")
        assert not await page.evaluate(frozen)
        assert await page.evaluate("document.getElementById('record-note').value") == "f"
        # The space bar on the button freezes once, not twice.
        await page.evaluate("document.getElementById('freeze').focus()")
        await page.press("space")
        await page.until(frozen)

    browser.visit(server.address, visit)


def test_every_key_does_what_the_table_says(browser: Chromium, server: ScriptedServer) -> None:
    begin(server)
    settings = "sonolucent.settings.get('{}')"

    async def visit(page: Page) -> None:
        await live(page)
        for key, name, value in [
            ("1", "compare", "plain"), ("2", "compare", "enhanced"), ("4", "compare", "wipe"),
            ("5", "compare", "difference"), ("3", "compare", "side"), ("+", "gain", 1),
            ("-", "gain", 0), (",", "range", 55), (".", "range", 60),
            ("t", "editor", "on"), ("m", "map", "warm"), ("o", "persistence", 0.2),
            ("z", "zoom", 1.25),
            ("0", "zoom", 1), (">", "wipe", 0.52), ("<", "wipe", 0.5), ("l", "loop", "off"), ("u", "panel", "measure"),
            ("i", "panel", "imaging"), ("y", "panel", "run"), ("g", "panel", "display"), ("g", "panel", "none"),
        ]:  # fmt: skip
            await page.press(key)
            assert await page.evaluate(settings.format(name)) == value, key
        for key, tool in [("d", "distance"), ("a", "angle"), ("e", "ellipse"), ("r", "rectangle"), ("n", "profile")]:
            await page.press(key)
            assert await page.evaluate("sonolucent.measuring.tool") == tool
        await page.press("Escape")
        assert await page.evaluate("sonolucent.measuring.tool") is None

    browser.visit(server.address, visit)


def test_everything_has_a_name_and_can_be_reached(browser: Chromium, server: ScriptedServer, tmp_path: Path) -> None:
    begin(server)
    nameless = """[...document.querySelectorAll('button, input, select, [role], canvas:not([aria-hidden=true])')]
      .filter((node) => !node.ariaLabel && !node.textContent.trim() && !node.labels?.[0]?.textContent.trim())
      .filter((node) => !['status', 'alert'].includes(node.role))
      .map((node) => node.outerHTML)"""

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate("sonolucent.settings.set('editor', 'on')")
        await page.until("!document.getElementById('tgc').hidden")
        assert await page.evaluate(nameless) == []
        # Tab goes through the page in its order, and never into what is hidden.
        reached = set()
        for _ in range(60):
            await page.press("Tab")
            reached.add(await page.evaluate("document.activeElement.id || document.activeElement.ariaLabel"))
        assert {
            "compare-plain",
            "tool-profile",
            "screenshot",
            "tab-display",
            "gain",
            "editor",
            "freeze",
            "scrub",
        } <= reached
        assert "record" not in reached
        await page.screenshot(keep(tmp_path / "tab.png"))

    browser.visit(server.address, visit)
