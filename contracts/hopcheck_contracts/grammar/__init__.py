"""The order of a stream's events, one module per surface."""
