"""What tests look at: colours of the image at places in mm, and images whose colours are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .browser import Page

N_Z, N_X = 64, 64
BLOCK = 16
"""Pixels of a block's side: in its middle, interpolation changes nothing."""

MODULE = "await import(new URL('page/{}.js', document.baseURI))"
_COLOURS = """(async (places) => {
  const { fromMm } = await import(new URL('page/layout.js', document.baseURI));
  sonolucent.redraw();
  const { image } = sonolucent.surfaces, copy = document.createElement('canvas');
  Object.assign(copy, { width: image.width, height: image.height });
  const context = copy.getContext('2d');
  context.drawImage(image, 0, 0);
  const { panes, extent } = sonolucent.layout;
  return places.map(([pane, x, z]) => {
    const [px, py] = fromMm(panes[pane], extent, [x, z]).map((v) => Math.floor(v * devicePixelRatio));
    return [...context.getImageData(px, py, 1, 1).data].slice(0, 3);
  });
})"""


def blocks(*levels_db: float) -> NDArray[np.float64]:
    """An image of 4 x 4 blocks, which repeat the levels row after row."""
    level = np.resize(np.array(levels_db, np.float64), (N_Z // BLOCK, N_X // BLOCK))
    return np.kron(level, np.ones((BLOCK, BLOCK)))


def middle(block: int) -> tuple[float, float]:
    """Of a block, counted row after row: [x, z] in mm."""
    row, column = divmod(block, N_X // BLOCK)
    x0 = -(N_X - 1) / 2 * 0.15625
    return x0 + (column + 0.5) * BLOCK * 0.15625, 1.0 + (row + 0.5) * BLOCK * 0.0625


async def colours(page: Page, *places: tuple[int, float, float]) -> list[list[int]]:
    """RGB of the image at places: pane, x in mm, z in mm."""
    seen: list[list[int]] = await page.evaluate(f"{_COLOURS}({json.dumps(places)})")
    return seen


async def shades(page: Page, n: int, pane: int = 0) -> list[int]:
    """Grey values of the first n blocks."""
    seen = await colours(page, *[(pane, *middle(block)) for block in range(n)])
    return [red for red, _, _ in seen]


async def live(page: Page, frame_id: int = 0) -> None:
    """Waits until the page shows that frame, or a later one."""
    await page.until(f"window.sonolucent?.cine.shown?.header.frame_id >= {frame_id}")


async def evaluate(page: Page, expression: str, module: str, **values: Any) -> Any:
    """An expression that may name what a module of the page exports, and `values`."""
    names = ", ".join(values)
    given = ", ".join(json.dumps(value) for value in values.values())
    source = f"(async () => {{ with_ = {MODULE.format(module)}; return (({names}) => ({expression}))({given}); }})()"
    return await page.evaluate(source.replace("with_ =", "const m ="))
