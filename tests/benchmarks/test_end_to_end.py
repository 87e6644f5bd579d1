"""Raw channel data to enhanced images, the whole pipeline in one process."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.stream.config import Config
from sonolucent.stream.launch import run
from sonolucent.stream.report import RunReport


@pytest.mark.parametrize("pace", ["as fast as possible", "25 frames/s"])
def test_the_demo(benchmark: BenchmarkFixture, pace: str) -> None:
    fast = pace == "as fast as possible"
    config = Config(headless=True, frames=100, as_fast_as_possible=fast, fps=None if fast else 25.0)
    report: RunReport = benchmark.pedantic(run, args=(config,), rounds=1)
    benchmark.extra_info.update(fps=report.fps, end_to_end_ms=report.end_to_end and report.end_to_end.p50_ms)
    assert report.balanced
    assert report.frames_in == 100
    assert report.enhanced == report.frames_out > 0
    if fast:
        assert report.frames_out == 100
    else:
        late = [name for name, latency in report.stages.items() if latency.over_budget]
        assert not late, f"over budget: {late}"
        assert report.end_to_end is not None
        assert not report.end_to_end.over_budget, f"end to end {report.end_to_end}"
