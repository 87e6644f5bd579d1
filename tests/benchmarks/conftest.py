"""What every benchmark shares: the stamp of machine and versions, and the budget it is held to."""

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.stream.accounting import budgets


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Adds what a figure depends on: the cores at hand and the versions."""
    machine_info["cores"] = len(os.sched_getaffinity(0))
    machine_info["versions"] = {p: version(p) for p in ("sonolucent", "numpy", "numba", "torch", "pyzmq")}


class OverBudget(AssertionError):
    """Right, but slower than budgets.toml allows."""


@pytest.fixture
def within_budget(request: pytest.FixtureRequest, benchmark: BenchmarkFixture) -> Callable[[str], None]:
    """Call it after the benchmark with a stage's name (or "end_to_end"): p50 and p99 must keep to budgets.toml.

    SONOLUCENT_BUDGET names the profile; cpu-25fps by default.
    """
    profile = budgets.load_budgets(os.environ.get("SONOLUCENT_BUDGET", budgets.DEFAULT_PROFILE))

    def check(stage: str) -> None:
        budget = profile.end_to_end if stage == "end_to_end" else profile.stages[stage]
        p50_ms, p99_ms = np.percentile(np.array(benchmark.stats.stats.data) * 1e3, [50, 99])
        benchmark.extra_info.update(p50_ms=p50_ms, p99_ms=p99_ms)
        if budget.exceeded_by(p50_ms, p99_ms):
            raise OverBudget(f"{stage}: p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms; the budget is {budget}")

    return check
