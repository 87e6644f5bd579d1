"""What a browser hears of a stream: before it, while it flows, while it does not, and at its end."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np
import pytest

from sonolucent.stream.control.requests import ControlAnswer, ControlRequest, RecordingState, ReplayState
from sonolucent.stream.errors import ControlError
from sonolucent.stream.viewer import run_state, screen

from .conftest import STREAM, image
from .visiting import Visitor, unpacked, visit

Open = Callable[..., Any]


def test_the_page_is_told_to_wait_and_then_what_the_stream_is(open_page: Open) -> None:
    page = open_page()

    async def look(visitor: Visitor) -> None:
        hello = await visitor.text("hello")
        assert (hello["protocol"], hello["may_control"], hello["mode"]) == (2, True, "live")
        assert (await visitor.text("waiting"))["why"] == "no frames yet at sim"
        assert (await visitor.text("state"))["state"] == "waiting"
        page.describe()
        stream = await visitor.text("stream")
        assert (stream["n_z"], stream["n_x"], stream["warnings"], stream["frame_rate_hz"]) == (5, 6, ["odd"], 25.0)
        assert (stream["x_mm"], stream["sequence"]) == ([0.0, 0.1], "4 single elements, 0 to 3")
        assert stream["wavelength_mm"] == pytest.approx(0.308)
        assert stream["imaging"]["dynamic_range_db"] == 60.0
        page.show(image(7), after_restart=True)
        header, _, _ = await visitor.frame()
        assert (header["frame_id"], header["after_restart"], header["n_shots"]) == (7, True, None)
        assert header["acquired_utc_ns"].isdigit()

    visit(page.address, look)


@pytest.mark.parametrize(("bits", "top"), [(16, 65535), (8, 255)])
def test_pixels_are_decibels(open_page: Open, bits: int, top: int) -> None:
    page = open_page()
    page.describe()
    shown = image(0, level_db=-20.0)

    async def look(visitor: Visitor) -> None:
        await visitor.text("stream")
        page.show(shown)
        header, pixels, _ = await visitor.frame()
        assert (header["bits"], header["range_db"], header["layers"]) == (bits, 60.0, 2)
        read_db = -header["range_db"] * (1 - pixels / top)
        np.testing.assert_allclose(read_db, shown.layers, atol=0.51 * 60 / top)
        assert (pixels[1].min(), pixels[1].max()) == (0, top)

    visit(page.address, look, f"bits={bits}")


def test_each_browser_has_its_own_pace_and_a_frame_is_encoded_once(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    page.describe()
    encoded: list[int] = []
    pack = screen.pack_frame
    monkeypatch.setattr(screen, "pack_frame", lambda h, i, b: (encoded.append(i.frame_id), pack(h, i, b))[1])

    async def look(quick: Visitor) -> None:
        await quick.text("stream")
        async with aiohttp.ClientSession() as session, session.ws_connect(page.address + "frames") as socket:
            slow = Visitor(socket)
            await slow.text("stream")
            for i in range(5):
                page.show(image(i))
                header, _, message = await quick.frame()
                assert header["frame_id"] == i
                if i == 0:
                    assert await slow.message() == message
            await slow.next()
            assert (await slow.frame())[0]["frame_id"] == 4

    visit(page.address, look)
    assert encoded == [0, 1, 2, 3, 4]


def test_nobody_waits_and_nothing_is_encoded(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page()
    page.describe()
    encoded: list[int] = []
    pack = screen.pack_frame
    monkeypatch.setattr(screen, "pack_frame", lambda h, i, b: (encoded.append(i.frame_id), pack(h, i, b))[1])
    for i in range(20):
        page.show(image(i))

    async def hide(visitor: Visitor) -> None:
        assert unpacked(await visitor.message(), 5, 6)[0]["frame_id"] == 19
        for i in range(20, 40):
            page.show(image(i))
        for _ in range(2):
            assert not isinstance(await visitor.receive(), bytes)

    visit(page.address, hide)
    assert encoded == [19]


def test_states_come_while_no_frame_does(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    silent_s = 2.0  # more than a busy machine may pause
    monkeypatch.setattr(run_state, "SILENT_S", silent_s)
    page = open_page()
    page.describe()

    async def look(visitor: Visitor) -> None:
        page.show(image(0))
        live = await visitor.text("state", state="live")
        silent = await visitor.text("state", state="silent")
        assert live["silent_s"] < silent_s <= silent["silent_s"]
        assert (silent["replay"], silent["recording"]) == (None, None)
        page.show(image(1))
        assert (await visitor.text("state", state="live"))["silent_s"] < silent_s

    visit(page.address, look)


@pytest.mark.parametrize(("silent_s", "wait_s"), [(0.0, 0.5), (0.7, 0.5), (1.0, 0.25), (1.25, 0.5), (9.0, 0.5)])
def test_silence_is_told_as_it_begins_not_at_the_next_round(silent_s: float, wait_s: float) -> None:
    assert run_state.next_state_s(silent_s) == pytest.approx(wait_s)


def test_a_replay_that_waits_is_paused_not_silent(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_state, "SILENT_S", 0.1)

    def ask(request: ControlRequest, timeout_s: float = 0) -> ControlAnswer:
        return ControlAnswer(
            0, STREAM.imaging, "cpu", "", ReplayState(3, 8, True, 1.0), RecordingState("a.h5", 4, "disk full")
        )

    page = open_page(ask)
    page.describe()

    async def look(visitor: Visitor) -> None:
        paused = await visitor.text("state", state="paused")
        assert (paused["silent_s"], paused["replay"]["frame"]) == (0.0, 3)
        assert paused["recording"] == {"file": "a.h5", "frames": 4, "error": "disk full"}

    visit(page.address, look)


def test_requests_go_to_the_control_channel_and_answers_come_back(open_page: Open) -> None:
    asked: list[ControlRequest] = []

    def ask(request: ControlRequest, timeout_s: float = 0) -> ControlAnswer:
        asked.append(request)
        if request.model == "cuda:7":
            raise ControlError("no such device")
        return ControlAnswer(1, STREAM.imaging, "srad")

    page = open_page(ask)

    async def look(visitor: Visitor) -> None:
        answer = await visitor.ask("control", imaging={"gain_db": 2}, model="srad")
        assert (answer["error"], answer["model"], answer["revision"]) == ("", "srad", 1)
        assert answer["imaging"]["method"] == "fourier"
        assert (await visitor.ask("control", model="cuda:7"))["error"] == "no such device"
        assert "not among the models" in (await visitor.ask("control", model="/tmp"))["error"]
        await visitor.ask("replay", seek=3, paused=True)
        await visitor.ask("record", on=True, note="a cyst", channels=True, file="/etc/passwd")
        await visitor.socket.send_str("{")
        assert "truncated" in (await visitor.text("answer", id=None))["error"]
        await visitor.socket.send_json({"kind": "reboot", "id": 9})
        assert "reboot" in (await visitor.text("answer", id=None))["error"]

    visit(page.address, look)
    changes = [request for request in asked if request != ControlRequest()]
    assert (changes[0].imaging, changes[0].model) == ({"gain_db": 2}, "srad")
    assert (changes[2].replay.seek, changes[2].replay.paused, changes[2].replay.speed) == (3, True, None)
    record = changes[3].record
    assert (record.on, record.note, record.channels, record.file) == (True, "a cyst", True, "")


def test_the_end_is_told_with_the_report(open_page: Open) -> None:
    page = open_page()
    page.describe()
    page.show(image(0))

    async def look(visitor: Visitor) -> None:
        await visitor.frame()
        await asyncio.to_thread(page.server.close, page.screen.report({}))
        end = await visitor.text("end")
        assert (end["report"]["frames"], end["report"]["enhanced"], end["report"]["model"]) == (1, 1, "net@1")
        assert visitor.last("state")["state"] == "ended"
        while await visitor.receive() is not None:
            pass

    visit(page.address, look)


def test_a_browser_that_leaves_before_its_next_frame_is_no_error(
    open_page: Open, caplog: pytest.LogCaptureFixture
) -> None:
    page = open_page()

    async def visit_and_vanish() -> None:
        async with aiohttp.ClientSession() as session:
            browser = await session.ws_connect(page.address + "frames")
            await browser.receive()
            browser._response.connection.transport.abort()  # as a killed browser does
            await asyncio.sleep(0.2)
            page.describe()
            page.show(image(0))
            await asyncio.sleep(0.2)

    with caplog.at_level(logging.ERROR):
        asyncio.run(visit_and_vanish())
        page.server.close(None)
    assert not caplog.records
