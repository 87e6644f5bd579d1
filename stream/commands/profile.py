"""`sonolucent profile`: the pipeline as fast as it can and at rate; status 1 when a budget is exceeded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.commands.parsing import parse_run, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.commands.summary import latency_table
from sonolucent.stream.config import Config, changed
from sonolucent.stream.printable import say
from sonolucent.stream.runtime.profiling import Profiled, profile

_FRAMES = 200


def main(arguments: Sequence[str]) -> int:
    config, json = parse_run(arguments, "profile", Config())
    profiled = profile(changed(config, frames=config.frames or _FRAMES))
    deliver(lambda: print_json(document(profiled)) if json else say("\n".join(lines(profiled))))
    if profiled.interrupted:
        raise KeyboardInterrupt
    return 1 if profiled.over_budget else 0


def document(profiled: Profiled) -> dict[str, object]:
    """The report of the run at rate (of the only one, if there was no such run), the other one's, and what is over."""
    return {
        **msgspec.to_builtins(profiled.at_rate or profiled.as_fast_as_possible),
        "as_fast_as_possible": profiled.as_fast_as_possible if profiled.at_rate else None,
        "over_budget": profiled.over_budget,
    }


def lines(profiled: Profiled) -> list[str]:
    """Both runs as one table, and the verdict."""
    runs = {"as fast as possible": profiled.as_fast_as_possible, "at rate": profiled.at_rate}
    table = [line for title, report in runs.items() if report for line in _section(title, report)]
    verdict = [f"over budget: {what}" for what in profiled.over_budget] or ["within budget"]
    return [*table, *(["no verdict: the measurement was cut short"] if profiled.interrupted else verdict)]


def _section(title: str, report: RunReport) -> list[str]:
    lost = [f"{n} lost at {edge}, {why}" for edge, reasons in report.dropped.items() for why, n in reasons.items()]
    head = (
        f"{title}: {report.fps:.1f} frames/s over {report.transport}, {report.core_ms_per_frame:.1f} core-ms and "
        f"{report.page_faults_per_frame:.0f} page faults a frame; {report.model} on {report.device} by {report.backend}"
    )
    counted = f"  {report.frames_in} frames in, {report.frames_out} out; {'; '.join(lost) or 'none lost'}"
    return [head, counted, *latency_table(report)]
