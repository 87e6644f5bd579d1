"""The ledger of a whole run, also where stages were killed and took their last counts with them.

What a stage took, in all its processes, was delivered to it and acquired for the edges behind it; what is missing
between the two ends of an edge was lost with a stage. A stage journals a frame before it acknowledges it, so nothing
has to be guessed.
"""

from __future__ import annotations

from collections.abc import Collection

from sonolucent.stream.ledger import CONSUMER_GONE, RESTARTED, EdgeCounts

Edges = dict[str, EdgeCounts]


def whole_ledger(edges: Edges, taken: dict[str, int], restarted: Collection[str]) -> Edges:
    """The counts of all edges, settled where a stage at either end was restarted.

    Args:
        edges: as the stages report them, by "producer>consumer".
        taken: how many frames the consumers took from them.
        restarted: the stages that were.
    """
    unsure = [edge for edge in edges if not set(restarted).isdisjoint(edge.split(">"))]
    delivered = {edge: counts.delivered for edge, counts in edges.items()}
    delivered |= {edge: taken[edge] for edge in unsure if edge in taken}
    settled = {}
    for edge in unsure:
        producer = edge.partition(">")[0]
        fed = [n for feed, n in delivered.items() if feed.endswith(f">{producer}")]
        acquired = sum(fed) if producer in restarted else edges[edge].acquired
        settled[edge] = _settled(acquired, delivered[edge], edges[edge].dropped)
    return {**edges, **settled}


def _settled(acquired: int, delivered: int, dropped: dict[str, int]) -> EdgeCounts:
    known = {why: n for why, n in dropped.items() if why != RESTARTED}
    missing = acquired - delivered - sum(known.values())
    # A stage that had journaled a frame may be killed before it could acknowledge it: then the frame was not lost.
    why = RESTARTED if missing > 0 else CONSUMER_GONE
    known[why] = known.get(why, 0) + missing
    return EdgeCounts(acquired, delivered, {why: n for why, n in known.items() if n})
