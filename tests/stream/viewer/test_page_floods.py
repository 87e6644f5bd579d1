"""Who floods the page with texts fills no memory."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from sonolucent.stream.control.requests import ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.viewer import page_door, page_link

from .conftest import Page
from .visiting import Visitor, visit


def text_frame(text: bytes) -> bytes:
    """A text as a browser sends it, masked with zeros (RFC 6455)."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text


def ask_for_nothing(visitor: socket.socket, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        visitor.sendall(1000 * text_frame(b"{}"))


def test_who_asks_and_never_reads_the_answers_is_hung_up_on(open_page: Callable[..., Page]) -> None:
    page = open_page()
    port = int(page.address.split(":")[2].split("/")[0])
    with socket.socket() as visitor:
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        visitor.settimeout(20)
        visitor.connect(("127.0.0.1", port))
        key = base64.b64encode(bytes(16)).decode()
        upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13"
        visitor.sendall(f"GET /frames HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{upgrade}\r\n\r\n".encode())
        with pytest.raises(ConnectionError):
            ask_for_nothing(visitor, 20.0)


def test_only_so_many_requests_of_a_page_wait_to_be_carried_out(
    open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_link, "_MOST_ASKED", 3)
    over = threading.Event()

    def ask(request: ControlRequest, timeout_s: float = 0.0) -> None:
        over.wait(20)
        raise ControlError("in time")

    async def look(visitor: Visitor) -> None:
        for i in range(5):
            await visitor.socket.send_str(json.dumps({"kind": "control", "id": i}))
        refused = [await visitor.text("answer", id=i) for i in (3, 4)]
        assert all("at once" in answer["error"] for answer in refused)
        over.set()
        for _ in range(3):
            assert (await visitor.text("answer"))["error"] == "in time"

    visit(open_page(ask).address, look)


def test_requests_that_nobody_has_answered_yet_are_not_read_for_ever(open_page: Callable[..., Page]) -> None:
    """aiohttp kept them all, before 3.14.1."""
    port = int(open_page().address.split(":")[2].split("/")[0])
    requests = 200_000 * f"GET /page/index.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    with socket.socket() as visitor:
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        visitor.settimeout(5)
        visitor.connect(("127.0.0.1", port))
        with pytest.raises(TimeoutError):
            visitor.sendall(requests)


def is_served(port: int) -> bool:
    request = f"GET /page/index.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as visitor:
            visitor.sendall(request)
            return visitor.recv(16).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


@pytest.mark.parametrize(("unread_s", "place_is_free"), [(0.5, True), (60.0, False)])
def test_who_never_reads_an_answer_loses_his_place(
    open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, unread_s: float, place_is_free: bool
) -> None:
    monkeypatch.setattr(page_door, "_UNREAD_S", unread_s)
    monkeypatch.setattr(page_door, "_MOST", 1)
    port = int(open_page().address.split(":")[2].split("/")[0])
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(2000 * f"GET /page/index.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert not is_served(port)
        deadline = time.monotonic() + (20 if place_is_free else 3)
        while not (served := is_served(port)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert served == place_is_free
