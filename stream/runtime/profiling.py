"""Runs a pipeline to be measured: as fast as it can, then at rate; and holds both runs to budgets.toml.

Frames that come as fast as they are taken queue before the slowest stage, so that run is held to the frame rate alone.
The one at rate is held to the latencies, and to its losses: a frame that is lost came too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from sonolucent.stream.accounting.budgets import Profile, load_budgets
from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.accounting.timing import Latency
from sonolucent.stream.config import Config, changed
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.output_file import require_free
from sonolucent.stream.runtime.run import run

# The budgets are p99: one frame in a hundred may be late.
_LATE = 0.01


class Profiled(msgspec.Struct, frozen=True):
    """The runs that were made, and in words what of them is over budget."""

    as_fast_as_possible: RunReport | None
    at_rate: RunReport | None
    over_budget: list[str]

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended a run, so that what was measured says nothing."""
        return any(report is not None and report.interrupted for report in (self.as_fast_as_possible, self.at_rate))


def profile(config: Config) -> Profiled:
    """Measures `config.frames` frames, without viewer, recorder and igtl, in either run.

    A scanner sets its own pace, so it is measured at rate alone; a configuration that is `as_fast_as_possible`, in that
    way alone. The trace is that of the last run. Ctrl-C ends both.

    Raises:
        OutputError: the trace exists, or cannot be written there.
        ConfigError: fewer than two frames are asked for.
        StageFailed, BadInput: what a stage failed with.
    """
    budgets = _budgets(config)
    if config.trace is not None:
        require_free(Path(config.trace), overwrite=config.overwrite)
    bare = changed(config, headless=True, view=False, record=None, record_channels=False, igtl=None, train=None)
    fast = rated = None
    if config.sets_pace or config.as_fast_as_possible:
        trace = config.trace if config.as_fast_as_possible else None
        fast = _held_to_no_latency(run(changed(bare, as_fast_as_possible=True, fps=None, trace=trace)))
    interrupted = fast is not None and fast.interrupted
    if not (config.as_fast_as_possible or interrupted):
        pace = {"fps": config.fps or budgets.frame_rate_hz} if config.sets_pace else {}
        rated = run(changed(bare, **pace))
    profiled = Profiled(fast, rated, [])
    if profiled.interrupted:
        return profiled
    return Profiled(fast, rated, [*too_slow(fast, budgets), *too_late(rated)])


def too_slow(report: RunReport | None, budgets: Profile) -> Iterator[str]:
    """Whether a run as fast as possible missed the frame rate."""
    if report is not None and report.fps < budgets.frame_rate_hz:
        yield f"as fast as possible: {report.fps:.1f} frames/s, the budget is {budgets.frame_rate_hz:.1f}"


def too_late(report: RunReport | None) -> Iterator[str]:
    """The latencies of a run at rate that exceed their budgets, and losses beyond what may be late."""
    if report is None:
        return
    whole = {"end to end": report.end_to_end} if report.end_to_end else {}
    for name, latency in {**report.stages, **whole}.items():
        for percentile, value, allowed in latency.exceeded:
            yield f"at rate: {name} {percentile} {value:.1f} ms, the budget is {allowed:.1f}"
    lost = sum(sum(reasons.values()) for reasons in report.dropped.values())
    if lost > _LATE * report.frames_in or not report.frames_out:
        yield f"at rate: {lost} of {report.frames_in} frames lost, at most {_LATE:.0%} may be"


def _budgets(config: Config) -> Profile:
    if config.frames is None or config.frames < 2:
        raise ConfigError(f"a frame rate takes two frames at least; frames is {config.frames}")
    return load_budgets(config.budget)


def _held_to_no_latency(report: RunReport) -> RunReport:
    def freed(latency: Latency) -> Latency:
        return msgspec.structs.replace(latency, over_budget=None, p50_budget_ms=None)

    stages = {name: freed(latency) for name, latency in report.stages.items()}
    end_to_end = freed(report.end_to_end) if report.end_to_end else None
    return msgspec.structs.replace(report, stages=stages, end_to_end=end_to_end)
