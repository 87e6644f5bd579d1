"""Payloads of the wire format: a bare array of the size that its header claims."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.transport.wire_header import MAX_PAYLOAD_BYTES, Reason, Shape, WireError


def read_array(payload: memoryview, dtype: str, shape: Shape) -> NDArray[Any]:
    """A payload as a read-only array; nothing is copied.

    Raises:
        WireError: it has another size, or the shape holds nothing or more than is allowed.
    """
    kind = np.dtype(dtype)
    expected = require_size(shape, kind.itemsize)
    if payload.nbytes != expected:
        reason: Reason = "truncated" if payload.nbytes < expected else "oversized"
        raise WireError(reason, f"{payload.nbytes} bytes of payload; shape {shape} of {kind} needs {expected}")
    array = np.frombuffer(payload, kind).reshape(shape)
    array.flags.writeable = False
    return array


def require_size(shape: tuple[int, ...], itemsize: int) -> int:
    """The bytes of an array.

    Raises:
        WireError: it holds nothing, or more than is allowed.
    """
    n_bytes = math.prod(shape) * itemsize
    if n_bytes == 0:
        raise WireError("malformed", f"shape {shape} holds nothing")
    if n_bytes > MAX_PAYLOAD_BYTES:
        raise WireError("oversized", f"shape {shape} needs {n_bytes} bytes; at most {MAX_PAYLOAD_BYTES} are allowed")
    return n_bytes


def require_empty(payload: memoryview) -> None:
    """Refuses a payload where none belongs.

    Raises:
        WireError: there is one.
    """
    if payload.nbytes:
        raise WireError("malformed", f"{payload.nbytes} bytes of payload where none belongs")
