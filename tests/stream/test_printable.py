"""Nothing that others wrote moves a cursor, forges a line or colours a terminal."""

import ast
import io
import json
import logging
import shutil
from pathlib import Path

import pytest

from sonolucent.stream.commands.info import main as info
from sonolucent.stream.commands.main import main
from sonolucent.stream.printable import PrintableFormatter, named, printable, printable_document, say

ROOT = Path(__file__).parents[2]
EVIL = "a\x1b[2J\x9b2J\rforged\u202eb\x07"


def test_what_prints_nothing_is_escaped() -> None:
    assert printable(EVIL) == r"a\x1b[2J\x9b2J\rforged\u202eb\x07"
    assert printable("µs, 62 °, 画像 [bold]") == "µs, 62 °, 画像 [bold]"
    assert printable("one\ntwo", keep="\n") == "one\ntwo"
    assert printable("one\ntwo") == r"one\ntwo"


def test_what_is_said_is_printable() -> None:
    out = io.StringIO()
    say(EVIL, out)
    assert out.getvalue() == printable(EVIL) + "\n"


def test_a_logged_message_stays_one_line_and_a_traceback_keeps_its_own() -> None:
    try:
        raise ValueError("a failure")
    except ValueError as error:
        failure = (ValueError, error, error.__traceback__)
    record = logging.LogRecord(
        "x", logging.WARNING, "x.py", 1, "%s: refused", (EVIL + "\nforged: all is well",), failure
    )
    first, *rest = PrintableFormatter("%(message)s").format(record).splitlines()
    assert first == printable(EVIL) + r"\nforged: all is well: refused"
    assert rest[0].startswith("Traceback")


def test_a_document_holds_what_no_utf8_can_as_it_would_be_printed() -> None:
    document = {"file": "bad\udcff\udc80.h5", "µ\udcff": [("画像", 3, None, 2.5)], "plain": {"a": True}}
    expected = {"file": r"bad\udcff\udc80.h5", r"µ\udcff": [["画像", 3, None, 2.5]], "plain": {"a": True}}
    assert printable_document(document) == expected
    assert printable_document("a\nb\x1b") == "a\nb\x1b"  # JSON has its own escapes of these


def test_a_file_whose_name_is_not_utf8_is_told_as_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "bad\udcff.h5"
    shutil.copy(ROOT / "tests" / "data" / "recording_before_sequences.h5", name)
    assert info([str(name), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"].endswith(r"bad\udcff.h5")


@pytest.mark.parametrize("command", ["train", "distill", "evaluate", "enhance", "reprocess"])
def test_long_work_that_will_tell_a_name_refuses_it_first(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "bad\udcff.h5", "--out", "new"]) == 2
    assert (
        capsys.readouterr().err
        == "sonolucent: bad\\udcff.h5 is not UTF-8; rename that file or folder, or give another\n"
    )


def test_all_that_is_printed_goes_one_way() -> None:
    """A bare `print` of a stream's, a file's or a model's words would reach the terminal as they are."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "stream").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert [where.partition(":")[0] for where in bare] == ["stream/printable.py"]


def test_a_model_s_words_are_shown_without_their_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sonolucent.stream.commands.info.describe_model", lambda folder: {"name": EVIL})
    assert info([str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith(printable(EVIL) + "\n")


def test_of_many_names_some_are_told() -> None:
    """A file of a million names had them all in its error."""
    assert named([]) == "nothing"
    assert named(["a", "b"]) == "a, b"
    assert named(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert named([b"\xff"]) == "b'\\xff'"
