"""USTB's delay-and-sum in Python, the package `ustb`, on its Numba kernel: I/Q data, linear interpolation.

Its only call, `go`, works out all delays and the aperture anew, outside the kernel; most of the time is the kernel's.
Waves are plane everywhere, and their receive taper is given as a table. Both legs of single elements are tapered by
ustb's own window, in tan(theta) where ours tapers in sin(theta): 2 % apart at this angle.
"""

import contextlib
import io
from importlib.metadata import version

import numpy as np
import pyuff_ustb as uff
from ustb.enums import Dimension, Window
from ustb.midprocess import DAS

from peers import THREADS
from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    das, grid, acquisition = _beamformer(scene), scene.grid, scene.acquisition
    # ustb's image is shifted down to baseband.
    wavenumber_rad_m = 2 * np.pi * acquisition.probe.center_frequency_hz / acquisition.sound_speed_m_s
    carrier = np.exp(2j * wavenumber_rad_m * grid.z_m).astype(np.complex64)

    def form_image() -> Image:
        # It prints, and asks pyuff for the position of points at infinity.
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(invalid="ignore"):
            pixels = das.go().data
        return (pixels.reshape(grid.n_x, grid.n_z) * carrier).T

    return [Beamformer("ustb DAS (Numba)", version("ustb"), THREADS, form_image)]


def _beamformer(scene: Scene) -> DAS:
    das = DAS()
    das.channel_data = _channel_data(scene)
    das.scan = uff.LinearScan(x_axis=scene.grid.x_m, z_axis=scene.grid.z_m)
    das.dimension = Dimension.both
    if scene.waves:
        table = scene.receive_weights().transpose(1, 0, 2)
        das.receive_apodization.apodization_vector = table.reshape(-1, scene.acquisition.n_rx)
    else:
        for apodization in (das.receive_apodization, das.transmit_apodization):
            apodization.window, apodization.f_number = Window.tukey50, scene.f_number
    return das


def _channel_data(scene: Scene) -> uff.ChannelData:
    acquisition = scene.acquisition
    probe = acquisition.probe
    return uff.ChannelData(
        sampling_frequency=acquisition.sampling_frequency_hz,
        initial_time=0.0,
        sound_speed=acquisition.sound_speed_m_s,
        modulation_frequency=probe.center_frequency_hz,
        sequence=_plane_waves(scene) if scene.waves else _single_elements(scene),
        probe=uff.LinearArray(N=probe.n_elements, pitch=probe.pitch_m, element_width=probe.element_width_m),
        data=np.ascontiguousarray(scene.baseband().transpose(2, 1, 0)[..., np.newaxis]),
    )


def _plane_waves(scene: Scene) -> list[uff.Wave]:
    return [
        uff.Wave(
            wavefront=uff.Wavefront.plane,
            source=uff.Point(distance=np.inf, azimuth=wave.angle_rad, elevation=0.0),
            delay=-wave.delay_s,
            sound_speed=scene.acquisition.sound_speed_m_s,
        )
        for wave in scene.waves
    ]


def _single_elements(scene: Scene) -> list[uff.Wave]:
    """Sources at the elements. Time zero of a wave is when it passes x = 0, so the element's distance is taken off."""
    c = scene.acquisition.sound_speed_m_s
    return [_single_element(float(scene.acquisition.probe.element_x_m[e]), c) for e in scene.acquisition.tx_elements]


def _single_element(x_m: float, sound_speed_m_s: float) -> uff.Wave:
    source = uff.Point(distance=abs(x_m), azimuth=np.copysign(np.pi / 2, x_m), elevation=0.0)
    return uff.Wave(
        wavefront=uff.Wavefront.spherical,
        source=source,
        origin=source,
        delay=abs(x_m) / sound_speed_m_s,
        sound_speed=sound_speed_m_s,
    )
