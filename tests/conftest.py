"""What every test shares."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Kernels compile on their first call; no test times anything.
settings.register_profile("sonolucent", deadline=None)
settings.load_profile("sonolucent")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, or a skip that says where to put them."""
    folder = Path(os.environ.get("SONOLUCENT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}; set SONOLUCENT_DATA")
    return folder
