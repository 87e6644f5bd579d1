"""How many read from a socket that is meant for one: a scanner deals its messages out among all that are connected."""

from __future__ import annotations

import logging
import time

import zmq

_FAILED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
READER_EVENTS = _FAILED | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
_MOMENT_S = 1.0
_log = logging.getLogger(__name__)


class ReaderCount:
    """Counts the readers of a socket that binds; warns, once each time, where there is more than one.

    Args:
        endpoint: of the socket, for the warning.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._failed = self._told = False
        self._several_since_s: float | None = None
        self.standing = 0

    def look(self) -> None:
        """Warns of several. One that comes back may be there for a moment before its old self has gone."""
        if self.standing < 2:
            self._several_since_s, self._told = None, False
        elif self._several_since_s is None:
            self._several_since_s = time.monotonic()
        elif not self._told and time.monotonic() - self._several_since_s > _MOMENT_S:
            self._told = True
            _log.warning(
                "%s: %d readers are connected, and the scanner deals its messages out among them: end all but "
                "one (one run can show, record and serve images at once)",
                self._endpoint,
                self.standing,
            )

    def hear(self, event: int) -> None:
        """Hears of one of `READER_EVENTS`."""
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.standing += 1
        elif event == zmq.EVENT_DISCONNECTED:
            self.standing = max(0, self.standing - (not self._failed))
            self._failed = False
        elif event & _FAILED:
            self._failed = True
