"""ultraspy's delay-and-sum on its Numba kernels: synthetic transmit aperture, I/Q data, linear interpolation.

It limits both legs to one f-number and tapers receive in tan(theta) where ours tapers in sin(theta): 2 % apart at this
angle. Transmit is a box there, so its 64 images are kept apart and summed with the taper's weights.
"""

from importlib.metadata import version

import numpy as np
from ultraspy.beamformers.das import DelayAndSum
from ultraspy.scan import GridScan

from peers import THREADS
from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    das, scan = _beamformer(scene), GridScan(scene.grid.x_m, scene.grid.z_m)
    transmit_weights = np.ascontiguousarray(scene.weights().transpose(2, 1, 0))
    baseband = scene.baseband()

    def form_image() -> Image:
        images = das.beamform(baseband, scan)
        return np.einsum("txz,txz->zx", images, transmit_weights)

    return [Beamformer("ultraspy DelayAndSum (Numba)", version("ultraspy"), THREADS, form_image)]


def _beamformer(scene: Scene) -> DelayAndSum:
    acquisition = scene.acquisition
    n = acquisition.n_rx
    das = DelayAndSum(is_iq=True, on_gpu=False)
    elements_m = np.zeros((3, n, n), np.float32)
    elements_m[0] = acquisition.probe.element_x_m
    for name, value in {
        "emitted_probe": elements_m,
        "received_probe": elements_m,
        "emitted_thetas": np.zeros((n, n)),
        "received_thetas": np.zeros((n, n)),
        "delays": np.where(np.eye(n), 0, np.inf),
        "transmissions_idx": np.arange(n),
        "sound_speed": acquisition.sound_speed_m_s,
        "f_number": scene.f_number,
        "sampling_freq": acquisition.sampling_frequency_hz,
        "central_freq": acquisition.probe.center_frequency_hz,
    }.items():
        das.update_setup(name, value)
    for name, value in {"rx_apodization": "tukey", "rx_apodization_alpha": 0.5, "compound": False}.items():
        das.update_option(name, value)
    return das
