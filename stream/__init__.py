"""Everything with time, sockets, processes, files or users."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonolucent.stream.accounting.journal import JournalEntry
    from sonolucent.stream.accounting.live_training import LiveTraining
    from sonolucent.stream.accounting.report import RunReport, StageReport
    from sonolucent.stream.accounting.timing import Latency
    from sonolucent.stream.config import Config, load_config
    from sonolucent.stream.engines.engine_choice import EngineChoice
    from sonolucent.stream.errors import BadInput, ConfigError, OutputError, OutputFailed, RecordingError, StageFailed
    from sonolucent.stream.exports.clip import Clip
    from sonolucent.stream.exports.image_format import Appearance, ImageFormat
    from sonolucent.stream.exports.write_images import write_images
    from sonolucent.stream.ledger import EdgeCounts, Ledger
    from sonolucent.stream.messages import Channels, End, Frame, Image, Stream, Trail
    from sonolucent.stream.offline.despeckle_evaluation import DespecklingReport, evaluate_despeckling
    from sonolucent.stream.offline.despeckle_options import DespecklingSuite
    from sonolucent.stream.offline.despeckler_training import train_despeckler
    from sonolucent.stream.offline.evaluation import evaluate_models
    from sonolucent.stream.offline.evaluation_report import EvaluationReport
    from sonolucent.stream.offline.file_enhancement import EnhancedFile, enhance_file
    from sonolucent.stream.offline.imaging import image_recording
    from sonolucent.stream.offline.model_distillation import distill_model
    from sonolucent.stream.offline.model_training import TrainedModel, train_model
    from sonolucent.stream.offline.sr_evaluation import SuiteReport, SuiteRow, evaluate_sr
    from sonolucent.stream.offline.sr_options import SuperResolutionSuite
    from sonolucent.stream.recording.admission import admit
    from sonolucent.stream.recording.any_recording import AnyRecording
    from sonolucent.stream.recording.file_description import FileDescription, Firing, single_elements
    from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
    from sonolucent.stream.recording.open import open_recording
    from sonolucent.stream.recording.reader import Recording
    from sonolucent.stream.recording.sanity import Claim
    from sonolucent.stream.recording.save import convert_recording, write_recording
    from sonolucent.stream.reprocessing.reprocess import estimate, reprocess
    from sonolucent.stream.reprocessing.reprocess_report import (
        FileCounts,
        FrameCounts,
        ReprocessEstimate,
        ReprocessReport,
    )
    from sonolucent.stream.reprocessing.work import Wish
    from sonolucent.stream.runtime.notebook import NotebookView, show
    from sonolucent.stream.runtime.run import run
    from sonolucent.stream.sinks.sink import Sink, SinkEnd
    from sonolucent.stream.sources.assembly import assemble
    from sonolucent.stream.sources.pacing import paced
    from sonolucent.stream.sources.source import Source
    from sonolucent.stream.stages.transform import FrameRefused, Transform
    from sonolucent.stream.training_settings import TrainingSettings

__all__ = [
    "AnyRecording",
    "Appearance",
    "BadInput",
    "Channels",
    "Claim",
    "Clip",
    "Config",
    "ConfigError",
    "DespecklingReport",
    "DespecklingSuite",
    "EdgeCounts",
    "End",
    "EngineChoice",
    "EnhancedFile",
    "EvaluationReport",
    "FileCounts",
    "FileDescription",
    "FileFormat",
    "FileStart",
    "Firing",
    "Frame",
    "FrameCounts",
    "FrameRefused",
    "Image",
    "ImageFormat",
    "JournalEntry",
    "Latency",
    "Ledger",
    "LiveTraining",
    "NotebookView",
    "OutputError",
    "OutputFailed",
    "ReadOptions",
    "Recording",
    "RecordingError",
    "ReprocessEstimate",
    "ReprocessReport",
    "RunReport",
    "Sink",
    "SinkEnd",
    "Source",
    "StageFailed",
    "StageReport",
    "Stream",
    "SuiteReport",
    "SuiteRow",
    "SuperResolutionSuite",
    "Trail",
    "TrainedModel",
    "TrainingSettings",
    "Transform",
    "Wish",
    "admit",
    "assemble",
    "convert_recording",
    "distill_model",
    "enhance_file",
    "estimate",
    "evaluate_despeckling",
    "evaluate_models",
    "evaluate_sr",
    "image_recording",
    "load_config",
    "open_recording",
    "paced",
    "reprocess",
    "run",
    "show",
    "single_elements",
    "train_despeckler",
    "train_model",
    "write_images",
    "write_recording",
]

_MODULES = {
    "accounting.journal": ("JournalEntry",),
    "accounting.live_training": ("LiveTraining",),
    "accounting.report": ("RunReport", "StageReport"),
    "accounting.timing": ("Latency",),
    "config": ("Config", "load_config"),
    "engines.engine_choice": ("EngineChoice",),
    "errors": ("BadInput", "ConfigError", "OutputError", "OutputFailed", "RecordingError", "StageFailed"),
    "exports.clip": ("Clip",),
    "exports.image_format": ("ImageFormat", "Appearance"),
    "exports.write_images": ("write_images",),
    "ledger": ("EdgeCounts", "Ledger"),
    "messages": ("Channels", "End", "Frame", "Image", "Stream", "Trail"),
    "offline.despeckle_evaluation": ("DespecklingReport", "evaluate_despeckling"),
    "offline.despeckle_options": ("DespecklingSuite",),
    "offline.despeckler_training": ("train_despeckler",),
    "offline.model_distillation": ("distill_model",),
    "offline.evaluation": ("evaluate_models",),
    "offline.evaluation_report": ("EvaluationReport",),
    "offline.file_enhancement": ("EnhancedFile", "enhance_file"),
    "offline.imaging": ("image_recording",),
    "offline.model_training": ("TrainedModel", "train_model"),
    "offline.sr_evaluation": ("SuiteReport", "SuiteRow", "evaluate_sr"),
    "offline.sr_options": ("SuperResolutionSuite",),
    "recording.admission": ("admit",),
    "recording.any_recording": ("AnyRecording",),
    "recording.file_description": ("FileDescription", "Firing", "single_elements"),
    "recording.known_formats": ("FileFormat", "FileStart", "ReadOptions"),
    "recording.open": ("open_recording",),
    "recording.reader": ("Recording",),
    "recording.sanity": ("Claim",),
    "recording.save": ("convert_recording", "write_recording"),
    "reprocessing.reprocess": ("estimate", "reprocess"),
    "reprocessing.reprocess_report": ("ReprocessEstimate", "FileCounts", "FrameCounts", "ReprocessReport"),
    "reprocessing.work": ("Wish",),
    "runtime.notebook": ("NotebookView", "show"),
    "runtime.run": ("run",),
    "sinks.sink": ("Sink", "SinkEnd"),
    "sources.assembly": ("assemble",),
    "sources.pacing": ("paced",),
    "sources.source": ("Source",),
    "stages.transform": ("FrameRefused", "Transform"),
    "training_settings": ("TrainingSettings",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Late, so that the command line's help does not wait for the numerics.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
