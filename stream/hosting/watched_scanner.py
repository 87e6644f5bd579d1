"""A scanner of a host while its pipeline runs and after: its state, its figures, and what became of it."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Collection
from contextlib import suppress

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.hosting.host_report import HostedScanner, ScannerRow, ScannerState
from sonolucent.stream.hosting.scanner_process import ScannerAnswer, ScannerProcess
from sonolucent.stream.metrics.status import Status
from sonolucent.stream.metrics.status_client import fetch

_EVERY_S = 0.5
_SILENT_S, _NO_ANSWER_S = 1.25, 6.0


class WatchedScanner:
    """Runs from now on; safe to ask from any thread.

    Args:
        config: with the ports that it will have.
        cores: that it may use.
    """

    def __init__(self, name: str, config: Config, cores: Collection[int]) -> None:
        self.name, self.process = name, ScannerProcess(name, config, cores)
        self._config, self._cores = config, sorted(cores)
        self._status: Status | None = None
        self._seen_s = time.monotonic()
        self.answer: ScannerAnswer | None = None
        """What it said at its end; None before."""
        threading.Thread(target=self._watch, name=f"{name}'s figures", daemon=True).start()

    def row(self) -> ScannerRow:
        """As of now."""
        status, answer, config = self._status, self.answer, self._config
        state, said = state_and_why(status, time.monotonic() - self._seen_s, answer)
        figures = (answer.report if answer else None) or status
        return ScannerRow(
            name=self.name,
            pid=self.process.pid,
            source=config.source,
            state=state,
            said=said,
            fps=round(status.fps, 1) if status and state == "live" else 0.0,
            budget_hz=load_budgets(config.budget).frame_rate_hz,
            frames_in=figures.frames_in if figures else 0,
            frames_out=figures.frames_out if figures else 0,
            dropped=_dropped(figures),
            model=figures.model if figures else "",
            restarts=sum(figures.restarts.values()) if figures else 0,
            page="" if answer else page_address(config),
            record=config.record or "",
            metrics=config.metrics,
            control=config.control,
        )

    def outcome(self) -> HostedScanner:
        """What became of it, once it has ended."""
        answer = self.answer or ScannerAnswer(error="it has not ended")
        last_seen = None if answer.report else self._status
        return HostedScanner(self._cores, answer.error or "", answer.report, last_seen)

    def _watch(self) -> None:
        while self._config.metrics is not None and self.process.alive:
            with suppress(OSError, ConfigError):  # it has not begun, has ended, or hangs
                self._status = fetch(self._config.metrics)
                self._seen_s = time.monotonic()
            time.sleep(_EVERY_S)


def state_and_why(status: Status | None, age_s: float, answer: ScannerAnswer | None) -> tuple[ScannerState, str]:
    """The state of a pipeline, and what there is to say of it.

    Args:
        status: what it said last.
        age_s: how long ago that was.
        answer: what it said at its end.
    """
    if answer is not None:
        return ("ended", "") if answer.error is None else ("failed", answer.error)
    if status is None or not status.frames_out:
        return "waiting", "no image yet"
    if age_s > _NO_ANSWER_S:
        return "no answer", f"nothing heard for {age_s:.0f} s"
    if status.silent_s > _SILENT_S:
        return "silent", f"no image for {status.silent_s:.0f} s"
    return "live", ""


def page_address(config: Config) -> str:
    """Of its viewer, without a token: who reads a list is not by that one who may look."""
    if not config.view:
        return ""
    host = config.viewer.host
    with suppress(ValueError):  # a name
        host = "127.0.0.1" if ipaddress.ip_address(host).is_unspecified else host
    return config.viewer.url(host, config.port)


def _dropped(figures: RunReport | Status | None) -> int:
    return sum(n for reasons in figures.dropped.values() for n in reasons.values()) if figures else 0
