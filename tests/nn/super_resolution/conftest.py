"""Lets the tests import `dead_leaves`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
