"""Concurrent requests: nothing of one shows up in another."""
