"""The figures of a run: what its sink knows, as a status, for Prometheus, and over HTTP."""

import re
import socket
import struct
import time
import urllib.request
from collections.abc import Iterator
from http.client import RemoteDisconnected
from io import StringIO
from urllib.error import HTTPError

import msgspec
import numpy as np
import pytest
from rich.console import Console

from sonolucent.stream.commands.top_screen import screen
from sonolucent.stream.config import Config
from sonolucent.stream.errors import MetricsError
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Image, Stamp, Trail
from sonolucent.stream.metrics import served
from sonolucent.stream.metrics.metrics_server import serving
from sonolucent.stream.metrics.prometheus import exposition
from sonolucent.stream.metrics.status import RECENT, Board, Status
from sonolucent.stream.metrics.status_client import fetch

MS = 1_000_000
CONFIG = Config(headless=True, metrics=0)
LAYERS = np.zeros((2, 3, 4), np.float32)


def image(i: int, model: str = "light@1") -> Image:
    """Frame i, 40 ms after the one before; 10 ms in beamform; one frame lost behind the source."""
    t = i * 40 * MS
    edges = {
        "scanner>source": EdgeCounts(i + 1, i + 1),
        "source>beamform": EdgeCounts(i + 1, i - 1, {"drop_oldest": 1}),
    }
    return Image(i, LAYERS, 60.0, model, "cpu", "", Trail(t, 0, (Stamp("beamform", t, t + 10 * MS),), edges), "fused")


def board(n: int) -> Board:
    filled = Board(CONFIG, dict)
    for i in range(n):
        filled.post(image(i), i * 40 * MS + 20 * MS, {})
    return filled


@pytest.fixture
def port() -> Iterator[int]:
    with serving(0, board(9).status) as port:
        yield port


def test_before_the_first_frame_there_is_a_status() -> None:
    status = Board(CONFIG, dict).status()
    assert (status.frames_in, status.frames_out, status.fps, status.model) == (0, 0, 0.0, "none")
    assert (status.stages, status.end_to_end, status.ledger) == ({}, None, {})


def test_the_screen_waits_for_the_first_image() -> None:
    assert "no image yet" in _shown(Board(CONFIG, dict).status())
    assert "no image yet" not in _shown(board(1).status())


def test_the_screen_tells_of_silence_and_of_losses() -> None:
    shown = _shown(msgspec.structs.replace(board(9).status(), silent_s=7.0, restarts={"enhance": 2}))
    assert "none for 7 s" in shown
    assert "1 drop_oldest" in shown
    assert "enhance crashed and was started again, 2 times" in shown


def test_counts_go_back_to_the_start_and_latencies_to_the_last_frames() -> None:
    filled = board(RECENT)
    for i in range(RECENT, 2 * RECENT):
        filled.post(image(i), i * 40 * MS + 60 * MS, {})
    status = filled.status()
    assert (status.frames_in, status.frames_out, status.enhanced) == (2 * RECENT, 2 * RECENT, 2 * RECENT)
    assert status.fps == pytest.approx(25.0)
    assert status.stages["beamform"].p50_ms == pytest.approx(10.0)
    assert status.end_to_end is not None
    assert status.end_to_end.p50_ms == status.end_to_end.max_ms == pytest.approx(60.0)
    assert status.end_to_end.over_budget
    assert status.dropped == {"source>beamform": {"drop_oldest": 1}}


def test_a_frame_that_skipped_the_network_is_not_counted_as_enhanced() -> None:
    filled = board(3)
    filled.post(image(3, model=""), 0, {})
    status = filled.status()
    assert (status.frames_out, status.enhanced, status.model) == (4, 3, "light@1")


def test_channel_data_bring_newer_counts_which_images_do_not_undo() -> None:
    filled = board(3)
    filled.post(Channels(8, LAYERS, 0, Trail(edges={"scanner>source": EdgeCounts(9, 9)})), 0, {})
    filled.post(image(3), 0, {})
    status = filled.status()
    assert (status.frames_in, status.frames_out) == (9, 4)


def test_edges_behind_the_sink_and_restarts_are_shown() -> None:
    filled = Board(CONFIG, lambda: {"beamform": 2})
    filled.post(image(0), 0, {"recorder>disk": EdgeCounts(5, 3, {"disk too slow": 2})})
    status = filled.status()
    assert status.dropped["recorder>disk"] == {"disk too slow": 2}
    assert status.restarts == {"beamform": 2}
    assert _parsed(exposition(status))['sonolucent_stage_restarts_total{stage="beamform"}'] == 2


def test_only_the_reported_sink_of_a_run_that_asks_for_it_serves(capsys: pytest.CaptureFixture[str]) -> None:
    for wanted, config in [(False, CONFIG), (True, Config(headless=True))]:
        with served(config, dict, wanted=wanted) as post:
            post(image(0), 0, {})
    assert capsys.readouterr().err == ""


def test_prometheus_is_given_every_figure() -> None:
    samples = _parsed(exposition(board(9).status()))
    assert samples["sonolucent_frames_in_total"] == 9
    assert samples['sonolucent_edge_dropped_total{edge="source>beamform",reason="drop_oldest"}'] == 1
    assert samples['sonolucent_stage_seconds{stage="beamform",quantile="0.99"}'] == pytest.approx(0.010)
    assert samples['sonolucent_end_to_end_seconds{quantile="1"}'] == pytest.approx(0.020)
    assert samples["sonolucent_frame_rate_hertz"] == pytest.approx(25.0)


def test_a_path_with_quotes_and_line_breaks_stays_one_label() -> None:
    status = msgspec.structs.replace(board(1).status(), source='replay:a"b\\c\nd.h5')
    assert r'source="replay:a\"b\\c\nd.h5"' in exposition(status)
    _parsed(exposition(status))


def test_both_pages_are_served(port: int) -> None:
    status = fetch(port)
    assert isinstance(status, Status)
    assert status.ledger["scanner>source"] == EdgeCounts(9, 9)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert _parsed(answer.read().decode())["sonolucent_frames_out_total"] == 9


@pytest.mark.parametrize(("path", "host", "code"), [("/", None, 404), ("/metrics", "evil.example:80", 403)])
def test_other_pages_and_other_names_are_refused(port: int, path: str, host: str | None, code: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host} if host else {})
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value:
        assert refused.value.code == code


def test_a_taken_port_is_named(port: int) -> None:
    with pytest.raises(MetricsError, match=rf"port {port} .*--metrics"), serving(port, board(0).status):
        pass


def test_what_is_over_is_said_in_words() -> None:
    filled = board(1)
    for i in range(1, 100):
        filled.post(image(i), i * 40 * MS + 60 * MS, {})
    row = next(line for line in _shown(filled.status()).splitlines() if "end to end" in line)
    assert row.rstrip().endswith("p50 over, p99 over")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_cuts_no_number(width: int) -> None:
    assert "…" not in (shown := _shown(board(9).status(), width))
    assert re.search(r"beamform\s+[\d.]+\s+[\d.]+", shown)


def _shown(status: Status, width: int = 120) -> str:
    console = Console(width=width, file=StringIO())
    console.print(screen(status, width))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _parsed(text: str) -> dict[str, float]:
    """The samples of an exposition; each line must be well formed, and each family declared before its samples."""
    samples, declared = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            declared.add(line.split()[2])
        elif not line.startswith("# HELP "):
            found = re.fullmatch(r'((\w+)(?:\{(?:\w+="(?:[^"\\\n]|\\[\\n"])*",?)+\})?) (\S+)', line)
            assert found, line
            assert found[2] in declared
            samples[found[1]] = float(found[3])
    return samples


def test_a_client_that_resets_is_no_news(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.5)
    assert fetch(port) is not None
    assert capfd.readouterr().err == ""


def test_a_status_that_cannot_be_made_is_told_as_all_else_is(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Status:
        raise ValueError("no status")

    with serving(0, broken) as port, pytest.raises(RemoteDisconnected):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/status.json", timeout=5)
    assert [record.getMessage() for record in caplog.records] == ["a page could not be served"]
    assert capfd.readouterr().err == ""
