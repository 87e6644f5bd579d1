"""Networks, zero-shot training, export and the Enhancer.

`Enhancer` enhances B-mode images, `Session` a stream of them while models are exchanged. `train` fits a network to raw
frames alone. `FILTERS` and `COMPOUNDS` are the classical methods by their names, `OFFLINE_METHODS` those that take
minutes and may enlarge images. `metrics` judges images, `evaluate` every method on phantoms held out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonolucent.nn import baselines, despeckling, evaluate, metrics, super_resolution, training
    from sonolucent.nn.baselines import COMPOUNDS, FILTERS, Compound, Filter
    from sonolucent.nn.baselines.compounding import compound, frequency_compound, steering_compound
    from sonolucent.nn.baselines.median import median
    from sonolucent.nn.baselines.nlm import nlm
    from sonolucent.nn.baselines.obnlm import obnlm
    from sonolucent.nn.baselines.srad import srad
    from sonolucent.nn.energy_split import EnergySplit
    from sonolucent.nn.export.derived_files import export_package, export_torchscript
    from sonolucent.nn.image_methods import (
        OFFLINE_METHODS,
        FitError,
        Fitting,
        ImageMethod,
        OfflineMethod,
        enlarged,
        offline_method,
    )
    from sonolucent.nn.images import BMode, ImageShape
    from sonolucent.nn.inference.decibels import Decibels
    from sonolucent.nn.inference.enhancer import Enhancer
    from sonolucent.nn.inference.parity import Check, check_model
    from sonolucent.nn.inference.session import Label, Session
    from sonolucent.nn.model_folder import InputRule, Model, ModelError, ModelInfo, Provenance, load_model, save_model
    from sonolucent.nn.shipped_models import SHIPPED_MODELS, find_model, shipped_names
    from sonolucent.nn.training.array_file import ArrayFile
    from sonolucent.nn.training.frames import Beamformed, TrainingError, TrainingFrame
    from sonolucent.nn.training.loop import train
    from sonolucent.nn.training.recipes import RECIPES, Recipe
    from sonolucent.nn.training.state import CurvePoint, Trained
    from sonolucent.nn.training.stored_frames import FrameStore
    from sonolucent.nn.training.validation import Validation
    from sonolucent.nn.unet import FullUNet, LightUNet, UNet

__all__ = [
    "COMPOUNDS",
    "FILTERS",
    "OFFLINE_METHODS",
    "RECIPES",
    "SHIPPED_MODELS",
    "ArrayFile",
    "BMode",
    "Beamformed",
    "Check",
    "Compound",
    "CurvePoint",
    "Decibels",
    "EnergySplit",
    "Enhancer",
    "Filter",
    "FitError",
    "Fitting",
    "FrameStore",
    "FullUNet",
    "ImageMethod",
    "ImageShape",
    "InputRule",
    "Label",
    "LightUNet",
    "Model",
    "ModelError",
    "ModelInfo",
    "OfflineMethod",
    "Provenance",
    "Recipe",
    "Session",
    "Trained",
    "TrainingError",
    "TrainingFrame",
    "UNet",
    "Validation",
    "baselines",
    "check_model",
    "compound",
    "despeckling",
    "enlarged",
    "evaluate",
    "export_package",
    "export_torchscript",
    "find_model",
    "frequency_compound",
    "load_model",
    "median",
    "metrics",
    "nlm",
    "obnlm",
    "offline_method",
    "save_model",
    "shipped_names",
    "srad",
    "steering_compound",
    "super_resolution",
    "train",
    "training",
]

_ROOMS = ("baselines", "despeckling", "evaluate", "metrics", "super_resolution", "training")
_NAMES = {
    "baselines": ("COMPOUNDS", "FILTERS", "Compound", "Filter"),
    "baselines.compounding": ("compound", "frequency_compound", "steering_compound"),
    "baselines.median": ("median",),
    "baselines.nlm": ("nlm",),
    "baselines.obnlm": ("obnlm",),
    "baselines.srad": ("srad",),
    "energy_split": ("EnergySplit",),
    "export.derived_files": ("export_package", "export_torchscript"),
    "image_methods": (
        "OFFLINE_METHODS",
        "FitError",
        "Fitting",
        "ImageMethod",
        "OfflineMethod",
        "enlarged",
        "offline_method",
    ),
    "images": ("BMode", "ImageShape"),
    "inference.decibels": ("Decibels",),
    "inference.enhancer": ("Enhancer",),
    "inference.parity": ("Check", "check_model"),
    "inference.session": ("Label", "Session"),
    "model_folder": ("InputRule", "Model", "ModelError", "ModelInfo", "Provenance", "load_model", "save_model"),
    "shipped_models": ("SHIPPED_MODELS", "find_model", "shipped_names"),
    "training.array_file": ("ArrayFile",),
    "training.frames": ("Beamformed", "TrainingError", "TrainingFrame"),
    "training.loop": ("train",),
    "training.recipes": ("RECIPES", "Recipe"),
    "training.state": ("CurvePoint", "Trained"),
    "training.stored_frames": ("FrameStore",),
    "training.validation": ("Validation",),
    "unet": ("FullUNet", "LightUNet", "UNet"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Late: a live stage needs a tenth of it, and each part takes its time to import.
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
