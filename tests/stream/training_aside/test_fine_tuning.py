"""Where a model that was fine-tuned beside a run lies: in the folder of the training, whatever the model is called."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.model_folder import load_model, save_model
from sonolucent.nn.shipped_models import SHIPPED_MODELS
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.training_aside import fine_tuning
from sonolucent.stream.training_settings import TrainingSettings


@pytest.mark.parametrize("name", ["{}/mine", "../mine", "lab/mine", "..", "mine\0", ".unfinished/mine"])
def test_a_models_name_leads_to_no_other_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Trained:
        comparison = None

    def train(sources: Any, out: Path, **options: Any) -> Trained:
        out.mkdir(parents=True)
        (out / "weights").touch()
        return Trained()

    (tmp_path / "mine-live").mkdir()
    (tmp_path / "mine-live" / "work").touch()
    folder, start = tmp_path / "training", load_model(SHIPPED_MODELS / "light-quadrant")
    folder.mkdir()
    info = msgspec.structs.replace(start.info, name=name.format(tmp_path))
    save_model(tmp_path / "model", start.unet, info)
    monkeypatch.setattr(fine_tuning, "train_model", train)
    so_far = LiveTraining(folder=str(folder), wanted=1)
    with pytest.raises(StageFailed, match="held out"):  # it goes on to judge
        fine_tuning.fine_tuned(so_far, ImagingSettings(), tmp_path / "model", TrainingSettings(), lambda said: None)
    assert (tmp_path / "mine-live" / "work").exists()
    (made,) = folder.glob("*-live/weights")
    assert made.parent.parent == folder
    assert {path.name for path in tmp_path.iterdir()} == {"mine-live", "training", "model"}
