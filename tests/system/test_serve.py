"""`sonolucent serve`: several scanners on one host, as processes; what becomes of one disturbs no other."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream.commands import main
from sonolucent.stream.recording.reader import Recording

from ..campaigns.running import page_address, running
from ..campaigns.several_scanners import new_connections, require_agreement
from .conftest import Command

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@contextmanager
def boxed(recording: Path) -> Iterator[tuple[Any, str]]:
    """A scanner in a box that goes on until it is interrupted, and its address."""
    options = ["--source", f"replay:{recording}", "--frames", str(10**9), "--fps", "20", "--port", "0", "--json"]
    with running([*CLI, "scanner", *options], **PIPES) as scanner:
        address = re.search(r"tcp://[\d.]+:\d+", scanner.stderr.readline())
        assert address is not None
        yield scanner, address[0]


@contextmanager
def served(folder: Path, text: str) -> Iterator[tuple[Any, Callable[[], dict[str, Any]]]]:
    """A host, and what asks it for its scanners, by their names."""
    (folder / "host.toml").write_text(f"port = 0\n{text}")
    with running([*CLI, "serve", str(folder / "host.toml"), "--json"], **PIPES) as host:
        page = page_address(host)

        def rows() -> dict[str, Any]:
            with urllib.request.urlopen(f"{page}scanners.json") as answer:
                return {row["name"]: row for row in json.load(answer)}

        yield host, rows


def until(rows: Callable[[], dict[str, Any]], come: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 180
    while not come(now := rows()):
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    return now


def all_live(rows: dict[str, Any]) -> bool:
    return all(row["state"] == "live" for row in rows.values())


def looping(recording: Path, folder: Path, **of_right: str) -> str:
    """Two endless replays, the left one of which records."""
    more = "\n".join(f"{key} = {value}" for key, value in of_right.items())
    return f"""
    [defaults]
    source = "replay:{recording}"
    loop = true
    fps = 20.0
    model = "none"
    [scanners.left]
    record = "{folder / "left.h5"}"
    [scanners.right]
    {more}
    """


def test_one_that_is_killed_leaves_the_other_s_ledger_exact(small_recording: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        scanner, left = stack.enter_context(boxed(small_recording))
        _, right = stack.enter_context(boxed(small_recording))
        text = f"""
        [defaults]
        model = "none"
        [scanners.left]
        source = "{left}"
        record = "{tmp_path / "left.h5"}"
        [scanners.right]
        source = "{right}"
        record = "{tmp_path / "right.h5"}"
        """
        host, rows = stack.enter_context(served(tmp_path, text))
        pages = [row["page"] for row in until(rows, all_live).values()]
        os.kill(rows()["right"]["pid"], signal.SIGKILL)
        seen = until(rows, lambda now: now["right"]["state"] == "failed")
        assert (seen["right"]["said"], seen["right"]["page"]) == ("killed by SIGKILL", "")
        until(rows, lambda now: now["left"]["frames_out"] > seen["left"]["frames_out"] + 10)
        with urllib.request.urlopen(pages[0]) as answer:
            assert answer.status == 200
        scanner.send_signal(signal.SIGINT)
        did, _ = scanner.communicate(timeout=120)
        output, errors = host.communicate(timeout=120)
    assert host.returncode == 1
    assert "right: failed: killed by SIGKILL\n" in errors
    report = json.loads(output)
    assert (report["failed"], report["interrupted"]) == (["right"], False)
    ledger = report["scanners"]["left"]["report"]["ledger"]
    require_agreement(ledger["scanner>source"], json.loads(did)["frames"], new_connections(errors, "left"))
    assert report["scanners"]["left"]["report"]["balanced"]
    assert Recording(tmp_path / "left.h5").n_images == ledger["recorder>disk"]["delivered"]
    killed = report["scanners"]["right"]
    assert (killed["report"], killed["error"]) == (None, "killed by SIGKILL")
    assert Recording(tmp_path / "right.h5").n_images > 0
    assert killed["last_seen"]["frames_out"] > 0


def test_one_may_be_ended_alone_and_ctrl_c_ends_all(small_recording: Path, tmp_path: Path) -> None:
    with served(tmp_path, looping(small_recording, tmp_path, transport='"ipc"')) as (host, rows):
        until(rows, all_live)
        os.kill(rows()["left"]["pid"], signal.SIGTERM)
        seen = until(rows, lambda now: now["left"]["state"] == "ended")
        assert seen["right"]["state"] == "live"
        host.send_signal(signal.SIGINT)
        output, errors = host.communicate(timeout=120)
    assert host.returncode == 0, errors
    report = json.loads(output)
    assert (report["failed"], report["interrupted"]) == ([], True)
    for name, scanner in report["scanners"].items():
        assert scanner["report"]["balanced"], name
        assert f"{name}: ended, {scanner['report']['frames_in']} frames in" in errors
    assert report["scanners"]["right"]["report"]["frames_out"] > 0
    assert re.search(r"^left: viewer: http://127", errors, re.MULTILINE)


def test_where_the_host_is_killed_its_pipelines_end_in_order(small_recording: Path, tmp_path: Path) -> None:
    only_left = looping(small_recording, tmp_path).partition("[scanners.right]")[0]
    with served(tmp_path, only_left) as (host, rows):
        until(rows, all_live)
        left = rows()["left"]["pid"]
        host.kill()
        deadline = time.monotonic() + 60
        while Path(f"/proc/{left}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    recording = Recording(tmp_path / "left.h5")
    assert "enhance>viewer" in recording.edges  # what a run knows at its end alone
    assert recording.edges["recorder>disk"].delivered == recording.n_images > 0


def test_a_second_ctrl_c_ends_one_that_hangs(small_recording: Path, tmp_path: Path) -> None:
    with served(tmp_path, looping(small_recording, tmp_path)) as (host, rows):
        until(rows, all_live)
        os.kill(rows()["right"]["pid"], signal.SIGSTOP)
        host.send_signal(signal.SIGINT)
        until(rows, lambda now: now["left"]["state"] == "ended")
        assert host.poll() is None
        host.send_signal(signal.SIGINT)
        output, _ = host.communicate(timeout=120)
    assert host.returncode == 1
    report = json.loads(output)
    assert report["failed"] == ["right"]
    assert report["scanners"]["right"]["error"] == "aborted"
    assert report["scanners"]["left"]["report"]["balanced"]


def test_one_that_cannot_begin_is_told_and_the_other_runs(
    sonolucent: Command, small_recording: Path, tmp_path: Path
) -> None:
    (tmp_path / "host.toml").write_text(f"""
    port = 0
    [defaults]
    source = "replay:{small_recording}"
    headless = true
    as_fast_as_possible = true
    [scanners.good]
    frames = 8
    model = "none"
    [scanners.bad]
    model = "{tmp_path / "nowhere"}"
    """)
    ended = sonolucent("serve", tmp_path / "host.toml")
    assert ended.status == 1
    assert "bad: failed: " in ended.errors
    assert "Traceback" not in ended.errors
    good, bad = ended.output.split("bad:\n")
    assert good.startswith("good:\n8 frames in, 8 out")
    assert "enhance>headless" in good
    assert "nowhere" in bad


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scanners.a]\nsource = 'telepathy'", "scanners.a: source 'telepathy' is none of"),
        ("[scanners.a]\nsource = 'replay:gone.h5'", "scanners.a: gone.h5"),
        ("[scanners.a]\nrecord = 'none/a.h5'", "scanners.a: none/a.h5: cannot be written: there is no folder"),
        ("[scanners.a]\nrecord = 'a.h5'\n[scanners.b]\nrecord = 'a.h5'", "asked for by scanners.a.record and"),
        ("[scanners.a]\nfps = 'fast'", "scanners.a.fps: Expected"),
        ("[scanners.a]\n[scanners.a.endpoints]\n'x>y' = 'tcp://127.0.0.1:9'", "scanners.a: endpoints"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "host.toml").write_text(f"port = 0\n{text}")
    assert main.main(["serve", str(tmp_path / "host.toml"), "--json"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert message in printed.err
