"""One report of a run out of those of its stages."""

from __future__ import annotations

from collections.abc import Mapping

from sonolucent.stream.accounting.report import RunReport, SinkReport, StageReport
from sonolucent.stream.accounting.settlement import settled
from sonolucent.stream.accounting.usage import per_frame
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.sinks.sink import DISK
from sonolucent.stream.sources.source import SCANNER


def summarize(
    config: Config, reports: Mapping[str, StageReport], seconds: float, restarts: dict[str, int] | None = None
) -> RunReport:
    """The report of a run out of those of its stages, some of which may have been restarted so many times."""
    table, restarts = pipeline(config), restarts or {}
    counts = {name: counts for report in reports.values() for name, counts in report.edges.items()}
    taken = {name: n for report in reports.values() for name, n in report.taken.items()}
    ledger = settled([SCANNER, *table.edges, DISK], counts, taken, restarts)
    sink = reporting(config, reports) or SinkReport()
    acquired = ledger.get(SCANNER.name, EdgeCounts()).acquired
    core_ms, page_faults = per_frame(report.usage for report in reports.values() if report.usage)
    return RunReport(
        source=config.source,
        transport=config.transport,
        seconds=round(seconds, 3),
        frames_in=acquired,
        frames_out=sink.frames,
        enhanced=sink.enhanced,
        dropped={name: counts.dropped for name, counts in ledger.items() if counts.dropped},
        fps=round(sink.fps, 2),
        model=sink.model,
        device=sink.device,
        backend=sink.backend,
        reason=sink.reason,
        strength=sink.strength,
        models=sink.models,
        stages=sink.stages,
        end_to_end=sink.end_to_end,
        ledger=ledger,
        balanced=all(counts.balanced for counts in ledger.values()),
        core_ms_per_frame=round(core_ms, 2),
        page_faults_per_frame=round(page_faults, 1),
        restarts=restarts,
        not_recorded={kind: ids for report in reports.values() for kind, ids in report.lost.items()},
        recorded=tuple(file for report in reports.values() for file in report.recorded),
        warnings=tuple(warning for report in reports.values() for warning in report.warnings),
        training=next((report.training for report in reports.values() if report.training), None),
    )


def reporting(config: Config, reports: Mapping[str, StageReport]) -> SinkReport | None:
    """What the sink saw whose figures are the run's."""
    stage = reports.get(pipeline(config).reporter.name)
    return stage.sink if stage else None
