"""Classical and self-supervised despeckling, to hold the networks against.

`FILTERS` take a B-mode image in dB, float32 (n_z, n_x) in [-60, 0], and return the same; they can stand wherever an
enhancement is named. Their defaults are the settings with the least dB error to the truth among those that keep the
edge rise of cysts within 0.6 mm, chosen on simulated phantoms that no figure is reported from
(`sonolucent.nn.evaluate.seeds`); the median is the usual 5 x 5.

`COMPOUNDS` need the complex image and its grid instead, and return an envelope.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.baselines.compounding import frequency_compound, steering_compound
from sonolucent.nn.baselines.median import median
from sonolucent.nn.baselines.nlm import nlm
from sonolucent.nn.baselines.obnlm import obnlm
from sonolucent.nn.baselines.srad import srad

Filter = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A B-mode image in dB, float32 (n_z, n_x) in [-60, 0], to the same."""
Compound = Callable[[NDArray[np.complexfloating], ImageGrid], NDArray[np.complex64]]
"""The analytic image, complex (n_z, n_x), and its pixels to an envelope, complex64 (n_z, n_x), of the same rms."""

FILTERS: dict[str, Filter] = {"median": median, "srad": srad, "nlm": nlm, "obnlm": obnlm}
"""By the names that `Enhancer` takes."""
COMPOUNDS: dict[str, Compound] = {
    "frequency-compound": frequency_compound,
    "steering-compound": steering_compound,
}
"""By the names that `sonolucent image --enhance` takes."""

__all__ = ["COMPOUNDS", "FILTERS", "Compound", "Filter"]
