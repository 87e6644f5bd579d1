"""Full matrices out of lists of traces, half of them completed by reciprocity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording.read_budget import charge

_MAX_FRAME_BYTES = 1 << 30


def full_matrix(
    traces: NDArray[Any], tx: NDArray[np.int_], rx: NDArray[np.int_], n: int
) -> tuple[NDArray[np.float32], list[int]]:
    """The frame of the elements that can be made to transmit, by reciprocity where a pair was taken once, and those.

    Args:
        traces: (n_traces, n_samples).
        tx, rx: the element that transmits and that receives each of them, from 0.
        n: how many elements there are.

    Raises:
        ValueError: no element has transmitted to all, or the frame would be too large.
    """
    if n * n * traces.shape[1] * 4 > _MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {n} x {n} x {traces.shape[1]} samples is more than {_MAX_FRAME_BYTES} bytes")
    # With the copy of it that holds those who transmit.
    charge(2 * n * n * traces.shape[1] * 4, f"a frame of {n} x {n} x {traces.shape[1]} samples")
    frame = np.zeros((n, n, traces.shape[1]), np.float32)
    taken = np.zeros((n, n), bool)
    for first, second in ((rx, tx), (tx, rx)):
        frame[first, second] = traces
        taken[first, second] = True
    elements = np.flatnonzero(taken.all(axis=1))
    if len(elements) == 0:
        raise ValueError(f"{len(traces)} traces do not make up one whole transmit of {n} receivers")
    whole = len(elements) == n
    return (frame if whole else frame[elements]), [int(e) for e in elements]
