"""Sonolucent's native core."""

from numpy import float32
from numpy.typing import NDArray

class InferenceStage:
    """Enhances B-mode images with a network loaded from a file: dB to grey 0..1, the network, back to dB, clipped.

    Args:
        file: the network, a TorchScript file (`.ts`; one of a U-Net also carries it for the fused kernels) or
            a package of AOTInductor (`.pt2`, for images of one shape). Either is a program: load only what you trust.
        device: "cpu" or "cuda:N".
        dynamic_range_db: images lie in [-dynamic_range_db, 0].
        threads: threads of the CPU that one frame may use; torch's own default without it.
        backend: "torchscript", or "fused-NAME" with one of `sonolucent._fused.fused_kernels()`; by default the fastest
            that suits and computes in f32. "fused-bf16" is the fastest that multiplies in bf16. A package runs by
            "aotinductor" alone.

    Raises:
        ValueError: the file is missing or broken, its suffix unknown, an argument out of range, or the backend not to
            be had for this file, device or processor.
        RuntimeError: the CUDA device is not there.
    """

    def __init__(
        self,
        file: str,
        *,
        device: str = "cpu",
        dynamic_range_db: float = 60.0,
        threads: int | None = None,
        backend: str | None = None,
    ) -> None: ...
    def run(self, image_db: NDArray[float32], out: NDArray[float32]) -> None:
        """Enhances `image_db`, (n_z, n_x) or (n, n_z, n_x) in dB, into `out`, without copying and without the GIL.

        Values outside the dynamic range are clipped before and after; undefined ones (NaN) count as -dynamic_range_db.
        Calls from several threads take turns.

        Raises:
            TypeError: an array is not float32.
            ValueError: an array is not C-contiguous images, or `out` is read-only, of another shape, or overlaps.
            RuntimeError: the network failed.
        """

    @property
    def device(self) -> str: ...
    @property
    def backend(self) -> str:
        """Which backend runs, such as "fused-avx512"."""
    @property
    def reason(self) -> str:
        """Why that one."""

def cuda_device_count() -> int:
    """CUDA devices that this build of libtorch can use."""
