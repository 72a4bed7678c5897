"""Relays whose faults each show under one condition: next to tools, on a retry, for a further choice, in one form."""
