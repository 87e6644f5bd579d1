import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from sonolucent.nn.training.frames import MIN_FRAMES, TrainingError, TrainingFrame, held_out
from sonolucent.nn.training.validation import Comparison, Validation

from ..speckle import a_grid, distance_m, speckle

GRID = a_grid()


class Blur(nn.Module):
    """A Gaussian of `sigma` pixels; parametrized only to have a device."""

    def __init__(self, sigma):
        super().__init__()
        self.sigma = nn.Parameter(torch.tensor(float(sigma)))

    def forward(self, grey):
        return torch.from_numpy(gaussian_filter(grey.numpy(), (0, 0, self.sigma.item(), self.sigma.item())))


def test_filters_rank_as_by_their_error_to_the_truth():
    """Too little and too much blur of cysts in speckle, judged with and without the truth."""
    truth_db = np.where(distance_m(GRID) < 2e-3, -15.0, 0.0)
    images = [speckle(GRID, seed, truth_db) for seed in range(8)]
    validation = Validation([TrainingFrame("s", f"{i}", image) for i, image in enumerate(images)], GRID, 60.0)
    sigmas = [0.3, 0.7, 1.5, 3.0, 8.0, 20.0]

    def true_error(sigma):
        db = [gaussian_filter(20 * np.log10(np.abs(image) / 3), sigma) for image in images]
        return np.mean([np.std(image - truth_db) for image in db])

    blind = [validation.error_db(Blur(sigma)) for sigma in sigmas]
    true = [true_error(sigma) for sigma in sigmas]
    assert np.argsort(blind).tolist() == np.argsort(true).tolist()


def test_the_figure_of_plain_speckle_is_that_of_its_statistics():
    """Doing nothing to uniform speckle leaves its own spread and a third of it in the target: 5.57 sqrt(4/3) dB."""
    frames = [TrainingFrame("s", f"{i}", 0.02 * speckle(GRID, i)) for i in range(8)]
    assert Validation(frames, GRID, 90.0).error_db(Blur(0)) == pytest.approx(5.57 * np.sqrt(4 / 3), rel=0.1)


def frames(*subjects):
    return [TrainingFrame(subject, f"{subject}/{i}", np.ones((4, 4), complex)) for i, subject in enumerate(subjects)]


def test_subjects_are_never_parted():
    training, apart = held_out(frames(*"aabbccddeeffgghh"), seed=0)
    assert {f.subject for f in training}.isdisjoint(f.subject for f in apart)
    assert {f.subject for f in training} | {f.subject for f in apart} == set("abcdefgh")
    assert apart
    again, _ = held_out(frames(*"aabbccddeeffgghh"), seed=0)
    assert [f.name for f in again] == [f.name for f in training]


def test_of_one_subject_nothing_is_held_out():
    training, apart = held_out(frames(*"aaaaaa"), seed=0)
    assert len(training) == 6
    assert apart == []


def test_too_few_frames_are_refused():
    with pytest.raises(TrainingError, match=f"3 frame.* too few .* at least {MIN_FRAMES}"):
        held_out(frames(*"abc"), seed=0)


def comparison(before, after):
    return Comparison.of(np.array(before, float), np.array(after, float))


def test_a_network_is_better_where_every_frame_says_so_by_little_or_by_much():
    before = [25.0, 36.0, 16.0, 30.0, 20.0]
    better = comparison(before, [20.0, 34.7, 15.1, 29.5, 19.5])
    assert better.better
    assert better.before_db == pytest.approx(np.sqrt(25.4))
    assert better.by_chance == pytest.approx(1 / 32)
    assert not comparison([20.0, 34.7, 15.1, 29.5, 19.5], before).better


def test_a_gain_that_frames_do_not_agree_on_is_chance():
    assert not comparison([25.0, 36.0, 16.0, 30.0, 20.0], [10.0, 35.0, 15.0, 29.0, 20.1]).better
    assert comparison([25.0] * 8, [23.0] * 7 + [25.1]).better
    assert not comparison([25.0] * 8, [23.0] * 6 + [25.1] * 2).better


def test_a_gain_that_nobody_would_see_is_none_however_sure():
    assert not comparison([25.0] * 9, [24.9] * 9).better
    assert comparison([25.0] * 9, [24.5] * 9).better


def test_few_frames_say_nothing():
    assert not comparison([25.0] * 4, [16.0] * 4).better
    assert comparison([25.0] * 5, [16.0] * 5).better
