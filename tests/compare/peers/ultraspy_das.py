"""ultraspy's delay-and-sum on its Numba kernels: I/Q data, linear interpolation.

It tapers receive in tan(theta) where ours tapers in sin(theta): 2 % apart at this angle. Of single elements its
transmit limit is a box; the 64 images are therefore kept apart and summed with the taper's weights. A wave is the
earliest of all elements' waves: beyond the beam it comes from the aperture's edge, where ours goes on.
"""

from importlib.metadata import version

import numpy as np
from ultraspy.beamformers.das import DelayAndSum
from ultraspy.scan import GridScan

from peers import THREADS
from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    das, scan = _beamformer(scene), GridScan(scene.grid.x_m, scene.grid.z_m)
    transmit_weights = np.ascontiguousarray(scene.transmit_weights().transpose(2, 1, 0))
    baseband = scene.baseband()

    def form_image() -> Image:
        images = das.beamform(baseband, scan)
        return images.T if scene.waves else np.einsum("txz,txz->zx", images, transmit_weights)

    return [Beamformer("ultraspy DelayAndSum (Numba)", version("ultraspy"), THREADS, form_image)]


def _beamformer(scene: Scene) -> DelayAndSum:
    acquisition = scene.acquisition
    n_tx, n_rx = acquisition.n_tx, acquisition.n_rx
    das = DelayAndSum(is_iq=True, on_gpu=False)
    elements_m = np.zeros((3, n_tx, n_rx), np.float32)
    elements_m[0] = acquisition.probe.element_x_m
    for name, value in {
        "emitted_probe": elements_m,
        "received_probe": elements_m,
        "emitted_thetas": np.zeros((n_tx, n_rx)),
        "received_thetas": np.zeros((n_tx, n_rx)),
        "delays": np.nan_to_num(scene.transmit_delays_s(), nan=np.inf),
        "transmissions_idx": np.arange(n_tx),
        "sound_speed": acquisition.sound_speed_m_s,
        "f_number": scene.f_number,
        "sampling_freq": acquisition.sampling_frequency_hz,
        "central_freq": acquisition.probe.center_frequency_hz,
    }.items():
        das.update_setup(name, value)
    are_waves = bool(scene.waves)
    for name, value in {
        "rx_apodization": "tukey",
        "rx_apodization_alpha": 0.5,
        "compound": are_waves,
        "emitted_aperture": not are_waves,
    }.items():
        das.update_option(name, value)
    return das
