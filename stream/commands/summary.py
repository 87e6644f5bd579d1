"""A run's report for people."""

from __future__ import annotations

from sonolucent.stream.accounting.report import RunReport, SinkReport, StageReport
from sonolucent.stream.accounting.timing import Latency
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.printable import say


def print_summary(report: RunReport) -> None:
    """The rate, the latency of every stage against its budget, and the ledger."""
    say(f"{report.frames_in} frames in, {report.frames_out} out ({report.enhanced} enhanced), {report.seconds:.1f} s")
    by = report.model if report.strength == 1 else f"{report.model} at strength {report.strength:g}"
    say(f"{report.fps:.1f} frames/s over {report.transport}; {by} on {report.device} by {report.backend}")
    if report.reason:
        say(f"  {report.reason}")
    if len(report.models) > 1:
        say(f"  frames by {', '.join(f'{model}: {n}' for model, n in report.models.items())}")
    for line in latency_table(report):
        say(line)
    _print_ledger(report.ledger)
    _print_lost(report.not_recorded)
    for stage, n in report.restarts.items():
        say(f"  {stage} crashed and was started again, {n} time{'s' if n > 1 else ''}")
    for warning in report.warnings:
        say(f"  {warning}")
    if (training := report.training) is not None:
        left_out = ", ".join(f"{n} {why}" for why, n in training.left_out.items()) or "none"
        say(f"  training: {training.looked_at} frames looked at, {training.kept} kept; left out: {left_out}")
        say(f"    {training.said}")
    if not report.balanced:
        say("  the ledger does not add up: frames were in flight when the run was cut short")


def print_stage(report: StageReport) -> None:
    """What one stage knows: frames taken, the edges it feeds, and, of a sink, the latencies."""
    for edge, n in report.taken.items():
        say(f"  {edge:<20} {n:>7} taken")
    _print_ledger(report.edges)
    _print_lost(report.lost)
    if report.sink is not None:
        say(f"  {report.sink.frames} frames ({report.sink.enhanced} enhanced), {report.sink.fps:.1f} frames/s")
        for line in latency_table(report.sink):
            say(line)


def latency_table(report: RunReport | SinkReport) -> list[str]:
    """One line a stage, and the whole."""
    rows = {**report.stages, **({"end to end": report.end_to_end} if report.end_to_end else {})}
    head = f"  {'ms':<12}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}{'budget':>8}"
    return [head, *(_row(name, latency) for name, latency in rows.items())] if rows else []


def _print_ledger(ledger: dict[str, EdgeCounts]) -> None:
    for edge, counts in ledger.items():
        reasons = ", ".join(f"{n} {why}" for why, n in counts.dropped.items()) or "none"
        say(f"  {edge:<20} {counts.acquired:>7} acquired {counts.delivered:>7} delivered   dropped: {reasons}")


def _print_lost(lost: dict[str, list[tuple[int, int]]]) -> None:
    for kind, ids in lost.items():
        ranges = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ids)
        say(f"  the disk was too slow; not recorded, {kind} of frames {ranges}")


def _row(name: str, latency: Latency) -> str:
    figures = "".join(f"{v:>8.1f}" for v in (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms))
    budget = "" if latency.budget_ms is None else f"{latency.budget_ms:>8.1f}"
    over = "".join(f"  {percentile} over {allowed:g}" for percentile, _, allowed in latency.exceeded)
    return f"  {name:<12}{figures}{budget}{over if latency.over_budget else ''}"
