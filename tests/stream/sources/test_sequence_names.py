"""Sequences by name are those of the library; others are refused with what there is."""

import numpy as np
import pytest

from sonolucent.beamform import Probe, TransmitSequence
from sonolucent.stream import ConfigError
from sonolucent.stream.sources.sequence_names import sequence_named

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
C = 1500.0
SOURCES_M = [(-1.2e-3, -1.2e-3), (0.0, -1.2e-3), (1.2e-3, -1.2e-3)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("single", None),
        ("hadamard", TransmitSequence.hadamard(8)),
        ("plane:1", TransmitSequence.plane_waves(PROBE, [0.0], C)),
        ("plane:3", TransmitSequence.plane_waves(PROBE, np.deg2rad([-15.0, 0.0, 15.0]), C)),
        ("plane:2:7.5", TransmitSequence.plane_waves(PROBE, np.deg2rad([-7.5, 7.5]), C)),
        ("diverging:3", TransmitSequence.diverging(PROBE, SOURCES_M, C)),
    ],
)
def test_names_are_those_of_the_library(name: str, expected: TransmitSequence | None) -> None:
    assert sequence_named(name, PROBE, C) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("focused", "no sequence 'focused'; there are single, hadamard, plane:N"),
        ("plane", "no sequence 'plane'"),
        ("plane:3:5:7", "no sequence 'plane:3:5:7'"),
        ("hadamard:8", "no sequence 'hadamard:8'"),
        ("plane:few", "sequence 'plane:few': could not convert"),
        ("plane:0", "the number of shots must be 1, 2, 3"),
        ("plane:2.5", "the number of shots must be 1, 2, 3"),
        ("plane:inf", "the number of shots must be 1, 2, 3"),
        ("plane:3:95", "angles between"),
        ("plane:3:nan", "angles between"),
    ],
)
def test_others_are_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sequence_named(name, PROBE, C)


def test_a_sequence_that_the_probe_cannot_fire_is_refused() -> None:
    probe = Probe.linear(n_elements=12, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
    with pytest.raises(ConfigError, match=r"sequence 'hadamard': .* not 12"):
        sequence_named("hadamard", probe, C)
