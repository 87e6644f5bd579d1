"""Scanners as a host lists them: one of each kind that a page must cope with."""

from typing import Any

from sonolucent.stream.hosting.host_report import ScannerRow


def row(name: str, **facts: Any) -> ScannerRow:
    """A scanner that is live, but for what is said."""
    usual = {
        "pid": 4711,
        "source": "tcp://127.0.0.1:5555",
        "state": "live",
        "said": "",
        "fps": 24.9,
        "budget_hz": 25.0,
        "frames_in": 1234,
        "frames_out": 1230,
        "dropped": 0,
        "model": "light-quadrant@d83291ca",
        "restarts": 0,
        "page": "http://127.0.0.1:9/",
        "record": "",
        "metrics": 8661,
        "control": None,
    }
    return ScannerRow(name=name, **(usual | facts))
