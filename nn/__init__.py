"""Networks, zero-shot training, export and the Enhancer."""

from sonolucent.nn import metrics
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.inference.session import Session
from sonolucent.nn.model_folder import ModelError
from sonolucent.nn.unet import FullUNet, LightUNet

__all__ = ["Enhancer", "FullUNet", "LightUNet", "ModelError", "Session", "metrics"]
