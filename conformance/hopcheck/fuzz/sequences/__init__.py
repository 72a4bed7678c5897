"""Sequence tests: stateful property tests, in which requests of every kind follow each other at random."""
