"""Programs that a test starts end with it, also when it fails: a run that is waited for would go on for ever."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[Any]:
    """A process, as `subprocess.Popen` makes it; killed at the end of the block unless it has ended."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def page_address(viewer: Any) -> str:
    """Where the page is of a viewer that has just been started, as it says on standard error."""
    address = next((found[0] for line in viewer.stderr if (found := re.search(r"http://\S+", line))), None)
    assert address is not None, "the viewer did not start"
    return str(address)
