"""Whatever a stage raises, a run ends with one message that says which stage it was."""

from types import SimpleNamespace

import pytest

from sonolucent.stream.commands import main
from sonolucent.stream.errors import BadInput, RecordingError, StageFailed, as_failure


@pytest.mark.parametrize("error", [RecordingError("no such file"), StageFailed("full")])
def test_what_is_for_the_user_stays_as_it_is(error: Exception) -> None:
    assert as_failure("recorder", error) is error


def test_whatever_else_is_said_with_its_stage_and_kind() -> None:
    failure = as_failure("levels", ZeroDivisionError("division by zero"))
    assert isinstance(failure, StageFailed)
    assert not isinstance(failure, BadInput)
    assert str(failure) == "levels failed: ZeroDivisionError: division by zero"
    assert str(as_failure("levels", OSError("disk gone"))) == "levels failed: disk gone"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_command_that_runs_out_of_memory_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def load(name: str) -> None:
        raise error

    monkeypatch.setattr(main, "importlib", SimpleNamespace(import_module=load))
    assert main.main(["info", "a.h5"]) == 1
    assert capsys.readouterr().err.startswith("sonolucent: out of memory: ")


def test_what_nobody_expects_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(main, "importlib", SimpleNamespace(import_module=load))
    with pytest.raises(RuntimeError, match="a bug"):
        main.main(["info", "a.h5"])
