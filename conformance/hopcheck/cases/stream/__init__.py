"""Streams: server-sent events."""
