"""The viewer in a notebook: a cell's value is the page, and ending it gives the report."""

import re
from pathlib import Path

import pytest

from sonolucent.stream import BadInput, ConfigError, NotebookView, show

from ..stream.viewer.visiting import Visitor, visit

pytestmark = pytest.mark.slow


def test_a_cell_shows_a_recording_and_ends_with_its_report(small_recording: Path) -> None:
    view = show(small_recording, model="none", height=500)
    assert isinstance(view, NotebookView)
    shown = view._repr_html_()
    source = re.search(r'<iframe src="([^"]+)"', shown)
    assert source is not None
    assert 'height="500"' in shown
    assert source[1] == view.address

    async def look(visitor: Visitor) -> None:
        assert (await visitor.text("hello"))["may_control"] is True
        await visitor.frame(60.0)
        await visitor.text("state", 60.0, state="paused")

    visit(view.address, look)
    report = view.stop()
    # Not frames_out: the edge of a page keeps the newest alone.
    assert (report.frames_in, report.balanced, view.running) == (4, True, False)
    assert "has ended" in view._repr_html_()


def test_behind_a_proxy_the_frame_is_where_the_proxy_is(small_recording: Path) -> None:
    view = show(small_recording, model="none", url="/proxy/{port}/")
    assert re.fullmatch(r"/proxy/\d+/\?token=[\w-]{16,}", view.address)
    view.stop()


@pytest.mark.parametrize("options", [{"model": "nowhere"}, {"fps": -1}, {"colour": "red"}])
def test_what_cannot_be_shown_says_why(small_recording: Path, options: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"nowhere|fps|colour"):
        show(small_recording, **options).stop()  # type: ignore[arg-type]


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"nothing\.h5"):
        show("nothing.h5")
