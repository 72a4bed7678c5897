"""Anthropic's Messages: what only that surface has."""
