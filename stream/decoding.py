"""What JSON, TOML and MessagePack from outside raise where they are none, are no UTF-8, or are nested without end."""

from __future__ import annotations

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
