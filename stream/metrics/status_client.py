"""The other end of the metrics: the status of a run, as who watches it reads it."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

import msgspec

from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.metrics.status import Status

_TIMEOUT_S = 5.0


def fetch(port: int) -> Status:
    """The status of the run whose metrics are served on that port of 127.0.0.1.

    Raises:
        OSError: nothing answers there.
        ConfigError: what answers there is no run.
    """
    address = f"http://127.0.0.1:{port}/status.json"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            return msgspec.json.decode(answer.read(), type=Status)
    except (HTTPError, HTTPException, *UNDECODABLE) as error:
        raise ConfigError(f"what answers at {address} is no run ({error}); is it another program's port?") from error
