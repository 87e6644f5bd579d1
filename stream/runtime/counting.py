"""The counts that a stage reports, of the edges that it feeds and of those that feed it."""

from __future__ import annotations

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.sources import SCANNER, Source
from sonolucent.stream.transport.consumer import PullEdge
from sonolucent.stream.transport.producer import PushEdge


def carry_on(past: StageReport, pulls: list[PullEdge], pushes: list[PushEdge]) -> None:
    """Goes on with the counts of the process that was here before."""
    for push in pushes:
        push.ledger.carry_on(past.edges.get(push.edge.name, EdgeCounts()))
    for pull in pulls:
        pull.taken_before = past.taken.get(pull.edge.name, 0)
        pull.refused.carry_on(past.edges.get(refused_on(pull.edge.name), EdgeCounts()))


def from_scanner(source: Source, n_frames: int) -> dict[str, EdgeCounts]:
    lost = source.losses.counts()
    scanner = EdgeCounts(lost.acquired + n_frames, n_frames, lost.dropped)
    return {SCANNER: scanner, **refusals(SCANNER, source.refused)}


def close_all(pushes: list[PushEdge]) -> dict[str, EdgeCounts]:
    for push in pushes:
        push.close()
    return counts(pushes)


def counts(pushes: list[PushEdge]) -> dict[str, EdgeCounts]:
    grants = {f"{push.edge.name} (refused grants)": push.refused.counts() for push in pushes}
    return {push.edge.name: push.ledger.counts() for push in pushes} | {k: v for k, v in grants.items() if v.acquired}


def taken(pulls: list[PullEdge]) -> dict[str, int]:
    return {pull.edge.name: pull.taken for pull in pulls}


def refused_on(edge: str) -> str:
    return f"{edge} (refused)"


def refusals(edge: str, ledger: Ledger) -> dict[str, EdgeCounts]:
    """Messages, not frames: a frame that one of them belonged to is counted on the edge itself."""
    messages = ledger.counts()
    return {refused_on(edge): messages} if messages.acquired else {}


def refused(pull: PullEdge) -> dict[str, EdgeCounts]:
    return refusals(pull.edge.name, pull.refused)


def all_refused(pulls: list[PullEdge]) -> dict[str, EdgeCounts]:
    return {name: messages for pull in pulls for name, messages in refused(pull).items()}
