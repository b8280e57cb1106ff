"""Settings that all tests share."""

from hypothesis import settings

# Machines are shared: a slow example is no failure, and CI must draw the same examples every time.
settings.register_profile("thammuu", deadline=None, derandomize=True)
settings.load_profile("thammuu")
