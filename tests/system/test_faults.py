"""A scanner with every fault, and the whole pipeline behind it, in small."""

from pathlib import Path

import pytest

from ..campaigns.fault_campaign import campaign

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_the_ledger_is_what_the_scanner_did_and_no_frame_is_mixed(tmp_path: Path, transport: str) -> None:
    outcome = campaign(tmp_path, n_shots=1600, rate=0.01, transport=transport)
    assert all(outcome["scanner"]["faults"].values())
    assert outcome["scanner"]["frames"]["acquired"] == 200
