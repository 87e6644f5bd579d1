"""Damage to bytes, whatever they are."""

from __future__ import annotations

import random

_NUMBERS = [0, 1, 2, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]
Chance = random.Random


def cut(whole: bytes, chance: Chance) -> bytes:
    """The first part alone."""
    return whole[: chance.randrange(len(whole))]


def flipped(whole: bytes, chance: Chance) -> bytes:
    """A few other bytes."""
    content = bytearray(whole)
    for _ in range(chance.randrange(1, 8)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def blown_up(whole: bytes, chance: Chance) -> bytes:
    """A number that is another one."""
    return with_number(whole, chance.randrange(len(whole)), chance)


def spliced(whole: bytes, chance: Chance) -> bytes:
    """A piece in another's place."""
    content, n = bytearray(whole), chance.choice((4, 16, 64, 512))
    to, begin = chance.randrange(len(content)), chance.randrange(len(content))
    content[to : to + n] = content[begin : begin + n]
    return bytes(content)


def flipped_at(whole: bytes, position: int, chance: Chance) -> bytes:
    """Another byte."""
    return whole[:position] + bytes([chance.randrange(256)]) + whole[position + 1 :]


def with_number(whole: bytes, position: int, chance: Chance) -> bytes:
    n = chance.choice((1, 2, 4, 8))
    number = (chance.choice(_NUMBERS) & (2 ** (8 * n) - 1)).to_bytes(n, chance.choice(("little", "big")))
    return (whole[:position] + number + whole[position + n :])[: len(whole)]
