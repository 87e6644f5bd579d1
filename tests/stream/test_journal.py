"""A stage's journal holds one entry, and beside it what the supervisor has noted."""

import tempfile

from sonolucent.stream.journal import Entry, Journal
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.report import StageReport

REPORT = StageReport({"a>b": EdgeCounts(3, 2)})


def test_the_newest_entry_and_the_restarts_are_read_back() -> None:
    with tempfile.TemporaryFile() as file:
        journal, other = Journal(file.fileno()), Journal(file.fileno())
        journal.write(StageReport({}), 1)
        journal.write(REPORT, 4)
        other.note({"beamform": 2})
        assert other.read() == Entry(REPORT, b"", 4)
        assert journal.restarts() == {"beamform": 2}


def test_restarts_may_be_noted_before_there_is_an_entry() -> None:
    with tempfile.TemporaryFile() as file:
        assert Journal(file.fileno()).restarts() == {}
        Journal(file.fileno()).note({"enhance": 1})
        assert Journal(file.fileno()).read() == Entry()


def test_without_a_file_everything_is_forgotten() -> None:
    journal = Journal()
    journal.write(REPORT, 4)
    journal.note({"beamform": 1})
    assert (journal.read(), journal.restarts()) == (Entry(), {})
