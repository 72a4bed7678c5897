"""Hold the language rules of the project: `python -m tools.language [PATH ...]`, part of the lint session."""
