"""`sonolucent profile`: per-stage latency against the budgets; status 1 when one is exceeded."""

from __future__ import annotations

from collections.abc import Sequence

from sonolucent.stream.commands.parsing import parse_run, print_json
from sonolucent.stream.commands.summary import print_summary
from sonolucent.stream.config import Config, changed
from sonolucent.stream.launch import run
from sonolucent.stream.report import RunReport

_FRAMES = 200


def main(arguments: Sequence[str]) -> int:
    config, json = parse_run(arguments, "profile", Config())
    report = run(changed(config, headless=True, view=False, frames=config.frames or _FRAMES))
    if json:
        print_json(report)
    else:
        print_summary(report)
    return 1 if over_budget(report) else 0


def over_budget(report: RunReport) -> bool:
    """Whether a stage, or the whole, took longer than its budget."""
    latencies = [*report.stages.values(), *([report.end_to_end] if report.end_to_end else [])]
    return any(latency.over_budget for latency in latencies)
