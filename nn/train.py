"""Zero-shot training with the `quadrant` recipe: beamformed frames in, a network out.

Input: one look (a k-space quadrant) of a frame. Target: the mean in dB of the other three. Both are decimated by two in
both directions: a quadrant has about half the bandwidth both ways, and the looks are sampled so that their grain in
pixels then equals that of the whole image, which is what the network is fed afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.nn.model import NETWORKS, Kind
from sonolucent.nn.quadrant import DECIMATION, N_LOOKS, looks_db
from sonolucent.nn.unet import UNet

_CROP = (224, 112)  # (n_z, n_x) of the decimated image
_BATCH = 4
_LEARNING_RATE = 3e-3
_WARM_UP_STEPS = 30
# A live stream's reference level follows its brightest echo, so the level of tissue varies from scene to scene. Some
# scenes lie mostly below the dynamic range (wires in water, a metal block): black has to stay black there.
_LEVEL_SHIFT_DB = (-6.0, 6.0)
_DARK_SHIFT_DB = (-36.0, -6.0)
_DARK_SHARE = 0.25

Progress = Callable[[int, float], None]


def train_quadrant(
    images: Sequence[NDArray[np.complexfloating]],
    grid: ImageGrid,
    *,
    kind: Kind = "light",
    steps: int = 1300,
    seed: int = 0,
    dynamic_range_db: float = 60.0,
    progress: Progress = lambda step, loss: None,
) -> UNet:
    """Trains a network on analytic images (n_z, n_x) from the beamformer; the same seed gives the same weights.

    L1, Adam at 3e-3 after 30 steps of warm-up, cosine to 0, batches of 4 crops with left-right flips and level shifts.

    Args:
        images: frames as the beamformer makes them, complex.
        grid: their pixels.
        kind: "light" or "full".
        steps: 400 gives a first idea, 1300 a good network.
        seed: of the weights and of the batches.
        dynamic_range_db: the range that the network will be fed.
        progress: called after each step with its number, from 1, and its loss (grey levels, 0..1).

    Raises:
        ValueError: the images do not suit the recipe (see `looks_db`).
    """
    looks = looks_db(images, grid)
    rng = np.random.default_rng(seed)
    network = _new_network(kind, seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    for step in range(1, steps + 1):
        given, wanted = _batch(looks, rng, dynamic_range_db)
        loss = torch.nn.functional.l1_loss(network(given), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        progress(step, loss.item())
    return network.eval()


def _new_network(kind: Kind, seed: int) -> UNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = NETWORKS[kind]()
    # Nearly twice as fast to train on a CPU; torch's stubs do not know this form.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _rate(step: int, steps: int) -> float:
    """Linear warm-up, then a cosine to zero; a fraction of the learning rate."""
    warm_up = min(_WARM_UP_STEPS, steps // 4)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))


def _batch(looks: NDArray[np.float32], rng: np.random.Generator, dynamic_range_db: float) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (batch, 1, n_z, n_x) each, grey 0..1."""
    pairs = [_pair(looks[rng.integers(len(looks))], rng, dynamic_range_db) for _ in range(_BATCH)]
    given, wanted = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
    return torch.from_numpy(given), torch.from_numpy(wanted)


def _pair(
    looks: NDArray[np.float32], rng: np.random.Generator, dynamic_range_db: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One look and the mean of the others, (n_z, n_x), of a random decimated crop."""
    crop = _crop(looks, rng)
    shift_db = rng.uniform(*(_DARK_SHIFT_DB if rng.random() < _DARK_SHARE else _LEVEL_SHIFT_DB))
    grey = ((crop + shift_db) / dynamic_range_db + 1).clip(0, 1)
    given = int(rng.integers(N_LOOKS))
    wanted = np.delete(grey, given, axis=0).mean(axis=0)
    return grey[given].astype(np.float32), wanted.astype(np.float32)


def _crop(looks: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop (4, n_z, n_x) at a random phase of the decimation, flipped left to right half of the time."""
    phase_z, phase_x = rng.integers(DECIMATION, size=2)
    decimated = looks[:, phase_z::DECIMATION, phase_x::DECIMATION]
    n_z, n_x = (min(crop, size // DECIMATION) for crop, size in zip(_CROP, looks.shape[1:], strict=True))
    z, x = rng.integers(decimated.shape[1] - n_z + 1), rng.integers(decimated.shape[2] - n_x + 1)
    crop = decimated[:, z : z + n_z, x : x + n_x]
    return crop[..., ::-1] if rng.random() < 0.5 else crop
