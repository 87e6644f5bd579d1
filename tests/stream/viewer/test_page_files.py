"""What the page takes besides frames: the trace, the models, and clips of what it was shown."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from sonolucent.nn import LightUNet
from sonolucent.nn.model_folder import ModelInfo, Provenance, save_model
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.viewer import page_body, page_files
from sonolucent.stream.viewer.page_files import list_models

from .conftest import image
from .test_page_access import READ_TOKEN, TOKEN, answer
from .visiting import Visitor, visit

Open = Callable[..., Any]


def post(address: str, kind: str, body: bytes) -> tuple[int, bytes, str]:
    async def send() -> tuple[int, bytes, str]:
        page, _, token = address.partition("?")
        url = f"{page}clip?format={kind}&{token}"
        async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
            return response.status, await response.read(), response.headers.get("Content-Disposition", "")

    return asyncio.run(send())


def hung_up_on(address: str, body: bytes) -> None:
    with suppress(aiohttp.ClientError):
        post(address, "png", body)


def shown(page: Any, n_frames: int) -> bytes:
    """The messages of so many frames, as the page sends them back."""
    body = bytearray()

    async def look(visitor: Visitor) -> None:
        await visitor.text("stream")
        for i in range(n_frames):
            page.show(image(i, level_db=-10.0 * i))
            _, _, message = await visitor.frame()
            body.extend(struct.pack("<I", len(message)) + message)

    visit(page.address, look)
    return bytes(body)


def test_a_clip_is_a_recording_of_what_was_shown(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    page.describe()
    status, content, disposition = post(page.address, "h5", shown(page, 3))
    assert (status, disposition.endswith('.h5"')) == (200, True)
    (tmp_path / "clip.h5").write_bytes(content)
    recording = Recording(tmp_path / "clip.h5")
    assert recording.n_images == 3
    for i in range(3):
        kept, was = recording.image(i), image(i, level_db=-10.0 * i)
        assert (kept.frame_id, kept.model, kept.dynamic_range_db) == (i, "net@1", 60.0)
        np.testing.assert_allclose(kept.layers, was.layers, atol=60 / 65535)
    assert recording.image(0).trail.acquired_utc_ns > 0


@pytest.mark.parametrize(("kind", "begins"), [("mp4", b"ftyp"), ("gif", b"GIF8"), ("npy", b"NUMPY"), ("dcm", b"DICM")])
def test_a_clip_leaves_in_every_format_that_images_do(open_page: Open, kind: str, begins: bytes) -> None:
    page = open_page()
    page.describe()
    status, content, disposition = post(page.address, kind, shown(page, 3))
    assert (status, disposition.endswith(f'.{kind}"')) == (200, True), content
    assert begins in content[:140]


def test_what_is_no_clip_is_refused_with_the_reason(open_page: Open) -> None:
    page = open_page()
    assert post(page.address, "h5", b"")[0] == 409
    page.describe()
    body = shown(page, 2)
    (length,) = struct.unpack_from("<I", body)
    header_end = 8 + struct.unpack_from("<I", body, 4)[0]
    for kind, sent, reason in (
        ("avi", body, "export 'avi' is none of png, tif"),
        ("h5", b"", "a clip of no frames"),
        ("h5", body[:-1], "frame 1 of the clip is cut off"),
        ("h5", struct.pack("<I", length - 1) + body[4 : 3 + length], "frame 0 of the clip is not of the 5 x 6 pixels"),
        ("h5", struct.pack("<I", 12) + struct.pack("<I", 8) + b"[1, 2]  ", "frame 0 of the clip is none"),
        ("h5", struct.pack("<I", header_end) + body[4 : header_end + 4], "not of the 5 x 6 pixels"),
    ):
        status, content, _ = post(page.address, kind, sent)
        assert (status, reason in content.decode()) == (400, True), content


@pytest.mark.parametrize(
    "wrong",
    [
        {"acquired_utc_ns": "9" * 30},
        {"acquired_utc_ns": "-1"},
        {"frame_id": 2**64 - 1},
        {"revision": -1},
        {"time_s": 1e300},
    ],
)
def test_a_clip_with_a_count_or_clock_that_cannot_be_is_refused(
    open_page: Open, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    page = open_page()
    page.describe()
    right = {"frame_id": 1, "layers": 1, "bits": 8, "range_db": 60.0}
    statuses = []
    for header in (right, right | wrong):
        text = json.dumps(header).encode()
        message = struct.pack("<I", len(text)) + text + bytes(30)
        statuses.append(post(page.address, "h5", struct.pack("<I", len(message)) + message)[0])
    assert statuses == [200, 400]
    assert caplog.text == ""


@contextmanager
def clip_without_end(address: str, token: str) -> Iterator[socket.socket]:
    """Within, somebody sends a clip, and stops in the middle of it."""
    port = int(address.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        head = f"POST /clip?format=png&token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        sender.sendall(f"{head}Content-Length: {1 << 27}\r\n\r\n".encode() + bytes(1 << 16))
        time.sleep(0.3)
        yield sender


def test_who_may_only_look_holds_up_no_clip_of_who_controls(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_body, "_SILENT_S", 60.0)
    page = open_page(token=TOKEN, read_token=READ_TOKEN)
    page.describe()
    with clip_without_end(page.address, READ_TOKEN):
        assert post(page.address, "h5", b"")[0] == 400


def test_a_clip_that_does_not_go_on_is_given_up(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(page_body, "_SILENT_S", 0.5)
    page = open_page()
    page.describe()
    with clip_without_end(page.address, "") as slow:
        assert slow.recv(12) == b"HTTP/1.1 408"
    with clip_without_end(page.address, ""):
        pass
    assert post(page.address, "h5", b"")[0] == 400
    assert caplog.text == ""


def test_a_clip_larger_than_any_cine_loop_is_refused_at_once(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_body, "_MOST_BYTES", 1 << 16)
    page = open_page()
    page.describe()
    with clip_without_end(page.address, "") as large:
        assert large.recv(12) == b"HTTP/1.1 413"


def test_the_trace_opens_in_perfetto(open_page: Open) -> None:
    page = open_page()
    page.describe()
    page.show(image(3))
    status, text, headers = answer(page.address, "trace")
    assert (status, "trace.json" in headers["Content-Disposition"]) == (200, True)
    assert json.loads(text)["traceEvents"][0]["name"] == "frame 3"


def test_models_are_none_those_shipped_and_those_beside_the_one_chosen(open_page: Open, tmp_path: Path) -> None:
    shipped = [model["name"] for model in list_models("auto")]
    assert {"none", "light-quadrant", "full-quadrant"} <= set(shipped)
    info = ModelInfo(name="own", kind="light", training=Provenance("", "", 0, 0))
    for name in ("own", "other"):
        save_model(tmp_path / name, LightUNet(), info)
    (tmp_path / "no model").mkdir()
    found = [model["name"] for model in list_models(str(tmp_path / "own"))]
    assert found == [*shipped, "other", "own"]
    assert all(Path(model["path"]).is_dir() for model in list_models("auto") if model["name"] != "none")
    page = open_page()
    assert json.loads(answer(page.address, "models")[1]) == list_models("auto")


def test_a_name_too_long_for_a_file_is_not_there(open_page: Open, caplog: pytest.LogCaptureFixture) -> None:
    assert answer(open_page().address, f"{'x' * 5000}.js")[0] == 404
    assert caplog.text == ""


@pytest.mark.parametrize("path", ["", "style.css", "page/page.js"])
def test_the_page_is_served(open_page: Open, path: str) -> None:
    assert answer(open_page().address, path)[0] == 200


def test_a_clip_that_is_being_made_does_not_hold_up_the_end(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's end waited for three quarters of a minute for a clip of 90 MB."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> tuple[bytes, str]:
        begun.set()
        go_on.wait(60)
        return b"", "clip.png"

    monkeypatch.setattr(page_files, "encode_clip", slow)
    page = open_page()
    page.describe()
    body = shown(page, 1)
    asking = threading.Thread(target=lambda: hung_up_on(page.address, body))
    asking.start()
    assert begun.wait(10)
    begun_s = time.monotonic()
    page.server.close(None)
    assert time.monotonic() - begun_s < 10
    go_on.set()
    asking.join()
