"""The simulated scanner: a loop of channel data, simulated once and kept in the user's cache directory."""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import math
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute.cache_folder import cache_folder
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.sim import digitize, phantoms, picture, simulate
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Stream
from sonolucent.stream.sources.pacing import paced
from sonolucent.stream.sources.sliding import SlidingAperture
from sonolucent.stream.sources.source import Source

_HEADROOM = 1.25
_SNR_DB = 40.0
_log = logging.getLogger(__name__)


def open_source(config: Config, stop: Event, past: JournalEntry) -> Source:
    """A phantom of the reference acquisition, over and over.

    Raises:
        ConfigError: there is no such phantom.
    """
    require_phantom(config.phantom)
    fps = None if config.as_fast_as_possible else config.fps or 25.0
    aperture = SlidingAperture.of(Acquisition(), config.every)
    stream = Stream(Acquisition(), ImageGrid.sau64(), aperture.rate_hz(fps))

    @functools.cache
    def loop() -> NDArray[np.int16]:
        return cached_loop(config.phantom, config.seed)

    ids = itertools.count(past.next_frame_id)
    frames = (aperture.group(lambda scan: loop()[scan % len(loop())], frame_id) for frame_id in ids)
    description = f"simulated {config.phantom} phantom, seed {config.seed}"
    released = paced(frames, stream.frame_rate_hz, stop, past.next_frame_id, aperture.first_tx)
    return Source(stream, released, description=description, preparation=loop)


def require_phantom(name: str) -> None:
    """
    Raises:
        ConfigError: there is no such phantom, or no such picture.
    """
    try:
        phantoms.find(name)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def cached_loop(phantom: str, seed: int) -> NDArray[np.int16]:
    """All frames of a phantom's cycle, (n_frames, n_tx, n_rx, n_samples), mapped from the cache if that has room."""
    name = _cached_name(phantom)
    path = cache_folder() / f"{name}-{seed}-{_simulator_digest()}.npy"
    if not path.exists():
        _log.warning("simulating the %s phantom for %s; this happens once", phantom, path)
        for outdated in path.parent.glob(f"{name}-{seed}-*.npy"):
            outdated.unlink()
        simulated = np.stack(list(simulate_frames(phantom, seed, _cycle(phantom))))
        try:
            _write_whole(path, simulated)
        except OSError as error:
            _log.warning("%s: %s; every start simulates anew", path, error.strerror)
            return simulated
    loop: NDArray[np.int16] = np.load(path, mmap_mode="r")
    return loop


def simulate_frames(
    phantom: str,
    seed: int,
    n_frames: int,
    acquisition: Acquisition | None = None,
    *,
    snr_db: float = _SNR_DB,
    attenuation_db_cm_mhz: float = 0.0,
) -> Iterator[NDArray[np.int16]]:
    """Frames of an acquisition, the reference by default, each (n_tx, n_rx, n_samples), at one gain."""
    full_scale: float | None = None
    for i in range(n_frames):
        truth = phantoms.make(phantom, seed=seed, frame=i)
        noise_seed = seed * 1_000_003 + i
        channels = simulate(
            acquisition or Acquisition(),
            scatterers_m=truth.scatterers_m,
            amplitudes=truth.amplitudes,
            snr_db=snr_db,
            attenuation_db_cm_mhz=attenuation_db_cm_mhz,
            seed=noise_seed,
        )
        full_scale = full_scale or _HEADROOM * max(float(np.abs(channels).max()), math.ulp(1.0))
        yield digitize(channels, full_scale)


def _cycle(phantom: str) -> int:
    return phantoms.MOVING_PERIOD if phantom == "moving" else 1


def _cached_name(phantom: str) -> str:
    """The phantom's, or of a picture its name and content: the file may be replaced by another."""
    if not phantom.startswith(picture.PREFIX):
        return phantom
    digest = hashlib.sha256(phantom.encode() + picture.picture_file(phantom).read_bytes())
    return f"picture-{digest.hexdigest()[:12]}"


def _write_whole(path: Path, frames: NDArray[np.int16]) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.save(file, frames)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _simulator_digest() -> str:
    """Changes with the simulator's code, so that the cache is never older than it."""
    digest = hashlib.sha256(f"{_HEADROOM} {_SNR_DB} {Acquisition()}".encode())
    for module in sorted(Path(str(phantoms.__file__)).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:12]
