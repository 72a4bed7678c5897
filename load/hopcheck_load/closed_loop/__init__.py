"""The measurement at rest: one exchange at a time, every arm once a round."""
