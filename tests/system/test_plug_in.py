"""The source of docs/extend/source.md for a vendor's SDK, as a package installed beside this one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
DOCUMENT = Path(__file__).parents[2] / "docs" / "extend" / "source.md"

SDK = """
import threading
import numpy as np


class Device:
    def __init__(self, serial):
        assert serial == "SN7"
        self._over = threading.Event()

    def start(self, on_shot):
        self._thread = threading.Thread(target=self._work, args=(on_shot,))
        self._thread.start()

    def _work(self, on_shot):
        buffer = np.empty((16, 512), np.int16)
        frame_id = 0
        while not self._over.wait(0.01):
            for tx in range(16):
                buffer[...] = np.random.default_rng(tx).integers(-1000, 1000, buffer.shape)
                if (frame_id, tx) != (2, 5):
                    on_shot(frame_id, tx, buffer)
            frame_id += 1

    def stop(self):
        self._over.set()
        self._thread.join()


open = Device
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages: the SDK, and the documented source with its entry point."""
    text = DOCUMENT.read_text()
    source = re.search(r"```python\n# acme_source.py\n(.*?)```", text, re.DOTALL)
    entry = re.search(r"^acme = \"(.*?)\"$", text, re.MULTILINE)
    assert source is not None
    assert entry is not None
    (tmp_path / "acme_sdk.py").write_text(SDK)
    (tmp_path / "acme_source.py").write_text(source[1])
    info = tmp_path / "acme_source-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-source\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[sonolucent.sources]\nacme = {entry[1]}\n")
    return tmp_path


def run(site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "sonolucent",
        "run",
        "--headless",
        "--model",
        "none",
        "--json",
        *options,
    ]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(site)}
    )


def test_a_plug_in_feeds_the_pipeline_and_its_losses_are_counted(site: Path) -> None:
    ended = run(site, "--source", "acme:SN7", "--frames", "6")
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["balanced"]
    assert report["ledger"]["scanner>source"]["delivered"] == 6
    assert report["ledger"]["scanner>source"]["dropped"]["incomplete"] >= 1


def test_what_plug_ins_there_are_is_said(site: Path) -> None:
    ended = run(site, "--source", "umbrella:1")
    assert ended.returncode == 2
    assert "none of sim, replay:FILE, images:FILE, tcp://HOST:PORT, acme" in ended.stderr


CHATTY = """
from sonolucent.stream import Sink


class Chatty(Sink):
    def write(self, frame):
        print("a frame")
        if frame.frame_id == 3:
            raise ZeroDivisionError("by three")


def open_chatty(config, stream, past):
    print("opened")
    return Chatty()
"""


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_sink_that_prints_and_fails_disturbs_no_report_and_is_named(
    small_recording: Path, tmp_path: Path, transport: str
) -> None:
    (tmp_path / "chatty.py").write_text(CHATTY)
    info = tmp_path / "chatty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chatty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sonolucent.sinks]\nchatty = chatty:open_chatty\n")
    options = ["--source", f"replay:{small_recording}", "--sinks", "chatty", "--transport", transport]
    ended = run(tmp_path, *options, "--frames", "3")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["frames_out"] == 3
    assert ended.stderr.count("a frame") == 3
    ended = run(tmp_path, *options, "--frames", "4")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "chatty failed: ZeroDivisionError: by three" in ended.stderr
    assert "Traceback" not in ended.stderr
