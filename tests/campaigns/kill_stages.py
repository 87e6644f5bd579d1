"""Kills every stage of a live run in turn with -9: `.venv/bin/python tests/campaigns/kill_stages.py --help`.

Simulated frames at 25 frames/s, one process a stage over ipc, a viewer with a page that looks on, a recorder. For each
stage: how long after the kill the first frame acquired after it came to the page (of the recorder: until its next file
was begun), and what was lost. The run must end in order, with a ledger that adds up and frame ids that only ever rise.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from sonolucent.stream.recording.reader import Recording

CLI = [sys.executable, "-m", "sonolucent"]
STAGES = ("source", "beamform", "enhance", "viewer", "recorder")
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def processes(run: int) -> dict[str, list[int]]:
    """The processes of each stage of a run: the one at work, and behind it the one that stands by, if there is one."""
    found: list[tuple[int, int, str]] = []
    for pid in map(int, Path(f"/proc/{run}/task/{run}/children").read_text().split()):
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"sonolucent.stream.runtime.stage_child" in command:
                found.append((_begun_ticks(pid), pid, command[-2].decode()))
    by_stage: dict[str, list[int]] = {}
    for _, pid, stage in sorted(found):  # not by their ids, which begin again when they run out
        by_stage.setdefault(stage, []).append(pid)
    return by_stage


def wait_until_all_stand_by(run: int, timeout_s: float = 180.0) -> None:
    """Waits until every stage has a process that stands by and has nothing left to prepare."""
    deadline = time.monotonic() + timeout_s
    before: dict[int, int] = {}
    while True:
        time.sleep(1.0)
        pids = processes(run)
        now = {pair[1]: _ticks(pair[1]) for pair in pids.values() if len(pair) == 2}
        if pids and len(now) == len(pids) and now == before:
            return
        before = now
        assert time.monotonic() < deadline, f"not all stages have another process: {pids}"


class Page:
    """Looks at the viewer as a browser does; `arrivals` are (monotonic time in s, frame id)."""

    def __init__(self, port: int) -> None:
        self.arrivals: list[tuple[float, int]] = []
        self._url = f"http://127.0.0.1:{port}/frames"
        threading.Thread(target=lambda: asyncio.run(self._look()), daemon=True).start()

    async def _look(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError):
                    async with session.ws_connect(self._url, max_msg_size=0) as frames:
                        await self._take(frames)
                await asyncio.sleep(0.02)

    async def _take(self, frames: aiohttp.ClientWebSocketResponse) -> None:
        async for message in frames:
            if message.type == aiohttp.WSMsgType.BINARY:
                (length,) = struct.unpack_from("<I", message.data)
                self.arrivals.append((time.monotonic(), json.loads(message.data[4 : 4 + length])["frame_id"]))
                await frames.send_json({"kind": "next"})

    def first(self, acquired_s: dict[int, float], after_s: float) -> float:
        """When the first frame came that was acquired after a time."""
        return next(at for at, frame_id in self.arrivals if acquired_s.get(frame_id, 0.0) > after_s)

    def usual_interval_s(self) -> float:
        """The median time between two frames."""
        return statistics.median(b - a for (a, _), (b, _) in itertools.pairwise(self.arrivals))


def kill_all(folder: Path, settle_s: float, options: list[str]) -> dict[str, Any]:
    """Kills each stage once; how long it took until the next frame, and the report of the run."""
    record = folder / "record.h5"
    command = [*CLI, "run", "--view", "--no-browser", "--port", "0", "--record", str(record), "--transport", "ipc"]
    killed_s: dict[str, float] = {}
    with subprocess.Popen([*command, *options, "--json"], **PIPES) as run:
        assert run.stderr is not None
        address = re.search(r"http://127.0.0.1:(\d+)/", run.stderr.readline())
        assert address is not None
        page = Page(int(address[1]))
        for stage in STAGES:
            wait_until_all_stand_by(run.pid)
            killed_s[stage] = time.monotonic()
            os.kill(processes(run.pid)[stage][0], signal.SIGKILL)
            begun_s = wait_for(folder / "record-2.h5") if stage == "recorder" else 0.0
            time.sleep(settle_s)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    report = json.loads(output)
    acquired_s = check(report, [frame_id for _, frame_id in page.arrivals])
    back_s = {stage: page.first(acquired_s, after_s=at) for stage, at in killed_s.items()} | {"recorder": begun_s}
    recovered_s = {stage: back_s[stage] - at for stage, at in killed_s.items()}
    return {"recovered_s": recovered_s, "report": report, "usual_s": page.usual_interval_s()}


def check(report: dict[str, Any], shown: list[int]) -> dict[int, float]:
    """The ledger adds up, every restart is told, and frame ids only ever rise; when each frame was acquired."""
    assert report["balanced"], report["ledger"]
    assert report["restarts"] == dict.fromkeys(STAGES, 1), report["restarts"]
    parts = [Recording(Path(file)) for file in report["recorded"]]
    images = [part.image(i) for part in parts for i in range(part.n_images)]
    recorded = [image.frame_id for image in images]
    assert report["ledger"]["recorder>disk"]["delivered"] == len(recorded)
    for frame_ids in (shown, recorded):
        assert all(before < after for before, after in itertools.pairwise(frame_ids))
    return {image.frame_id: image.trail.acquired_ns / 1e9 for image in images}


def wait_for(file: Path) -> float:
    """When a file came into being, on the monotonic clock."""
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} was never begun"
        time.sleep(0.005)
    return time.monotonic()


@contextmanager
def busy(n: int) -> Iterator[None]:
    """Has `n` processes keep a core busy each."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def _ticks(pid: int) -> int:
    """Of processor time."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12])


def _begun_ticks(pid: int) -> int:
    """When it began, after the machine did."""
    return int(_stat(pid)[19])


def _stat(pid: int) -> list[str]:
    """Of /proc/PID/stat, what follows the name: field 3 of proc(5) and those after it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=0, help="processes that keep a core busy each meanwhile")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds before and after each kill")
    options, rest = parser.parse_known_args()
    times: dict[str, list[float]] = {stage: [] for stage in STAGES}
    with busy(options.busy):
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                outcome = kill_all(Path(folder), options.settle, ["--fps", "25", *rest])
            for stage, seconds in outcome["recovered_s"].items():
                times[stage].append(seconds)
            print("dropped:", json.dumps(outcome["report"]["dropped"]))
            print(f"otherwise a frame came every {outcome['usual_s']:.3f} s", flush=True)
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; until the first frame acquired after the kill, in s"
    )
    for stage, seconds in times.items():
        print(f"  {stage:<10}" + "".join(f"{s:>7.2f}" for s in seconds) + f"   worst {max(seconds):.2f}")


if __name__ == "__main__":
    main()
