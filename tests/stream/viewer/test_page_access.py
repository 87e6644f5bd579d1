"""Who may look and who may control: names, sites, tokens, certificates."""

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sonolucent.stream.errors import ViewerError
from sonolucent.stream.viewer_settings import ViewerSettings

from .conftest import image
from .visiting import Visitor, visit

Open = Callable[..., Any]
TOKEN, READ_TOKEN = "controls-0123456789", "reads-only-0123456789"


def status(address: str, path: str = "", method: str = "GET", **options: Any) -> int:
    return answer(address, path, method, **options)[0]


def answer(address: str, path: str = "", method: str = "GET", **options: Any) -> tuple[int, str, Any]:
    """Status, text and headers."""

    async def fetch() -> tuple[int, str, Any]:
        page, _, query = address.partition("?")
        url = f"{page}{path}{'?' + query if query else ''}"
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:
            got = response.status, await response.text(), response.headers
        await asyncio.sleep(0.2 if "ssl" in options else 0.0)  # aiohttp does not wait for the end of a TLS connection
        return got

    return asyncio.run(fetch())


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8660", "127.0.0.1.evil.example", "[::1", "10.0.0.1"])
def test_a_name_that_somebody_has_pointed_here_is_refused(open_page: Open, host: str) -> None:
    page = open_page(hosts=("proxy.example",))
    for path in ("", "frames", "trace", "models", "page.js"):
        assert status(page.address, path, headers={"Host": host}) in (400, 403)
    assert status(page.address, headers={"Host": "proxy.example"}) == 200
    assert status(page.address, headers={"Host": "localhost:1234"}) == 200
    assert status(page.address) == 200


@pytest.mark.parametrize(
    ("host", "origin", "may"),
    [
        (None, None, True),
        (None, "http://evil.example", False),
        (None, "null", False),
        (None, "https://hub.example", True),
        ("proxy.example", "https://proxy.example", True),
        ("proxy.example", "https://proxy.example:444", False),
    ],
)
def test_frames_are_for_the_own_page_and_sites_that_are_named(
    open_page: Open, host: str | None, origin: str | None, may: bool
) -> None:
    page = open_page(hosts=("proxy.example",), origins=("https://hub.example",))
    headers = {name: value for name, value in (("Host", host), ("Origin", origin)) if value}

    async def look(visitor: Visitor) -> None:
        await visitor.text("hello")

    if may:
        visit(page.address, look, headers=headers)
        return
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        visit(page.address, look, headers=headers)


def test_without_its_token_the_page_shows_nothing_and_its_modules_are_no_secret(open_page: Open) -> None:
    page = open_page(token=TOKEN, read_token=READ_TOKEN)
    bare, _, query = page.address.partition("?")
    assert query == f"token={TOKEN}"
    for address in (bare, f"{bare}?token=wrong", f"{bare}?token="):
        for path in ("", "frames", "trace", "models"):
            assert status(address, path) == 403
        assert status(address, "clip", "POST") == 403
    assert "the address that the program printed" in answer(bare)[1]
    assert status(bare, "page/page.js") == 200
    assert status(page.address) == 200


@pytest.mark.parametrize(("token", "may_control"), [(TOKEN, True), (READ_TOKEN, False)])
def test_one_token_controls_and_the_other_only_looks(open_page: Open, token: str, may_control: bool) -> None:
    asked: list[Any] = []

    def ask(request: Any, timeout_s: float = 0) -> Any:
        asked.append(request)
        raise RuntimeError("must not be asked")

    page = open_page(None if may_control else ask, token=TOKEN, read_token=READ_TOKEN)
    page.describe()
    page.show(image(0))

    async def look(visitor: Visitor) -> None:
        assert (await visitor.text("hello"))["may_control"] is may_control
        await visitor.frame()
        error = (await visitor.ask("record", on=True))["error"]
        assert ("change nothing" in error) is not may_control
        assert error

    if not may_control:
        page.server._ask = None
    visit(f"{page.address.partition('?')[0]}?token={token}", look)
    assert asked == []


def test_what_is_served_is_the_page_alone_and_nothing_foreign_is_loaded(open_page: Open) -> None:
    page = open_page()
    for path in ("pyproject.toml", "page/..%2fscreen.py", "..%2fscreen.py", "screen.py", "page/nothing.js"):
        assert status(page.address, path) == 404
    assert answer(page.address, "style.css")[2]["Content-Type"].startswith("text/css")
    policy = answer(page.address)[2]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "//" not in policy.replace("http://localhost:*", "").replace("http://127.0.0.1:*", "")


def certificate(folder: Path) -> dict[str, str]:
    files = {"key": str(folder / "key.pem"), "certificate": str(folder / "certificate.pem")}
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*made, *names, "-keyout", files["key"], "-out", files["certificate"]], check=True, capture_output=True
    )
    return files


def test_beyond_loopback_it_takes_a_token_and_a_certificate(open_page: Open, tmp_path: Path) -> None:
    files = certificate(tmp_path)
    for given, missing in (
        ({}, "a token .* and a TLS certificate"),
        ({"token": TOKEN}, "a TLS certificate"),
        (files, "a token"),
    ):
        with pytest.raises(ValueError, match=f"0.0.0.0 is beyond this machine.*{missing}"):
            ViewerSettings(host="0.0.0.0", **given)
    page = open_page(host="0.0.0.0", token=TOKEN, **files)
    address = page.address.replace("0.0.0.0", "127.0.0.1")
    assert address.startswith("https://")
    trusted = ssl.create_default_context(cafile=files["certificate"])

    async def look(visitor: Visitor) -> None:
        assert (await visitor.text("hello"))["may_control"] is True

    visit(address, look, ssl=trusted)
    assert status(address, headers={"Host": "evil.example"}, ssl=trusted) == 403


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": "short"}, "16 letters"),
        ({"token": TOKEN, "read_token": TOKEN}, "must differ"),
        ({"certificate": "a.pem"}, "go together"),
        ({"origins": ("hub.example",)}, "https://hub.example.org"),
        ({"host": "hub.example"}, "beyond this machine"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ViewerSettings(**settings)


def test_a_certificate_that_cannot_be_read_says_so(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("no certificate")
    with pytest.raises(ViewerError, match="both are PEM files"):
        open_page(certificate=str(tmp_path / "a.pem"), key=str(tmp_path / "a.pem"))


def test_a_port_in_use_and_an_address_of_another_machine_are_refused(open_page: Open) -> None:
    page = open_page()
    from sonolucent.stream.viewer.page_server import _listen

    with pytest.raises(ViewerError, match="give another with --port"):
        _listen("127.0.0.1", int(page.address.rpartition(":")[2].strip("/")))
