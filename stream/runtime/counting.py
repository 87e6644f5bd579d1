"""The counts that a stage reports, of the edges that it feeds and of those that feed it."""

from __future__ import annotations

from collections.abc import Sequence

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.sources.source import SCANNER, Source
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.producer import Producer

CountsByEdge = dict[str, EdgeCounts]


def carry_on(past: StageReport, consumers: Sequence[Consumer], producers: Sequence[Producer]) -> None:
    """Goes on with the counts of the process that was here before."""
    for producer in producers:
        producer.ledger.carry_on(past.edges.get(producer.edge.name, EdgeCounts()))
    for consumer in consumers:
        consumer.taken_before = past.taken.get(consumer.edge.name, 0)
        consumer.refused.carry_on(past.edges.get(_refused_on(consumer.edge.name), EdgeCounts()))


def carry_on_source(past: StageReport, source: Source) -> int:
    """The same for what never reached the source; how many frames it has passed on before."""
    gone = past.edges.get(SCANNER.name, EdgeCounts())
    source.losses.carry_on(EdgeCounts(gone.acquired - gone.delivered, 0, gone.dropped))
    source.refused.carry_on(past.edges.get(_refused_on(SCANNER.name), EdgeCounts()))
    return gone.delivered


def from_scanner(source: Source, n_frames: int) -> EdgeCounts:
    """The edge before a source that has passed on so many frames."""
    lost = source.losses.counts()
    return EdgeCounts(lost.acquired + n_frames, n_frames, lost.dropped)


def of_source(source: Source, n_frames: int) -> CountsByEdge:
    return {SCANNER.name: from_scanner(source, n_frames), **_refusals(SCANNER.name, source.refused)}


def of_producers(producers: Sequence[Producer]) -> CountsByEdge:
    grants = {f"{producer.edge.name} (refused grants)": producer.refused.counts() for producer in producers}
    refused = {name: counts for name, counts in grants.items() if counts.acquired}
    return {producer.edge.name: producer.ledger.counts() for producer in producers} | refused


def of_consumers(consumers: Sequence[Consumer]) -> CountsByEdge:
    """What was refused: messages, not frames. A frame that one of them belonged to is counted on the edge itself."""
    return {
        name: messages
        for consumer in consumers
        for name, messages in _refusals(consumer.edge.name, consumer.refused).items()
    }


def close_all(producers: Sequence[Producer]) -> CountsByEdge:
    for producer in producers:
        producer.close()
    return of_producers(producers)


def taken(consumers: Sequence[Consumer]) -> dict[str, int]:
    return {consumer.edge.name: consumer.taken for consumer in consumers}


def _refusals(edge: str, ledger: Ledger) -> CountsByEdge:
    messages = ledger.counts()
    return {_refused_on(edge): messages} if messages.acquired else {}


def _refused_on(edge: str) -> str:
    return f"{edge} (refused)"
