"""The sink that has a model trained: what it takes, when it changes the model and when not, and what it says of it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings, Probe
from sonolucent.nn import SHIPPED_MODELS, load_model
from sonolucent.stream import Channels, Config, ConfigError, Stream, Trail
from sonolucent.stream.accounting.live_training import ENDS, LiveTraining
from sonolucent.stream.control.orders import SwapModel, Tell, Told
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.sinks import trainer as trainers
from sonolucent.stream.sinks.sink import Run
from sonolucent.stream.sinks.trainer import Trainer, model_to_train
from sonolucent.stream.sinks.training_process import DRAFTS, HELD_OUT, TRAINING
from sonolucent.stream.training_settings import TrainingSettings
from sonolucent.stream.transport.edge import Edge

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(16), 600, 25e6)
STREAM = Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION), 25.0)
RAW = Edge("source", "trainer")
PATIENCE_S = 900  # what trains has the lowest priority: others on the machine come first


def frame(i: int) -> Channels:
    data = np.random.default_rng(i).integers(-2000, 2000, ACQUISITION.shape, dtype=np.int16)
    return Channels(i, data, 0, Trail.begin())


def config(folder: Path, **settings: Any) -> Config:
    folder.mkdir()
    return Config(
        train=str(folder), training=TrainingSettings(**{"frames": 10, "steps": 2, "every_s": 0.0, **settings})
    )


class Hub:
    """Answers as a run's hub: what is in use, and what it is changed for."""

    def __init__(self, *models: str) -> None:
        self._models, self.changed, self.refusal = list(models), list[str](), ""

    def __call__(self, request: ControlRequest, timeout_s: float = 0.0) -> ControlAnswer:
        if request.model is not None:
            if self.refusal:
                raise ControlError(self.refusal)
            self.changed.append(request.model)
            return ControlAnswer(0, ImagingSettings(), request.model)
        return ControlAnswer(0, ImagingSettings(), self._models.pop(0) if len(self._models) > 1 else self._models[0])


class Scripted:
    """Stands for the process: says what a test has it say."""

    def __init__(self, order: object, heard: Callable[[LiveTraining], None], died: Callable[[str], None]) -> None:
        self.say, self.die, self.sent, self.dismissed = heard, died, list[Any](), False

    def send(self, parts: Any) -> None:
        self.sent.append(bytes(parts[0]))

    def dismiss(self) -> None:
        self.dismissed = True

    end = dismiss


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[Scripted]:
    made: list[Scripted] = []

    def make(*arguments: Any) -> Scripted:
        made.append(Scripted(*arguments))
        return made[-1]

    monkeypatch.setattr(trainers, "TrainingProcess", make)
    return made


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def feed(trainer: Trainer) -> None:
    """Gives it frames as it wants them, until it wants no more."""
    trainer.begin(STREAM)
    n = 0
    while trainer.training.state == "gathering":
        if trainer.wants(RAW):
            trainer.write(frame(n))
            n += 1
        time.sleep(0.005)


GATHERED = LiveTraining(state="gathered", said="has 10 frames", kept=10, wanted=10, folder="f")
BETTER = LiveTraining(state="trained", said="5 dB before, 4 after", better=True, model="f/light-live", folder="f")


@pytest.mark.slow
def test_a_model_is_trained_on_what_is_seen_and_changed_where_it_is_better(tmp_path: Path) -> None:
    hub, folder = Hub("light-quadrant"), tmp_path / "live"
    trainer = Trainer(config(folder, steps=20), Run(hub), None)
    feed(trainer)
    eventually(lambda: trainer.training.state in ENDS)
    told, model = trainer.training, load_model(folder / "light-quadrant-live")
    assert told.state == "swapped", told
    assert hub.changed == [told.model] == [str(folder / "light-quadrant-live")]
    assert told.before_db is not None
    assert told.after_db is not None
    assert told.after_db < told.before_db
    assert (told.n_better, told.n_held_out) == (5, 5)
    assert model.info.name == "light-quadrant-live"
    assert model.info.training.began_with.startswith("light-quadrant@")
    assert model.info.training.data.startswith(f"{TRAINING}, 5 frames")
    assert model.info.trained_on is not None
    assert sorted(path.name for path in folder.iterdir()) == [HELD_OUT, "light-quadrant-live", TRAINING]
    assert not trainer.wants(RAW)
    trainer.close({})
    assert trainer.training == told


@pytest.mark.slow
def test_a_training_that_is_killed_leaves_no_model_and_the_run_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "live"
    trainer = Trainer(config(folder, steps=100_000), Run(Hub("light-quadrant")), None)
    feed(trainer)
    eventually(lambda: trainer.training.step > 0)
    assert (folder / DRAFTS).exists()
    os.kill(trainer.pid, signal.SIGKILL)
    eventually(lambda: trainer.training.state == "failed")
    assert "died (SIGKILL)" in trainer.training.said
    assert f"sonolucent train {folder / TRAINING} --held-out {folder / HELD_OUT}" in trainer.training.said
    assert sorted(path.name for path in folder.iterdir()) == [HELD_OUT, TRAINING]
    trainer.close({})
    assert capfd.readouterr().err.count("died (SIGKILL)") == 1


@pytest.mark.slow
def test_a_run_that_ends_ends_the_training(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    trainer = Trainer(config(folder, steps=100_000), Run(Hub("light-quadrant")), None)
    feed(trainer)
    eventually(lambda: trainer.training.step > 0)
    trainer.close({})
    assert trainer.training.state == "ended"
    assert not Path(f"/proc/{trainer.pid}").exists()
    assert sorted(path.name for path in folder.iterdir()) == [HELD_OUT, TRAINING]


def test_it_takes_a_frame_now_and_then_and_none_while_one_is_looked_at(
    tmp_path: Path, scripted: list[Scripted]
) -> None:
    trainer = Trainer(config(tmp_path / "live"), Run(Hub("cpu")), None)
    trainer.begin(STREAM)
    assert trainer.wants(RAW)
    trainer.write(frame(0))
    assert not trainer.wants(RAW)
    trainer.write(frame(1))
    assert len(scripted[0].sent) == 2, "the stream, and one frame"
    scripted[0].say(LiveTraining(looked_at=1, kept=1))
    assert trainer.wants(RAW)
    assert trainer.obey(Tell()) == Told(training=LiveTraining(looked_at=1, kept=1))
    assert trainer.obey(SwapModel("cpu")) is False
    rare = Trainer(config(tmp_path / "rare", every_s=3600.0), Run(Hub("cpu")), None)
    assert rare.wants(RAW)
    rare.write(frame(0))
    scripted[1].say(LiveTraining(looked_at=1, kept=1))
    assert not rare.wants(RAW)


def test_a_probe_held_still_is_remarked_upon_once(
    tmp_path: Path, scripted: list[Scripted], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(config(tmp_path / "live"), Run(Hub("cpu")), None)
    still = LiveTraining(said="the probe has not moved", still=True)
    for said in (still, still, LiveTraining(), still):
        scripted[0].say(said)
    assert capsys.readouterr().err.count("the probe has not moved") == 1
    assert trainer.wants(RAW), "it goes on looking"


def test_it_trains_what_is_in_use_by_then(tmp_path: Path, scripted: list[Scripted]) -> None:
    Trainer(config(tmp_path / "live"), Run(Hub("full-quadrant")), None)
    scripted[0].say(GATHERED)
    assert msgspec.json.decode(scripted[0].sent[-1]) == {"model": str(SHIPPED_MODELS / "full-quadrant")}


def test_where_a_filter_has_taken_over_there_is_nothing_to_train(tmp_path: Path, scripted: list[Scripted]) -> None:
    trainer = Trainer(config(tmp_path / "live"), Run(Hub("srad")), None)
    scripted[0].say(GATHERED)
    assert trainer.training.state == "failed"
    assert "'srad' is no network" in trainer.training.said
    assert "sonolucent train" in trainer.training.said
    assert scripted[0].dismissed


def test_a_better_model_takes_over(tmp_path: Path, scripted: list[Scripted]) -> None:
    hub = Hub("cpu")
    trainer = Trainer(config(tmp_path / "live"), Run(hub), None)
    scripted[0].say(GATHERED)
    scripted[0].say(BETTER)
    assert (trainer.training.state, hub.changed) == ("swapped", ["f/light-live"])
    assert "has taken over" in trainer.training.said


def test_a_model_that_is_no_better_does_not(tmp_path: Path, scripted: list[Scripted]) -> None:
    hub = Hub("cpu")
    trainer = Trainer(config(tmp_path / "live"), Run(hub), None)
    scripted[0].say(GATHERED)
    scripted[0].say(msgspec.structs.replace(BETTER, better=False))
    assert (trainer.training.state, hub.changed) == ("not swapped", [])
    assert "no more than chance" in trainer.training.said


def test_what_the_user_has_chosen_meanwhile_stays(tmp_path: Path, scripted: list[Scripted]) -> None:
    hub = Hub("cpu", "light-paper")
    trainer = Trainer(config(tmp_path / "live"), Run(hub), None)
    scripted[0].say(GATHERED)
    scripted[0].say(BETTER)
    assert (trainer.training.state, hub.changed) == ("not swapped", [])
    assert "changed meanwhile" in trainer.training.said


def test_a_change_that_the_run_refuses_is_told(tmp_path: Path, scripted: list[Scripted]) -> None:
    hub = Hub("cpu")
    hub.refusal = "enhance: no room"
    trainer = Trainer(config(tmp_path / "live"), Run(hub), None)
    scripted[0].say(GATHERED)
    scripted[0].say(BETTER)
    assert trainer.training.state == "not swapped"
    assert "but the model stays: enhance: no room" in trainer.training.said


def test_a_stage_that_is_restarted_begins_anew_unless_it_was_done(tmp_path: Path, scripted: list[Scripted]) -> None:
    done = msgspec.structs.replace(BETTER, state="swapped")
    assert Trainer(config(tmp_path / "a"), Run(Hub("cpu")), done).training == done
    assert scripted == []
    half = Trainer(config(tmp_path / "b"), Run(Hub("cpu")), msgspec.structs.replace(BETTER, state="training"))
    assert (half.training.state, half.training.kept, len(scripted)) == ("gathering", 0, 1)


@pytest.mark.parametrize("model", ["none", "srad", "adaptive", "nowhere", "frequency"])
def test_what_is_no_network_is_refused(model: str) -> None:
    with pytest.raises(ConfigError, match=f"model '{model}'"):
        model_to_train(model)
    assert model_to_train("cpu") == SHIPPED_MODELS / "light-quadrant"
    assert model_to_train("full-quadrant") == SHIPPED_MODELS / "full-quadrant"
