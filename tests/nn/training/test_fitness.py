"""Frames of channel data that are left out of a training, and why."""

import numpy as np
import pytest

from sonolucent.nn.training.fitness import DEAD, MISSING, NOT_FINITE, SATURATED, SILENT, Fitness

SHAPE = (8, 8, 500)


def echoes(seed=0, level=1000.0):
    return np.clip(level * np.random.default_rng(seed).standard_normal(SHAPE), -32768, 32767).astype(np.int16)


def test_a_frame_of_echoes_is_fit_in_every_type_of_sample():
    assert Fitness().unfit(echoes()) == ""
    assert Fitness().unfit(echoes().astype(np.float32)) == ""
    assert Fitness().unfit((echoes() + 1j * echoes(1)).astype(np.complex64)) == ""


@pytest.mark.parametrize("rail", [2047, 32767])
def test_clipped_samples_at_the_rail_of_any_converter_are_saturation(rail):
    assert Fitness().unfit(np.clip(echoes(level=rail / 2), -rail - 1, rail).astype(np.int16)) == SATURATED
    assert Fitness().unfit(np.clip(echoes(level=rail / 5), -rail - 1, rail).astype(np.int16)) == ""


def test_clipped_floating_point_samples_are_saturation_too():
    assert Fitness().unfit(np.clip(echoes() / 1000, -1, 1).astype(np.float32)) == SATURATED


def test_few_levels_are_no_saturation():
    assert Fitness().unfit(echoes(level=5)) == ""


def test_a_frame_that_is_far_quieter_than_one_before_is_nearly_silent():
    fitness = Fitness()
    assert fitness.unfit(echoes(level=5)) == ""
    assert fitness.unfit(echoes()) == ""
    assert fitness.unfit(echoes(level=5)) == SILENT


def test_noise_of_a_count_or_nothing_at_all_is_nearly_silent():
    assert Fitness().unfit(echoes(level=1)) == SILENT
    assert Fitness().unfit(np.zeros(SHAPE, np.int16)) == SILENT


def test_a_transmit_that_is_missing_and_elements_that_are_dead_are_told():
    missing, dead, one_dead = echoes(), echoes(), echoes()
    missing[3] = 0
    dead[:, :2] = 0
    one_dead[:, :1] = 0
    assert Fitness().unfit(missing) == MISSING
    assert Fitness().unfit(dead) == DEAD
    assert Fitness().unfit(one_dead) == ""


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_sample_that_is_not_finite_is_found(value):
    frame = echoes().astype(np.float32)
    frame[2, 3, 101] = value
    assert Fitness().unfit(frame) == NOT_FINITE
