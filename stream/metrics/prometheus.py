"""A status in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sonolucent.stream.accounting.timing import Latency
from sonolucent.stream.metrics.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_QUANTILES = {"0.5": "p50_ms", "0.95": "p95_ms", "0.99": "p99_ms", "1": "max_ms"}

_Labels = dict[str, str]
_Sample = tuple[_Labels, float]


def exposition(status: Status) -> str:
    """All figures; times in seconds."""
    return "".join(line + "\n" for family in _families(status) for line in _lines(*family))


def _families(status: Status) -> Iterator[tuple[str, str, str, Sequence[_Sample]]]:
    """Name, type, help and samples of each family."""
    run = {name: getattr(status, name) for name in ("source", "transport", "model", "device", "backend")}
    yield "run_info", "gauge", "What runs, and on what.", [(run, 1)]
    yield "frames_in_total", "counter", "Frames acquired.", [({}, status.frames_in)]
    yield "frames_out_total", "counter", "Images at the sink.", [({}, status.frames_out)]
    yield "enhanced_total", "counter", "Enhanced images at the sink.", [({}, status.enhanced)]
    yield "frame_rate_hertz", "gauge", "Images a second, over the last ones.", [({}, status.fps)]
    yield "silence_seconds", "gauge", "Since the last image.", [({}, status.silent_s)]
    edges = status.ledger.items()
    acquired = [({"edge": edge}, counts.acquired) for edge, counts in edges]
    delivered = [({"edge": edge}, counts.delivered) for edge, counts in edges]
    dropped = [({"edge": edge, "reason": why}, n) for edge, counts in edges for why, n in counts.dropped.items()]
    yield "edge_acquired_total", "counter", "Frames given to an edge.", acquired
    yield "edge_delivered_total", "counter", "Frames taken from an edge.", delivered
    yield "edge_dropped_total", "counter", "Frames that an edge has lost, by reason.", dropped
    restarts = [({"stage": stage}, n) for stage, n in status.restarts.items()]
    yield "stage_restarts_total", "counter", "How often a stage crashed and was replaced.", restarts
    latencies = [sample for stage, found in status.stages.items() for sample in _quantiles({"stage": stage}, found)]
    yield "stage_seconds", "gauge", "Time that a stage works on a frame, over the last ones.", latencies
    whole = _quantiles({}, status.end_to_end) if status.end_to_end else []
    yield "end_to_end_seconds", "gauge", "From the last shot to the sink, over the last frames.", whole


def _quantiles(labels: _Labels, latency: Latency) -> list[_Sample]:
    return [({**labels, "quantile": q}, getattr(latency, figure) / 1e3) for q, figure in _QUANTILES.items()]


def _lines(name: str, kind: str, text: str, samples: Sequence[_Sample]) -> Iterator[str]:
    if samples:
        yield f"# HELP sonolucent_{name} {text}"
        yield f"# TYPE sonolucent_{name} {kind}"
    for labels, value in samples:
        listed = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"sonolucent_{name}{{{listed}}} {value!r}" if labels else f"sonolucent_{name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
