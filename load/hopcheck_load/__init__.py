"""The measurement: how much latency a hop adds."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Set before numpy is imported: the products here are small, and with several threads they take twice the time."""
