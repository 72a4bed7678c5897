"""Fallbacks: another model answers where the first one can't."""
