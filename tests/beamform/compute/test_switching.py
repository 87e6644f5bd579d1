"""How often Python's lock changes hands, whoever asked for it, comes back to what it was."""

import sys
from contextlib import ExitStack

import pytest

from sonolucent.beamform.compute.switching import quick_to_yield


@pytest.mark.parametrize("first_out", [0, 1])
def test_the_interval_is_short_until_the_last_one_leaves_and_then_as_before(first_out: int) -> None:
    before_s = sys.getswitchinterval()
    stacks = [ExitStack(), ExitStack()]
    for stack in stacks:
        stack.enter_context(quick_to_yield())
    stacks[first_out].close()
    assert sys.getswitchinterval() < before_s
    stacks[1 - first_out].close()
    assert sys.getswitchinterval() == pytest.approx(before_s)
