"""Measure delays that are known, and print truth beside measurement: `python -m hopcheck_load.calibrate`.

Knows the relays that are late (`hopcheck_load.delays`), and measures them as any hop is measured.
"""

from hopcheck_load.calibrate.hosting import relays

__all__ = ["relays"]
