"""Benchmarks of hopcheck's own parts, as ratios and paired differences."""
