"""A look at a frame of channel data: saturated samples, silent and exchanged elements, reciprocity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition

# Beside the median trace: 46 dB below it is no sound.
_SILENT = 5e-3
# Traces of a swapped element are nearly those of its place; of a neighbour, less alike.
_ALIKE, _MORE_ALIKE = 0.5, 0.05
_RECIPROCAL = 0.9
# How much more alike the next element is than the one after it, both ways: where it is, and where it is swapped.
_NEIGHBOURLY, _CROSSED = 0.25, 0.2


@dataclass(frozen=True)
class Inspection:
    """What is odd about a frame.

    Args:
        saturated_share: of samples that lie on the largest or smallest value, where those come in runs.
        dead_elements: receive nothing, from 0.
        silent_transmits: shots of single elements that nothing is heard of, by their element.
        swapped_elements: pairs whose traces are each other's.
        reciprocity: correlation of what element i hears of j with what j hears of i, -1..1; None where not both fire.
    """

    saturated_share: float
    dead_elements: tuple[int, ...]
    silent_transmits: tuple[int, ...]
    swapped_elements: tuple[tuple[int, int], ...]
    reciprocity: float | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence each for what harms images."""
        said = []
        if self.saturated_share > 0:
            said.append(f"{self.saturated_share:.2%} of its samples are saturated; lower the gain")
        if self.dead_elements:
            said.append(
                f"nothing is received by {_named(self.dead_elements)}; leave such elements out (--dead-elements)"
            )
        if self.silent_transmits:
            said.append(f"nothing is heard of the transmits of {_named(self.silent_transmits)}")
        for first, second in self.swapped_elements:
            said.append(f"elements {first} and {second} seem to be swapped on receive; check the wiring of the probe")
        return tuple(said)


def inspect_frame(frame: NDArray[Any], acquisition: Acquisition) -> Inspection:
    """Looks at a frame (n_tx, n_rx, n_samples), in any type."""
    dead = _silent(_power(frame, (0, 2)))
    shots = _silent(_power(frame, (1, 2)))
    single = acquisition.sequence is None
    alive = [e for e in range(acquisition.n_rx) if e not in dead]
    return Inspection(
        saturated_share=_saturated_share(frame),
        dead_elements=dead,
        silent_transmits=tuple(acquisition.tx_elements[shot] for shot in shots) if single else (),
        swapped_elements=_swapped(frame, acquisition, alive),
        reciprocity=_reciprocity(frame, acquisition),
    )


def _power(frame: NDArray[Any], axes: tuple[int, int]) -> NDArray[np.float64]:
    return np.asarray(np.square(np.abs(frame), dtype=np.float32).mean(axis=axes, dtype=np.float64))


def _silent(power: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(power <= _SILENT**2 * np.median(power)))


def _saturated_share(frame: NDArray[Any]) -> float:
    """Clipped echoes are flat: only extremes that come two in a row count, and then all of them."""
    if np.iscomplexobj(frame) or not frame.any():
        return 0.0
    clipped = np.zeros(frame.shape, bool)
    extremes = (float(frame.max()), float(frame.min()))
    for extreme in extremes:
        at = frame == extreme
        if 2 * abs(extreme) > max(map(abs, extremes)) and (at[..., 1:] & at[..., :-1]).any():
            clipped |= at
    return float(clipped.mean())


def _swapped(frame: NDArray[Any], acquisition: Acquisition, alive: list[int]) -> tuple[tuple[int, int], ...]:
    if acquisition.sequence is None and set(acquisition.tx_elements) == set(range(acquisition.n_rx)):
        return _swapped_by_reciprocity(_by_element(frame, acquisition), alive)
    return _swapped_by_neighbours(frame, alive)


def _by_element(frame: NDArray[Any], acquisition: Acquisition) -> NDArray[Any]:
    """Transmits in the order of their elements."""
    return frame[np.argsort(acquisition.tx_elements)]


def _swapped_by_reciprocity(full: NDArray[Any], alive: list[int]) -> tuple[tuple[int, int], ...]:
    """Elements a and b of which a hears what is heard of b, and b what is heard of a, of all transmits together."""
    wide = full.astype(np.complex64 if np.iscomplexobj(full) else np.float32)
    heard_by = wide.transpose(1, 0, 2).reshape(len(wide), -1)
    heard_of = wide.reshape(len(wide), -1)
    alike = np.abs(_normalized(heard_by) @ _normalized(heard_of).conj().T)
    best = alike.argmax(axis=1)
    pairs = [(a, int(best[a])) for a in alive if best[a] > a and best[best[a]] == a]
    return tuple(
        (a, b) for a, b in pairs if alike[a, b] > max(_ALIKE, alike[a, a] + _MORE_ALIKE, alike[b, b] + _MORE_ALIKE)
    )


def _swapped_by_neighbours(frame: NDArray[Any], alive: list[int]) -> tuple[tuple[int, int], ...]:
    """Neighbours a and b between two others p and q, where a is more like q than like p, and b like p than like q.

    It takes an array whose neighbours are alike, which those of a pitch beyond a wavelength are not.
    """
    wide = frame.astype(np.complex64 if np.iscomplexobj(frame) else np.float32)
    traces = _normalized(wide.swapaxes(0, 1).reshape(wide.shape[1], -1))
    alike = np.abs(traces @ traces.conj().T)
    rows = [(p, a, b, q) for p, a, b, q in zip(alive, alive[1:], alive[2:], alive[3:], strict=False) if q - p == 3]
    crossed = np.array([alike[p, b] + alike[a, q] - alike[p, a] - alike[b, q] for p, a, b, q in rows])
    if not rows or -np.median(crossed) < _NEIGHBOURLY:
        return ()
    limit = max(_CROSSED, -0.5 * float(np.median(crossed)))
    return tuple((row[1], row[2]) for row, how_much in zip(rows, crossed, strict=True) if how_much > limit)


def _normalized(rows: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30))


def _reciprocity(frame: NDArray[Any], acquisition: Acquisition) -> float | None:
    elements = list(acquisition.tx_elements)
    if acquisition.sequence is not None or len(elements) < 2:
        return None
    square = frame[:, elements].astype(np.complex64 if np.iscomplexobj(frame) else np.float32)
    other = square.swapaxes(0, 1)
    pairs = ~np.eye(len(elements), dtype=bool)
    energy = float(np.square(np.abs(square[pairs])).sum())
    return float(np.vdot(square[pairs], other[pairs]).real) / energy if energy > 0 else None


def describe_reciprocity(reciprocity: float | None) -> str:
    """What reciprocity says about the axes of transmitters and receivers."""
    if reciprocity is None:
        return "cannot be told: no two elements transmit and receive"
    if reciprocity > _RECIPROCAL:
        return f"{reciprocity:.3f}: reciprocal; exchanged axes of transmitters and receivers would give the same image"
    return f"{reciprocity:.3f}: not reciprocal; the order of elements, or the clocks of shots, may be wrong"


def _named(elements: tuple[int, ...]) -> str:
    return f"element{'s' if len(elements) > 1 else ''} {', '.join(map(str, elements))}"
