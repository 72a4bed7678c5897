"""Retries: how often, when, and when not."""
