"""How options that may be left out are read: `--fps 25`, or `--fps none`. Text is left out by not giving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

NONE = "none"


class _Value(NamedTuple):
    """One word, or a tuple of several."""

    kind: type
    words: str
    metavar: str
    nargs: int | tuple[int, ...] | Literal["*"] = 1

    def read(self, arguments: list[str]) -> Any:
        if self.kind is str:  # "none" is a word like others: `--enhance none`
            return arguments[0]
        if [argument.lower() for argument in arguments] == [NONE]:
            return None
        try:
            values = tuple(map(self.kind, arguments))
        except ValueError as error:
            raise ValueError(f"{' '.join(arguments)!r} is not {self.words}, nor {NONE}") from error
        if self.nargs == (1, 2) and len(values) != 2:
            raise ValueError(f"{arguments[0]!r} is not {self.words}, nor {NONE}")
        return values[0] if self.nargs == 1 else values

    def write(self, value: Any) -> list[str]:
        if value is None:
            return [NONE]
        return [str(value)] if self.nargs == 1 else list(map(str, value))

    def suits(self, value: Any) -> bool:
        kinds = (int, self.kind) if self.kind is float else self.kind
        return value is None or isinstance(value, kinds if self.nargs == 1 else tuple)


_VALUES: dict[Any, _Value] = {
    int | None: _Value(int, "a whole number", "INT"),
    float | None: _Value(float, "a number", "FLOAT"),
    str | None: _Value(str, "text", "STR"),
    Path | None: _Value(Path, "a path", "PATH"),
    tuple[int, int] | None: _Value(int, "two whole numbers", "INT INT", (1, 2)),
    tuple[float, float] | None: _Value(float, "two numbers", "FLOAT FLOAT", (1, 2)),
    tuple[int, ...] | None: _Value(int, "whole numbers", "[INT ...]", "*"),
}

optional_values = ConstructorRegistry()
"""Within it, `tyro` reads them so."""


@optional_values.primitive_rule
def _optional_value(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    value = _VALUES.get(info.type)
    if value is None:
        return None
    return PrimitiveConstructorSpec(
        nargs=value.nargs,
        metavar=value.metavar,
        instance_from_str=value.read,
        is_instance=value.suits,
        str_from_instance=value.write,
    )
