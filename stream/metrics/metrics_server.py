"""The figures of a run on a port of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from sonolucent.stream.errors import MetricsError
from sonolucent.stream.local_pages import serving_pages
from sonolucent.stream.metrics.prometheus import CONTENT_TYPE, exposition
from sonolucent.stream.metrics.status import Status


@contextmanager
def serving(port: int, status: Callable[[], Status]) -> Iterator[int]:
    """Within, serves the status on the port that it yields; 0 takes a free one.

    Raises:
        MetricsError: the port is in use.
    """
    pages = {
        "/metrics": (CONTENT_TYPE, lambda: exposition(status()).encode()),
        "/status.json": ("application/json", lambda: msgspec.json.encode(status())),
    }
    with ExitStack() as stack:
        try:
            served_at = stack.enter_context(serving_pages(port, pages))
        except OSError as error:
            raise MetricsError(
                f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); give another with --metrics, or 0 for any"
            ) from error
        yield served_at
