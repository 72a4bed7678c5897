"""Requests beside each other: nothing of one shows up in another."""
