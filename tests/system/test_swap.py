"""A model that is trained anew while the pipeline runs: no frame lost, none unlabelled, and the new one takes over."""

import shutil
import threading
from pathlib import Path

import pytest
import torch

from sonolucent.nn import SHIPPED_MODELS
from sonolucent.nn.model_folder import load_model, save_model
from sonolucent.stream.config import Config
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.run import run

from ..campaigns.swap_campaign import campaign

pytestmark = pytest.mark.slow
FRAMES = 240


def train_another(folder: Path) -> str:
    model = load_model(folder)
    with torch.no_grad():
        model.network.head.bias += 0.01
    save_model(folder, model.network, model.info)
    return load_model(folder).id


def test_every_frame_of_a_run_is_enhanced_by_the_old_model_or_the_new(small_recording: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED_MODELS / "light-quadrant", tmp_path / "model")
    first, recorded = load_model(folder).id, tmp_path / "images.h5"
    config = Config(
        source=f"replay:{small_recording}",
        model=str(folder),
        frames=FRAMES,
        fps=40,
        record=str(recorded),
        headless=True,
    )
    trained: list[str] = []
    training = threading.Timer(1.5, lambda: trained.append(train_another(folder)))
    training.start()
    report = run(config)
    training.join()
    assert (report.frames_out, report.enhanced, report.balanced, report.dropped) == (FRAMES, FRAMES, True, {})
    images = Recording(recorded)
    models = [images.image(i).model for i in range(FRAMES)]
    change = models.index(trained[0])
    assert 0 < change < FRAMES
    assert models == [first] * change + trained * (FRAMES - change)
    assert report.model == trained[0]
    assert report.models == {first: change, trained[0]: FRAMES - change}
    assert report.backend in report.reason
    assert str(folder) in report.reason


def test_models_take_turns_and_every_frame_is_what_the_one_that_it_names_makes(tmp_path: Path) -> None:
    outcome = campaign(tmp_path, n_swaps=4, fps=20)
    assert outcome["changes"] >= 3
