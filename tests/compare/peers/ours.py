"""Our beamformers, from int16 channel data to the image, nothing prepared outside the clock."""

from importlib.metadata import version

import numpy as np

from peers.scene import Beamformer, Scene
from sonolucent.beamform import make_beamformer


def beamformers(scene: Scene) -> list[Beamformer]:
    return [_beamformer(scene, threads) for threads in (1, 2)]


def _beamformer(scene: Scene, threads: int) -> Beamformer:
    beamformer = make_beamformer(scene.acquisition, scene.grid, apodization=scene.taper, threads=threads)
    out = np.empty(scene.grid.shape, np.complex64)
    name = type(beamformer).__name__
    return Beamformer(name, version("sonolucent"), threads, lambda: beamformer(scene.channels, out=out))
