"""axe-core finds nothing on the page, in whatever state it is, with whatever open, on a desk and in a hand."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from .browser import Chromium, Page
from .looking import N_X, N_Z, blocks, live, middle
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = (files("axe_core_python") / "axe.min.js").read_text()
FOUND = """axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`)))"""
BOTH = np.stack([blocks(-20), blocks(-30)])


async def found(page: Page) -> list[str]:
    """What axe objects to: rule, element, why."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(f"(() => {{ {AXE} }})()")
    objections: list[str] = await page.evaluate(FOUND)
    return objections


async def click(page: Page, *ids: str) -> None:
    for name in ids:
        await page.evaluate(f"document.getElementById({json.dumps(name)}).click()")


def show(server: ScriptedServer) -> None:
    server.tell(stream(N_Z, N_X))
    server.state()
    server.show(frame(BOTH, 0))


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_nothing_is_found_whatever_is_open(browser: Chromium, server: ScriptedServer, size: tuple[int, int]) -> None:
    show(server)

    async def visit(page: Page) -> None:
        await page.resize(*size)
        await live(page)
        seen = {"live": await found(page)}
        for name in ("display", "measure", "imaging", "run"):
            await click(page, f"tab-{name}")
            seen[name] = await found(page)
        await click(page, "compare-wipe", "tab-display", "editor")
        seen["wipe and TGC"] = await found(page)
        await click(page, "freeze", "compare-side", "tool-ellipse")
        x, y = await page.evaluate(PLACE.format(json.dumps(middle(5))))
        await page.drag((x, y), (x + 20, y + 20))
        await page.until("document.querySelectorAll('#results li').length === 1")
        seen["measured"] = await found(page)
        await click(page, "help-button")
        seen["help"] = await found(page)
        assert {name: objections for name, objections in seen.items() if objections} == {}

    browser.visit(server.address, visit)


PLACE = """(async () => {{
  const {{ fromMm }} = await import(new URL('page/layout.js', document.baseURI));
  const {{ panes, extent }} = sonolucent.layout, box = document.getElementById('image').getBoundingClientRect();
  const [x, y] = fromMm(panes[0], extent, {0});
  return [box.left + x, box.top + y];
}})()"""


def test_nothing_is_found_while_no_image_comes(browser: Chromium, server: ScriptedServer) -> None:
    server.tell({"kind": "waiting", "source": "tcp://127.0.0.1:5555", "why": "no scanner yet"})

    async def visit(page: Page) -> None:
        await page.until("document.getElementById('state')?.textContent.startsWith('WAITING')")
        seen = {"waiting": await found(page)}
        show(server)
        await live(page)
        server.state("silent", silent_s=3.0)
        await page.until("document.getElementById('state').textContent.startsWith('NO DATA')")
        seen["silent"] = await found(page)
        server.tell({"kind": "end", "report": {"frames_in": 1, "frames_out": 1}})
        await page.until("document.getElementById('state').textContent === 'ENDED'")
        seen["ended"] = await found(page)
        assert {name: objections for name, objections in seen.items() if objections} == {}

    browser.visit(server.address, visit)


def test_axe_finds_what_is_wrong(browser: Chromium, server: ScriptedServer) -> None:
    """The check itself: a button without a name is told."""
    show(server)

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate("document.getElementById('back').removeAttribute('aria-label')")
        await page.evaluate("document.getElementById('back').textContent = ''")
        assert any(objection.startswith("button-name: #back") for objection in await found(page))

    browser.visit(server.address, visit)
