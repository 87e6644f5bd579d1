"""The page that lists the scanners of a host, in a real browser: it follows them, and axe-core finds nothing on it."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import write_recording
from sonolucent.stream.hosting.host_report import ScannerRow
from sonolucent.stream.hosting.listing import listing

from ..campaigns.running import page_address, running
from ..stream.hosting.rows import row
from .browser import Chromium, Page, keep
from .test_accessible import found

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

CELLS = "[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
SUMMARY = "document.getElementById('summary')?.textContent"
HOSTILE = "<img src=x onerror=document.title='broken'>"
ALL_STATES = [
    row("left", record="/data/left.h5", control=8662),
    row("right", state="failed", said="killed by SIGKILL", fps=0.0, page="", dropped=3),
    row("third", state="silent", said="no image for 7 s", fps=0.0, restarts=2),
    row("fourth", state="no answer", said="nothing heard for 9 s", fps=0.0),
    row(HOSTILE, state="waiting", said="no image yet", fps=0.0, frames_in=0, model="", metrics=None),
]


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_all_states_are_shown_in_words_and_axe_finds_nothing(
    browser: Chromium, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def visit(page: Page) -> None:
        await page.resize(*size)
        await page.until(f"{SUMMARY} === '1 of 5 live; failed: right'")
        left, right, third, fourth, hostile = await page.evaluate(CELLS)
        assert left == [
            *("left", "live", "24.9 of 25", "1,234", "1,230", "0", "tcp://127.0.0.1:5555", "light-quadrant@d83291ca"),
            *("/data/left.h5", "metrics 8661, control 8662"),
        ]
        assert (right[1], right[2], right[5]) == ("failed, killed by SIGKILL", "", "3")
        assert third[1] == "silent, no image for 7 s, 2 restarts"
        assert fourth[1] == "no answer, nothing heard for 9 s"
        assert (hostile[0], hostile[1], hostile[-1]) == (HOSTILE, "waiting, no image yet", "")
        assert await page.evaluate("document.title") == "Sonolucent: scanners"
        assert await page.evaluate("document.querySelectorAll('tbody a').length") == 4
        assert await found(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")
        await page.screenshot(keep(tmp_path / f"listing-{size[0]}.png"))

    with listing(0, lambda: ALL_STATES) as port:
        browser.visit(f"http://127.0.0.1:{port}/", visit)


def test_it_follows_what_happens_keeps_the_focus_and_tells_of_the_end(browser: Chromium) -> None:
    scanners: list[ScannerRow] = [row("left"), row("right", page="http://127.0.0.1:10/")]
    server = listing(0, lambda: scanners)

    async def visit(page: Page) -> None:
        await page.until(f"{SUMMARY} === '2 of 2 live'")
        await page.evaluate("document.querySelectorAll('tbody a')[1].focus()")
        scanners[0] = row("left", state="failed", said="killed by SIGKILL", page="")
        await page.until(f"{SUMMARY} === '1 of 2 live; failed: left'")
        assert await page.evaluate("document.activeElement.textContent") == "right"
        server.__exit__(None, None, None)
        await page.until(f"{SUMMARY}?.startsWith('the host does not answer')")

    browser.visit(f"http://127.0.0.1:{server.__enter__()}/", visit)


def test_it_leads_to_the_page_of_each_scanner_of_a_real_host(browser: Chromium, tmp_path: Path) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    noise = [np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(4)]
    write_recording(recording := tmp_path / "noise.h5", noise, acquisition, frame_rate_hz=25.0)
    defaults = f'source = "replay:{recording}"\nloop = true\nmodel = "none"'
    (tmp_path / "host.toml").write_text(f"port = 0\n[defaults]\n{defaults}\n[scanners.left]\n[scanners.right]\n")

    async def visit(page: Page) -> None:
        await page.until(f"{SUMMARY} === '2 of 2 live'", timeout_s=180)
        await page.until("document.querySelector('tbody tr')?.cells[2].textContent.startsWith('2')")
        await page.screenshot(keep(tmp_path / "listing-live.png"))
        await page.evaluate("document.querySelectorAll('tbody a')[1].click()")
        await page.until("document.getElementById('state')?.textContent === 'REPLAY'")

    command = [sys.executable, "-m", "sonolucent", "serve", str(tmp_path / "host.toml")]
    with running(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        browser.visit(page_address(host), visit)
        host.send_signal(signal.SIGINT)
        output, _ = host.communicate(timeout=120)
    assert host.returncode == 0
    assert output.startswith("left:\n")
