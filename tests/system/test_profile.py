"""`sonolucent profile` on whole pipelines: two runs, one verdict."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_both_runs_are_reported_and_the_status_follows_the_verdict(
    sonolucent: Any, small_recording: Path, tmp_path: Path, transport: str
) -> None:
    trace = tmp_path / "trace.json"
    options = ["--frames", 30, "--fps", 100, "--transport", transport, "--trace", trace, "--json"]
    ended = sonolucent("profile", "--source", f"replay:{small_recording}", *options)
    report = ended.report
    assert ended.status == (1 if report["over_budget"] else 0), ended.errors
    fast = report["as_fast_as_possible"]
    for run in (report, fast):
        assert (run["frames_in"], run["frames_out"], run["balanced"]) == (30, 30, True)
        assert run["core_ms_per_frame"] > 0
        assert set(run["stages"]) == {"source", "beamform", "enhance"}
        assert run["stages"]["beamform"]["budget_ms"] == 18.0
    assert report["end_to_end"]["over_budget"] in (True, False)
    assert fast["end_to_end"]["over_budget"] is None
    frames = [e for e in json.loads(trace.read_text())["traceEvents"] if e["tid"] == "end to end"]
    assert len(frames) == 30


def test_one_run_alone_for_people(sonolucent: Any, small_recording: Path) -> None:
    options = ["--frames", 10, "--as-fast-as-possible", "--record", "nothing.h5"]
    ended = sonolucent("profile", "--source", f"replay:{small_recording}", *options)
    assert ended.status in (0, 1), ended.errors
    assert "as fast as possible: " in ended.output
    assert "at rate: " not in ended.output
    assert "end to end" in ended.output
    assert ended.output.splitlines()[-1].split(":")[0] in ("within budget", "over budget")
    assert not Path("nothing.h5").exists()


def test_a_frame_rate_takes_two_frames(sonolucent: Any) -> None:
    ended = sonolucent("profile", "--frames", 1)
    assert (ended.status, ended.output) == (2, "")
    assert "two frames at least" in ended.errors
