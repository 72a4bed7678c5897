"""The measurement: how much latency a hop adds."""
