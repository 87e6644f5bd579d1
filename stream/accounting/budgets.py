"""The frame budgets of budgets.toml: what each stage may take."""

from __future__ import annotations

from importlib.resources import files

import msgspec

DEFAULT_PROFILE = "cpu-25fps"


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a stage, or the whole from the last shot to the sink, may take in milliseconds."""

    p50_ms: float
    p99_ms: float

    def exceeded_by(self, p50_ms: float, p99_ms: float) -> bool:
        return p50_ms > self.p50_ms or p99_ms > self.p99_ms


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The budgets of one kind of machine at one frame rate, and the cores that a run needs to keep to them."""

    frame_rate_hz: float
    end_to_end: Budget
    stages: dict[str, Budget]
    cores: int = 1


def load_budgets(profile: str = DEFAULT_PROFILE) -> Profile:
    """The budgets of `profile`.

    Raises:
        ValueError: there is no such profile.
    """
    profiles = _read()
    if profile not in profiles:
        raise ValueError(f"no budget profile {profile!r}; there are {', '.join(sorted(profiles))}")
    return profiles[profile]


def _read() -> dict[str, Profile]:
    text = files("sonolucent.stream.accounting").joinpath("budgets.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Profile])
