"""Figures of several phantoms as a mean and how well that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` phantoms, and its standard error; None where one phantom tells of no spread."""

    mean: float
    standard_error: float | None
    n: int

    def __str__(self) -> str:
        spread = "" if self.standard_error is None else f" ± {self.standard_error:.2g}"
        return f"{self.mean:.3g}{spread}"


def estimates(rows: Sequence[dict[str, float]]) -> dict[str, Estimate]:
    """The estimate of every figure from its values on the phantoms."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: of_values([row[name] for row in rows if name in row]) for name in names}


def of_values(values: Sequence[float]) -> Estimate:
    """The mean of independent values and its standard error."""
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Estimate(float(np.mean(values)), error, len(values))


def of_pooled(figure: Callable[[NDArray[np.float64]], float], curves: Sequence[NDArray[np.float64]]) -> Estimate:
    """A figure of the mean curve of all phantoms; its standard error is the jackknife's, leaving one out at a time."""
    stacked, n = np.stack(curves), len(curves)
    pooled = figure(stacked.mean(axis=0))
    if n < 2:
        return Estimate(pooled, None, n)
    without = np.array([figure(np.delete(stacked, i, axis=0).mean(axis=0)) for i in range(n)])
    return Estimate(pooled, float(np.sqrt((n - 1) * np.mean((without - without.mean()) ** 2))), n)
