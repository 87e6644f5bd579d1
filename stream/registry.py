"""Openers by name: those built in, and those that installed packages bring as entry points (docs: "Extend")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Generic, TypeVar

from sonolucent.stream.errors import ConfigError

Opener = TypeVar("Opener")


class Registry(Generic[Opener]):
    """What opens the stages of one kind.

    A stage is asked for by a word: a name, or a name with what follows a colon, such as "replay:FILE".

    Args:
        kind: "source", "transform", "sink", "format" or "export"; packages bring theirs in the group
            "sonolucent.KINDs".
        built_in: "module:function" of those built in, by the word as a user writes it.
    """

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        self.group = f"sonolucent.{kind}s"
        self._kind = kind
        self._usages = tuple(built_in)
        self._built_in = {
            usage.partition(":")[0]: EntryPoint(usage.partition(":")[0], where, self.group)
            for usage, where in built_in.items()
        }

    def require(self, word: str) -> EntryPoint:
        """Where the opener is that `word` asks for; nothing is imported. Those built in come first.

        Raises:
            ConfigError: there is none.
        """
        name, colon, rest = word.partition(":")
        if name in self._built_in and bool(colon) == bool(rest) and bool(rest) == (name not in self._usages):
            return self._built_in[name]
        brought = self._brought()
        if name in brought.names and name not in self._built_in:
            return brought[name]
        known = ", ".join([*self._usages, *sorted(brought.names)])
        raise ConfigError(f"{self._kind} {word!r} is none of {known}")

    def names(self) -> tuple[str, ...]:
        """Of all there are, those built in first."""
        return (*self._built_in, *sorted(self._brought().names - self._built_in.keys()))

    def everything(self) -> Iterator[Opener]:
        """All there are, imported one after the other: those built in first, in their order.

        Raises:
            ConfigError: a package that brings one cannot be imported.
        """
        yield from map(self.find, self.names())

    def find(self, word: str) -> Opener:
        """The opener that `word` asks for, imported.

        Raises:
            ConfigError: there is none, or the package that brings it cannot be imported.
        """
        entry = self.require(word)
        try:
            opener: Opener = entry.load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"{self._kind} {word!r} cannot be loaded from {entry.value}: {error}") from error
        return opener

    def _brought(self) -> EntryPoints:
        return entry_points(group=self.group)
