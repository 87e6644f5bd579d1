"""Tells, once a stream, that a good part of a scanner's frames do not come here.

A scanner deals its messages out among all that are connected to it (ZeroMQ's PUSH), and neither end is told of the
others: gaps in the numbers are all that a run sees of another one.
"""

from __future__ import annotations

import logging

_FRAMES = 40
_PART = 0.25
_OUTAGE_FRAMES = 8
_log = logging.getLogger(__name__)


class LossWatch:
    """Counts frames that came whole and frames that did not, and warns where the latter are a quarter of 40."""

    def __init__(self) -> None:
        self._came = self._lost = 0
        self._told = False

    def came(self) -> None:
        """A frame arrived whole."""
        self._came += 1
        self._look()

    def lost(self, n: int) -> None:
        """So many frames in a row did not arrive, or not whole. Many at once are an outage: nobody deals like that."""
        if n < _OUTAGE_FRAMES:
            self._lost += n
            self._look()

    def _look(self) -> None:
        numbered = self._came + self._lost
        if numbered < _FRAMES:
            return
        if self._lost >= _PART * numbered and not self._told:
            self._told = True
            _log.warning(
                "%d of the scanner's last %d frames did not come here whole: it deals its frames out among all that "
                "are connected to it, so does another program read from it? Or is this one, or the network, too slow?",
                self._lost,
                numbered,
            )
        self._came = self._lost = 0
