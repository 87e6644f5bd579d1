"""Whoever reads a recording that is being written, or whose writer was killed, reads counts that were true."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.recording import ledger_text
from sonolucent.stream.recording.ledger_text import LedgerText


def edges(n: int, n_edges: int = 3) -> dict[str, EdgeCounts]:
    return {f"stage {i}>stage {i + 1}": EdgeCounts(n, n - 1, {"latest": 1}) for i in range(n_edges)}


@pytest.fixture
def file(tmp_path: Path) -> h5py.File:
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        yield opened


def test_before_the_first_flush_there_are_none(file: h5py.File) -> None:
    LedgerText(file)
    assert ledger_text.read(file) == {}


@pytest.mark.parametrize("n_edges", [1, 3, 200])
def test_the_last_counts_are_read(file: h5py.File, n_edges: int) -> None:
    text = LedgerText(file)
    for n in (1, 5, 10**9, 10**12):
        text.write(edges(n, n_edges))
        assert ledger_text.read(file) == edges(n, n_edges)
    ledger_text.write_final(file, edges(10**13, n_edges))
    assert ledger_text.read(file) == edges(10**13, n_edges)


def test_a_run_with_more_and_more_edges_is_read_at_every_step(file: h5py.File) -> None:
    text = LedgerText(file)
    for n in range(1, 120):
        text.write(edges(n, n))
        assert ledger_text.read(file) == edges(n, n)


@pytest.mark.parametrize("n_written", range(0, 4096, 61))
def test_wherever_a_write_is_cut_off_the_counts_before_it_stand(file: h5py.File, n_written: int) -> None:
    text = LedgerText(file)
    for n in (7, 8):
        text.write(edges(n))
    before = file["metadata/ledger"][:]
    text.write(edges(9, 40))
    after = file["metadata/ledger"][:]
    torn = np.concatenate([after[:n_written], before[n_written:]])
    file["metadata/ledger"][:] = torn
    assert ledger_text.read(file) in (edges(8), edges(9, 40))


def test_what_holds_no_counts_is_damaged(file: h5py.File) -> None:
    LedgerText(file)
    file["metadata/ledger"].resize((3,))
    file["metadata/ledger"][:] = np.frombuffer(b"{,}", "u1")
    with pytest.raises(ValueError, match="holds no counts"):
        ledger_text.read(file)
