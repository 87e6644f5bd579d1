"""What it costs a frame to be accounted for: stamps, counts of the edges, and the sink's record of them."""

import time

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.stream.accounting.report import SinkReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Image, Trail
from sonolucent.stream.metrics.status import RECENT, Board

LIMIT_S = 50e-6
EDGES = ("scanner>source", "source>beamform", "beamform>enhance", "enhance>headless")
LAYERS = np.zeros((2, 4, 4), np.float32)


def test_a_frame_is_stamped_counted_and_recorded(benchmark: BenchmarkFixture) -> None:
    """All of it, over three stages, four edges and a sink that serves metrics."""
    ledgers = {edge: Ledger() for edge in EDGES}
    meters, timing, board = [Meter() for _ in EDGES], Timing(), Board(Config(headless=True, metrics=0), dict)

    def account() -> SinkReport:
        trail = Trail.begin()
        for edge, meter in zip(EDGES, meters, strict=True):
            ledgers[edge].acquire()
            trail = trail.crossed(edge, ledgers[edge].counts())
            ledgers[edge].deliver()
            meter.tick()
            if edge != EDGES[-1]:
                trail = trail.stamped(edge.partition(">")[2], time.monotonic_ns())
        image = Image(1, LAYERS, 60.0, "light@1", "cpu", "", trail)
        timing.record(1, trail, time.monotonic_ns())
        board.post(image, time.monotonic_ns(), {})
        return SinkReport().with_image(image).with_edges(trail.edges)

    report = benchmark(account)
    assert report.edges.keys() == set(EDGES)
    assert benchmark.stats.stats.min < LIMIT_S  # the median goes with the load of the machine


def test_a_status_is_read(benchmark: BenchmarkFixture) -> None:
    """On request alone, such as twice a second."""
    board = Board(Config(headless=True, metrics=0), dict)
    for i in range(RECENT):
        trail = Trail.begin().stamped("source", i).stamped("beamform", i).stamped("enhance", i)
        board.post(Image(i, LAYERS, 60.0, trail=trail), time.monotonic_ns(), {})
    status = benchmark(board.status)
    assert status.frames_out == RECENT
    assert benchmark.stats.stats.median < 10e-3
