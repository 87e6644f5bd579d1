"""Libraries that only some users have."""

from __future__ import annotations

import importlib
from typing import Any

from sonolucent.nn.inference.devices import is_installed
from sonolucent.stream.errors import ConfigError


def required(module: str, extra: str) -> Any:
    """A library that an engine cannot do without.

    Raises:
        ConfigError: it is not installed; the message names the extra that brings it.
    """
    if not is_installed(module):
        raise ConfigError(f"{module} is not installed; pip install 'sonolucent[{extra}]', or use --engine local")
    return importlib.import_module(module)
