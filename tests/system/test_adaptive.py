"""The model "adaptive" in a pipeline whose network is made slow."""

import itertools
import logging
import time
from pathlib import Path

import pytest

from sonolucent.nn import Session
from sonolucent.stream.config import Config
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.run import run
from sonolucent.stream.stages import adaptive, enhance


@pytest.mark.slow
def test_a_run_whose_network_is_slow_for_a_while_steps_down_and_up_and_says_so(
    small_recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    enhance_image, n_slow = Session.__call__, itertools.count()

    def slow_at_first(self, image_db, out):
        label = enhance_image(self, image_db, out)
        if label.device != "none" and next(n_slow) < 5:
            time.sleep(0.15)
        return label

    steps = adaptive.Steps
    monkeypatch.setattr(Session, "__call__", slow_at_first)
    monkeypatch.setattr(enhance, "Steps", lambda n, _: steps(n, 75.0, patience_s=0.5, hold_s=2.0))
    recorded = tmp_path / "images.h5"
    config = Config(
        source=f"replay:{small_recording}", model="adaptive", frames=200, fps=20, record=str(recorded), headless=True
    )
    with caplog.at_level(logging.WARNING):
        report = run(config)
    images = Recording(recorded)
    labels = [images.image(i).model or "none" for i in range(images.n_images)]
    network = labels[0]
    assert network.startswith("light-quadrant@")
    changes = [label for label, _ in itertools.groupby(labels)]
    assert changes[:3] == [network, "none", network]
    assert labels[-1] == network
    skipped = images.image(labels.index("none")).skipped
    assert f"{network} took longer than its budget" in skipped
    assert "enhance: from cpu to none" in caplog.text
    assert "enhance: from none to cpu" in caplog.text
    assert report.models["none"] == labels.count("none") == report.frames_out - report.enhanced
    assert report.balanced
