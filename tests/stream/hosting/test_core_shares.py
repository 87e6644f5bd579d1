"""How cores are shared out: all are used, none by two, where there are enough."""

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from sonolucent.stream.config import Config
from sonolucent.stream.hosting.core_shares import in_words, on_cores, shares
from sonolucent.stream.hosting.host import shortages


@given(st.sets(st.integers(0, 1000), min_size=1, max_size=64), st.integers(1, 20))
def test_each_has_cores_of_its_own_where_there_are_enough(cores: set[int], n: int) -> None:
    shared = shares(cores, n)
    assert len(shared) == n
    assert frozenset().union(*shared) == cores
    if len(cores) >= n:
        assert sum(map(len, shared)) == len(cores)
        assert max(map(len, shared)) - min(map(len, shared)) <= 1
    else:
        assert set(shared) == {frozenset(cores)}


def test_processes_have_the_cores_that_they_are_started_on() -> None:
    all_cores = os.sched_getaffinity(0)
    one = {min(all_cores)}
    with on_cores(one):
        told = subprocess.check_output([sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], text=True)
    assert told.strip() == str(one)
    assert os.sched_getaffinity(0) == all_cores


def test_cores_in_words() -> None:
    assert in_words({3}) == "core 3"
    assert in_words({3, 1, 2}) == "cores 1, 2, 3"


def test_scanners_with_fewer_cores_than_their_budget_takes_are_told() -> None:
    cpu, gpu = Config(), Config(budget="gpu-250fps")
    one, two = frozenset({0}), frozenset({1, 2})
    assert list(shortages({"a": cpu, "b": cpu}, {"a": frozenset({3, 4}), "b": two})) == []
    assert list(shortages({"a": gpu, "b": cpu}, {"a": one, "b": two})) == []
    (told,) = shortages({"a": cpu, "b": cpu, "c": gpu}, {"a": two, "b": one, "c": frozenset({3})})
    assert told.startswith("b: 4 cores are few for 3 scanners: the budgets of cpu-25fps take 2")


def test_scanners_that_share_their_cores_are_all_told() -> None:
    both = frozenset({0, 1})
    (told,) = shortages(dict.fromkeys("abc", Config()), dict.fromkeys("abc", both))
    assert told.startswith("a, b, c: 2 cores are few for 3 scanners")
