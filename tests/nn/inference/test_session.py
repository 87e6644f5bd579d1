"""Swapping the model of a running session: nothing lost, nothing mislabelled, a bad one refused."""

import os
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent.nn import Enhancer, ModelError, Session
from sonolucent.nn.inference import session as session_module
from sonolucent.nn.model_folder import save_model

from ..conftest import a_network, an_info

SHAPE = (40, 33)


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-60, 0, SHAPE).astype(np.float32)


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "other"
    network = a_network()
    torch.nn.init.normal_(network.head.weight, std=0.1)
    save_model(folder, network, an_info(name="other"))
    return folder


def test_swaps_to_another_model_and_to_none(model_folder, other_folder, image):
    session, out = Session(model_folder, SHAPE, threads=1), np.empty_like(image)
    for choice in (model_folder, other_folder, "none", model_folder):
        label = session.swap(choice).result()
        alone = Enhancer(choice, threads=1)
        assert session(image, out) == label
        assert label == (alone.model, alone.device, alone.backend, alone.reason)
        np.testing.assert_array_equal(out, alone(image))


def test_every_image_of_a_running_session_is_made_by_the_model_it_names(model_folder, other_folder, image):
    expected = {e.model: e(image) for e in (Enhancer(f, threads=1) for f in (model_folder, other_folder))}
    session, seen, ended = Session(model_folder, SHAPE, threads=1), [], threading.Event()

    def frames() -> None:
        out = np.empty_like(image)
        while not ended.is_set():
            model = session(image, out).model
            seen.append((model, np.array_equal(out, expected[model])))

    worker = threading.Thread(target=frames)
    worker.start()
    swaps = [session.swap(folder) for _ in range(3) for folder in (other_folder, model_folder)]
    wait(swaps)
    ended.set()
    worker.join()
    assert all(right for _, right in seen)
    assert {model for model, _ in seen} == set(expected)
    assert [swap.result().model for swap in swaps[:2]] == list(expected)[::-1]


def with_bad_weights(folder: Path) -> None:
    network = a_network()
    torch.nn.init.constant_(network.head.weight, torch.nan)
    save_model(folder, network, an_info())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "no such model folder"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"x" * 100), "broken"),
        (with_bad_weights, "its weights are bad"),
        (
            lambda folder: save_model(folder, a_network(), an_info(dynamic_range_db=50.0)),
            "trained for 50 dB, not for 60",
        ),
    ],
)
def test_a_bad_model_is_refused_and_the_old_one_stays(model_folder, tmp_path, image, caplog, spoil, message):
    bad = shutil.copytree(model_folder, tmp_path / "bad")
    spoil(bad)
    session, out = Session(model_folder, SHAPE, threads=1), np.empty_like(image)
    before = session(image, out)
    with pytest.raises(ModelError, match=message):
        session.swap(bad).result()
    assert session(image, out) == before
    assert f"the model stays {before.model}" in caplog.text


def test_a_session_of_images_that_do_not_suit_is_refused(model_folder):
    with pytest.raises(ValueError, match=r"at least 17, not \(16, 40\)"):
        Session(model_folder, (16, 40))
    with pytest.raises(ModelError, match="was trained for 60 dB, not for 50 dB"):
        Session(model_folder, SHAPE, dynamic_range_db=50.0)


def test_a_warm_up_runs_the_model_and_a_bad_one_fails_it(model_folder, tmp_path, image):
    session, out = Session(model_folder, SHAPE, threads=1), np.empty_like(image)
    session.warm_up()
    label = session(image, out)
    assert session.describe() == f"{label.model} on cpu by {label.backend}: {label.reason}"
    with_bad_weights(tmp_path / "bad")
    with pytest.raises(ModelError, match="its weights are bad"):
        Session(tmp_path / "bad", SHAPE, threads=1).warm_up()


def test_no_enhancement_says_why():
    assert Session("none", SHAPE).describe() == "no enhancement was asked for; images pass through unchanged"


def test_only_what_holds_no_lock_of_pythons_is_done_by_the_executor(model_folder):
    works = []

    class Counting(ThreadPoolExecutor):
        def submit(self, work, /, *args, **kwargs):
            works.append(work)
            return super().submit(work, *args, **kwargs)

    with Counting(1) as executor:
        Enhancer(model_folder, threads=1, executor=executor).warm_up(SHAPE)
    assert len(works) == 1 + 3  # loading, and three images


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_a_swap_loads_at_a_low_priority_and_does_the_rest_at_the_usual_one(model_folder, monkeypatch):
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    seen, load = [], Enhancer

    def watched(choice, *, executor, **options):
        seen.extend([priority(), executor.submit(priority).result(), sys.getswitchinterval()])
        return load(choice, executor=executor, **options)

    session, usual, turn_s = Session(model_folder, SHAPE, threads=1), priority(), sys.getswitchinterval()
    monkeypatch.setattr(session_module, "Enhancer", watched)
    session.swap(model_folder).result()
    rest, loading, short_s = seen
    assert (rest, loading) == (usual, max(usual, 10))
    assert short_s < 0.002
    assert sys.getswitchinterval() == turn_s
