"""The figures of a running pipeline over HTTP, on 127.0.0.1.

/metrics is for Prometheus, /status.json for `sonolucent top`. The sink that is reported serves them: frames
bring it their times and the counts of the edges they have crossed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame
from sonolucent.stream.printable import say

Post = Callable[[Frame, int, dict[str, EdgeCounts]], None]
Restarts = Callable[[], dict[str, int]]


@contextmanager
def served(config: Config, restarts: Restarts, *, wanted: bool) -> Iterator[Post]:
    """Within, what a sink posts is served, if it is `wanted` and the run asks for it: a frame, when it arrived in
    monotonic ns, and the counts of the edges behind the sink.

    Raises:
        MetricsError: the port is in use.
    """
    if config.metrics is None or not wanted:
        yield lambda frame, arrived_ns, behind: None
        return
    from sonolucent.stream.metrics.metrics_server import serving
    from sonolucent.stream.metrics.status import Board

    board = Board(config, restarts)
    with serving(config.metrics, board.status) as port:
        say(f"metrics: http://127.0.0.1:{port}/metrics   (sonolucent top {port})", file=sys.stderr)
        yield board.post
