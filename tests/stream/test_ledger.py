"""acquired = delivered + dropped, with the reasons."""

from sonolucent.stream.ledger import EdgeCounts, Ledger


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
