"""Networks, zero-shot training, export and the Enhancer."""

from sonolucent.nn.unet import FullUNet, LightUNet

__all__ = ["FullUNet", "LightUNet"]
