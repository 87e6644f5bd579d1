"""Measurements are NumPy's, of the dB values that came, in both images at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from sonolucent.nn import metrics

from .browser import Chromium, Page
from .looking import N_X, N_Z, evaluate, live
from .scripted_messages import frame, stream
from .scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

ELLIPSE = [[-3.2, 1.4], [-0.6, 3.3]]
RECTANGLE = [[0.5, 2.0], [3.1, 4.2]]
LINE = [[-4.0, 1.5], [4.2, 4.6]]


@pytest.fixture
def layers() -> NDArray[np.float64]:
    """Two different images in dB, exactly as 16 bits hold them."""
    noise = np.random.default_rng(7).normal([[[-25.0]], [[-22.0]]], [[[9.0]], [[3.0]]], (2, N_Z, N_X)).clip(-60, 0)
    noise[:, 20:40, 10:30] -= 10
    return np.rint((noise.clip(-60, 0) / 60 + 1) * 65535) / 65535 * 60 - 60


def axes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    described = stream(N_Z, N_X)
    x = described["x_mm"][0] + described["x_mm"][1] * np.arange(N_X)
    return np.meshgrid(described["z_mm"][0] + described["z_mm"][1] * np.arange(N_Z), x, indexing="ij")


def inside(kind: str, corners: list[list[float]]) -> NDArray[np.bool_]:
    z, x = axes()
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    u, v = (
        (x - (low[0] + high[0]) / 2) / ((high[0] - low[0]) / 2),
        (z - (low[1] + high[1]) / 2) / ((high[1] - low[1]) / 2),
    )
    return u**2 + v**2 <= 1 if kind == "ellipse" else np.maximum(abs(u), abs(v)) <= 1


async def figures(page: Page) -> list[dict[str, Any]]:
    return json.loads(await page.evaluate("JSON.stringify(sonolucent.measuring.figures(sonolucent.cine.shown))"))


def test_regions(browser: Chromium, server: ScriptedServer, layers: NDArray[np.float64]) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(layers, 0))
    masks = [inside("ellipse", ELLIPSE), inside("rectangle", RECTANGLE)]

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate(
            f"sonolucent.measuring.add('ellipse', {ELLIPSE}); sonolucent.measuring.add('rectangle', {RECTANGLE})"
        )
        # Gain is for the eye: numbers stay.
        await page.evaluate("sonolucent.settings.set('gain', 17)")
        first, second = await figures(page)
        for layer, image in enumerate(layers):
            for told, mask in [(first, masks[0]), (second, masks[1])]:
                assert told["layers"][layer]["pixels"] == mask.sum()
                assert told["layers"][layer]["mean"] == pytest.approx(image[mask].mean(), abs=1e-9)
                assert told["layers"][layer]["sd"] == pytest.approx(image[mask].std(), abs=1e-9)
            one, other = image[masks[1]], image[masks[0]]
            assert second["layers"][layer]["cnr"] == pytest.approx(metrics.cnr(one, other), abs=1e-9)
            # One pixel may lie on the edge of a bin.
            least = 1.01 / min(one.size, other.size)
            assert second["layers"][layer]["gcnr"] == pytest.approx(metrics.gcnr(one, other), abs=least)
        await page.until("document.querySelector('[data-figure=enhanced-sd]')?.textContent")
        shown = await page.evaluate("document.querySelector('[data-figure=enhanced-sd]').textContent")
        assert shown == f"{layers[1][masks[0]].std():.2f} dB"

    browser.visit(server.address + "#panel=measure", visit)


def test_figures_are_live(browser: Chromium, server: ScriptedServer, layers: NDArray[np.float64]) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(layers, 0))
    mask = inside("ellipse", ELLIPSE)
    cell = "document.querySelector('[data-figure=plain-mean]')?.textContent"

    async def visit(page: Page) -> None:
        await live(page)
        await page.evaluate(f"sonolucent.measuring.add('ellipse', {ELLIPSE})")
        for frame_id, shift in enumerate([-3, 4], start=1):
            server.show(frame((layers + shift).clip(-60, 0), frame_id))
            expected = (layers[0] + shift).clip(-60, 0)[mask].mean()
            await page.until(f"{cell} === '−{abs(expected):.1f} dB'")
        # A plain frame among enhanced ones has one column of figures.
        server.show(frame(layers[:1], 3))
        await page.until("document.querySelectorAll('#results [data-figure=enhanced-mean]').length === 0")

    browser.visit(server.address + "#panel=measure", visit)


def test_distance_angle_profile_and_value(
    browser: Chromium, server: ScriptedServer, layers: NDArray[np.float64]
) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(layers, 0))

    async def visit(page: Page) -> None:
        await live(page)
        assert await evaluate(page, "m.distanceMm(p)", "measures", p=[[1, 2], [4, 6]]) == 5
        assert await evaluate(page, "m.angleDeg(p)", "measures", p=[[3, 0], [0, 0], [0, 2]]) == pytest.approx(90)
        assert await evaluate(page, "m.angleDeg(p)", "measures", p=[[-1, -1], [0, 0], [-1, 1]]) == pytest.approx(90)
        await page.evaluate(f"sonolucent.measuring.add('profile', {LINE})")
        (told,) = await figures(page)
        length = np.hypot(*np.subtract(*LINE))
        assert told["mm"] == pytest.approx(length)
        for layer, image in enumerate(layers):
            curve = told["layers"][layer]
            n = round(length / 0.0625) + 1
            assert curve["mm"] == pytest.approx(np.linspace(0, length, n))
            assert curve["db"] == pytest.approx(along(image, n), abs=1e-9)
        value = "m.valueAt(window.messages.imageOf(sonolucent.cine.shown, 1), p)"
        await page.evaluate(
            "import(new URL('page/messages.js', document.baseURI)).then((m) => { window.messages = m; })"
        )
        z, x = axes()
        assert await evaluate(page, value, "measures", p=[x[7, 9], z[7, 9]]) == pytest.approx(layers[1, 7, 9])
        assert await evaluate(page, value, "measures", p=[99, 2]) is None

    browser.visit(server.address, visit)


def along(image: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The image on the line, bilinear between pixels."""
    (x0, z0), (x1, z1) = LINE
    described = stream(N_Z, N_X)
    columns = (np.linspace(x0, x1, n) - described["x_mm"][0]) / described["x_mm"][1]
    rows = (np.linspace(z0, z1, n) - described["z_mm"][0]) / described["z_mm"][1]
    return np.asarray(map_coordinates(image, [rows, columns], order=1, mode="nearest"))


def test_tools_with_the_mouse_and_with_the_keyboard_alone(
    browser: Chromium, server: ScriptedServer, layers: NDArray[np.float64]
) -> None:
    server.tell(stream(N_Z, N_X))
    server.show(frame(layers, 0))
    kinds = "sonolucent.measuring.list.map(({ kind }) => kind).join()"

    async def visit(page: Page) -> None:
        await live(page)
        pane = await page.evaluate("(() => { sonolucent.redraw(); return sonolucent.layout.panes[1]; })()")
        top = await page.evaluate("document.getElementById('stage').getBoundingClientRect().top")
        x, y = pane["x"], pane["y"] + top
        await page.press("e")
        await page.drag((x + 20, y + 30), (x + 90, y + 80))
        await page.press("Escape")
        assert await page.evaluate(kinds) == "ellipse"
        scale = await page.evaluate("sonolucent.layout.scale")
        a, b = await page.evaluate("sonolucent.measuring.list[0].points")
        assert np.subtract(b, a) == pytest.approx([70 / scale, 50 / scale], abs=0.02)
        # Keyboard: from the middle of the image 10 pixels right and 20 down.
        await page.press("d")
        await page.press("Enter")
        await page.press("ArrowRight", modifiers=8)
        for _ in range(2):
            await page.press("ArrowDown", modifiers=8)
        await page.press("Enter")
        assert await page.evaluate(kinds) == "ellipse,distance"
        told = (await figures(page))[1]
        assert told["mm"] == pytest.approx(np.hypot(10 * 0.15625, 20 * 0.0625))
        await page.press("Delete")
        assert await page.evaluate(kinds) == "ellipse"

    browser.visit(server.address, visit)
