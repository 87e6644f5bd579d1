"""Networks, zero-shot training, export and the Enhancer."""

from sonolucent.nn import metrics
from sonolucent.nn.enhancer import Enhancer
from sonolucent.nn.model import ModelError
from sonolucent.nn.session import Session
from sonolucent.nn.unet import FullUNet, LightUNet

__all__ = ["Enhancer", "FullUNet", "LightUNet", "ModelError", "Session", "metrics"]
