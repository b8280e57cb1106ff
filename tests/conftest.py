"""Settings that all tests share."""

import os

from hypothesis import settings

# Machines are shared: a slow example is no failure, and CI must draw the same examples every time.
settings.register_profile("thammuu", deadline=None, derandomize=True)
settings.load_profile("thammuu")

# Tests read the English sentences, whatever the language of the machine; help texts are translated at import.
os.environ["THAMMUU_LANG"] = "en"
