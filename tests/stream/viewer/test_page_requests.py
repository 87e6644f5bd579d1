"""What the page asks is answered, whatever it is."""

from pathlib import Path
from typing import Any

import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.viewer.page_requests import PageRequest, answered


def grants(request: ControlRequest) -> ControlAnswer:
    return ControlAnswer(1, ImagingSettings(), request.model or "auto")


def refuses(request: ControlRequest) -> ControlAnswer:
    raise ControlError("there is no such model")


def asked(ask: Any, **request: Any) -> dict[str, Any]:
    return answered(PageRequest("control", 7, **request), ask, may_control=True, models=())


@pytest.mark.parametrize("model", ["x/" * 3000, "x" * 6000, "a\0b", "made/while/the/request/is/on/its/way"])
def test_what_is_no_model_of_the_page_is_refused_here_whether_or_not_it_is_there(model: str, tmp_path: Path) -> None:
    for name in (model, str(tmp_path)):
        assert "is not among the models of this page" in asked(grants, model=name)["error"]


@pytest.mark.parametrize("model", ["none", "auto", "cpu", "cuda:1", "srad"])
def test_words_that_name_no_folder_are_for_the_run_to_judge(model: str) -> None:
    assert asked(grants, model=model)["model"] == model
    assert asked(refuses, model=model) == {"error": "there is no such model", "kind": "answer", "id": 7}


def test_a_channel_that_fails_as_nobody_foresaw_is_an_answer_too() -> None:
    def fails(request: ControlRequest) -> ControlAnswer:
        raise OverflowError("beyond all numbers")

    told = asked(fails, imaging={"gain_db": 1})
    assert (told["id"], "beyond all numbers" in told["error"]) == (7, True)
