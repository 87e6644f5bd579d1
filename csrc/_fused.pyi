"""The fused kernels of U-Nets, which need no torch."""

from collections.abc import Mapping

from numpy import float32
from numpy.typing import NDArray

class FusedStage:
    """Enhances B-mode images with a U-Net in the fused kernels: dB to grey 0..1, the network, back to dB, clipped.

    Args:
        weights: of a `sonolucent.nn.UNet`, by the names of its parameters; C-contiguous.
        dynamic_range_db: images lie in [-dynamic_range_db, 0].
        threads: that one frame may use.
        backend: "fused-NAME" with one of `fused_kernels()`, or "fused-bf16", the fastest that multiplies in bf16; by
            default the fastest that computes in f32.

    Raises:
        ValueError: these are not the weights of a U-Net, an argument is out of range, or there are no such kernels.
    """

    def __init__(
        self,
        weights: Mapping[str, NDArray[float32]],
        *,
        dynamic_range_db: float = 60.0,
        threads: int = 1,
        backend: str | None = None,
    ) -> None: ...
    def run(self, image_db: NDArray[float32], out: NDArray[float32]) -> None:
        """As `sonolucent._core.InferenceStage.run`."""

    @property
    def device(self) -> str: ...
    @property
    def backend(self) -> str:
        """Which backend runs, such as "fused-avx512"."""
    @property
    def reason(self) -> str:
        """Why that one."""

def fused_kernels(*, bf16: bool = False, full: bool = False) -> list[str]:
    """Names of the fused kernels that this processor can run, the fastest first; the last is "portable".

    Args:
        bf16: those that multiply in bf16, such as "avx512-bf16", instead.
        full: those of full networks, which know a matrix unit too ("amx-bf16"), not of light ones.
    """
