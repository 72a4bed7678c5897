"""Metrics and log lines. Neither holds contents, keys, or names that clients choose."""
