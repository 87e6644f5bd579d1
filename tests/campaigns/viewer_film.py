"""Makes viewer.webp, the moving picture of README: `python tests/campaigns/viewer_film.py [PHANTOM SEED]`.

The page shows a simulated recording: plain beside enhanced, then a wipe over the two, then a measurement.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.campaigns.running import page_address, running
from tests.view.browser import Page, chromium

CLI = [sys.executable, "-m", "sonolucent"]
FILM = Path(__file__).parents[2] / "docs/figures/viewer.webp"
SIZE = (960, 600)
PICTURE_MS = 100
ELLIPSES_MM = [((-2, 23.8), (3, 28.8)), ((6, 24), (10.5, 28.5))]
"""Of anatomy 806, which no network was trained on: a lesion, and the tissue beside it."""
PLACE = """(async () => {{
  const {{ fromMm }} = await import(new URL('page/layout.js', document.baseURI));
  const {{ panes, extent }} = sonolucent.layout, box = document.getElementById('image').getBoundingClientRect();
  const [x, y] = fromMm(panes[0], extent, [{0}, {1}]);
  return [box.left + x, box.top + y];
}})()"""


async def film(page: Page, take: Callable[[], Awaitable[None]]) -> None:
    """What is seen, picture by picture."""
    await page.resize(1280, 800)
    await page.until("window.sonolucent?.cine.shown", timeout_s=120)
    await page.press("1")
    await page.evaluate("sonolucent.settings.set('compare', 'side')")
    for _ in range(10):
        await take()
    await page.evaluate("document.getElementById('freeze').click(); sonolucent.settings.set('compare', 'wipe')")
    for share in 0.5 - 0.42 * np.sin(np.linspace(0, 2 * np.pi, 30)):
        await page.evaluate(f"sonolucent.settings.set('wipe', {share})")
        await take()
    await page.evaluate("sonolucent.settings.set('compare', 'side'); sonolucent.measure('ellipse')")
    await take()  # laid anew
    for region_mm in ELLIPSES_MM:
        await page.drag(*[await page.evaluate(PLACE.format(*place_mm)) for place_mm in region_mm])
        await take()
    for _ in range(8):
        await take()


def main() -> None:
    phantom, seed = (*sys.argv[1:], "anatomy", "806")[:2]
    pictures: list[Image.Image] = []

    async def visit(page: Page) -> None:
        async def take() -> None:
            await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            await page.screenshot(shot)
            with Image.open(io.BytesIO(shot.read_bytes())) as picture:
                pictures.append(picture.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))

        await film(page, take)

    with TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        simulate = ["simulate", "tissue.h5", "--phantom", phantom, "--seed", seed, "--frames", "1"]
        subprocess.run([*CLI, *simulate], cwd=folder, check=True)
        command = [*CLI, "view", "tissue.h5", "--loop", "--fps", "5", "--no-browser", "--port", "0"]
        with (
            running(command, cwd=folder, stderr=subprocess.PIPE, text=True) as viewer,
            chromium(Path(folder) / "profile") as browser,
        ):
            browser.visit(page_address(viewer), visit)
            viewer.send_signal(signal.SIGINT)
    first, *rest = pictures
    options = {"duration": PICTURE_MS, "loop": 0, "quality": 50, "method": 6}
    first.save(FILM, save_all=True, append_images=rest, **options)


if __name__ == "__main__":
    main()
