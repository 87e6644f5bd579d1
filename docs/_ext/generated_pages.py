"""Directives that write reference pages from the program itself, so that they cannot fall behind it.

`{command-help} NAME` shows a command's `--help`; `{configuration-keys}` lists the keys of a configuration file;
`{public-api} PACKAGE` documents every name that a package exports.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import json
import os
import re
import sys
from types import ModuleType
from typing import Any

import msgspec
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

_COLUMNS = "100"


class CommandHelp(SphinxDirective):
    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [nodes.literal_block("", command_help(*self.arguments), language="text")]


class ConfigurationKeys(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        from sonolucent.stream.config import Config

        meanings = argument_descriptions(inspect.getdoc(Config) or "")
        lines = [".. list-table::", "   :header-rows: 1", "", "   * - key", "     - type", "     - default"]
        lines.append("     - meaning")
        for field in msgspec.structs.fields(Config):
            lines += [f"   * - ``{field.name}``", f"     - ``{_type_name(field.type)}``"]
            lines += [f"     - {_default(field)}", f"     - {meanings[field.name]}"]
        return parse_rst(self, lines)


class PublicApi(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = importlib.import_module(self.arguments[0])
        lines: list[str] = []
        for name in sorted(package.__all__, key=str.lower):
            lines += [*_documented(package.__name__, name, getattr(package, name)), ""]
        return parse_rst(self, lines)


def command_help(*command: str) -> str:
    """What `sonolucent COMMAND --help` prints."""
    from sonolucent.stream.commands.main import main

    printed = io.StringIO()
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main([*command, "--help"])
    finally:
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
    return printed.getvalue()


def argument_descriptions(docstring: str) -> dict[str, str]:
    """The "Args:" section of a docstring, as one line for each name."""
    section = docstring.partition("Args:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text) for name, text in found}


def parse_rst(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    """Parses reStructuredText inside a Markdown page."""
    return directive.parse_text_to_nodes("\n".join(["```{eval-rst}", *lines, "```"]))


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    """As it would stand in a TOML file; nothing where the key has no value, or is a table of its own."""
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return "" if value is None or isinstance(value, msgspec.Struct) else f"``{json.dumps(value)}``"


def _documented(package: str, name: str, value: Any) -> list[str]:
    if inspect.ismodule(value):
        return _documented_module(package, value)
    if inspect.isclass(value):
        members = [] if issubclass(value, BaseException) else ["   :members:"]
        return [f".. autoclass:: {package}.{name}", *members]
    if inspect.isroutine(value):
        return [f".. autofunction:: {package}.{name}"]
    keys = [f"Keys: {', '.join(f'``{key}``' for key in value)}."] if isinstance(value, dict) else []
    text = [*_description_of(package, name, value), *keys]
    return [f".. py:data:: {package}.{name}", "", *(f"   {line}" for line in text)]


def _documented_module(package: str, module: ModuleType) -> list[str]:
    """An exported module, without what the package itself exports as well."""
    exported = sys.modules[package]
    listed = ", ".join(getattr(module, "__all__", []))
    twice = [
        name for name in exported.__all__ if name in vars(module) and vars(module)[name] is getattr(exported, name)
    ]
    return [
        f".. automodule:: {module.__name__}",
        f"   :members: {listed}",
        *([f"   :exclude-members: {', '.join(twice)}"] if twice else []),
    ]


def _description_of(package: str, name: str, value: Any) -> list[str]:
    """The string below the assignment of a constant or of a name for a type, wherever in the package that is."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(f"{package}.") and getattr(module, name, None) is value:
            described = ModuleAnalyzer.for_module(module_name).find_attr_docs()
            if ("", name) in described:
                return described["", name]
    return []


def _keep_bars(
    app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:  # the signature that Sphinx asks for
    """A bar in a docstring is the bar of a formula, such as |k_x|, and no reference to a substitution."""
    for i, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
        lines[i] = "`".join(parts)


def _short_names(
    app: Sphinx, what: str, name: str, value: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:  # the signature that Sphinx asks for
    """Types without their modules, and arrays without the types that their annotation expands to."""
    return _shortened(signature), _shortened(returns)


def _shortened(text: str | None) -> str | None:
    if text is None:
        return None
    plain = re.sub(r"~(?:\w+\.)+(\w+)", r"\1", text)
    return re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", plain)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _keep_bars)
    app.connect("autodoc-process-signature", _short_names)
    app.add_directive("command-help", CommandHelp)
    app.add_directive("configuration-keys", ConfigurationKeys)
    app.add_directive("public-api", PublicApi)
    return {"parallel_read_safe": True}
