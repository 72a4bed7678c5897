"""Measure known delays, and print truth and measurement: `python -m tools.calibrate`.

The delays are those of relays (`tools.calibrate.delays`), which are measured as any hop is measured.
"""

from tools.calibrate.servers import relays

__all__ = ["relays"]
