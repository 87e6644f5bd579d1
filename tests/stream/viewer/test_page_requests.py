"""What the page asks is answered, whatever it is."""

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


@pytest.mark.parametrize("model", ["x/" * 3000, "x" * 6000, "a\0b"])
def test_a_name_that_no_file_can_have_is_passed_on_for_the_run_to_refuse(model: str) -> None:
    assert asked(grants, model=model)["model"] == model
    assert asked(refuses, model=model) == {"error": "there is no such model", "kind": "answer", "id": 7}


def test_a_file_that_is_no_model_of_the_page_is_refused_here(tmp_path: Any) -> None:
    assert "is not among the models of this page" in asked(grants, model=str(tmp_path))["error"]


def test_a_channel_that_fails_as_nobody_foresaw_is_an_answer_too() -> None:
    def fails(request: ControlRequest) -> ControlAnswer:
        raise OverflowError("beyond all numbers")

    told = asked(fails, imaging={"gain_db": 1})
    assert (told["id"], "beyond all numbers" in told["error"]) == (7, True)
