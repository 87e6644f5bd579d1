"""What the tests of the stream share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, or a skip that says where to put them."""
    folder = Path(os.environ.get("SONOLUCENT_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}; set SONOLUCENT_DATA")
    return folder
