"""Keeps secrets out of cassettes: lists of allowed headers, a scrub, and a scanner."""
