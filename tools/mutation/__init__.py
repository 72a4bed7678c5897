"""Mutation testing of what a verdict depends on: `python -m tools.mutation`, by cosmic-ray, on a seeded sample."""
