"""vbeam on JAX: one compiled function of the whole frame, every pair of every pixel, linear interpolation of I/Q data.

Its apodization is a plain function of point and element; the scene's taper is written as one. Every pair is summed,
those of no weight too.
"""

from importlib.metadata import version

import jax
import numpy as np
from spekk import Spec
from vbeam.fastmath import backend_manager

from peers import THREADS
from peers.scene import Beamformer, Image, Scene

backend_manager.active_backend = "jax"  # before the imports below bind their arrays

from vbeam.beamformers import get_das_beamformer  # noqa: E402
from vbeam.core import Apodization, ElementGeometry, WaveData  # noqa: E402
from vbeam.data_importers import SignalForPointSetup  # noqa: E402
from vbeam.fastmath import numpy as vnp  # noqa: E402
from vbeam.fastmath.traceable import traceable_dataclass  # noqa: E402
from vbeam.interpolation import FastInterpLinspace  # noqa: E402
from vbeam.scan import linear_scan  # noqa: E402
from vbeam.wavefront import PlaneWavefront, ReflectedWavefront, STAIWavefront  # noqa: E402


def beamformers(scene: Scene) -> list[Beamformer]:
    setup = _setup(scene)
    compiled = jax.jit(
        get_das_beamformer(setup, compensate_for_apodization_overlap=False, log_compress=False, scan_convert=False)
    )

    def form_image() -> Image:
        return np.asarray(compiled(**setup.data)).T

    name = f"vbeam (JAX {jax.__version__})"
    return [Beamformer(name, version("vbeam"), THREADS, form_image)]


@traceable_dataclass(("max_sine",))
class _ReceiveTaper(Apodization):
    """Tukey (0.5) in sin(theta) / max_sine."""

    max_sine: float

    def __call__(self, sender, point_position, receiver, wave_data):
        return self._leg(point_position - receiver.position)

    def _leg(self, way_m):
        sine = vnp.abs(way_m[0]) / vnp.sqrt(vnp.sum(way_m**2))
        ramp = vnp.clip(2 * sine / self.max_sine - 1, 0, 1)
        return 0.5 * (1 + vnp.cos(vnp.pi * ramp))


@traceable_dataclass(("max_sine",))
class _TaperOfBothLegs(_ReceiveTaper):
    max_sine: float

    def __call__(self, sender, point_position, receiver, wave_data):
        return self._leg(point_position - sender.position) * self._leg(point_position - receiver.position)


def _setup(scene: Scene) -> SignalForPointSetup:
    acquisition, grid = scene.acquisition, scene.grid
    elements_m = np.zeros((acquisition.n_rx, 3), np.float32)
    elements_m[:, 0] = acquisition.probe.element_x_m
    max_sine = np.float32(np.sin(scene.taper.max_angle_rad))
    common = {
        "point_position": None,
        "receiver": ElementGeometry(vnp.array(elements_m)),
        "signal": vnp.array(scene.baseband()),
        "reflected_wavefront": ReflectedWavefront(),
        "speed_of_sound": np.float32(acquisition.sound_speed_m_s),
        "interpolate": FastInterpLinspace(
            np.float32(0), np.float32(1 / acquisition.sampling_frequency_hz), acquisition.n_samples
        ),
        "modulation_frequency": np.float32(acquisition.probe.center_frequency_hz),
        "scan": linear_scan(grid.x_m.astype(np.float32), grid.z_m.astype(np.float32)),
    }
    dimensions = {
        "signal": ["transmits", "receivers", "signal_time"],
        "receiver": ["receivers"],
        "point_position": ["points"],
        "wave_data": ["transmits"],
    }
    if scene.waves:
        return SignalForPointSetup(
            sender=ElementGeometry(vnp.zeros(3, dtype="float32")),
            transmitted_wavefront=PlaneWavefront(),
            wave_data=WaveData(
                azimuth=vnp.array([wave.angle_rad for wave in scene.waves], dtype="float32"),
                elevation=vnp.zeros(acquisition.n_tx),
                t0=vnp.array([-wave.delay_s for wave in scene.waves], dtype="float32"),
            ),
            apodization=_ReceiveTaper(max_sine),
            spec=Spec(dimensions),
            **common,
        )
    return SignalForPointSetup(
        sender=ElementGeometry(vnp.array(elements_m)),
        transmitted_wavefront=STAIWavefront(),
        wave_data=WaveData(t0=vnp.zeros(acquisition.n_tx)),
        apodization=_TaperOfBothLegs(max_sine),
        spec=Spec({**dimensions, "sender": ["transmits"]}),
        **common,
    )
