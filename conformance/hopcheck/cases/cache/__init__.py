"""Caching: off, unless declared."""
