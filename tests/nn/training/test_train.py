import copy
import os
import subprocess
import sys
import sysconfig
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent.nn import metrics
from sonolucent.nn.training import RECIPES, TrainingError, TrainingFrame, train
from sonolucent.nn.training.array_file import ArrayFile
from sonolucent.nn.training.stored_frames import FrameStore
from sonolucent.nn.unet import LightUNet

from ..speckle import a_grid, distance_m, random_cyst, speckle

GRID = a_grid()
SMALL = a_grid(71, 53)


def frames_of(images, grid=GRID, sparse=None):
    return [TrainingFrame(f"subject {i}", f"frame {i}", image, sparse and sparse[i]) for i, image in enumerate(images)]


def speckled(n, grid=SMALL):
    return frames_of([speckle(grid, seed) for seed in range(n)])


def weights(trained):
    return torch.cat([p.detach().flatten() for p in trained.network.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_other_ones():
    before = torch.random.get_rng_state()
    first, again, other = (weights(train(speckled(2), SMALL, steps=3, seed=seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("recipe", ["quadrant", "paper"])
def test_where_frames_are_put_away_changes_no_weight(tmp_path, recipe):
    images = [speckle(SMALL, seed) for seed in range(5)]
    there, held_out = frames_of(images, sparse=images[::-1]), frames_of([speckle(SMALL, 9)])
    away = FrameStore(partial(ArrayFile, tmp_path), with_sparse=True)
    for frame in there:
        away.put(frame)
    how = {"held_out": held_out, "recipe": recipe, "steps": 4}
    in_memory, on_disk = train(there, SMALL, **how), train(away.frames, SMALL, keep=partial(ArrayFile, tmp_path), **how)
    assert torch.equal(weights(in_memory), weights(on_disk))
    assert in_memory.curve == on_disk.curve


def test_every_step_is_reported_and_the_curve_ends_with_the_last():
    seen = []
    trained = train(speckled(2), SMALL, steps=4, progress=lambda step, steps, curve: seen.append((step, steps)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [point.step for point in trained.curve] == [1, 2, 3, 4]
    assert all(0 < point.loss < 60 for point in trained.curve)


def test_with_held_out_frames_the_best_weights_are_taken():
    trained = train(speckled(4), SMALL, held_out=frames_of([speckle(SMALL, 9)]), steps=8)
    errors = [point.error_db for point in trained.curve]
    assert trained.step == trained.curve[int(np.argmin(errors))].step


def test_a_network_that_is_fine_tuned_begins_with_what_it_knows():
    held_out, known = frames_of([speckle(SMALL, 9)]), train(speckled(4), SMALL, steps=20).network
    before = copy.deepcopy(known.state_dict())
    tuned = train(speckled(4), SMALL, held_out=held_out, begin_with=known, steps=4)
    anew = train(speckled(4), SMALL, held_out=held_out, steps=4)
    assert tuned.curve[0].error_db < anew.curve[0].error_db
    assert min(point.error_db for point in tuned.curve) < tuned.began_db
    assert tuned.step > 0
    torch.testing.assert_close(known.state_dict(), before, rtol=0, atol=0)


def test_where_nothing_better_comes_of_it_the_network_stays_as_it_was(monkeypatch):
    too_fast = replace(RECIPES["quadrant"], learning_rate=lambda step, steps: 10.0)
    monkeypatch.setitem(RECIPES, "quadrant", too_fast)
    known = LightUNet()
    tuned = train(speckled(4), SMALL, held_out=frames_of([speckle(SMALL, 9)]), begin_with=known, steps=2)
    assert tuned.step == 0
    torch.testing.assert_close(tuned.network.state_dict(), known.state_dict(), rtol=0, atol=0)


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_and_ends_where_it_would_have(tmp_path):
    held_out = frames_of([speckle(SMALL, 9)])

    def kill(step, steps, curve):
        if step == 7:
            raise Killed

    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        train(speckled(3), SMALL, held_out=held_out, steps=10, checkpoint=checkpoint, progress=kill)
    seen = []
    resumed = train(
        speckled(3), SMALL, held_out=held_out, steps=10, checkpoint=checkpoint, progress=lambda s, n, c: seen.append(s)
    )
    whole = train(speckled(3), SMALL, held_out=held_out, steps=10)
    assert seen == [8, 9, 10]
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=0, atol=0)
    assert resumed.curve == whole.curve


def test_a_checkpoint_of_other_data_or_settings_is_refused(tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    train(speckled(2), SMALL, steps=1, checkpoint=checkpoint)
    for frames, seed in ((speckled(3), 0), (speckled(2), 1)):
        with pytest.raises(TrainingError, match=r"checkpoint.pt belongs to a training with other data or settings"):
            train(frames, SMALL, steps=1, seed=seed, checkpoint=checkpoint)


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\x03\x04 not a checkpoint"])
def test_a_broken_checkpoint_is_refused(tmp_path, content):
    checkpoint = tmp_path / "checkpoint.pt"
    checkpoint.write_bytes(content)
    with pytest.raises(TrainingError, match=r"checkpoint.pt is not a checkpoint"):
        train(speckled(2), SMALL, steps=1, checkpoint=checkpoint)


@pytest.mark.parametrize("recipe", ["quadrant", "frequency"])
def test_images_without_phase_are_refused_by_name(recipe):
    with pytest.raises(TrainingError, match="frame 1 is float32, without phase"):
        train(frames_of([speckle(SMALL, 0), np.abs(speckle(SMALL, 0))]), SMALL, recipe=recipe, steps=1)


def test_the_paper_recipe_learns_the_image_of_all_transmits_from_that_of_few():
    """The sparse image is the whole one with more noise: 60 steps bring the network nearer to the whole."""
    whole = [random_cyst(SMALL, seed) for seed in range(4)]
    sparse = [image + 0.5 * speckle(SMALL, 50 + seed) for seed, image in enumerate(whole)]
    trained = train(frames_of(whole, sparse=sparse), SMALL, recipe="paper", steps=60)
    losses = [point.loss for point in trained.curve]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])


def test_no_frames_are_refused():
    with pytest.raises(TrainingError, match="no frames to train on"):
        train([], SMALL, recipe="paper")


def test_the_paper_recipe_needs_images_of_few_transmits():
    with pytest.raises(TrainingError, match="frame 0 comes without an image of few transmits"):
        train(speckled(2), SMALL, recipe="paper", steps=1)


# Each process leaves its weights in a file of its own: on the standard output that they share, long lines run together.
RANKED = """
import os, sys, torch
from pathlib import Path
from tests.nn.training.test_train import SMALL, speckled, weights
from sonolucent.nn.training import train
ends = Path(sys.argv[1])
torch.save(weights(train(speckled(2), SMALL, steps=2, checkpoint=ends / "checkpoint.pt")), ends / os.environ["RANK"])
"""


def test_two_processes_share_their_gradients(tmp_path):
    """Both end with the same weights, which are not those of either alone."""
    script = tmp_path / "ranked.py"
    script.write_text(RANKED)
    torchrun = Path(sysconfig.get_path("scripts")) / "torchrun"
    command = [sys.executable, torchrun, "--standalone", "--nproc-per-node=2", script, tmp_path]
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert ran.returncode == 0, ran.stderr
    first, second = (torch.load(tmp_path / rank, weights_only=True) for rank in ("0", "1"))
    assert torch.equal(first, second)
    assert not torch.allclose(first, weights(train(speckled(2), SMALL, steps=2)))


@pytest.mark.slow
def test_a_short_training_removes_speckle_and_keeps_contrast():
    """On a frame never trained on: the spread of tissue halves, a -10 dB cyst stays as dark as it was."""
    network = train(frames_of([random_cyst(GRID, seed) for seed in range(32)]), GRID, steps=300, seed=1).network
    image = speckle(GRID, 99, np.where(distance_m(GRID) < 2e-3, -10, 0))
    plain = (20 * np.log10(np.abs(image) / np.quantile(np.abs(image), 0.999))).astype(np.float32)
    with torch.inference_mode():
        enhanced = 60 * (network(torch.from_numpy((plain / 60 + 1).clip(0, 1))[None, None])[0, 0].numpy() - 1)
    cyst, tissue = distance_m(GRID) < 1.4e-3, distance_m(GRID) > 2.6e-3
    assert enhanced[tissue].std() < 0.6 * plain[tissue].std()
    contrast = metrics.contrast_db(plain[cyst], plain[tissue])
    assert metrics.contrast_db(enhanced[cyst], enhanced[tissue]) == pytest.approx(contrast, abs=2)
