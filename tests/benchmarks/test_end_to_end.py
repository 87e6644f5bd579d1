"""Raw channel data to enhanced images, the whole pipeline in one process."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.config import Config
from sonolucent.stream.runtime.run import run

from .conftest import OverBudget


def test_every_frame_as_fast_as_possible(benchmark: BenchmarkFixture) -> None:
    report = _run(benchmark, Config(headless=True, frames=100, as_fast_as_possible=True))
    assert report.frames_out == 100


@pytest.mark.xfail(raises=OverBudget, reason="two stages share two cores: their p99 is 1-3 ms over, end to end holds")
def test_twenty_five_frames_a_second(benchmark: BenchmarkFixture) -> None:
    report = _run(benchmark, Config(headless=True, frames=100, fps=25.0))
    latencies = {**report.stages, "end_to_end": report.end_to_end}
    late = {name: latency for name, latency in latencies.items() if latency is None or latency.over_budget}
    if late:
        raise OverBudget(str(late))


def _run(benchmark: BenchmarkFixture, config: Config) -> RunReport:
    """The report of one run whose ledger adds up and whose every frame out is an enhanced one."""
    report: RunReport = benchmark.pedantic(run, args=(config,), rounds=1)
    benchmark.extra_info.update(fps=report.fps, end_to_end_ms=report.end_to_end and report.end_to_end.p50_ms)
    assert report.balanced
    assert report.frames_in == 100
    assert report.enhanced == report.frames_out > 0
    return report
