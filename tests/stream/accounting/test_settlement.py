"""The ledger of a run in which stages were killed: frames are lost where they were, and nothing is counted twice."""

from collections.abc import Collection, Mapping

from sonolucent.stream.accounting import settlement
from sonolucent.stream.ledger import CONSUMER_GONE, RESTARTED, EdgeCounts
from sonolucent.stream.transport.edge import Edge

EDGES = [
    Edge(*name.split(">"))
    for name in (
        "scanner>source",
        "source>beamform",
        "beamform>enhance",
        "enhance>headless",
        "source>recorder",
        "enhance>recorder",
        "recorder>disk",
    )
]


def settled(
    counts: Mapping[str, EdgeCounts], taken: Mapping[str, int], restarted: Collection[str]
) -> dict[str, EdgeCounts]:
    return settlement.settled(EDGES, counts, taken, restarted)


def test_a_run_without_restarts_is_left_as_it_is() -> None:
    edges = {"scanner>source": EdgeCounts(9, 9), "source>beamform": EdgeCounts(9, 5, {"latest": 3})}
    assert settled(edges, {"source>beamform": 5}, []) == edges


def test_what_a_stage_took_and_did_not_pass_on_was_lost_with_it() -> None:
    edges = {
        "scanner>source": EdgeCounts(10, 10),
        "source>beamform": EdgeCounts(10, 8, {CONSUMER_GONE: 2}),
        "beamform>enhance": EdgeCounts(5, 5),
    }
    ledger = settled(edges, {"source>beamform": 8, "beamform>enhance": 7}, ["beamform"])
    assert ledger["source>beamform"] == EdgeCounts(10, 8, {CONSUMER_GONE: 2})
    assert ledger["beamform>enhance"] == EdgeCounts(8, 7, {RESTARTED: 1})


def test_a_frame_that_was_passed_on_before_it_was_acknowledged_is_not_lost() -> None:
    edges = {"source>beamform": EdgeCounts(10, 7, {CONSUMER_GONE: 3})}
    ledger = settled(edges, {"source>beamform": 8}, ["beamform"])
    assert ledger["source>beamform"] == EdgeCounts(10, 8, {CONSUMER_GONE: 2})


def test_neighbours_that_were_both_killed() -> None:
    edges = {
        "scanner>source": EdgeCounts(20, 20),
        "source>beamform": EdgeCounts(20, 17, {CONSUMER_GONE: 3}),
        "beamform>enhance": EdgeCounts(11, 9, {RESTARTED: 2}),
        "enhance>headless": EdgeCounts(6, 6),
    }
    taken = {"source>beamform": 18, "beamform>enhance": 15, "enhance>headless": 14}
    ledger = settled(edges, taken, ["beamform", "enhance"])
    assert ledger["source>beamform"] == EdgeCounts(20, 18, {CONSUMER_GONE: 2})
    assert ledger["beamform>enhance"] == EdgeCounts(18, 15, {RESTARTED: 3})
    assert ledger["enhance>headless"] == EdgeCounts(15, 14, {RESTARTED: 1})


def test_what_a_killed_recorder_had_not_flushed() -> None:
    edges = {
        "source>recorder": EdgeCounts(10, 9, {CONSUMER_GONE: 1}),
        "enhance>recorder": EdgeCounts(10, 10),
        "recorder>disk": EdgeCounts(14, 14),
    }
    ledger = settled(edges, {"source>recorder": 9, "enhance>recorder": 10}, ["recorder"])
    assert ledger["recorder>disk"] == EdgeCounts(19, 14, {RESTARTED: 5})


def test_refused_messages_are_no_frames_and_stay_as_they_were_counted() -> None:
    refused = EdgeCounts(3, 0, {"late": 3})
    counts = {
        "scanner>source": EdgeCounts(9, 9),
        "scanner>source (refused)": refused,
        "source>beamform (refused)": refused,
    }
    ledger = settled(counts, {}, ["source", "beamform"])
    assert ledger["scanner>source (refused)"] == refused
    assert ledger["source>beamform (refused)"] == refused
