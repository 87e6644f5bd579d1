"""Super-resolution: larger images, by methods that learn from the image itself or from others.

`offline_method(NAME)` of `sonolucent.nn` makes one; `degrade` makes low-resolution images to measure it on; `resize`
equals MATLAB's `imresize`.
"""

from sonolucent.nn.super_resolution.bicubic import Bicubic
from sonolucent.nn.super_resolution.blur_kernels import (
    BlurKernel,
    for_four,
    gaussian_kernel,
    kernel_correlation,
)
from sonolucent.nn.super_resolution.cycle_gan import CycleGan
from sonolucent.nn.super_resolution.degradations import DEGRADATIONS, Degradation, degrade
from sonolucent.nn.super_resolution.kernel_gan import KernelGan, found_kernel
from sonolucent.nn.super_resolution.mcgill import McGillModel1
from sonolucent.nn.super_resolution.mcgill_kernel import McGillModel2
from sonolucent.nn.super_resolution.mwcnn import Mwcnn
from sonolucent.nn.super_resolution.resize import resize, shrunk
from sonolucent.nn.super_resolution.zssr import Zssr

__all__ = [
    "DEGRADATIONS",
    "Bicubic",
    "BlurKernel",
    "CycleGan",
    "Degradation",
    "KernelGan",
    "McGillModel1",
    "McGillModel2",
    "Mwcnn",
    "Zssr",
    "degrade",
    "for_four",
    "found_kernel",
    "gaussian_kernel",
    "kernel_correlation",
    "resize",
    "shrunk",
]
