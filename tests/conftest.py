"""What every test shares."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Test workers share the cores. Were each to start a thread a core, OpenMP's threads would spin for one another and a
# training that takes half a minute would take five. It counts when torch is first imported, so it stands here.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _WORKERS)))

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
