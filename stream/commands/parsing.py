"""Command lines out of structs, with errors as the whole program reports them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import tyro

from sonolucent.stream.commands.optional_values import optional_values
from sonolucent.stream.config import Config, load_config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.printable import printable_document, require_utf8

Options = TypeVar("Options")


_KEEP_NAMES = ("train", "distill", "evaluate", "enhance", "reprocess")
"""Commands that work for long, and then write the names that they were given."""


class RunOptions(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a source to enhanced images, live. A first argument FILE.toml gives the same options as keys, with - as _;
    those on the command line win.

    Args:
        json: print one JSON document on standard output and nothing else there.
    """

    json: bool = False


def parse(options: type[Options], arguments: Sequence[str], command: str, default: Options | None = None) -> Options:
    """The options of a command; exits with status 2 and a message when they are wrong.

    Raises:
        ConfigError: values that do not go together, or names that a model or a report could not tell at the end.
    """
    try:
        for argument in arguments if command in _KEEP_NAMES else ():
            require_utf8(argument, named=argument)
        with optional_values, _colours_as_wanted(), _called_options(options):
            if default is None:
                return tyro.cli(options, args=arguments, prog=f"sonolucent {command}")
            return tyro.cli(options, args=arguments, prog=f"sonolucent {command}", default=default)
    except ValueError as error:
        raise ConfigError(str(error)) from error


@contextmanager
def _colours_as_wanted() -> Iterator[None]:
    """Within, help and errors have no colours where NO_COLOR says so; tyro knows only of terminals that cannot."""
    terminal = os.environ.get("TERM")
    if os.environ.get("NO_COLOR"):
        os.environ["TERM"] = "dumb"
    try:
        yield
    finally:
        if terminal is not None:
            os.environ["TERM"] = terminal


@contextmanager
def _called_options(options: type[Options]) -> Iterator[None]:
    """Within, errors speak of "options": tyro names what cannot be made of them by its class."""
    name = options.__name__
    options.__name__ = "options"
    try:
        yield
    finally:
        options.__name__ = name


def parse_run(arguments: Sequence[str], command: str, default: Config) -> tuple[Config, bool]:
    """A configuration and whether to report in JSON; a first argument ending in .toml is read as the default."""
    arguments = list(arguments)
    if arguments and arguments[0].endswith(".toml"):
        default = load_config(Path(arguments.pop(0)))
    options = parse(RunOptions, arguments, command, RunOptions(**msgspec.structs.asdict(default)))
    fields = msgspec.structs.asdict(options)
    json = fields.pop("json")
    return Config(**fields), json


def print_json(document: object) -> None:
    """One JSON document on standard output; names that are not UTF-8 stand in it as `say` prints them."""
    told = printable_document(msgspec.to_builtins(document))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")
