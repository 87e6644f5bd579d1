"""A texture that looks alike at every scale, as photographs do: discs that cover one another."""

import numpy as np
from numpy.typing import NDArray


def dead_leaves(n: int, *, seed: int = 0, discs: int = 600) -> NDArray[np.float32]:
    """Grey 0..1, (n, n); the number of discs falls with the third power of their radius."""
    rng = np.random.default_rng(seed)
    image = np.full((n, n), 0.5, np.float32)
    z, x = np.mgrid[:n, :n]
    least, most = 2.0, n / 3
    for _ in range(discs):
        radius = least * (1 - rng.random() * (1 - (least / most) ** 2)) ** -0.5
        middle = rng.random(2) * n
        image[(z - middle[0]) ** 2 + (x - middle[1]) ** 2 < radius**2] = rng.random()
    return image
