"""A run for a long time, looked at each minute: `python tests/campaigns/long_run.py --help`.

A scanner in a box, a run with viewer, metrics and control channel, a page that looks on. Each minute a recording is
begun and the one before is removed. Two scenes: simulated frames at a rate that the machine holds; and a probe of
8 x 8 x 256 samples behind a tunnel that passes less than it is sent, whose page is behind another. Each minute tells
memory, descriptors and threads of the run, and how old frames were when they came to the page. Status 1 where memory,
descriptors or threads grow, or frames are older at the end than in the second minute.
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
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import write_recording
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlRequest, RecordRequest
from sonolucent.stream.metrics.status_client import fetch

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.campaigns.running import running
from tests.campaigns.tunnel import Tunnel

CLI = [sys.executable, "-m", "sonolucent"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
MOST_CREPT_MB, MOST_GROWTH_MB, MOST_OLDER = 25.0, 100.0, 1.5
"""A leak creeps on minute by minute, beside the 14 MB of the times of 10 000 frames that are kept. Frames that wait
while a machine is held up take their room once, in a step."""
OLDEST_MS = 1000.0
"""A frame that is older tells a physician nothing."""


@dataclass(frozen=True)
class Minute:
    """What a run was like for a minute."""

    frames: int
    memory_mb: float
    descriptors: int
    threads: int
    ages_ms: tuple[float, float, float, float]
    """p50, p95, p99, max."""
    lost: int


class Ages:
    """A page that takes frames; how old each was, by the scanner's clock."""

    def __init__(self, port: int) -> None:
        self.ms: list[float] = []
        self._url = f"http://127.0.0.1:{port}/frames"
        threading.Thread(target=lambda: asyncio.run(self._look()), daemon=True).start()

    def taken(self) -> list[float]:
        """Those since it was asked last."""
        taken, self.ms = self.ms, []
        return taken

    async def _look(self) -> None:
        async with aiohttp.ClientSession() as session:
            with suppress(aiohttp.ClientError):
                async with session.ws_connect(self._url, max_msg_size=0) as frames:
                    async for message in frames:
                        if message.type == aiohttp.WSMsgType.BINARY:
                            (length,) = struct.unpack_from("<I", message.data)
                            header = json.loads(message.data[4 : 4 + length])
                            self.ms.append((time.time_ns() - int(header["acquired_utc_ns"])) / 1e6)
                            await frames.send_json({"kind": "next"})


@contextmanager
def scanner(source: str, fps: float) -> Iterator[int]:
    """A scanner in a box that serves for ever; its port."""
    command = [*CLI, "scanner", "--source", source, "--port", "0", "--fps", str(fps), "--frames", str(10**9)]
    with running(command, **PIPES) as process:
        found = re.search(r"tcp://[\d.]+:(\d+)", process.stderr.readline())
        assert found is not None
        yield int(found[1])
        process.send_signal(signal.SIGINT)
        process.wait(60)


def minutes(n: int, port: int, page_bytes_per_s: float | None, options: list[str], folder: Path) -> list[Minute]:
    """Has a run take from a port for `n` minutes."""
    command = [*CLI, "run", "--source", f"tcp://127.0.0.1:{port}", "--view", "--no-browser", "--port", "0"]
    command += ["--metrics", "0", "--control", "0", "--json", *options]
    with running(command, **PIPES) as run, ExitStack() as stack:
        ports = _ports(run)
        page = ports["viewer"]
        if page_bytes_per_s is not None:
            page = stack.enter_context(closing(Tunnel(page, page_bytes_per_s))).port
        ages, found = Ages(page), []
        while not ages.ms:
            time.sleep(0.1)
        for minute in range(n):
            file = folder / f"{minute}.h5"
            ask(ports["control"], ControlRequest(record=RecordRequest(on=True, file=str(file))))
            found.append(_minute(run.pid, ports["metrics"], ages))
            print(f"  {minute + 1}: {found[-1]}", file=sys.stderr, flush=True)
            ask(ports["control"], ControlRequest(record=RecordRequest(on=False)))
            file.unlink()
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    assert json.loads(output)["balanced"], output
    return found


def _ports(run: Any) -> dict[str, int]:
    ports: dict[str, int] = {}
    while len(ports) < 3:
        line = run.stderr.readline()
        assert line, "the run did not start"
        for name in ("viewer", "metrics", "control"):
            if line.startswith(name):
                ports[name] = int(re.findall(r"(?::|port )(\d{4,5})", line)[0])
    threading.Thread(target=lambda: [None for _ in run.stderr], daemon=True).start()
    return ports


def _minute(pid: int, metrics: int, ages: Ages) -> Minute:
    before = fetch(metrics)
    ages.taken()
    time.sleep(60)
    after, taken = fetch(metrics), ages.taken()
    lost = [sum(sum(reasons.values()) for reasons in status.dropped.values()) for status in (before, after)]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pids = [str(pid), *children]
    resident = sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in pids) * os.sysconf("SC_PAGE_SIZE")
    return Minute(
        frames=after.frames_out - before.frames_out,
        memory_mb=round(resident / 1e6, 1),
        descriptors=sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids),
        threads=sum(len(os.listdir(f"/proc/{p}/task")) for p in pids),
        ages_ms=tuple(round(float(np.percentile(taken, q)), 1) for q in (50, 95, 99, 100)) if taken else (0.0,) * 4,
        lost=lost[1] - lost[0],
    )


def faults(found: list[Minute]) -> list[str]:
    """What grew between the second minute and the last ones."""
    early, late = found[1], found[-1]
    memory_mb = statistics.median(m.memory_mb for m in found[-3:]) - early.memory_mb
    steps_mb = [after.memory_mb - before.memory_mb for before, after in itertools.pairwise(found[1:])]
    crept_mb = statistics.median(steps_mb) * len(steps_mb)
    grown = [f"{memory_mb:.0f} MB more"] if memory_mb > MOST_GROWTH_MB or crept_mb > MOST_CREPT_MB else []
    if late.descriptors > early.descriptors + 4:
        grown.append(f"{late.descriptors - early.descriptors} descriptors more")
    if late.threads > early.threads + 2:
        grown.append(f"{late.threads - early.threads} threads more")
    if late.ages_ms[0] > MOST_OLDER * early.ages_ms[0] + 20:
        grown.append(f"frames of {late.ages_ms[0]:.0f} ms, not {early.ages_ms[0]:.0f}")
    if max(m.ages_ms[0] for m in found) > OLDEST_MS:
        grown.append(f"frames of {max(m.ages_ms[0] for m in found):.0f} ms")
    return grown + (["no frame in a minute"] if not all(m.frames for m in found) else [])


def small_probe(path: Path) -> None:
    """Frames of 8 x 8 x 256 samples: the kernel's buffers of a connection hold hundreds of them."""
    probe = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(8), 256, 25e6)
    noise = np.random.default_rng(1).integers(-2000, 2000, (4, *acquisition.shape), dtype=np.int16)
    write_recording(path, noise, acquisition, frame_rate_hz=50.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of each scene")
    parser.add_argument("--fps", type=float, default=8.0, help="that the machine holds, of full frames")
    parser.add_argument("--scenes", nargs="+", default=["full", "small"], choices=["full", "small"])
    parser.add_argument("--transport", default="inproc")
    options = parser.parse_args()
    failed = False
    for scene in options.scenes:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
            folder = Path(scratch)
            transport = ["--transport", options.transport]
            if scene == "full":
                port = stack.enter_context(scanner("sim", options.fps))
                found = minutes(options.minutes, port, None, transport, folder)
            else:
                small_probe(folder / "small.h5")
                port = stack.enter_context(scanner(f"replay:{folder / 'small.h5'}", 50.0))
                # 50 frames of 33 kB a second are 1.6 MB/s.
                port = stack.enter_context(closing(Tunnel(port, 1.0e6))).port
                found = minutes(options.minutes, port, 2e5, [*transport, "--model", "none"], folder)
        print_table(scene, found)
        failed = failed or bool(faults(found))
    return 1 if failed else 0


def print_table(scene: str, found: list[Minute]) -> None:
    head = "| minute | frames | lost | MB | descriptors | threads | age p50 ms | p95 | p99 | max |"
    print(f"\n{scene}: {'; '.join(faults(found)) or 'nothing grows'}\n\n{head}\n|{'---|' * 10}")
    for i, m in enumerate(found, 1):
        ages = " | ".join(f"{age:.0f}" for age in m.ages_ms)
        print(
            f"| {i} | {m.frames} | {m.lost} | {m.memory_mb:.0f} | {m.descriptors} | {m.threads} | {ages} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
