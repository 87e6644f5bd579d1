"""What every test shares."""

from hypothesis import settings

# Kernels compile on their first call; no test times anything.
settings.register_profile("sonolucent", deadline=None)
settings.load_profile("sonolucent")
