"""The ledger of a whole run, also where stages were killed and took their last counts with them.

What a stage took, in all its processes, was delivered to it and acquired for the edges behind it; what is missing
between the two ends of an edge was lost with a stage. A stage journals a frame before it acknowledges it, so nothing
has to be guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sonolucent.stream.ledger import CONSUMER_GONE, RESTARTED, EdgeCounts
from sonolucent.stream.transport.edge import Edge


def settled(
    edges: Sequence[Edge], counts: Mapping[str, EdgeCounts], taken: Mapping[str, int], restarted: Collection[str]
) -> dict[str, EdgeCounts]:
    """The counts, settled on every edge whose one end, or both, was restarted.

    Args:
        edges: those that frames cross; `counts` may hold others, of messages, which stay as they are.
        counts: as the stages report them, by the edge's name.
        taken: how many frames the consumers took, by the edge's name.
        restarted: the stages that were.
    """
    known = [edge for edge in edges if edge.name in counts]
    unsure = [edge for edge in known if edge.producer in restarted or edge.consumer in restarted]
    delivered = {edge.name: counts[edge.name].delivered for edge in known}
    delivered |= {edge.name: taken[edge.name] for edge in unsure if edge.name in taken}
    result = dict(counts)
    for edge in unsure:
        fed = [delivered[feed.name] for feed in known if feed.consumer == edge.producer]
        known_counts = counts[edge.name]
        acquired = sum(fed) if edge.producer in restarted else known_counts.acquired
        if edge.on_demand:  # not every frame was meant for it: what came and what is known to be lost was
            acquired = max(known_counts.acquired, delivered[edge.name] + sum(known_counts.dropped.values()))
        result[edge.name] = _settled(acquired, delivered[edge.name], known_counts.dropped)
    return result


def _settled(acquired: int, delivered: int, dropped: Mapping[str, int]) -> EdgeCounts:
    known = {why: n for why, n in dropped.items() if why != RESTARTED}
    missing = acquired - delivered - sum(known.values())
    # A stage that had journaled a frame may be killed before it could acknowledge it: then the frame was not lost.
    why = RESTARTED if missing > 0 else CONSUMER_GONE
    known[why] = known.get(why, 0) + missing
    return EdgeCounts(acquired, delivered, {why: n for why, n in known.items() if n})
