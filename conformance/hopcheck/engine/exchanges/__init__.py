"""Exchanges with both their sides: what was given to the target, what came of it, and what is due."""
