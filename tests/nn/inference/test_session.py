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

from ..networks import a_network, an_info

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
        reason = f"{alone.reason}; {alone.grain}" if alone.grain else alone.reason
        assert label == (alone.model, alone.device, alone.backend, reason, 1.0)
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
    with pytest.raises(ModelError, match="was trained for 60 dB, not for 70 dB"):
        Session(model_folder, SHAPE, dynamic_range_db=70.0)


def test_images_of_less_range_than_the_model_was_trained_for_end_at_their_own_floor(model_folder, image):
    whole, out = np.empty_like(image), np.empty_like(image)
    Session(model_folder, SHAPE, threads=1)(image, whole)
    label = Session(model_folder, SHAPE, dynamic_range_db=20.0, threads=1)(image, out)
    assert whole.min() < -20
    np.testing.assert_array_equal(out, whole.clip(-20))
    assert "images of 20 dB, trained for 60 dB" in label.reason


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


def an_image(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).uniform(-60, 0, shape).astype(np.float32)


OTHER_SHAPE = (56, 30)


@pytest.mark.parametrize("backend", [None, "torchscript"])
@pytest.mark.parametrize("prepared", [None, OTHER_SHAPE, SHAPE, (24, 24)])
def test_images_of_another_shape_whatever_was_prepared_are_what_a_session_of_theirs_makes(
    model_folder, prepared, backend
):
    session = Session(model_folder, SHAPE, threads=1, backend=backend)
    if prepared is not None:
        session.prepare(prepared, 60.0)
    session.begin(OTHER_SHAPE, 60.0)
    image = an_image(OTHER_SHAPE)
    out, expected = np.empty_like(image), np.empty_like(image)
    label = session(image, out)
    assert label == Session(model_folder, OTHER_SHAPE, threads=1, backend=backend)(image, expected)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("backend", "n_loaded"), [(None, 0), ("torchscript", 1)])
def test_a_model_is_loaded_for_another_shape_only_where_something_is_compiled_for_it(
    model_folder, monkeypatch, backend, n_loaded
):
    session = Session(model_folder, SHAPE, threads=1, backend=backend)
    loaded = []

    def load(*given, **options):
        loaded.append(options["shape"])
        return Enhancer(*given, **options)

    monkeypatch.setattr(session_module, "Enhancer", load)
    session.prepare(OTHER_SHAPE, 60.0)
    assert loaded == n_loaded * [OTHER_SHAPE]
    with pytest.raises(ValueError, match="at least"):
        session.prepare((1, 1), 60.0)


def test_a_range_beyond_the_models_is_refused_when_it_is_prepared_and_images_go_on(model_folder, image):
    session, out, before = Session(model_folder, SHAPE, threads=1), np.empty_like(image), np.empty_like(image)
    session(image, before)
    with pytest.raises(ModelError, match="was trained for 60 dB, not for 70 dB"):
        session.prepare(SHAPE, 70.0)
    session(image, out)
    np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("moment", ["_loaded", "_gone_over"])
def test_a_model_that_was_loaded_for_images_of_before_is_loaded_for_those_of_now(
    model_folder, other_folder, monkeypatch, moment
):
    session, moments = Session(model_folder, SHAPE, threads=1), []
    plain = getattr(Session, moment)

    def meanwhile(*given):
        result = plain(*given) if moment == "_loaded" else None
        if not moments:
            moments.append(session.begin(OTHER_SHAPE, 60.0))
        return plain(*given) if result is None else result

    monkeypatch.setattr(Session, moment, meanwhile)
    label = session.swap(other_folder).result()
    image = an_image(OTHER_SHAPE)
    out = np.empty_like(image)
    assert session(image, out) == label
    np.testing.assert_array_equal(out, Enhancer(other_folder, threads=1)(image))
