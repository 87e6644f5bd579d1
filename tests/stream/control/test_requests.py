"""What becomes of settings when some of them are asked to change."""

from typing import Any

import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.stream.control.requests import merged


def test_what_is_not_named_stays() -> None:
    before = ImagingSettings(depth_mm=(1, 20), gain_db=3)
    assert merged(before, {"gain_db": 6}) == ImagingSettings(depth_mm=(1, 20), gain_db=6)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"f_number": 2.0}, {"max_angle_deg": 12.0}),
        ({"max_angle_deg": 12.0}, {"max_wavenumber_rad_m": 5000.0}),
        ({"spacing_mm": (0.1, 0.1)}, {"pixels_per_wavelength": 3.0}),
        ({"transmits": 4}, {"shots": [0, 1]}),
    ],
)
def test_one_of_alternatives_takes_the_place_of_the_other(before: dict[str, Any], change: dict[str, Any]) -> None:
    ((name, value),) = change.items()
    expected = ImagingSettings(**{name: tuple(value) if isinstance(value, list) else value})
    assert merged(ImagingSettings(**before), change) == expected


def test_null_takes_a_choice_back() -> None:
    assert merged(ImagingSettings(f_number=2.0), {"f_number": None}) == ImagingSettings()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zoom": 2}, "zoom"),
        ({"gain_db": "loud"}, "gain_db"),
        ({"f_number": -1}, "f_number must be positive"),
        ({"f_number": 2, "max_angle_deg": 10}, "exclude each other"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        merged(ImagingSettings(), change)
