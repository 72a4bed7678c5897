"""Measure delays that are known, and print truth beside measurement: `python -m tools.calibrate`.

Knows the relays that are late (`tools.calibrate.delays`), and measures them as any hop is measured.
"""

from tools.calibrate.servers import relays

__all__ = ["relays"]
