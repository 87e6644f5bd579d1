"""The ledger of a run in which stages were killed: frames are lost where they were, and nothing is counted twice."""

from sonolucent.stream.accounting.settlement import whole_ledger
from sonolucent.stream.ledger import CONSUMER_GONE, RESTARTED, EdgeCounts


def test_a_run_without_restarts_is_left_as_it_is() -> None:
    edges = {"scanner>source": EdgeCounts(9, 9), "source>beamform": EdgeCounts(9, 5, {"latest": 3})}
    assert whole_ledger(edges, {"source>beamform": 5}, []) == edges


def test_what_a_stage_took_and_did_not_pass_on_was_lost_with_it() -> None:
    edges = {
        "scanner>source": EdgeCounts(10, 10),
        "source>beamform": EdgeCounts(10, 8, {CONSUMER_GONE: 2}),
        "beamform>enhance": EdgeCounts(5, 5),
    }
    ledger = whole_ledger(edges, {"source>beamform": 8, "beamform>enhance": 7}, ["beamform"])
    assert ledger["source>beamform"] == EdgeCounts(10, 8, {CONSUMER_GONE: 2})
    assert ledger["beamform>enhance"] == EdgeCounts(8, 7, {RESTARTED: 1})


def test_a_frame_that_was_passed_on_before_it_was_acknowledged_is_not_lost() -> None:
    edges = {"source>beamform": EdgeCounts(10, 7, {CONSUMER_GONE: 3})}
    ledger = whole_ledger(edges, {"source>beamform": 8}, ["beamform"])
    assert ledger["source>beamform"] == EdgeCounts(10, 8, {CONSUMER_GONE: 2})


def test_neighbours_that_were_both_killed() -> None:
    edges = {
        "scanner>source": EdgeCounts(20, 20),
        "source>beamform": EdgeCounts(20, 17, {CONSUMER_GONE: 3}),
        "beamform>enhance": EdgeCounts(11, 9, {RESTARTED: 2}),
        "enhance>headless": EdgeCounts(6, 6),
    }
    taken = {"source>beamform": 18, "beamform>enhance": 15, "enhance>headless": 14}
    ledger = whole_ledger(edges, taken, ["beamform", "enhance"])
    assert ledger["source>beamform"] == EdgeCounts(20, 18, {CONSUMER_GONE: 2})
    assert ledger["beamform>enhance"] == EdgeCounts(18, 15, {RESTARTED: 3})
    assert ledger["enhance>headless"] == EdgeCounts(15, 14, {RESTARTED: 1})


def test_what_a_killed_recorder_had_not_flushed() -> None:
    edges = {
        "source>recorder": EdgeCounts(10, 9, {CONSUMER_GONE: 1}),
        "enhance>recorder": EdgeCounts(10, 10),
        "recorder>disk": EdgeCounts(14, 14),
    }
    ledger = whole_ledger(edges, {"source>recorder": 9, "enhance>recorder": 10}, ["recorder"])
    assert ledger["recorder>disk"] == EdgeCounts(19, 14, {RESTARTED: 5})
