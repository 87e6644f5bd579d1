"""acquired = delivered + dropped, with the reasons."""

from hypothesis import given
from hypothesis import strategies as st

from sonolucent.stream.ledger import EdgeCounts, GapCounter, Ledger


def test_a_ledger_tells_what_is_still_in_flight() -> None:
    ledger = Ledger()
    ledger.acquire(5)
    ledger.deliver(2)
    ledger.drop("latest", 2)
    assert ledger.counts() == EdgeCounts(5, 2, {"latest": 2})
    assert ledger.counts().in_flight == 1
    assert not ledger.counts().balanced


def test_dropping_nothing_names_no_reason() -> None:
    ledger = Ledger()
    ledger.drop("gap", 0)
    assert ledger.counts().dropped == {}


@given(st.sets(st.integers(0, 200), min_size=1))
def test_gaps_and_frames_make_up_the_whole(ids: set[int]) -> None:
    counter = GapCounter()
    missing = sum(counter.missing_before(i) for i in sorted(ids))
    assert missing + len(ids) == max(ids) - min(ids) + 1


def test_ids_that_go_back_are_no_loss() -> None:
    counter = GapCounter()
    assert [counter.missing_before(i) for i in (5, 6, 2, 3)] == [0, 0, 0, 0]
