"""Too few descriptors are told before libzmq would end the program."""

import subprocess
import sys

OPEN_WITH_FEW = """
import resource
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.transport.sockets import open_context

resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
try:
    with open_context(None):
        pass
except StageFailed as failure:
    print(failure)
"""


def test_too_few_descriptors_are_told_before_any_socket_is_made() -> None:
    ended = subprocess.run([sys.executable, "-c", OPEN_WITH_FEW], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("Too many open files: streaming needs 128 descriptors")
