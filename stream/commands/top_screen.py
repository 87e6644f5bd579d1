"""What `sonolucent top` shows: three tables out of a status."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sonolucent.stream.accounting.timing import Latency
from sonolucent.stream.metrics.status import Status
from sonolucent.stream.printable import printable

_SILENT_S = 1.0
_BAD = "bold red"
_NARROW = 70


def screen(status: Status, width: int = 80) -> RenderableType:
    """The whole of it; what a terminal of fewer columns has no room for is left out."""
    return Group(_head(status), _latencies(status, narrow=width < _NARROW), _ledger(status, narrow=width < _NARROW))


def _head(status: Status) -> Text:
    if not status.frames_out:
        return _plain(f"{status.source} over {status.transport}, no image yet after {status.seconds:.0f} s")
    text = _plain(f"{status.source} over {status.transport}, {status.model} on {status.device} by {status.backend}")
    text.append("\n")
    text.append(f"{status.fps:.1f} frames/s", style=_BAD if status.fps < 0.95 * status.budget_hz else "bold")
    text.append(f" (budget {status.budget_hz:.0f}), {status.frames_in} frames in, {status.frames_out} out, ")
    text.append(f"{status.enhanced} enhanced, {status.seconds:.0f} s")
    if status.silent_s > _SILENT_S:
        text.append(f", none for {status.silent_s:.0f} s", style=_BAD)
    for stage, n in status.restarts.items():
        text.append(f"\n{printable(stage)} crashed and was started again, {n} time{'s' if n > 1 else ''}", style=_BAD)
    return text


def _latencies(status: Status, *, narrow: bool) -> Table:
    columns = ("p50", "p99", "budget") if narrow else ("p50", "p95", "p99", "max", "budget")
    table = _table("ms", *columns, "")
    whole = {"end to end": status.end_to_end} if status.end_to_end else {}
    for name, latency in {**status.stages, **whole}.items():
        over = ", ".join(f"{percentile} over" for percentile, *_ in latency.exceeded)
        table.add_row(_plain(name), *_figures(latency, columns), over, style=_BAD if latency.over_budget else None)
    return table


def _figures(latency: Latency, columns: Sequence[str]) -> list[str]:
    values = (getattr(latency, f"{column}_ms") for column in columns)
    return ["" if value is None else f"{value:.1f}" for value in values]


def _ledger(status: Status, *, narrow: bool) -> Table:
    columns = ("delivered",) if narrow else ("acquired", "delivered", "in flight")
    table = _table("edge", *columns, "dropped")
    for edge, counts in status.ledger.items():
        reasons = ", ".join(f"{n} {why}" for why, n in counts.dropped.items())
        numbers = (str(getattr(counts, column.replace(" ", "_"))) for column in columns)
        table.add_row(_plain(edge), *numbers, Text(printable(reasons) or "none", style=_BAD if reasons else ""))
    return table


def _plain(text: str) -> Text:
    """Names that others chose, with no markup and no control characters."""
    return Text(printable(text))


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column(first, no_wrap=True)
    for name in columns:
        words = name in ("dropped", "")
        table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    return table
