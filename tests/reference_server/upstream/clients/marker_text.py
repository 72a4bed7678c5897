"""Texts of requests to an upstream that plays one turn."""

MARKER = "hopcheck:a.b~~chat:1"
"""For the turn of a test."""

UNSCRIPTED = "hopcheck:none~~chat:1"
"""For the dialect's default answer."""
