"""How the loops of stages hear orders of the control channel."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sonolucent.stream.control.orders import Order, Told

Obeying = Callable[[Callable[[Order], bool | Told]], AbstractContextManager[object]]
"""Hears orders, and has them carried out, for as long as it is entered."""
