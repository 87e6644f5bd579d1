"""The page that lists the scanners is served to this machine alone, and loads nothing of another place."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from sonolucent.stream.hosting.listing import listing

from .rows import row


@pytest.fixture
def port() -> Iterator[int]:
    with listing(0, lambda: [row("left"), row("right", state="failed", said="killed by SIGKILL", page="")]) as port:
        yield port


def opened(port: int, path: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers))


def test_scanners_are_listed_in_their_order(port: int) -> None:
    with opened(port, "/scanners.json") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        left, right = json.load(answer)
    assert (left["name"], left["state"], left["frames_in"]) == ("left", "live", 1234)
    assert (right["name"], right["state"], right["said"]) == ("right", "failed", "killed by SIGKILL")


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/listing.js", "text/javascript"), ("/listing.css", "text/css")]
)
def test_the_page_and_its_files_are_served_with_a_policy(port: int, path: str, kind: str) -> None:
    with opened(port, path) as answer:
        assert answer.headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.read()


@pytest.mark.parametrize(
    ("path", "host", "code"), [("/x", "localhost:80", 404), ("/scanners.json", "evil.example", 403)]
)
def test_other_paths_and_other_names_are_refused(port: int, path: str, host: str, code: int) -> None:
    with pytest.raises(HTTPError) as refused:
        opened(port, path, Host=host)
    with refused.value:
        assert refused.value.code == code


def test_it_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with listing(0, list) as port:
        pass
    assert capsys.readouterr().err.startswith(f"scanners: http://127.0.0.1:{port}/ ")
