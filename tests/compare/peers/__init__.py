"""Other people's beamformers, one adapter each: `beamformers(scene)` gives what is to be compared."""

import os

# Two cores for all alike, chosen before JAX and Numba count what there is.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
THREADS = len(os.sched_getaffinity(0))
