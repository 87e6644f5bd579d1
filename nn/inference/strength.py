"""How much of an enhancement is shown: from the plain image, 0, to the enhanced one, 1, linearly in dB."""

from __future__ import annotations

import numpy as np

from sonolucent.beamform.compute.compiled import kernel, read_only
from sonolucent.nn.images import BMode


def require_strength(strength: float) -> float:
    """The strength.

    Raises:
        ValueError: it is not within 0..1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie within 0..1, from the plain image to the enhanced one, not {strength}")
    return strength


def soften(plain_db: BMode, enhanced_db: BMode, strength: float, dynamic_range_db: float) -> None:
    """Takes an enhancement back to so much of it, in place: plain + strength * (enhanced - plain).

    Args:
        plain_db, enhanced_db: float32 (n_z, n_x) or (n, n_z, n_x). Pixels of the plain ones beyond the range are
            clipped, undefined ones count as the floor: as for networks.
        dynamic_range_db: the floor.
    """
    if strength == 1:
        return
    shape = plain_db.shape[-2:]
    for plain, enhanced in zip(plain_db.reshape(-1, *shape), enhanced_db.reshape(-1, *shape), strict=True):
        _soften(read_only(plain), enhanced, np.float32(strength), np.float32(dynamic_range_db))


@kernel(error_model="numpy", boundscheck=False)
def _soften(plain_db, enhanced_db, strength, dynamic_range_db):
    for row in range(plain_db.shape[0]):
        for column in range(plain_db.shape[1]):
            plain = plain_db[row, column]
            plain = min(plain if plain > -dynamic_range_db else -dynamic_range_db, np.float32(0))
            enhanced_db[row, column] = plain + strength * (enhanced_db[row, column] - plain)
