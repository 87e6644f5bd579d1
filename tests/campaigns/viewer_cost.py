"""What a page that looks on costs the pipeline, and how late a frame is on it: `python tests/campaigns/viewer_cost.py`.

Two questions, each in runs that alternate between nobody looking and a headless Chromium:

- as fast as it can, the pipeline on one core and the browser on another: which part of its rate does the page cost?
- at a paced rate, both on all cores: is every frame processed, how many a second does the page show, and how long after
  the sink had it is a frame's picture done (a frame's `requestAnimationFrame` callback; the screen itself comes after)?
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.campaigns.running import page_address, running
from tests.view.browser import Chromium, Page, chromium

WARM_UP_S = 8.0
# After the page's own callback has drawn, ours notes which frame that was.
NOTE_FRAMES = """(() => {
  window.noted = [];
  let last = -1;
  const note = () => {
    const header = sonolucent.cine.shown?.header;
    if (header && header.frame_id !== last) {
      last = header.frame_id;
      noted.push([last, performance.timeOrigin + performance.now() - Number(header.acquired_utc_ns) / 1e6]);
    }
    requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
})()"""
END_TO_END_MS = """fetch('trace').then((answer) => answer.json()).then(({ traceEvents }) => Object.fromEntries(
  traceEvents.filter(({ tid }) => tid === 'end to end').map(({ name, dur }) => [name.split(' ')[1], dur / 1000])))"""
EVERY_CORE = os.sched_getaffinity(0)


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Programs that are started in this block run on these cores alone."""
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, EVERY_CORE)


def watched(seconds: float, *options: str, looks: bool, apart: bool) -> dict[str, Any]:
    """Runs the pipeline for some seconds, with or without a page that looks on: its report, and what the page saw.

    Args:
        apart: the pipeline has the first core, the browser the last.
    """
    cores = sorted(EVERY_CORE)
    pipelines, browsers = ({cores[0]}, {cores[-1]}) if apart else (EVERY_CORE, EVERY_CORE)
    command = [sys.executable, "-m", "sonolucent", "run", "--view", "--no-browser", "--port", "0", "--json", *options]
    with ExitStack() as open_:
        with pinned(browsers):
            browser = open_.enter_context(chromium(_profile(open_))) if looks else None
        with pinned(pipelines):
            process = open_.enter_context(running(command, stdout=PIPE, stderr=PIPE, text=True))
        page = _seen(browser, page_address(process), seconds) if browser else _nobody_looks(seconds)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 130), errors
    return {"report": json.loads(output), **page}


def _profile(open_: ExitStack) -> Path:
    """A folder for the browser, which may still write to it as it is removed."""
    return Path(open_.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))


def _nobody_looks(seconds: float) -> dict[str, Any]:
    time.sleep(WARM_UP_S + seconds)
    return {}


def _seen(browser: Chromium, address: str, seconds: float) -> dict[str, Any]:
    """Frames a second on the page, and their milliseconds to the sink, and from there to their pictures."""
    seen: dict[str, Any] = {}

    async def visit(page: Page) -> None:
        await page.resize(1280, 800)
        await page.until("window.sonolucent?.cine.shown", timeout_s=60)
        await asyncio.sleep(WARM_UP_S)
        await page.evaluate(NOTE_FRAMES)
        await asyncio.sleep(seconds)
        noted = await page.evaluate("noted")
        to_sink_ms = await page.evaluate(END_TO_END_MS)
        noted_ms = [(since_ms, to_sink_ms[str(i)]) for i, since_ms in noted if str(i) in to_sink_ms]
        late_ms = [since_ms - taken_ms for since_ms, taken_ms in noted_ms]
        seen.update(shown_fps=len(noted) / seconds, late_ms=late_ms, to_sink_ms=[taken_ms for _, taken_ms in noted_ms])

    browser.visit(address, visit)
    return seen


def rate_apart(seconds: float, rounds: int, options: list[str]) -> None:
    """Prints the rate without and with a page, in turn."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for looks in (False, True):
            told = watched(seconds, "--as-fast-as-possible", *options, looks=looks, apart=True)
            rates[looks].append(told["report"]["fps"])
            print(f"  {'page' if looks else 'nobody'}: {rates[looks][-1]:.1f} frames/s", end="")
            print(f", shown {told['shown_fps']:.1f}" if looks else "")
    without, with_page = (float(np.median(rates[looks])) for looks in (False, True))
    print(f"a page costs {100 * (1 - with_page / without):.1f} % of {without:.1f} frames/s (medians of {rounds})")


def paced(seconds: float, fps: float, options: list[str]) -> None:
    """Prints what becomes of the frames of a paced source while a page looks on."""
    told = watched(seconds, "--fps", str(fps), *options, looks=True, apart=False)
    report, late_ms = told["report"], told["late_ms"]
    print(f"{fps:.0f} a second: {report['frames_out']} of {report['frames_in']} processed, lost {report['dropped']}")
    p50, p99 = np.percentile(late_ms, [50, 99])
    print(f"  shown {told['shown_fps']:.1f} a second; sink to picture p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    p50, p99 = np.percentile(told["to_sink_ms"], [50, 99])
    print(f"  of those, source to sink p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fps", type=float, nargs="*", default=[25, 60])
    parser.add_argument("--model", default="auto")
    asked = parser.parse_args()
    options = ["--model", asked.model]
    for fps in asked.fps:
        paced(asked.seconds, fps, options)
    rate_apart(asked.seconds, asked.rounds, options)


if __name__ == "__main__":
    main()
