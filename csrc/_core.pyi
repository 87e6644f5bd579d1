"""Sonolucent's native core."""

from numpy import float32
from numpy.typing import NDArray

class InferenceStage:
    """Enhances B-mode images with a network loaded from a file: dB to grey 0..1, the network, back to dB, clipped.

    Args:
        file: the network; its suffix picks the backend (`.ts`: TorchScript).
        device: "cpu" or "cuda:N".
        dynamic_range_db: images lie in [-dynamic_range_db, 0].
        threads: threads of the CPU that one frame may use; torch's own default without it.

    Raises:
        ValueError: the file is missing or broken, its suffix unknown, or an argument out of range.
        RuntimeError: the CUDA device is not there.
    """

    def __init__(
        self, file: str, *, device: str = "cpu", dynamic_range_db: float = 60.0, threads: int | None = None
    ) -> None: ...
    def run(self, image_db: NDArray[float32], out: NDArray[float32]) -> None:
        """Enhances `image_db`, (n_z, n_x) in dB, into `out`, without copying either and without the GIL.

        Values outside the dynamic range are clipped before and after. Calls from several threads take turns.

        Raises:
            TypeError: an array is not float32.
            ValueError: an array is not a C-contiguous image, or `out` is read-only, of another shape, or overlaps.
            RuntimeError: the network failed.
        """

    @property
    def device(self) -> str: ...
    @property
    def backend(self) -> str:
        """Which backend runs: "torchscript"."""

def cuda_device_count() -> int:
    """CUDA devices that this build of libtorch can use."""
