"""What a host says: of each scanner while it runs, and of all of them at the end."""

from __future__ import annotations

from typing import Literal

import msgspec

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.metrics.status import Status

ScannerState = Literal["waiting", "live", "silent", "no answer", "ended", "failed"]


class ScannerRow(msgspec.Struct, frozen=True):
    """A line of the page that lists the scanners; names as in a run's report.

    Args:
        pid: of its process, for who wants to end it alone.
        state: "waiting" before the first image; "silent" where no image has come for more than a second; "no answer"
            where the pipeline itself says nothing; "failed" where it ended otherwise than in order.
        said: why it failed.
        fps: of the last images; 0 where none come.
        budget_hz: the frame rate that its budgets are made for.
        dropped: frames lost, on whatever edge.
        restarts: of stages that are processes of their own.
        page: the address of its viewer; empty where it has none.
        record: the file that its images go to; empty where there is none.
        metrics: the port of its figures, for `sonolucent top` and Prometheus.
        control: the port at which it takes changes, if it does.
    """

    name: str
    pid: int
    source: str
    state: ScannerState
    said: str
    fps: float
    budget_hz: float
    frames_in: int
    frames_out: int
    dropped: int
    model: str
    restarts: int
    page: str
    record: str
    metrics: int | None
    control: int | None


class HostedScanner(msgspec.Struct, frozen=True):
    """What became of one scanner's pipeline.

    Args:
        cores: that it had.
        error: what it failed with, or what killed it; empty where it ended in order.
        report: its own, with its ledger; none where it could not say.
        last_seen: its figures as they were seen last, where it has no report.
    """

    cores: list[int]
    error: str
    report: RunReport | None
    last_seen: Status | None


class HostReport(msgspec.Struct, frozen=True):
    """The report of a host, as `serve --json` prints it.

    Args:
        failed: the scanners whose pipelines did not end in order.
        interrupted: whether it was ended by Ctrl-C or SIGTERM, not by its sources.
        warnings: where there are fewer cores than budgets take, a sentence each.
    """

    seconds: float
    interrupted: bool
    failed: list[str]
    warnings: tuple[str, ...]
    scanners: dict[str, HostedScanner]
