"""Holds the project's language: `python -m tools.language [PATH ...]`, part of the lint session (docs/glossary.md)."""
