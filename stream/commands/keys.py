"""`sonolucent keys FOLDER`: makes the keys with which sockets may leave this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.printable import say
from sonolucent.stream.transport.curve import make_keys


class KeysOptions(msgspec.Struct, frozen=True):
    """Makes a key pair for the end that receives frames (the server) and one for an end that sends them (a client).

    Args:
        folder: takes the keys; those that are there are never overwritten.
    """

    folder: tyro.conf.Positional[Path]


def main(arguments: Sequence[str]) -> int:
    folder = parse(KeysOptions, arguments, "keys").folder
    for file in make_keys(folder):
        say(file)
    return 0
