"""Fifteen relays with eight and more faults each, and the gate's reports on them: `python -m tools.gated_faults`.

A report on a gateway with many faults must name each of them, by a check that is about it.
"""
