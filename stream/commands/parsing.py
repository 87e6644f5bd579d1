"""Command lines out of structs, with errors as the whole program reports them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import tyro

from sonolucent.stream.config import Config, load_config
from sonolucent.stream.errors import ConfigError

Options = TypeVar("Options")


class RunOptions(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything of the configuration, and how to report.

    Args:
        json: print one JSON document on standard output and nothing else there.
    """

    json: bool = False


def parse(options: type[Options], arguments: Sequence[str], command: str, default: Options | None = None) -> Options:
    """The options of a command; exits with status 2 and a message when they are wrong.

    Raises:
        ConfigError: values that do not go together.
    """
    try:
        if default is None:
            return tyro.cli(options, args=arguments, prog=f"sonolucent {command}")
        return tyro.cli(options, args=arguments, prog=f"sonolucent {command}", default=default)
    except ValueError as error:
        raise ConfigError(str(error)) from error


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
    """One JSON document on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
