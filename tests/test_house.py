"""What a stranger may rely on in this house: a name means one thing, and whatever is exported says what it is."""

import ast
import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("beamform", "sim", "nn", "stream")
NAMED_AS_USERS_NAME_THEM = ("stream/commands/", "stream/stages/")
ONE_IN_EACH_ROOM = {"beamformer", "metrics"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module and package by its own name, but those that have to be called as a command or a stage is."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(NAMED_AS_USERS_NAME_THEM):
                yield path.parent.name if path.name == "__init__.py" else path.stem, path.relative_to(ROOT)


def shared(places: dict[str, list[Path]]) -> dict[str, list[Path]]:
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_modules_have_one_name() -> None:
    places = defaultdict(list)
    for name, path in modules():
        if name not in ONE_IN_EACH_ROOM:
            places[name].append(path)
    assert shared(places) == {}


def test_no_two_public_types_have_one_name() -> None:
    places = defaultdict(list)
    for _, path in modules():
        for node in ast.parse((ROOT / path).read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    assert shared(places) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_exported_is_there_and_says_what_it_is(package: str) -> None:
    module = importlib.import_module(f"sonolucent.{package}")
    exported = {name: getattr(module, name) for name in module.__all__}
    classes = [value for value in exported.values() if inspect.isclass(value)]
    functions = [value for value in exported.values() if inspect.isfunction(value)]
    methods = [
        getattr(member, "fget", None) or getattr(member, "__func__", member)
        for owner in classes
        for name, member in vars(owner).items()
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, (property, classmethod)))
    ]
    silent = [value.__qualname__ for value in (*classes, *functions, *methods) if not inspect.getdoc(value)]
    assert silent == []
