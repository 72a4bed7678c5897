"""Timeouts: providers that are silent or not there."""
