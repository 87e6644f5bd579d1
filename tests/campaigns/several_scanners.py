"""Two simulated scanners into one host: `python tests/campaigns/several_scanners.py --help`.

Two scanners in boxes, `sonolucent serve` with a page and a recording for each, and pages that look on: one at the
right scanner, several at the left. First both run undisturbed for some minutes, and each ledger must be what its
scanner says it sent. Then again, and the left pipeline is killed with -9 half-way: the ledger of the right one must be
exact all the same, and its page go on.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from sonolucent.stream.recording.reader import Recording
from tests.campaigns.kill_stages import Page
from tests.campaigns.running import page_address, running

CLI = [sys.executable, "-m", "sonolucent"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
NAMES = ("left", "right")
_SETTLED_S = 3.0


@dataclass(frozen=True)
class Outcome:
    """A host that has ended, and what it said; what each box says, and what the pages of each have seen."""

    report: dict[str, Any]
    errors: str
    sent: dict[str, Any]
    pages: dict[str, list[Page]]
    killed_s: float | None

    def new_connections(self, name: str) -> int:
        """How often a pipeline has connected to its scanner anew."""
        return new_connections(self.errors, name)

    def longest_pause_s(self, name: str, around_s: float | None = None) -> float:
        """Between two frames at a page, after the first moments; within 10 s of a time where one is given."""
        longest = 0.0
        for page in self.pages[name]:
            at = [s for s, _ in page.arrivals if s > page.arrivals[0][0] + _SETTLED_S]
            at = [s for s in at if around_s is None or abs(s - around_s) < 10]
            longest = max([longest, *(b - a for a, b in itertools.pairwise(at))])
        return longest


def hosted(folder: Path, minutes: float, fps: float, n_left: int, *, killing: bool) -> Outcome:
    """Two scanners into a host for so long, whatever the load; half-way, the left pipeline is killed if asked for."""
    recording = folder / "small.h5"
    if not recording.exists():
        smaller = ["--elements", "16", "--frames", "20", "--phantom", "moving"]
        subprocess.run([*CLI, "simulate", str(recording), *smaller], check=True, capture_output=True)
    with ExitStack() as stack:
        serve = ["scanner", "--source", f"replay:{recording}", "--fps", str(fps), "--frames", str(10**9)]
        boxes = {name: stack.enter_context(running([*CLI, *serve, "--port", "0", "--json"], **PIPES)) for name in NAMES}
        addresses = {name: re.findall(r"tcp://[\d.]+:\d+", box.stderr.readline())[0] for name, box in boxes.items()}
        (folder / "host.toml").write_text(configuration(folder, addresses))
        host = stack.enter_context(running([*CLI, "serve", str(folder / "host.toml"), "--json"], **PIPES))
        listed = page_address(host)
        rows = wait_until_live(listed)
        ports = {row["name"]: int(row["page"].rpartition(":")[2].strip("/")) for row in rows}
        pages = {name: [Page(ports[name]) for _ in range(n_left if name == "left" else 1)] for name in NAMES}
        time.sleep(minutes * 30)
        killed_s = kill(rows[0]["pid"]) if killing else None
        time.sleep(minutes * 30)
        sent = {name: ended(box) for name, box in boxes.items()}
        output, errors = host.communicate(timeout=300)
        assert host.returncode == (0 if killed_s is None else 1), errors
    return Outcome(json.loads(output), errors, sent, pages, killed_s)


def configuration(folder: Path, addresses: dict[str, str]) -> str:
    """Of the host."""
    tables = (
        f'[scanners.{name}]\nsource = "{address}"\nrecord = "{folder / name}.h5"\n'
        for name, address in addresses.items()
    )
    return "\n".join(["port = 0", "[defaults]", "overwrite = true", *tables])


def wait_until_live(listed: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 600
    while True:
        with urllib.request.urlopen(f"{listed}scanners.json") as answer:
            rows: list[dict[str, Any]] = json.load(answer)
        if all(row["state"] == "live" for row in rows):
            return rows
        assert time.monotonic() < deadline, rows
        time.sleep(0.2)


def kill(pid: int) -> float:
    """When it was killed, on the monotonic clock."""
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()


def ended(box: Any) -> dict[str, Any]:
    """What a scanner says when it is ended in order."""
    box.send_signal(signal.SIGINT)
    report: dict[str, Any] = json.loads(box.communicate()[0])
    return report


def check(folder: Path, outcome: Outcome, name: str) -> dict[str, Any]:
    """A scanner's ledger is what its box has sent, its recording what the ledger says; its report."""
    report: dict[str, Any] = outcome.report["scanners"][name]["report"]
    ledger = report["ledger"]
    assert report["balanced"], ledger
    require_agreement(ledger["scanner>source"], outcome.sent[name]["frames"], outcome.new_connections(name))
    assert Recording(folder / f"{name}.h5").n_images == ledger["recorder>disk"]["delivered"]
    for page in outcome.pages[name]:
        ids = [frame_id for _, frame_id in page.arrivals]
        assert ids
        # A page that was cut off and connects again is shown the newest frame once more.
        assert all(a <= b for a, b in itertools.pairwise(ids)), "frame ids never fall"
    return report


def new_connections(errors: str, name: str) -> int:
    """How often a host told that the pipeline of a scanner connects to it anew, as one that is silent makes it do."""
    return len(re.findall(rf"^{name}: tcp://.*: ", errors, re.MULTILINE))


def require_agreement(counted: dict[str, Any], sent: dict[str, Any], new_connections: int) -> None:
    """What was counted is what was sent. What was on the way when a connection ended only its reader knows to be lost
    (decision 0028): then no frame is missing from the count, and none was whole that the box did not send."""
    assert counted["acquired"] == sent["acquired"], (counted, sent)
    assert counted["delivered"] <= sent["delivered"], (counted, sent)
    if not new_connections:
        assert counted == sent, (counted, sent)


def told(outcome: Outcome, name: str, report: dict[str, Any]) -> str:
    """A line of the table."""
    seen = [len(page.arrivals) for page in outcome.pages[name]]
    ms = report["end_to_end"]
    return (
        f"  {name}: {report['frames_in']} frames in, {report['frames_out']} out at {report['fps']} a second, "
        f"dropped: {report['dropped'] or 'none'}, {outcome.new_connections(name)} new connection(s); "
        f"end to end p50 {ms['p50_ms']:.1f} ms, p99 {ms['p99_ms']:.1f}; "
        f"{len(seen)} page(s) saw {min(seen)}-{max(seen)}, longest pause {outcome.longest_pause_s(name):.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the run without a kill")
    parser.add_argument("--kill-minutes", type=float, default=2.0, help="of the run with one")
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--pages", type=int, default=4, help="that look at the left scanner")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        outcome = hosted(folder, options.minutes, options.fps, options.pages, killing=False)
        print(f"{options.minutes:g} minutes, both ledgers exact:")
        for name in NAMES:
            print(told(outcome, name, check(folder, outcome, name)), flush=True)
        outcome = hosted(folder, options.kill_minutes, options.fps, options.pages, killing=True)
        assert outcome.report["failed"] == ["left"]
        print(f"{options.kill_minutes:g} minutes, left killed half-way, the ledger of right exact:")
        print(told(outcome, "right", check(folder, outcome, "right")))
        print(f"  longest pause within 10 s of the kill: {outcome.longest_pause_s('right', outcome.killed_s):.2f} s")
        print(f"  recording of left: {Recording(folder / 'left.h5').n_images} images can be read")
    print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")


if __name__ == "__main__":
    main()
