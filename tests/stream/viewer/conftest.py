"""What the tests of the viewer share: a server of the page with a screen that the test fills."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, Probe
from sonolucent.stream import Config, Image, Stream, Trail
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.viewer.page_messages import encode_stream
from sonolucent.stream.viewer.page_server import PageServer
from sonolucent.stream.viewer.screen import Screen
from sonolucent.stream.viewer_settings import ViewerSettings

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid(0.0, 1e-3, 1e-4, 2e-4, 5, 6), 25.0)


def image(frame_id: int, level_db: float = -20.0) -> Image:
    """Two layers of 5 x 6: the plain one even, the enhanced one from -60 dB to 0."""
    layers = np.stack([np.full((5, 6), level_db), np.linspace(-60, 0, 30).reshape(5, 6)]).astype(np.float32)
    return Image(frame_id, layers, 60.0, "net@1", "cpu", "", Trail.begin(), "fused", "it was asked for", 0)


class Page:
    """A server with its screen."""

    def __init__(self, ask: Any = None, **settings: Any) -> None:
        self.config = Config(view=True, port=0, viewer=ViewerSettings(**settings))
        self.screen = Screen(load_budgets("cpu-25fps"))
        self.server = PageServer(self.config, self.screen, ask)
        self.address = self.server.address
        self.description = ""

    def describe(self, stream: Stream = STREAM) -> None:
        self.description = encode_stream(stream, self.config, load_budgets("cpu-25fps"), ("odd",), 0)
        self.server.describe(stream, self.description)

    def show(self, frame: Image, *, after_restart: bool = False) -> None:
        self.screen.show(frame, self.description, after_restart=after_restart)
        self.server.refresh()


@pytest.fixture
def open_page() -> Iterator[Callable[..., Page]]:
    """Opens pages, and closes those that the test has not closed."""
    pages: list[Page] = []

    def opened(*given: Any, **settings: Any) -> Page:
        pages.append(Page(*given, **settings))
        return pages[-1]

    yield opened
    for page in pages:
        if page.server._thread.is_alive():
            page.server.close(None)
