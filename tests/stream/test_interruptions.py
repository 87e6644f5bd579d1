"""Ctrl-C ends a command whatever it is doing at that moment."""

import signal
import subprocess
import sys

import pytest

CLEARING = """
import os, signal, sys, time
from sonolucent.stream.commands.interruptions import repeat_lost_interruptions
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)
if sys.argv[2] == "in the background":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
repeat_lost_interruptions()

class Object:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.1)

Object()
try:
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("number", "where"),
    [
        (signal.SIGINT, "at a terminal"),
        (signal.SIGTERM, "at a terminal"),
        (signal.SIGTERM, "in the background"),
    ],
)
def test_an_interruption_that_falls_into_a_destructor_is_not_lost(number: signal.Signals, where: str) -> None:
    command = [sys.executable, "-c", CLEARING, str(int(number)), where]
    ended = subprocess.run(command, timeout=50, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (7, "")


def test_other_errors_there_are_told_as_ever() -> None:
    program = CLEARING.replace("os.kill(os.getpid(), int(sys.argv[1]))", "raise ValueError('told')").replace("60", "0")
    ended = subprocess.run([sys.executable, "-c", program, "2", ""], timeout=50, capture_output=True, text=True)
    assert "ValueError: told" in ended.stderr
