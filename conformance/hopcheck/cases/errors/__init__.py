"""Errors: their shape, their status, and what they tell."""
