"""Four relays with ten faults each, and the gate's reports on them: `python -m tools.forty_faults`.

A report on a gateway with many faults must name each of them, by a check that is about it.
"""
