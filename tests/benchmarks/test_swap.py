"""Swapping the model of a running session: how long the longest frame takes, and what memory remains.

SONOLUCENT_SWAPS says how many times; 50 by default, some seconds.
"""

import gc
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent.nn import SHIPPED_MODELS, Session
from sonolucent.nn.model_folder import load_model, save_model

from .conftest import OverBudget

SHAPE = (620, 256)
SWAPS = int(os.environ.get("SONOLUCENT_SWAPS", "50"))
FRAME_PERIOD_S = 0.04
MOST_GROWTH_MIB = 30


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """The shipped model, and one of the same size that differs a little."""
    model = load_model(SHIPPED_MODELS / "light-quadrant")
    with torch.no_grad():
        model.network.head.bias += 0.01
    save_model(tmp_path / "other", model.network, model.info)
    return [tmp_path / "other", SHIPPED_MODELS / "light-quadrant"]


@pytest.mark.xfail(
    raises=OverBudget, reason="the worst frame waits for a core that others keep busy, with or without a swap"
)
@pytest.mark.timeout(3600)
def test_frames_go_on_while_the_model_is_swapped(benchmark, folders):
    session = Session(folders[1], SHAPE)
    session.warm_up()
    image = np.random.default_rng(0).uniform(-60, 0, SHAPE).astype(np.float32)
    out, ids = np.empty_like(image), {load_model(folder).id for folder in folders}
    gc.freeze()  # as the stage does
    session.swap(folders[0]).result()  # both have their file in the cache
    calm_ms, swapping_ms, resident = [], [], []

    def frame_ms() -> float:
        begun = time.perf_counter()
        assert session(image, out).model in ids
        taken = time.perf_counter() - begun
        time.sleep(max(0.0, FRAME_PERIOD_S - taken))
        return 1e3 * taken

    def swap_all() -> None:
        for i in range(SWAPS):
            session.swap(folders[i % 2]).result()
            resident.append(resident_mib())

    calm_ms += [frame_ms() for _ in range(100)]
    swapper = threading.Thread(target=swap_all)
    swapper.start()
    while swapper.is_alive():
        swapping_ms.append(frame_ms())
    swapper.join()
    calm_ms += [frame_ms() for _ in range(100)]
    benchmark.pedantic(session, args=(image, out), rounds=20)
    gc.unfreeze()
    growth = np.median(resident[-10:]) - np.median(resident[10:20])
    calm = dict(zip(("median", "p99", "max"), np.percentile(calm_ms, [50, 99, 100]), strict=True))
    swapping = dict(zip(calm, np.percentile(swapping_ms, [50, 99, 100]), strict=True))
    benchmark.extra_info.update(swaps=SWAPS, calm_ms=calm, swapping_ms=swapping, growth_mib=growth)
    assert growth < MOST_GROWTH_MIB
    if swapping["max"] > 1.5 * calm["median"]:
        raise OverBudget(
            f"a frame took {swapping['max']:.1f} ms during a swap; without, half take {calm['median']:.1f}"
        )
